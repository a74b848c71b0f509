/** Staff who are signed in change their password. */

import { call } from "./api.js";
import { announce, element, fill, notice } from "./dom.js";
import { allRight, field } from "./fields.js";
import { newPasswordField } from "./new_password.js";
import { problemNotice } from "./problems.js";
import { t } from "./texts.js";

/** The page. */
export function changePasswordPage({ signal }) {
  const current = field({
    label: () => t("change-password.current"),
    input: element("input", { type: "password", autocomplete: "current-password", maxlength: 1024, required: true }),
  });
  const password = newPasswordField();
  const outcome = element("div");
  const submit = element("button", { type: "submit", class: "button primary" }, () => t("change-password.action"));

  async function change(event) {
    event.preventDefault();
    fill(outcome);
    password.forget();
    const isComplete = allRight([
      [current, current.input.value ? null : () => t("staff.password.missing")],
      [password, password.fault()],
    ]);
    if (!isComplete || submit.disabled) return;
    submit.disabled = true;
    try {
      const body = { current_password: current.input.value, password: password.input.value };
      await call("POST", "/staff/password", { body, signal });
      current.input.value = "";
      password.input.value = "";
      password.input.dispatchEvent(new Event("input"));
      fill(outcome, notice("success", element("p", {}, () => t("change-password.done"))));
      announce(() => t("change-password.done"));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (problem.type === "password-refused") password.refuse(problem.rules);
      else if (problem.type === "wrong-credentials") wrongCurrent();
      else fill(outcome, problemNotice(problem));
    } finally {
      submit.disabled = false;
    }
  }

  function wrongCurrent() {
    current.setFault(() => t("change-password.wrong"));
    current.input.focus();
  }

  return {
    title: () => t("change-password.title"),
    content: [
      element(
        "form",
        { class: "narrow", novalidate: true, on: { submit: change } },
        element("p", {}, () => t("change-password.lead")),
        outcome,
        current.node,
        password.node,
        element("div", { class: "actions" }, submit),
      ),
    ],
    isDirty: () => current.input.value !== "" || password.input.value !== "",
  };
}
