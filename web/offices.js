/** Units of one's own organisation: made, renamed and closed. For admins. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { announce, button, element, facts, fill, notice } from "./dom.js";
import { allRight, field } from "./fields.js";
import { day } from "./formats.js";
import { acting, organisationNav } from "./organisation.js";
import { t } from "./texts.js";

/** The page. */
export async function officesPage({ signal }) {
  const list = element("div");
  const outcome = element("div");
  const act = acting(outcome, signal);

  async function refresh() {
    const { units } = await call("GET", "/organisation/units", { signal });
    const create = (body) => act(() => call("POST", "/organisation/units", { body, signal }));
    fill(
      list,
      form({ title: () => t("offices.new"), action: () => t("offices.create"), save: create, done }),
      element("h2", {}, () => t("offices.list")),
      element("ul", { class: "threads" }, units.map((unit) => element("li", { class: "card" }, card(unit)))),
    );
  }

  async function done(text) {
    announce(text);
    await refresh();
    document.getElementById("main").focus();
  }

  function card(unit) {
    const isOpen = unit.closed_at === null;
    const about = facts(
      [() => t("offices.members"), String(unit.members)],
      isOpen ? null : [() => t("offices.closed"), () => day(unit.closed_at)],
    );
    const isAlone = isOpen && unit.members === 0;
    const warning = isAlone ? notice("warning", element("p", {}, () => t("offices.unserved"))) : null;
    const change = (body) => act(() => call("PUT", `/organisation/units/${unit.unit}`, { body, signal }));
    const title = () => unit.name;
    return [
      form({ title, level: "h3", action: () => t("offices.save"), save: change, done, unit, about: [about, warning] }),
      isOpen ? button(() => t("offices.close"), () => close(unit), "danger") : null,
    ];
  }

  async function close(unit) {
    const texts = { title: () => t("offices.close.title", { name: unit.name }), text: () => t("offices.close.text") };
    if (!(await ask({ ...texts, confirm: () => t("offices.close"), signal }))) return;
    const closed = await act(() => call("POST", `/organisation/units/${unit.unit}/close`, { signal }));
    if (closed !== null) await done(() => t("offices.saved"));
  }

  await refresh();
  return { title: () => t("organisation.offices"), content: [organisationNav("offices"), outcome, list] };
}

function form({ title, level = "h2", action, save, done, unit = null, about = [] }) {
  const name = field({
    label: () => t("offices.name"),
    hint: unit === null ? () => t("offices.name.hint") : null,
    input: element("input", { type: "text", maxlength: 100, autocomplete: "off", value: unit?.name ?? "" }),
  });
  const address = field({
    label: () => t("offices.address"),
    hint: unit === null ? () => t("offices.address.hint") : null,
    input: element("input", { type: "email", maxlength: 254, autocomplete: "off", value: unit?.mail_address ?? "" }),
  });

  async function submit(event) {
    event.preventDefault();
    if (!allRight([[name, name.input.value.trim() ? null : () => t("offices.name.missing")]])) return;
    const saved = await save({ name: name.input.value.trim(), mail_address: address.input.value.trim() || null });
    if (saved !== null) await done(() => t("offices.saved"));
  }

  return element(
    "form",
    { class: "narrow", novalidate: true, on: { submit } },
    element(level, {}, title),
    about,
    name.node,
    address.node,
    element("div", { class: "actions" }, element("button", { type: "submit", class: "button" }, action)),
  );
}
