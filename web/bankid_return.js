/** The page that the BankID app brings the person back to. Only the browser that began gets a session here. */

import { call } from "./api.js";
import { announce, element, fill, linkButton, notice } from "./dom.js";
import { sentence } from "./problems.js";
import { beginSession } from "./session.js";
import { language, t } from "./texts.js";

const AGAIN_MS = 2100;
/** Without an answer for this many times in a row, the person is told to begin again. */
const MAX_SILENT = 10;

/** The page. `nonce` came with the address; it works once and only together with this browser's cookie. */
export function bankIdReturnPage({ params: [nonce], go, signal }) {
  const message = element("p", { class: "message", role: "status", "aria-live": "polite" }, () => t("return.checking"));
  const stage = element("div", { class: "stage" }, message);
  let timer = null;
  let silent = 0;

  const isPassing = (problem) => ["offline", "dependency-failed", "too-many-requests"].includes(problem.type);

  async function ask() {
    let view;
    try {
      view = await call("POST", "/bankid/callback", { body: { nonce }, signal });
      silent = 0;
    } catch (problem) {
      if (problem.name === "AbortError") return;
      silent += 1;
      if (isPassing(problem) && silent < MAX_SILENT) timer = setTimeout(ask, AGAIN_MS);
      else if (problem.type === "other-browser") end(sentence(problem), warning(), home());
      else end(sentence(problem));
      return;
    }
    const wording = () => (language() === "sv" ? view.message_sv : view.message_en);
    if (view.status === "complete") {
      beginSession(view.session);
      announce(() => t("bankid.done"));
      // The address with the nonce leaves the history.
      history.replaceState(null, "", "#/inbox");
      go("#/inbox");
    } else if (view.status === "failed") {
      end(wording);
    } else {
      // The text stays: what the service knows may be older than the person's way back ("Trying to start your app").
      timer = setTimeout(ask, AGAIN_MS);
    }
  }

  /** Whoever lands here without having begun was sent somebody else's link. */
  function warning() {
    return element("p", {}, () => t("return.sent"));
  }

  /** Nobody is urged to begin here: either they did so in another browser, or somebody wants them to. */
  function home() {
    return linkButton(() => t("to-start"), "#/");
  }

  function again() {
    return linkButton(() => t("try-again"), "#/sign-in/bankid", "primary large");
  }

  function end(text, more = null, next = again()) {
    fill(
      stage,
      notice("danger", element("h2", {}, () => t("bankid.failed")), element("p", {}, text), more),
      element("div", { class: "actions" }, next),
    );
    stage.querySelector("a").focus();
  }

  ask();
  return {
    title: () => t("bankid.title"),
    content: [stage, element("p", { class: "small" }, () => t("start.warning"))],
    leave: () => clearTimeout(timer),
  };
}
