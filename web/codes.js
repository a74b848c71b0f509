/** A form that asks for one code or one password and sends it. */

import { element, fill } from "./dom.js";
import { allRight, field } from "./fields.js";
import { problemNotice } from "./problems.js";

/** Codes of six digits, as apps show them. */
export const DIGITS = { inputmode: "numeric", autocomplete: "one-time-code", maxlength: 6, spellcheck: "false" };
/** Codes from a paper. */
export const WRITTEN = { autocomplete: "off", maxlength: 64, spellcheck: "false", autocapitalize: "none" };

/**
 * The form. `send(text)` may fail: the person reads why and tries again. `first` is shown above the field. `gone` is
 * called when there is nothing to go on with any more.
 */
export function codeForm({ label, hint = null, attributes, missing, action, send, first = null, gone = null }) {
  const typed = field({ label, hint, input: element("input", { type: "text", required: true, ...attributes }) });
  const outcome = element("div");
  const submit = element("button", { type: "submit", class: "button primary" }, action);

  async function go(event) {
    event.preventDefault();
    fill(outcome);
    const text = typed.input.value.trim();
    if (!allRight([[typed, text ? null : missing]]) || submit.disabled) return;
    submit.disabled = true;
    try {
      await send(text);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (problem.type === "not-found" && gone !== null) return gone();
      fill(outcome, problemNotice(problem));
      typed.input.value = "";
      typed.input.focus();
    } finally {
      submit.disabled = false;
    }
  }

  const form = element(
    "form",
    { class: "narrow", novalidate: true, on: { submit: go } },
    first,
    outcome,
    typed.node,
    element("div", { class: "actions" }, submit),
  );
  return { form, input: typed.input };
}
