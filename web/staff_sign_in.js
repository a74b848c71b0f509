/** Staff sign in with an address and a password, with a passkey, or by their organisation's own sign-in. */

import { call } from "./api.js";
import { element, fill } from "./dom.js";
import { entraOffer } from "./entra.js";
import { allRight, field } from "./fields.js";
import { hasPasskeys } from "./passkeys.js";
import { problemNotice } from "./problems.js";
import { awaitSecondStep, homeOf, passkeyButton } from "./second_step.js";
import { beginSession } from "./session.js";
import { t } from "./texts.js";

/** The page. */
export function staffSignInPage({ go, signal }) {
  const address = field({
    label: () => t("staff.address"),
    input: element("input", { type: "email", autocomplete: "username", maxlength: 254, required: true }),
  });
  const password = field({
    label: () => t("staff.password"),
    input: element("input", { type: "password", autocomplete: "current-password", maxlength: 1024, required: true }),
  });
  const outcome = element("div");
  const submit = element("button", { type: "submit", class: "button primary" }, () => t("staff.action"));

  function finish(view) {
    beginSession(view);
    go(homeOf(view));
  }

  async function signIn(event) {
    event.preventDefault();
    fill(outcome);
    const isComplete = allRight([
      [address, address.input.value.trim() ? null : () => t("staff.address.missing")],
      [password, password.input.value ? null : () => t("staff.password.missing")],
    ]);
    if (!isComplete || submit.disabled) return;
    submit.disabled = true;
    try {
      const body = { mail_address: address.input.value.trim(), password: password.input.value };
      const view = await call("POST", "/staff/sign-in", { body, signal });
      if (view.offers === undefined) finish(view);
      else {
        awaitSecondStep(view);
        go("#/sign-in/second-step");
      }
    } catch (problem) {
      if (problem.name === "AbortError") return;
      fill(outcome, problemNotice(problem));
      password.input.value = "";
      password.input.focus();
    } finally {
      submit.disabled = false;
    }
  }

  return {
    title: () => t("staff.title"),
    content: [
      element(
        "form",
        { class: "narrow", novalidate: true, on: { submit: signIn } },
        outcome,
        address.node,
        password.node,
        element("div", { class: "actions" }, submit),
        element("p", {}, element("a", { href: "#/forgotten-password" }, () => t("forgotten.link"))),
      ),
      entraOffer({ label: () => t("staff.entra.action"), body: {}, signal }),
      hasPasskeys() ? passkeyButton({ finish, signal }) : null,
    ],
  };
}
