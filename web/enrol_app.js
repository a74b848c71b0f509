/** Setting up an authenticator app: a code to scan, the same to type, and the first code that the app shows. */

import { call } from "./api.js";
import { codeForm, DIGITS } from "./codes.js";
import { element } from "./dom.js";
import { t } from "./texts.js";

/** Of a module of the code. */
const PIXELS = 6;

/** What is shown for an app that was begun. `done(view)` gets the session as it is after the first code. */
export function appSteps(begun, { signal, done }) {
  const path = `/staff/factors/apps/${begun.factor}/confirm`;
  const { form, input } = codeForm({
    label: () => t("factors.app.code"),
    attributes: DIGITS,
    missing: () => t("second-step.missing"),
    action: () => t("factors.app.confirm"),
    send: async (code) => done(await call("POST", path, { body: { code }, signal })),
    first: [
      element("p", {}, () => t("factors.app.scan")),
      drawing(begun.qr),
      element("p", {}, () => t("factors.app.type")),
      element("p", {}, element("code", { class: "secret" }, grouped(begun.secret))),
    ],
  });
  return { node: form, focus: () => input.focus() };
}

/** The QR code as a drawing of the page: there is no address that would show it a second time. */
function drawing({ size, path }) {
  const canvas = element("canvas", { class: "qr drawn", role: "img", "aria-label": () => t("factors.app.qr") });
  canvas.width = canvas.height = size * PIXELS;
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.scale(PIXELS, PIXELS);
  context.fillStyle = "#000";
  context.fill(new Path2D(path));
  return canvas;
}

function grouped(secret) {
  return secret.match(/.{1,4}/g).join(" ");
}
