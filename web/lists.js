/** Lists of threads: a person's inbox, and what a unit has opened. */

import { call } from "./api.js";
import { element, facts, fill, linkButton, notice } from "./dom.js";
import { day } from "./formats.js";
import { session } from "./session.js";
import { t } from "./texts.js";

/** Runs of 50 threads that are read before the list is shown: the service gives the oldest first. */
const MAX_RUNS = 20;

/** What a person has received. */
export async function inboxPage({ signal }) {
  const threads = await allThreads("/inbox", signal);
  const content =
    threads.length === 0
      ? notice("info", element("p", {}, () => t("inbox.empty")), element("p", {}, () => t("inbox.empty.text")))
      : list(threads, (thread) => [() => t("list.from"), thread.unit_name]);
  return { title: () => t("inbox.title"), content: [content] };
}

/** Goes on to one of the units, or says why there is none. */
export async function unitsPage({ go, signal }) {
  const { units } = await call("GET", "/units", { signal });
  if (units.length > 0) {
    go(`#/units/${units[0].unit}`);
    return null;
  }
  return { title: () => t("unit.title"), content: [notice("info", element("p", {}, () => t("unit.none")))] };
}

/** The threads of one unit. */
export async function unitPage({ params: [unit], go, signal }) {
  const isAuditor = session().role === "auditor";
  const [{ units }, threads] = await Promise.all([
    call("GET", "/units", { signal }),
    isAuditor ? [] : allThreads("/threads", signal, unit),
  ]);
  const name = units.find((each) => each.unit === unit)?.name ?? "";
  return {
    title: () => t("unit.title"),
    content: [
      element("div", { class: "toolbar" }, unitChoice(units, unit, name, go), isAuditor ? null : newThread(unit)),
      isAuditor ? notice("info", element("p", {}, () => t("unit.auditor"))) : unitThreads(threads),
    ],
  };
}

function newThread(unit) {
  return linkButton(() => t("unit.new"), `#/units/${unit}/new`, "primary");
}

function unitThreads(threads) {
  if (threads.length > 0) return list(threads, (thread) => [() => t("list.to"), addressees(thread)]);
  return notice("info", element("p", {}, () => t("unit.empty")), element("p", {}, () => t("unit.empty.text")));
}

function unitChoice(units, unit, name, go) {
  if (units.length < 2) return element("p", { class: "unit" }, name);
  const select = element(
    "select",
    { id: "unit", on: { change: () => go(`#/units/${select.value}`) } },
    units.map((each) => element("option", { value: each.unit, selected: each.unit === unit }, each.name)),
  );
  return element("div", { class: "field" }, element("label", { for: "unit" }, () => t("unit.choose")), select);
}

/** The masked numbers of a thread's persons. */
export function addressees(thread) {
  return thread.persons.map((person) => person.masked_number).join(", ");
}

async function allThreads(path, signal, unit = null) {
  const found = new Map();
  let continuation = null;
  for (let run = 0; run < MAX_RUNS; run += 1) {
    const query = new URLSearchParams();
    if (unit !== null) query.set("unit", unit);
    if (continuation !== null) query.set("continuation", continuation);
    const page = await call("GET", `${path}?${query}`, { signal });
    for (const thread of page.threads) found.set(thread.thread, thread);
    continuation = page.continuation;
    if (continuation === null) break;
  }
  return [...found.values()].sort((one, other) => (one.created_at < other.created_at ? 1 : -1));
}

function list(threads, party) {
  const made = element("ul", { class: "threads" });
  return fill(
    made,
    threads.map((thread) =>
      element(
        "li",
        { class: "card" },
        element("h2", {}, element("a", { href: `#/threads/${thread.thread}` }, thread.locked ? () => t("list.locked") : thread.subject)),
        thread.locked ? element("p", {}, () => t("list.locked.text")) : null,
        facts(
          thread.locked ? null : party(thread),
          [() => t("list.created"), () => day(thread.created_at)],
          [() => t("list.expires"), () => day(thread.expires_at)],
        ),
      ),
    ),
  );
}
