/** What is about to leave, and to whom: the last look before sending to the wrong person. */

import { button, element, facts, notice } from "./dom.js";
import { size } from "./formats.js";
import { t } from "./texts.js";

/** The summary with its two ways on. `recipients` have `masked_number` and `mail_address`. */
export function reviewPart({ recipients, subject, text, files, expires, change, send }) {
  const addresses = recipients.map((person) => person.mail_address.toLowerCase());
  const isRepeated = new Set(addresses).size < addresses.length;
  const person = ({ masked_number: number, mail_address: address }) =>
    element("li", {}, element("strong", {}, number), element("br"), address);
  const file = (each) => element("li", {}, each.name, " ", element("span", { class: "small" }, () => size(each.size)));
  return element(
    "section",
    { class: "review" },
    element("h2", { tabindex: -1 }, () => t("review.title")),
    notice(
      "warning",
      element("p", {}, () => t("review.warning")),
      isRepeated ? element("p", {}, () => t("new.mail.repeated")) : null,
    ),
    facts(
      [() => t("review.to"), element("ul", { class: "plain" }, recipients.map(person))],
      [() => t("new.subject"), subject],
      [() => t("write.text"), element("div", { class: "text" }, text || (() => t("message.no-text")))],
      [
        () => t("message.files"),
        files.length === 0 ? () => t("review.files.none") : element("ul", { class: "plain" }, files.map(file)),
      ],
      [() => t("review.expires"), expires],
    ),
    element(
      "div",
      { class: "actions" },
      button(() => t("write.send"), send, "primary"),
      button(() => t("review.change"), change),
    ),
  );
}
