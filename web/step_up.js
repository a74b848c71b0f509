/** Stepping up: the service asks for a fresh proof before some acts, and a dialog takes it. */

import { call } from "./api.js";
import { codeForm, DIGITS } from "./codes.js";
import { button, element, fill } from "./dom.js";
import { entraButton } from "./entra.js";
import { hasPasskeys, isDeclined, provePasskey } from "./passkeys.js";
import { problemNotice } from "./problems.js";
import { beginSession } from "./session.js";
import { t } from "./texts.js";

let count = 0;

/** What `work` gives; when the service asks for a fresh proof, after that was given. Null when the person declines. */
export async function proven(work, signal) {
  try {
    return await work();
  } catch (problem) {
    if (problem.type !== "step-up-required") throw problem;
  }
  return (await stepUp(signal)) ? work() : null;
}

async function stepUp(signal) {
  const { offers } = await call("GET", "/staff/step-up", { signal });
  count += 1;
  const titleId = `step-up-title-${count}`;
  return new Promise((resolve) => {
    const finish = (view) => {
      beginSession(view);
      dialog.close("yes");
    };
    const dialog = element(
      "dialog",
      { "aria-labelledby": titleId },
      element("h2", { id: titleId }, () => t("step-up.title")),
      element("p", {}, () => t("step-up.lead")),
      offers.includes("passkey") && hasPasskeys() ? passkeyWay(finish, signal) : null,
      offers.includes("totp") ? codeWay(finish, signal) : null,
      offers.includes("entra") ? entraWay(signal) : null,
      offers.includes("password") ? passwordWay(finish, signal) : null,
      element("div", { class: "apart" }, button(() => t("cancel"), () => dialog.close("no"))),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    signal?.addEventListener("abort", () => dialog.close("no"));
    document.body.append(dialog);
    dialog.showModal();
  });
}

/** Leaves this page: what was begun on it is begun again afterwards. */
function entraWay(signal) {
  const hint = element("p", { class: "hint" }, () => t("step-up.entra"));
  return element("div", {}, hint, entraButton({ label: () => t("staff.entra.action"), path: "/staff/entra/proof", signal }));
}

function codeWay(finish, signal) {
  return codeForm({
    label: () => t("second-step.totp"),
    attributes: DIGITS,
    missing: () => t("second-step.missing"),
    action: () => t("step-up.action"),
    send: async (code) => finish(await call("POST", "/staff/step-up/code", { body: { code }, signal })),
  }).form;
}

function passwordWay(finish, signal) {
  return codeForm({
    label: () => t("staff.password"),
    attributes: { type: "password", autocomplete: "current-password", maxlength: 1024 },
    missing: () => t("staff.password.missing"),
    action: () => t("step-up.action"),
    send: async (password) => finish(await call("POST", "/staff/step-up/password", { body: { password }, signal })),
  }).form;
}

function passkeyWay(finish, signal) {
  const outcome = element("div");
  async function use() {
    fill(outcome);
    try {
      finish(await provePasskey("/staff/step-up/passkey", signal));
    } catch (fault) {
      if (fault.name === "AbortError") return;
      fill(outcome, isDeclined(fault) ? element("p", { class: "hint" }, () => t("passkey.declined")) : problemNotice(fault));
    }
  }
  return element("div", { class: "apart" }, outcome, button(() => t("passkey.use"), use, "primary"));
}
