/** Persons sign in with BankID: a code that changes every second, and what the app says meanwhile. */

import { call } from "./api.js";
import { announce, button, element, fill, notice, setLive } from "./dom.js";
import { sentence } from "./problems.js";
import { beginSession } from "./session.js";
import { language, t } from "./texts.js";

const POLL_MS = 2000;
const FRAME_MS = 1000;
/** Polls in a row without an answer before the person is told to begin again. */
const MAX_SILENT_POLLS = 10;

/** The page. An order begins by a click only: robots that follow links start none. */
export function bankIdPage({ go, signal }) {
  const stage = element("div", { class: "stage" });
  const order = new Order({ stage, go, signal });
  showBegin(stage, () => order.begin());
  // Whoever closes the window leaves no order behind that somebody could be talked into approving.
  const cancel = () => order.cancel();
  window.addEventListener("pagehide", cancel);
  return {
    title: () => t("bankid.title"),
    content: [
      element("p", { class: "prose" }, () => t("bankid.how")),
      element("ol", { class: "prose" }, [1, 2, 3].map((step) => element("li", {}, () => t(`bankid.steps.${step}`)))),
      stage,
      element("p", { class: "small" }, () => t("start.warning")),
    ],
    leave() {
      window.removeEventListener("pagehide", cancel);
      cancel();
    },
  };
}

function showBegin(stage, begin) {
  fill(stage, button(() => t("bankid.begin"), begin, "primary large"));
}

/** One sign-in after the other on the same page; `#run` tells the current one from answers to an earlier. */
class Order {
  #stage;
  #go;
  #signal;
  #run = 0;
  #isOpen = false;
  #timers = [];

  constructor({ stage, go, signal }) {
    this.#stage = stage;
    this.#go = go;
    this.#signal = signal;
  }

  async begin() {
    this.#stop();
    const run = this.#run;
    fill(this.#stage, element("p", { class: "waiting" }, () => t("bankid.starting")));
    announce(() => t("bankid.starting"));
    try {
      this.#isOpen = true;
      await call("POST", "/bankid/orders", { signal: this.#signal });
    } catch (problem) {
      if (run === this.#run && problem.name !== "AbortError") this.#fail(this.#refusal(problem));
      return;
    }
    if (run === this.#run) this.#show(run);
  }

  /** End the order at the service, also while the page goes away. */
  cancel() {
    const wasOpen = this.#isOpen;
    this.#stop();
    if (wasOpen) call("DELETE", "/bankid/order", { keepalive: true }).catch(() => {});
  }

  #stop() {
    this.#run += 1;
    this.#isOpen = false;
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
  }

  #refusal(problem) {
    if (problem.type === "conflict") return () => t("bankid.busy");
    return problem.type === "dependency-failed" ? () => t("bankid.broken") : sentence(problem);
  }

  #show(run) {
    const frame = element("div", { class: "frame" });
    const message = element("p", { class: "message", role: "status", "aria-live": "polite" });
    const give = button(() => t("cancel"), () => this.#giveUp());
    fill(this.#stage, frame, message, element("div", { class: "actions" }, give));
    const state = { frame, message, spoken: "", hasCode: true, silent: 0, isAsking: false };
    this.#drawCode(run, state);
    this.#poll(run, state);
    this.#timers = [
      setInterval(() => this.#drawCode(run, state), FRAME_MS),
      setInterval(() => this.#poll(run, state), POLL_MS),
    ];
    give.focus();
  }

  #giveUp() {
    this.cancel();
    showBegin(this.#stage, () => this.begin());
    this.#stage.querySelector("button").focus();
  }

  /** The next code replaces the last one when it has arrived, so that nothing flickers. */
  #drawCode(run, state) {
    if (!state.hasCode) return;
    const next = element("img", { class: "qr", width: 300, height: 300 });
    setLive(next, "alt", () => t("bankid.qr"));
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
      if (run !== this.#run || problem.name === "AbortError") return;
      state.silent += 1;
      const isPassing = problem.type === "offline" || problem.type === "dependency-failed";
      if (isPassing && state.silent < MAX_SILENT_POLLS) this.#say(state, () => t("bankid.contact"));
      else this.#fail(isPassing ? sentence(problem) : () => t("bankid.broken"));
    } finally {
      state.isAsking = false;
    }
  }

  #follow(view, state) {
    const wording = () => (language() === "sv" ? view.message_sv : view.message_en);
    if (view.status === "complete") {
      this.#stop();
      beginSession(view.session);
      announce(() => t("bankid.done"));
      this.#go("#/inbox");
    } else if (view.status === "failed") {
      this.#fail(wording);
    } else {
      state.hasCode = view.qr !== null;
      if (!state.hasCode) fill(state.frame, element("div", { class: "busy", "aria-hidden": "true" }));
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
    this.#stop();
    const again = button(() => t("try-again"), () => this.begin(), "primary large");
    const title = element("h2", {}, () => t("bankid.failed"));
    fill(this.#stage, notice("danger", title, element("p", {}, text)), element("div", { class: "actions" }, again));
    again.focus();
  }
}
