/** Choosing files, with the limits shown first and checked before anything is sent. */

import { announce, button, element, fill } from "./dom.js";
import { field } from "./fields.js";
import { size } from "./formats.js";
import { t } from "./texts.js";
import { isUsableName, largestFile } from "./upload.js";

/** Files in one message. */
const MAX_FILES = 100;

/** A field for files: `files()` are the chosen ones. `thread` null: one that is not there yet. */
export function filePicker(thread) {
  const chosen = [];
  let limit = Infinity;
  const input = element("input", { type: "file", multiple: true, on: { change: take } });
  const limits = element("span");
  // The label is the button: the browser's own speaks the browser's language and says that nothing is chosen.
  const choice = field({ label: () => t("write.files"), hint: limits, input });
  const list = element("ul", { class: "files chosen" });
  const heading = element("p", { class: "label", hidden: true }, () => t("write.files.chosen"));
  choice.node.classList.add("picker");
  const node = element("div", {}, choice.node, heading, list);

  largestFile(thread).then(
    (bytes) => {
      limit = bytes;
      fill(limits, () => t("write.files.limit", { count: MAX_FILES, size: size(limit) }));
    },
    // The service checks as well; without an answer there is only nothing to show.
    () => {},
  );

  function fault(file) {
    if (chosen.length >= MAX_FILES) return () => t("write.files.many", { count: MAX_FILES });
    if (file.size > limit) return () => t("write.files.large", { name: file.name, size: size(file.size) });
    return isUsableName(file.name) ? null : () => t("write.files.name", { name: file.name });
  }

  function take() {
    let found = null;
    for (const file of input.files) {
      const text = fault(file);
      if (text === null) chosen.push(file);
      else found ??= text;
    }
    // Emptied, so that the same file can be chosen again after it was removed.
    input.value = "";
    choice.setFault(found);
    show();
    announce(found ?? (() => t("write.files.added", { count: chosen.length })));
  }

  function remove(file) {
    chosen.splice(chosen.indexOf(file), 1);
    show();
    announce(() => t("write.files.removed", { name: file.name }));
    input.focus();
  }

  function show() {
    heading.hidden = chosen.length === 0;
    const removal = (file) => {
      const attributes = { "aria-label": () => t("write.files.remove.name", { name: file.name }) };
      return button(() => t("write.files.remove"), () => remove(file), "quiet", attributes);
    };
    fill(
      list,
      chosen.map((file) =>
        element(
          "li",
          {},
          element("span", { class: "name" }, file.name),
          " ",
          element("span", { class: "small" }, () => size(file.size)),
          " ",
          removal(file),
        ),
      ),
    );
  }

  return {
    node,
    files: () => [...chosen],
    clear() {
      chosen.length = 0;
      show();
    },
  };
}
