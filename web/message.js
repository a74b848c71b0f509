/** One message in its thread: state, content once it is opened, receipts, and what may be done with it. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { announce, button, element, fill } from "./dom.js";
import { day, moment, size } from "./formats.js";
import { problemNotice } from "./problems.js";
import { receiptList } from "./receipts.js";
import { session } from "./session.js";
import { t } from "./texts.js";

/** The message as `node`. `update(view)` shows a newer state; `refresh` reads the whole thread again. */
export function messageCard({ view, thread, refresh, signal }) {
  const path = `/threads/${view.thread}/messages/${view.message}`;
  const isStaff = session().kind === "staff";
  const [badge, when, outcome, body, receipts, actions] = ["span", "p", "div", "div", "div", "div"].map((tag) =>
    element(tag),
  );
  const headingId = `message-${view.message}`;
  let shown = view;
  let opened = null;

  const node = element(
    "article",
    { class: `message ${view.is_mine ? "mine" : "theirs"}`, "aria-labelledby": headingId },
    element(
      "header",
      {},
      element("h3", { id: headingId, tabindex: -1 }, () => author(shown, thread, isStaff)),
      badge,
    ),
    when,
    body,
    receipts,
    outcome,
    actions,
    element("p", { class: "expiry small" }, () => t("message.expires", { when: day(shown.expires_at) })),
  );

  /** Do something for a button: busy meanwhile, told if it fails. */
  async function attempt(event, work) {
    const pressed = event.currentTarget;
    if (pressed.getAttribute("aria-disabled") === "true") return;
    pressed.setAttribute("aria-disabled", "true");
    fill(outcome);
    try {
      await work();
    } catch (problem) {
      if (problem.name !== "AbortError") fill(outcome, problemNotice(problem));
    } finally {
      pressed.removeAttribute("aria-disabled");
    }
  }

  const open = (event) =>
    attempt(event, async () => {
      opened = await call("POST", `${path}/open`, { signal });
      render();
      node.querySelector("h3").focus();
      announce(() => t("message.opened"));
    });

  const send = (event) =>
    attempt(event, async () => {
      try {
        await call("POST", `${path}/send`, { signal });
      } catch (problem) {
        if (problem.type !== "conflict") throw problem;
        // Sent meanwhile in another window, or a file of it is not whole: the draft itself tells.
        opened = await call("POST", `${path}/open`, { signal });
        render();
        if (opened.unfinished.length > 0) problem.type = "unfinished";
        throw problem;
      }
      await refresh();
      announce(() => t("sending.done"));
    });

  const removeFile = (event, file) =>
    attempt(event, async () => {
      await call("DELETE", `${path}/files/${file.file}`, { signal });
      opened = await call("POST", `${path}/open`, { signal });
      render();
      node.querySelector("h3").focus();
      announce(() => t("write.files.removed", { name: file.name }));
    });

  const remove = (event, kind, done) =>
    attempt(event, async () => {
      const question = {
        title: () => t(`delete.${kind}.title`),
        text: () => t(`delete.${kind}.text`),
        confirm: () => t(`message.delete.${kind}`),
      };
      if (!(await ask({ ...question, signal }))) return;
      await call("DELETE", path, { signal });
      await leave(done);
    });

  const undo = (event) =>
    attempt(event, async () => {
      await call("DELETE", path, { signal });
      await leave("message.undone");
    });

  async function leave(done) {
    document.getElementById("main").focus();
    announce(() => t(done));
    try {
      await refresh();
    } catch (problem) {
      // The last message may have taken its thread along.
      if (problem.type !== "not-found") throw problem;
      location.hash = isStaff ? `#/units/${thread.unit}` : "#/inbox";
    }
  }

  function render() {
    badge.className = `badge ${shown.is_mine ? shown.state : ""}`;
    const side = isStaff ? "staff" : "person";
    fill(badge, () => t(`message.state.${shown.is_mine ? shown.state : side}`));
    when.className = "small";
    const key = shown.sent_at === null ? "message.created" : "message.sent";
    fill(when, () => t(key, { when: moment(shown.sent_at ?? shown.created_at) }));
    fill(body, opened === null ? closedBody() : openBody());
    actions.className = "actions";
    fill(actions, buttons());
    receiptList({ place: receipts, view: shown, thread, files: opened?.files ?? [], path, signal, isStaff });
  }

  function closedBody() {
    if (shown.is_mine) {
      const note = { draft: "message.draft.text", sent: "message.undo.text" }[shown.state];
      return note === undefined ? null : element("p", {}, () => t(note));
    }
    const side = isStaff ? "staff" : "person";
    return [
      element("p", {}, () => t(`message.open.text.${side}`)),
      element("div", { class: "actions" }, button(() => t("message.open"), open, "primary")),
    ];
  }

  function openBody() {
    const text = opened.text
      ? element("div", { class: "text" }, opened.text)
      : element("p", { class: "small" }, () => t("message.no-text"));
    return [text, opened.files.length + opened.unfinished.length === 0 ? null : fileList()];
  }

  function removal(file) {
    if (shown.state !== "draft") return null;
    const name = { "aria-label": () => t("write.files.remove.name", { name: file.name }) };
    return button(() => t("write.files.remove"), (event) => removeFile(event, file), "quiet", name);
  }

  /** What both sides should know before they open a file. */
  function warnings(file) {
    const found = file.scan === "clean" ? file.warnings : [...file.warnings, "not-scanned"];
    return found.map((word) => element("p", { class: "small warning" }, () => t(`finding.${word}`)));
  }

  function allFiles() {
    const address = `/api/v1${path}/files.zip`;
    const all = opened.files.reduce((sum, file) => sum + file.length, 0);
    const words = () => t("message.download.all");
    return element(
      "p",
      {},
      element("a", { href: address, download: "" }, words),
      " ",
      element("span", { class: "small" }, () => t("message.download.all.size", { size: size(all) })),
    );
  }

  function fileList() {
    const link = (file) =>
      element(
        "li",
        {},
        // With `download` a session that has ended fails the download and leaves the page as it is.
        element("a", { href: `/api/v1${path}/files/${file.file}`, download: "" }, file.name),
        " ",
        element("span", { class: "small" }, () => size(file.length)),
        " ",
        removal(file),
        warnings(file),
      );
    const part = (file) =>
      element(
        "li",
        {},
        element("span", { class: "name" }, file.name),
        " ",
        element("span", { class: "small" }, () =>
          t("message.unfinished", { received: size(file.received), all: file.length === null ? "?" : size(file.length) }),
        ),
        " ",
        removal(file),
      );
    return [
      element("h4", {}, () => t("message.files")),
      element("ul", { class: "files" }, opened.files.map(link), opened.unfinished.map(part)),
      opened.files.length < 2 ? null : allFiles(),
      shown.is_mine ? null : element("p", { class: "small" }, () => t("message.download.hint")),
    ];
  }

  function buttons() {
    const show = opened === null ? button(() => t("message.show"), open) : null;
    const deleting = (kind, done) =>
      button(() => t(`message.delete.${kind}`), (event) => remove(event, kind, done), "quiet danger");
    if (!shown.is_mine) return isStaff ? [deleting("all", "message.deleted")] : [deleting("copy", "message.deleted")];
    if (shown.state === "draft") {
      return [button(() => t("message.send"), send, "primary"), show, deleting("draft", "message.deleted")];
    }
    if (shown.state === "sent") return [button(() => t("message.undo"), undo, "secondary"), show];
    return [show, deleting("recall", "message.deleted.recalled")];
  }

  render();
  return {
    node,
    isOnItsWay: () => shown.state === "sent",
    update(newer) {
      const isNews = newer.state !== shown.state || newer.expires_at !== shown.expires_at;
      shown = newer;
      if (isNews) render();
    },
  };
}

function author(view, thread, isStaff) {
  if (view.is_mine) return isStaff ? t("message.by.our-unit", { unit: thread.unit_name }) : t("message.by.me");
  if (view.from_unit) return thread.unit_name;
  return thread.persons.length === 1 ? thread.persons[0].masked_number : t("message.by.one-of");
}
