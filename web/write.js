/** Writing a message: text, files, time to deletion; staff review before anything leaves. */

import { button, element, fill } from "./dom.js";
import { allRight, field } from "./fields.js";
import { filePicker } from "./files.js";
import { day } from "./formats.js";
import { Delivery } from "./sending.js";
import { reviewPart } from "./review.js";
import { t } from "./texts.js";

const DAYS = [7, 14, 30, 60, 90, 180, 365];
const USUAL_DAYS = 30;
const DAY_MS = 86_400_000;
const TEXT_MAX_BYTES = 64 * 1024;

/**
 * The form. `thread()` resolves to the id of the thread, which it may open first; `room` is that id if it is there
 * already, and its organisation says how large files may be; `recipients` are reviewed before
 * sending (staff), null needs no review (person). `check()` says whether other fields on the page are right.
 */
export function composer({
  thread,
  room = null,
  recipients,
  subject,
  title,
  close,
  sent,
  check = () => true,
  before = null,
}) {
  const isReviewed = recipients !== null;
  const text = field({ label: () => t("write.text"), input: element("textarea", { rows: 8 }) });
  const picker = filePicker(room);
  const days = element(
    "select",
    {},
    DAYS.map((count) =>
      element("option", { value: count, selected: count === USUAL_DAYS }, () => t("write.days.count", { days: count })),
    ),
  );
  const retention = isReviewed
    ? field({ label: () => t("write.days"), hint: () => t("write.days.hint"), input: days }).node
    : element("p", { class: "hint" }, () => t("write.person.hint"));
  const next = element("button", { type: "submit", class: "button primary" }, () =>
    t(isReviewed ? "write.review" : "write.send"),
  );
  const form = element(
    "form",
    { novalidate: true, on: { submit: proceed } },
    before,
    title === null ? null : element("h2", {}, title),
    text.node,
    picker.node,
    retention,
    element("div", { class: "actions" }, next, button(() => t("cancel"), close)),
  );
  const node = element("div", { class: "composer" }, form);
  let delivery = null;

  function proceed(event) {
    event.preventDefault();
    const isOtherRight = check();
    const written = text.input.value;
    const isEmpty = written.trim() === "" && picker.files().length === 0;
    const isLong = new Blob([written]).size > TEXT_MAX_BYTES;
    const fault = isEmpty ? () => t("write.nothing") : isLong ? () => t("write.long") : null;
    if (!isOtherRight) {
      text.setFault(fault);
      return;
    }
    if (!allRight([[text, fault]])) return;
    if (isReviewed) review();
    else deliver();
  }

  function review() {
    const part = reviewPart({
      recipients: typeof recipients === "function" ? recipients() : recipients,
      subject: typeof subject === "function" ? subject() : subject,
      text: text.input.value,
      files: picker.files(),
      expires: () => day(new Date(Date.now() + Number(days.value) * DAY_MS)),
      change: edit,
      send: deliver,
    });
    fill(node, part);
    part.querySelector("h2").focus();
  }

  function edit() {
    fill(node, form);
    text.input.focus();
  }

  function deliver() {
    delivery = new Delivery({
      thread,
      text: text.input.value,
      files: picker.files(),
      retentionDays: isReviewed ? Number(days.value) : null,
      dropped() {
        delivery = null;
        edit();
      },
      sent(id) {
        delivery = null;
        text.input.value = "";
        picker.clear();
        sent(id);
      },
    });
    fill(node, delivery.node);
    delivery.run();
  }

  return {
    node,
    focus: () => text.input.focus(),
    isDirty: () => delivery !== null || text.input.value.trim() !== "" || picker.files().length > 0,
    leave: () => delivery?.stop(),
  };
}
