/** Who has opened a message and fetched its files; the service tells the author's side only. */

import { call } from "./api.js";
import { announce, button, element, fill } from "./dom.js";
import { moment } from "./formats.js";
import { problemNotice } from "./problems.js";
import { t } from "./texts.js";

/** Put the receipts of `view` into `place`. `files` name those that the message has, once it is opened. */
export async function receiptList({ place, view, thread, files, path, signal, isStaff }) {
  if (!view.is_mine || view.state !== "delivered") {
    fill(place);
    return;
  }
  place.className = "receipts";
  const names = new Map(files.map((file) => [file.file, file.name]));
  try {
    const { receipts } = await call("GET", path, { signal });
    const refresh = async () => {
      await receiptList({ place, view, thread, files, path, signal, isStaff });
      place.querySelector("button")?.focus();
      announce(() => t("receipts.refreshed"));
    };
    fill(
      place,
      element("h4", {}, () => t("receipts.title")),
      summary(receipts, thread, isStaff),
      element("ul", {}, inOrder(receipts).map((receipt) => element("li", {}, () => line(receipt, names)))),
      button(() => t("receipts.refresh"), refresh, "quiet"),
    );
  } catch (problem) {
    if (problem.name !== "AbortError") fill(place, problemNotice(problem));
  }
}

function inOrder(receipts) {
  return [...receipts].sort((one, other) => (one.at < other.at ? -1 : 1));
}

function summary(receipts, thread, isStaff) {
  const opened = receipts.filter((receipt) => receipt.file === null).length;
  if (opened === 0) return element("p", {}, () => t("receipts.none"));
  const all = thread.persons.length;
  return isStaff && all > 1 ? element("p", {}, () => t("receipts.of", { opened, all })) : null;
}

function line(receipt, names) {
  const text = act(receipt, names);
  return receipt.assurance === null ? text : t("receipts.level", { text, level: receipt.assurance.replace("loa", "") });
}

function act({ name, file, at }, names) {
  const when = moment(at);
  if (file === null) return t("receipts.opened", { name, when });
  if (!names.has(file)) return t("receipts.fetched.unnamed", { name, when });
  return t("receipts.fetched", { name, file: names.get(file), when });
}
