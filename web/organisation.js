/** What the pages of an organisation share: the way between them, and acts that may ask for a fresh proof. */

import { element, fill, linkButton } from "./dom.js";
import { problemNotice } from "./problems.js";
import { session } from "./session.js";
import { proven } from "./step_up.js";
import { t } from "./texts.js";

const PAGES = { members: ["admin"], offices: ["admin"], rules: ["admin"], agreement: ["admin", "auditor"], log: ["admin", "auditor"] };

/** Where whoever may see any of the pages goes first; null for everybody else. */
export function organisationHome() {
  const { role } = session();
  const first = Object.keys(PAGES).find((page) => PAGES[page].includes(role));
  return first === undefined ? null : `#/organisation/${first}`;
}

/** Links to the pages that one's role has, with the current one marked. */
export function organisationNav(current) {
  const mine = Object.keys(PAGES).filter((page) => PAGES[page].includes(session().role));
  const links = mine.map((page) => {
    const link = linkButton(() => t(`organisation.${page}`), `#/organisation/${page}`, "quiet");
    if (page === current) link.setAttribute("aria-current", "page");
    return element("li", {}, link);
  });
  return element("nav", { class: "ways-between", "aria-label": () => t("organisation.nav") }, element("ul", {}, links));
}

/** Runs acts one after the other; `outcome` shows what went wrong. Gives null when it did, or was declined. */
export function acting(outcome, signal) {
  return async (work) => {
    fill(outcome);
    try {
      return await proven(work, signal);
    } catch (problem) {
      if (problem.name === "AbortError") return null;
      fill(outcome, problemNotice(problem));
      return null;
    }
  };
}

/** Checkboxes with a legend; `chosen()` gives the values that are ticked. */
export function ticks(legend, choices, ticked) {
  const boxes = choices.map(([value, label]) => {
    const box = element("input", { type: "checkbox", value });
    box.checked = ticked.includes(value);
    return [box, element("label", { class: "tick" }, box, element("span", {}, label))];
  });
  return {
    node: element("fieldset", {}, element("legend", {}, legend), boxes.map(([, label]) => label)),
    chosen: () => boxes.filter(([box]) => box.checked).map(([box]) => box.value),
  };
}

/** A `select` of `[value, live label]`. */
export function choice(choices, chosen) {
  const options = choices.map(([value, label]) => {
    const option = element("option", { value }, label);
    option.selected = value === chosen;
    return option;
  });
  return element("select", {}, options);
}
