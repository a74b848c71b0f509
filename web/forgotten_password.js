/** Staff ask for a link to choose a new password by. */

import { call } from "./api.js";
import { announce, element, fill, notice } from "./dom.js";
import { allRight, field } from "./fields.js";
import { problemNotice } from "./problems.js";
import { t } from "./texts.js";

/** The page. It says the same whether anybody has the address, as the service does. */
export function forgottenPasswordPage({ signal }) {
  const address = field({
    label: () => t("staff.address"),
    input: element("input", { type: "email", autocomplete: "username", maxlength: 254, required: true }),
  });
  const outcome = element("div");
  const submit = element("button", { type: "submit", class: "button primary" }, () => t("forgotten.action"));

  async function ask(event) {
    event.preventDefault();
    fill(outcome);
    const isComplete = allRight([[address, address.input.value.trim() ? null : () => t("staff.address.missing")]]);
    if (!isComplete || submit.disabled) return;
    submit.disabled = true;
    try {
      await call("POST", "/staff/password-reset", { body: { mail_address: address.input.value.trim() }, signal });
      fill(outcome, notice("success", element("p", {}, () => t("forgotten.done"))));
      announce(() => t("forgotten.done"));
    } catch (problem) {
      if (problem.name !== "AbortError") fill(outcome, problemNotice(problem));
    } finally {
      submit.disabled = false;
    }
  }

  return {
    title: () => t("forgotten.title"),
    content: [
      element(
        "form",
        { class: "narrow", novalidate: true, on: { submit: ask } },
        element("p", {}, () => t("forgotten.lead")),
        outcome,
        address.node,
        element("div", { class: "actions" }, submit),
      ),
    ],
  };
}
