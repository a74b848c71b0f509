/** The field for a new password: what is asked of it, how long it is so far, and every rule that refused one. */

import { button, element, fill, refreshTexts, setLive } from "./dom.js";
import { field } from "./fields.js";
import { hasText, t } from "./texts.js";

/** As the service counts: alone, and beside a second factor. */
const SHORTEST = 15;
const SHORTEST_WITH_FACTOR = 10;
const LONGEST = 256;
const ASKED = ["length", "strength", "known", "context"];

/** The field with its rules. Nothing of what is typed leaves the page before the form is sent. */
export function newPasswordField() {
  const input = element("input", { type: "password", autocomplete: "new-password", maxlength: 1024, required: true });
  const made = field({ label: () => t("new-password"), hint: () => t("new-password.hint"), input });
  const bar = element("progress", { max: SHORTEST, value: 0, "aria-hidden": "true" });
  const said = element("p", { class: "hint", "aria-live": "polite" });
  const isShown = () => input.getAttribute("type") === "text";
  const show = button(() => t(isShown() ? "new-password.hide" : "new-password.show"), toggle, "quiet");
  const rules = element("ul", { class: "hint" }, ASKED.map((each) => element("li", {}, () => t(`new-password.${each}`))));
  const refused = element("div");

  function toggle() {
    input.setAttribute("type", isShown() ? "password" : "text");
    refreshTexts();
  }

  function count() {
    // As the service counts: characters in the composed form, not units of UTF-16.
    const length = [...input.value.normalize("NFC")].length;
    bar.setAttribute("value", Math.min(length, SHORTEST));
    fill(said, length === 0 ? null : () => t(sentence(length), { length }));
  }

  input.addEventListener("input", count);
  made.node.append(
    bar,
    said,
    element("div", { class: "actions" }, show),
    refused,
    rules,
  );
  setLive(rules, "aria-label", () => t("new-password.rules"));
  return {
    ...made,
    fault() {
      return input.value === "" ? () => t("new-password.missing") : null;
    },
    /** Show why the service did not take it. */
    refuse(broken) {
      const known = broken.filter((rule) => hasText(`rule.${rule}`));
      const list = element("ul", {}, known.map((rule) => element("li", {}, () => t(`rule.${rule}`))));
      fill(refused, element("div", { class: "notice danger", role: "alert" }, element("p", {}, () => t("new-password.refused")), list));
      input.focus();
    },
    forget() {
      fill(refused);
    },
  };
}

function sentence(length) {
  if (length > LONGEST) return "new-password.too-long";
  if (length >= SHORTEST) return "new-password.long-enough";
  return length >= SHORTEST_WITH_FACTOR ? "new-password.almost" : "new-password.so-far";
}
