/** Staff choose a password by the link of a mail, the first one or one in place of a forgotten one. */

import { call } from "./api.js";
import { announce, element, fill, linkButton, notice } from "./dom.js";
import { entraOffer } from "./entra.js";
import { allRight } from "./fields.js";
import { newPasswordField } from "./new_password.js";
import { problemNotice } from "./problems.js";
import { t } from "./texts.js";

/** The page. The token stood behind the `#`, where no server sees it, and leaves the address at once. */
export function choosePasswordPage({ params: [token], signal }) {
  if (token) history.replaceState(null, "", "#/choose-password");
  const title = () => t("choose-password.title");
  if (!token) return { title, content: [notice("info", element("p", {}, () => t("choose-password.again")))] };
  const password = newPasswordField();
  const outcome = element("div");
  const submit = element("button", { type: "submit", class: "button primary" }, () => t("choose-password.action"));
  const form = element(
    "form",
    { class: "narrow", novalidate: true, on: { submit: choose } },
    element("p", {}, () => t("choose-password.lead")),
    outcome,
    password.node,
    element("div", { class: "actions" }, submit),
  );
  // Only an invitation is accepted so: the service refuses it for a link that was asked for in somebody's name.
  const accept = { label: () => t("staff.entra.accept"), body: { invitation: token }, signal };
  const content = element("div", {}, form, entraOffer(accept));

  async function choose(event) {
    event.preventDefault();
    fill(outcome);
    password.forget();
    if (!allRight([[password, password.fault()]]) || submit.disabled) return;
    submit.disabled = true;
    try {
      await call("POST", "/staff/activation", { body: { token, password: password.input.value }, signal });
      password.input.value = "";
      fill(
        content,
        notice("success", element("p", {}, () => t("choose-password.done"))),
        element("div", { class: "actions" }, linkButton(() => t("start.staff.action"), "#/sign-in/staff", "primary")),
      );
      announce(() => t("choose-password.done"));
    } catch (problem) {
      if (problem.name === "AbortError") return;
      if (problem.type === "password-refused") password.refuse(problem.rules);
      else if (problem.type === "not-found") fill(outcome, gone());
      else fill(outcome, problemNotice(problem));
    } finally {
      submit.disabled = false;
    }
  }

  return { title, content: [content], isDirty: () => password.input.value !== "" };
}

function gone() {
  return notice(
    "danger",
    element("p", {}, () => t("choose-password.gone")),
    element("p", {}, element("a", { href: "#/forgotten-password" }, () => t("forgotten.link"))),
  );
}
