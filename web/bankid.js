/** Persons sign in with BankID: by a code for another device, or in the app on this one. */

import { call } from "./api.js";
import { isMobile } from "./devices.js";
import { announce, button, element, fill, notice } from "./dom.js";
import { sentence } from "./problems.js";
import { beginSession, resumeSession, session } from "./session.js";
import { language, t } from "./texts.js";

/** A little more than the two seconds that the service keeps between its own questions: no poll comes just too early. */
const POLL_MS = 2100;
const FRAME_MS = 1000;
/** Polls in a row without an answer before the person is told to begin again. */
const MAX_SILENT_POLLS = 10;
const QR = "qr";
const HERE = "same-device";
const RETURN = "#/sign-in/return/";

/** The page. An order begins by a click only: robots that follow links start none. */
export function bankIdPage({ go, signal }) {
  const stage = element("div", { class: "stage" });
  const order = new Order({ stage, go, signal });
  showBegin(stage, order);
  // Whoever closes the window leaves no order behind that somebody could be talked into approving.
  const closing = () => order.abandon();
  window.addEventListener("pagehide", closing);
  return {
    title: () => t("bankid.title"),
    content: [stage, element("p", { class: "small" }, () => t("start.warning"))],
    leave() {
      window.removeEventListener("pagehide", closing);
      // The app brings the person back to another address of this portal: the order goes on there.
      if (location.hash.startsWith(RETURN)) order.stop();
      else order.cancel();
    },
  };
}

function showBegin(stage, order) {
  const here = (look) => button(() => t(isMobile() ? "bankid.here" : "bankid.here.computer"), () => order.begin(HERE), look);
  const there = (look) => button(() => t(isMobile() ? "bankid.there" : "bankid.there.computer"), () => order.begin(QR), look);
  const [first, second] = isMobile() ? [here, there] : [there, here];
  fill(
    stage,
    element("p", { class: "prose" }, () => t(isMobile() ? "bankid.where" : "bankid.where.computer")),
    element("div", { class: "actions" }, first("primary large"), second("secondary large")),
  );
}

/** One sign-in after the other on the same page; `#run` tells the current one from answers to an earlier. */
class Order {
  #stage;
  #go;
  #signal;
  #run = 0;
  #mode = null;
  #timers = [];

  constructor({ stage, go, signal }) {
    this.#stage = stage;
    this.#go = go;
    this.#signal = signal;
  }

  async begin(mode) {
    this.stop();
    const run = this.#run;
    fill(this.#stage, element("p", { class: "waiting" }, () => t("bankid.starting")));
    announce(() => t("bankid.starting"));
    const body = { mode, device: isMobile() ? "mobile" : "computer" };
    let view;
    try {
      this.#mode = mode;
      view = await call("POST", "/bankid/orders", { body, signal: this.#signal });
    } catch (problem) {
      if (run === this.#run && problem.name !== "AbortError") this.#fail(this.#refusal(problem));
      return;
    }
    if (run === this.#run) this.#show(run, view);
  }

  /** Follow it no longer on this page. */
  stop() {
    this.#run += 1;
    this.#mode = null;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  /** End the order at the service, also while the page goes away. */
  cancel() {
    const wasOpen = this.#mode !== null;
    this.stop();
    if (wasOpen) call("DELETE", "/bankid/order", { keepalive: true }).catch(() => {});
  }

  /** The window goes away. With the app on this device it may be on its way to the app, or back from it. */
  abandon() {
    if (this.#mode === HERE) this.stop();
    else this.cancel();
  }

  #refusal(problem) {
    if (problem.rule === "no-return") return () => t("rule.no-return");
    if (problem.type === "conflict") return () => t("bankid.busy");
    return problem.type === "dependency-failed" ? () => t("bankid.broken") : sentence(problem);
  }

  #show(run, view) {
    const isHere = this.#mode === HERE;
    const frame = element("div", { class: "frame" });
    const message = element("p", { class: "message", role: "status", "aria-live": "polite" });
    const give = button(() => t("cancel"), () => this.#giveUp());
    fill(
      this.#stage,
      isHere ? appPart(view.launch_url) : codePart(frame),
      message,
      element("div", { class: "actions" }, give),
    );
    const state = { frame, message, spoken: "", hasCode: !isHere, silent: 0, isAsking: false };
    this.#timers = [setInterval(() => this.#poll(run, state), POLL_MS)];
    if (isHere) {
      location.assign(view.launch_url);
      this.#stage.querySelector("a").focus();
    } else {
      this.#drawCode(run, state);
      this.#timers.push(setInterval(() => this.#drawCode(run, state), FRAME_MS));
      give.focus();
    }
    this.#poll(run, state);
  }

  #giveUp() {
    this.cancel();
    showBegin(this.#stage, this);
    this.#stage.querySelector("button").focus();
  }

  /** The next code replaces the last one when it has arrived, so that nothing flickers. */
  #drawCode(run, state) {
    if (!state.hasCode) return;
    const next = element("img", { class: "qr", width: 300, height: 300 });
    next.alt = t("bankid.qr");
    next.addEventListener("load", () => {
      if (run === this.#run && state.hasCode) fill(state.frame, next);
    });
    next.src = `/api/v1/bankid/order/qr?at=${Date.now()}`;
  }

  async #poll(run, state) {
    if (state.isAsking) return;
    state.isAsking = true;
    try {
      const view = await call("GET", "/bankid/order", { signal: this.#signal });
      if (run !== this.#run) return;
      state.silent = 0;
      this.#follow(view, state);
    } catch (problem) {
      if (run === this.#run && problem.name !== "AbortError") await this.#trouble(problem, state);
    } finally {
      state.isAsking = false;
    }
  }

  async #trouble(problem, state) {
    state.silent += 1;
    const isPassing = ["offline", "dependency-failed", "too-many-requests"].includes(problem.type);
    if (isPassing && state.silent < MAX_SILENT_POLLS) this.#say(state, () => t("bankid.contact"));
    else if (this.#mode === HERE && problem.type === "not-found") await this.#signedInElsewhere();
    else this.#fail(isPassing ? sentence(problem) : () => t("bankid.broken"));
  }

  /** The order is over, and not by this window: the app may have come back to another one of this browser. */
  async #signedInElsewhere() {
    await resumeSession().catch(() => {});
    if (session() === null) {
      this.#fail(() => t("bankid.broken"));
      return;
    }
    this.stop();
    this.#go("#/inbox");
  }

  #follow(view, state) {
    const wording = () => (language() === "sv" ? view.message_sv : view.message_en);
    if (view.status === "complete") {
      this.stop();
      beginSession(view.session);
      announce(() => t("bankid.done"));
      this.#go("#/inbox");
    } else if (view.status === "failed") {
      this.#fail(wording);
    } else {
      state.hasCode = view.qr !== null;
      if (this.#mode === QR && !state.hasCode) fill(state.frame, element("div", { class: "busy", "aria-hidden": "true" }));
      this.#say(state, wording);
    }
  }

  /** A live region repeats what is written into it, so only news is written. */
  #say(state, wording) {
    if (state.spoken === wording()) return;
    state.spoken = wording();
    fill(state.message, wording);
  }

  #fail(text) {
    this.stop();
    const title = element("h2", {}, () => t("bankid.failed"));
    const again = element("div");
    showBegin(again, this);
    fill(this.#stage, notice("danger", title, element("p", {}, text)), again);
    again.querySelector("button").focus();
  }
}

/** What to do stands beside the code, so that both are seen at once on a low screen. */
function codePart(frame) {
  const steps = [1, 2, 3].map((step) => element("li", {}, () => t(`bankid.steps.${step}`)));
  return element("div", { class: "code" }, element("ol", { class: "prose" }, steps), frame);
}

/** Browsers open an app by themselves only sometimes; a link that is pressed always may. */
function appPart(address) {
  return element(
    "div",
    {},
    element("p", { class: "prose" }, () => t("bankid.here.text")),
    element("div", { class: "actions" }, element("a", { class: "button primary large", href: address }, () => t("bankid.open"))),
  );
}
