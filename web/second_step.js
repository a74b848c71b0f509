/** The second step of staff's sign-in: a code of an app, a passkey, a recovery code, or the code after a reset. */

import { call } from "./api.js";
import { codeForm, DIGITS, WRITTEN } from "./codes.js";
import { button, element, fill } from "./dom.js";
import { hasPasskeys, isDeclined, provePasskey } from "./passkeys.js";
import { problemNotice } from "./problems.js";
import { beginSession } from "./session.js";
import { t } from "./texts.js";

/** What the service said when the password was right; it is asked for again when the page is loaded anew. */
let offers = [];

/** Remember in which ways one may go on. */
export function awaitSecondStep(view) {
  offers = view.offers;
}

/** Where somebody goes who has just signed in. */
export function homeOf(view) {
  return view.unfinished ? "#/factors" : "#/units";
}

/** What is typed, the usual first. */
const CODES = {
  totp: { path: "/staff/sign-in/code", attributes: DIGITS },
  "recovery-code": { path: "/staff/sign-in/recovery", attributes: WRITTEN },
  "enrolment-code": { path: "/staff/sign-in/enrolment", attributes: WRITTEN },
};

/** The page. */
export function secondStepPage({ params: [told], go, signal }) {
  // After a sign-in at Entra ID the address tells them, in words that are ours: all others lead nowhere.
  if (told) offers = told.split(".").filter((offer) => offer === "passkey" || offer in CODES);
  if (offers.length === 0) {
    go("#/sign-in/staff");
    return null;
  }
  const chosen = element("div");

  function finish(view) {
    offers = [];
    beginSession(view);
    go(homeOf(view));
  }

  const gone = () => {
    offers = [];
    go("#/sign-in/staff");
  };

  function show(offer) {
    const { path, attributes } = CODES[offer];
    const { form, input } = codeForm({
      label: () => t(`second-step.${offer}`),
      hint: () => t(`second-step.${offer}.hint`),
      attributes,
      missing: () => t("second-step.missing"),
      action: () => t("staff.action"),
      send: async (code) => finish(await call("POST", path, { body: { code }, signal })),
      gone,
    });
    fill(chosen, form);
    input.focus();
  }

  const passkey = offers.includes("passkey") && hasPasskeys() ? passkeyButton({ finish, signal, look: "primary" }) : null;
  const others = Object.keys(CODES).filter((offer) => offers.includes(offer));
  if (others.length > 0) show(others[0]);
  const switches = others.slice(1).map((offer) => button(() => t(`second-step.${offer}.use`), () => show(offer), "quiet"));
  return {
    title: () => t("second-step.title"),
    content: [
      element("p", { class: "prose" }, () => t("second-step.lead")),
      passkey,
      chosen,
      element("div", { class: "actions" }, switches),
    ],
  };
}

/** A button that signs in with a passkey, and says what went wrong. */
export function passkeyButton({ finish, signal, look = "secondary" }) {
  const outcome = element("div");
  async function use() {
    fill(outcome);
    try {
      finish(await provePasskey("/staff/sign-in/passkey", signal));
    } catch (fault) {
      if (fault.name === "AbortError") return;
      fill(outcome, isDeclined(fault) ? element("p", { class: "hint" }, () => t("passkey.declined")) : problemNotice(fault));
    }
  }
  return element("div", { class: "apart" }, outcome, button(() => t("passkey.use"), use, look));
}
