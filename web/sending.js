/** A message on its way: draft, files, send. Each step is done once, so that trying again goes on where it stopped. */

import { call } from "./api.js";
import { announce, button, element, fill } from "./dom.js";
import { size } from "./formats.js";
import { problemNotice } from "./problems.js";
import { t } from "./texts.js";
import { Transfer } from "./upload.js";

/** `dropped` is called when it was given up and nothing was sent, `sent(thread)` when it is done. */
export class Delivery {
  #order;
  #transfers;
  #thread = null;
  #message = null;
  #aborting = new AbortController();

  constructor({ thread, text, files, retentionDays, dropped, sent }) {
    this.#order = { thread, text, retentionDays, dropped, sent };
    this.#transfers = files.map((file) => new Transfer(file));
    this.node = element("section", { class: "sending" });
  }

  /** Go on from wherever it stands. Never raises: what fails is shown, with the way on. */
  async run() {
    const signal = this.#aborting.signal;
    try {
      const step = this.#show();
      if (this.#transfers.some((transfer) => transfer.isUncertain)) await this.#startOver(signal);
      this.#thread ??= await this.#order.thread(signal);
      this.#message ??= await this.#draft(signal);
      for (const transfer of this.#transfers) await this.#bring(transfer, step, signal);
      fill(step, element("p", {}, () => t("sending.finishing")));
      await call("POST", `${this.#path()}/send`, { signal });
    } catch (problem) {
      if (problem.name !== "AbortError") this.#fail(problem);
      return;
    }
    this.#order.sent(this.#thread);
  }

  /** Stop without a word, because the page goes away. The draft stays and is seen in the thread. */
  stop() {
    this.#aborting.abort();
  }

  #path() {
    return `/threads/${this.#thread}/messages/${this.#message}`;
  }

  /** A new draft and all files anew, because the old draft may hold a file that will never be complete. */
  async #startOver(signal) {
    await this.#deleteDraft(signal);
    this.#message = null;
    this.#transfers = this.#transfers.map((transfer) => new Transfer(transfer.file));
  }

  async #deleteDraft(signal) {
    try {
      if (this.#message !== null) await call("DELETE", this.#path(), { signal });
    } catch (problem) {
      if (problem.type !== "not-found") throw problem;
    }
  }

  async #draft(signal) {
    const { text, retentionDays } = this.#order;
    const body = retentionDays === null ? { text } : { text, retention_days: retentionDays };
    return (await call("POST", `/threads/${this.#thread}/messages`, { body, signal })).message;
  }

  #show() {
    const step = element("div", {}, element("p", {}, () => t("sending.preparing")));
    const title = element("h2", { tabindex: -1 }, () => t("sending.title"));
    const drop = button(() => t("sending.drop"), () => this.#drop());
    fill(
      this.node,
      title,
      step,
      this.#transfers.length > 0 ? element("p", { class: "small" }, () => t("sending.keep-open")) : null,
      element("div", { class: "actions" }, drop),
    );
    title.focus();
    return step;
  }

  async #bring(transfer, step, signal) {
    if (transfer.isStored) return;
    const { name, size: all } = transfer.file;
    const text = () => t("sending.file", { name, sent: size(transfer.sent), all: size(all) });
    const label = element("p", { id: "progress-label" }, text);
    const bar = element("progress", { max: Math.max(all, 1), value: 0, "aria-labelledby": "progress-label" });
    const waiting = element("p", { class: "small", hidden: true }, () => t("sending.waiting"));
    fill(step, label, bar, waiting);
    announce(text);
    const changed = (state) => {
      bar.value = all === 0 ? 1 : transfer.sent;
      fill(label, text);
      if (state.waiting && waiting.hidden) announce(() => t("sending.waiting"));
      waiting.hidden = !state.waiting;
    };
    await transfer.run({ thread: this.#thread, message: this.#message, signal, changed });
  }

  #fail(problem) {
    const box = problemNotice(problem);
    box.prepend(element("h2", {}, () => t("sending.failed")));
    const again = button(() => t("try-again"), () => this.run(), "primary");
    const drop = button(() => t("sending.drop"), () => this.#drop());
    fill(this.node, box, element("div", { class: "actions" }, again, drop));
    again.focus();
  }

  /** Give up: the transfer stops and the draft, with what arrived of its files, is deleted. */
  async #drop() {
    this.#aborting.abort();
    try {
      await this.#deleteDraft();
    } catch (problem) {
      this.#aborting = new AbortController();
      this.#fail(problem);
      return;
    }
    announce(() => t("sending.dropped"));
    this.#order.dropped(this.#thread);
  }
}
