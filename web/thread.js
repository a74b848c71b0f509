/** One thread: what was exchanged, oldest first, and the place to write the next message. */

import { call } from "./api.js";
import { announce, button, element, facts, fill, notice } from "./dom.js";
import { day } from "./formats.js";
import { messageCard } from "./message.js";
import { session } from "./session.js";
import { t } from "./texts.js";
import { composer } from "./write.js";

const LOOK_AGAIN_MS = 3000;

/** The page, for both sides. */
export async function threadPage({ params: [id], signal }) {
  const isStaff = session().kind === "staff";
  const messages = element("div", { class: "messages" });
  const cards = new Map();
  let thread = null;

  /** Show how the thread stands now. What is open stays open. */
  async function refresh() {
    const detail = await call("GET", `/threads/${id}`, { signal });
    thread = detail.thread;
    for (const known of cards.keys()) {
      if (!detail.messages.some((view) => view.message === known)) cards.delete(known);
    }
    for (const view of detail.messages) {
      if (cards.has(view.message)) cards.get(view.message).update(view);
      else cards.set(view.message, messageCard({ view, thread, refresh, signal }));
    }
    const nodes = detail.messages.map((view) => cards.get(view.message).node);
    // Nothing is moved that stands right already: a moved node loses the focus.
    if (nodes.length === 0) fill(messages, notice("info", element("p", {}, () => t("thread.empty"))));
    else if (nodes.some((node, at) => messages.children[at] !== node) || messages.children.length !== nodes.length) {
      fill(messages, nodes);
    }
  }

  await refresh();
  const watch = setInterval(() => {
    if ([...cards.values()].some((card) => card.isOnItsWay())) refresh().catch(() => {});
  }, LOOK_AGAIN_MS);

  let write = null;
  const writing = element("div", { class: "writing" });
  const label = () => t(isStaff ? "thread.write" : "thread.answer");
  const open = () => {
    write = composer({
      thread: async () => id,
      room: id,
      recipients: isStaff ? thread.persons : null,
      subject: thread.subject,
      title: label,
      close: showOpener,
      async sent() {
        showOpener();
        await refresh();
        announce(() => t("sending.done"));
      },
    });
    fill(writing, write.node);
    write.focus();
  };
  function showOpener() {
    write = null;
    fill(writing, button(label, open, "primary"));
    writing.querySelector("button").focus();
  }
  fill(writing, button(label, open, "primary"));

  const backTo = () => t(isStaff ? "thread.back.staff" : "thread.back.person");
  const back = isStaff ? `#/units/${thread.unit}` : "#/inbox";
  return {
    title: () => thread.subject,
    content: [
      element("p", { class: "back first" }, element("a", { href: back }, backTo)),
      facts(
        [() => t(isStaff ? "thread.unit" : "thread.from"), thread.unit_name],
        isStaff ? [() => t("thread.persons"), personList(thread)] : null,
        [() => t("thread.expires"), () => day(thread.expires_at)],
      ),
      element("h2", { class: "unseen" }, () => t("thread.messages")),
      messages,
      writing,
    ],
    isDirty: () => write?.isDirty() ?? false,
    leave() {
      clearInterval(watch);
      write?.leave();
    },
  };
}

function personList(thread) {
  const shown = (person) => element("li", {}, `${person.masked_number}, ${person.mail_address}`);
  return element("ul", { class: "plain" }, thread.persons.map(shown));
}
