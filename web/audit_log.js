/** The log of one's own organisation, month by month. For admins and auditors. */

import { call } from "./api.js";
import { announce, button, element, fill } from "./dom.js";
import { field } from "./fields.js";
import { moment } from "./formats.js";
import { acting, organisationNav } from "./organisation.js";
import { t } from "./texts.js";

/** The page. */
export async function auditLogPage({ signal }) {
  const rows = element("tbody");
  const more = element("div", { class: "actions" });
  const outcome = element("div");
  const act = acting(outcome, signal);
  const month = field({
    label: () => t("log.month"),
    hint: () => t("log.month.hint"),
    input: element("input", { type: "month", value: new Date().toISOString().slice(0, 7), required: true }),
  });

  async function show(continuation = null) {
    const query = new URLSearchParams({ month: month.input.value, ...(continuation === null ? {} : { continuation }) });
    const page = await act(() => call("GET", `/audit?${query}`, { signal }));
    if (page === null) return;
    const made = page.events.map(row);
    if (continuation === null) fill(rows, made.length > 0 ? made : nothing());
    else rows.append(...made);
    fill(more, page.continuation === null ? null : button(() => t("log.more"), () => show(page.continuation)));
    announce(() => t("log.shown", { count: page.events.length }));
  }

  await show();
  return {
    title: () => t("organisation.log"),
    content: [
      organisationNav("log"),
      element("p", {}, () => t("log.lead")),
      outcome,
      element(
        "form",
        {
          class: "narrow",
          on: {
            submit: (event) => {
              event.preventDefault();
              show();
            },
          },
        },
        month.node,
        element("div", { class: "actions" }, element("button", { type: "submit", class: "button" }, () => t("log.show"))),
      ),
      element(
        "div",
        { class: "wide", tabindex: 0, role: "region", "aria-label": () => t("organisation.log") },
        element(
          "table",
          {},
          element("thead", {}, element("tr", {}, ["when", "who", "what", "ids"].map((each) => element("th", { scope: "col" }, () => t(`log.${each}`))))),
          rows,
        ),
      ),
      more,
    ],
  };
}

function nothing() {
  return element("tr", {}, element("td", { colspan: 4 }, () => t("log.empty")));
}

/** What a security event is, in words, and how grave. */
function security(event) {
  if (event.event !== "security:notice") return null;
  const { kind, severity } = event.ids;
  return element(
    "p",
    {},
    element("span", { class: severity === "low" ? "badge" : "badge draft" }, () => t(`log.severity.${severity}`)),
    " ",
    element("span", {}, () => t(`log.security.${kind}`)),
  );
}

function row(event) {
  const ids = Object.entries(event.ids).map(([name, value]) => element("div", {}, `${name}: ${value}`));
  return element(
    "tr",
    {},
    element("td", {}, () => moment(event.at)),
    element("td", {}, event.by_name ?? event.by),
    element("td", {}, element("code", {}, event.event), security(event)),
    element("td", { class: "small" }, ids),
  );
}
