/** Staff of one's own organisation: invited, given a role and units, and let go. For admins. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { announce, button, element, facts, fill, notice } from "./dom.js";
import { allRight, field } from "./fields.js";
import { day, moment } from "./formats.js";
import { acting, choice, organisationNav, ticks } from "./organisation.js";
import { t } from "./texts.js";

const ROLES = ["member", "admin", "auditor"].map((role) => [role, () => t(`role.${role}`)]);

/** The page. */
export async function membersPage({ signal }) {
  const list = element("div");
  const outcome = element("div");
  const act = acting(outcome, signal);

  async function refresh() {
    const [{ staff }, { units }] = await Promise.all([
      call("GET", "/organisation/staff", { signal }),
      call("GET", "/organisation/units", { signal }),
    ]);
    const open = units.filter((unit) => unit.closed_at === null).map((unit) => [unit.unit, unit.name]);
    const told = { open, staff, act, signal, done };
    fill(
      list,
      invitation(told),
      element("h2", {}, () => t("members.list")),
      element("ul", { class: "threads" }, staff.map((member) => element("li", { class: "card" }, card(member, told)))),
    );
  }

  async function done(text, unserved = []) {
    announce(text);
    await refresh();
    if (unserved.length > 0) fill(outcome, notice("warning", element("p", {}, () => t("members.unserved"))));
    document.getElementById("main").focus();
  }

  await refresh();
  return { title: () => t("organisation.members"), content: [organisationNav("members"), outcome, list] };
}

function invitation({ open, act, signal, done }) {
  const input = (attributes) => element("input", { autocomplete: "off", required: true, ...attributes });
  const name = field({ label: () => t("members.name"), input: input({ type: "text", maxlength: 100 }) });
  const address = field({
    label: () => t("members.address"),
    hint: () => t("members.address.hint"),
    input: input({ type: "email", maxlength: 254 }),
  });
  const role = field({ label: () => t("members.role"), hint: () => t("members.role.hint"), input: choice(ROLES, "member") });
  const units = ticks(() => t("members.units"), open, []);

  async function invite(event) {
    event.preventDefault();
    const isComplete = allRight([
      [name, name.input.value.trim() ? null : () => t("members.name.missing")],
      [address, address.input.value.trim() ? null : () => t("members.address.missing")],
    ]);
    if (!isComplete) return;
    const body = {
      name: name.input.value.trim(),
      mail_address: address.input.value.trim(),
      role: role.input.value,
      units: units.chosen(),
    };
    const made = await act(() => call("POST", "/organisation/staff", { body, signal }));
    if (made !== null) await done(() => t("members.invited"));
  }

  return element(
    "form",
    { class: "narrow", novalidate: true, on: { submit: invite } },
    element("h2", {}, () => t("members.invite")),
    name.node,
    address.node,
    role.node,
    open.length > 0 ? units.node : null,
    element("div", { class: "actions" }, element("button", { type: "submit", class: "button primary" }, () => t("members.invite.action"))),
  );
}

function card(member, { open, staff, act, signal, done }) {
  const about = facts(
    member.mail_address === null ? null : [() => t("members.address"), member.mail_address],
    [() => t("members.state"), () => t(`members.state.${member.state}`)],
    member.left_at === null ? null : [() => t("members.left"), () => day(member.left_at)],
  );
  const title = element("h3", {}, member.name);
  if (member.state === "left") return [title, about];
  const path = `/organisation/staff/${member.staff}`;
  const role = field({ label: () => t("members.role"), input: choice(ROLES, member.role) });
  const units = ticks(() => t("members.units"), open, member.units);
  const handedOver = element("div");

  async function save(event) {
    event.preventDefault();
    const closed = member.units.filter((unit) => !open.some(([each]) => each === unit));
    const body = { role: role.input.value, units: [...closed, ...units.chosen()] };
    const changed = await act(() => call("PATCH", path, { body, signal }));
    if (changed !== null) await done(() => t("members.saved", { name: member.name }), changed.unserved);
  }

  async function again() {
    const sent = await act(async () => {
      await call("POST", `${path}/invitation`, { signal });
      return true;
    });
    if (sent) announce(() => t("members.invited"));
  }

  async function letGo() {
    const successor = await askSuccessor(member, staff, signal);
    if (successor === undefined) return;
    const gone = await act(() => call("POST", `${path}/leave`, { body: { successor }, signal }));
    if (gone !== null) await done(() => t("members.gone", { name: member.name }), gone.unserved);
  }

  async function resetFactors() {
    const sure = await ask({
      title: () => t("members.factors.title", { name: member.name }),
      text: () => t("members.factors.text"),
      confirm: () => t("members.factors"),
      signal,
    });
    const handed = sure ? await act(() => call("POST", `${path}/factors/reset`, { signal })) : null;
    if (handed === null) return;
    fill(
      handedOver,
      notice(
        "warning",
        element("p", {}, () => t("members.factors.code", { name: member.name, until: moment(handed.ends_at) })),
        element("p", {}, element("strong", {}, handed.code)),
      ),
    );
    announce(() => t("members.factors.done", { name: member.name }));
  }

  return element(
    "form",
    { on: { submit: save } },
    title,
    about,
    role.node,
    open.length > 0 ? units.node : null,
    handedOver,
    element(
      "div",
      { class: "actions" },
      element("button", { type: "submit", class: "button" }, () => t("members.save")),
      member.state === "invited" ? button(() => t("members.again"), again) : null,
      member.state === "active" ? button(() => t("members.factors"), resetFactors) : null,
      button(() => t("members.leave"), letGo, "danger"),
    ),
  );
}

/** The id of who takes over, null for nobody, undefined when whoever is asked thinks better of it. */
function askSuccessor(member, staff, signal) {
  const able = staff.filter((each) => each.state === "active" && each.role !== "auditor" && each.staff !== member.staff);
  const nobody = ["nobody", () => t("members.successor.nobody")];
  const successor = field({
    label: () => t("members.successor"),
    hint: () => t("members.successor.hint"),
    input: choice([nobody, ...able.map((each) => [each.staff, each.name])], "nobody"),
  });
  return new Promise((resolve) => {
    const dialog = element(
      "dialog",
      { "aria-labelledby": "leave-title" },
      element("h2", { id: "leave-title" }, () => t("members.leave.title", { name: member.name })),
      element("p", {}, () => t("members.leave.text")),
      successor.node,
      element(
        "div",
        { class: "actions" },
        button(() => t("members.leave"), () => dialog.close("yes"), "danger"),
        button(() => t("cancel"), () => dialog.close("no")),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      const chosen = successor.input.value === "nobody" ? null : successor.input.value;
      resolve(dialog.returnValue === "yes" ? chosen : undefined);
    });
    signal?.addEventListener("abort", () => dialog.close("no"));
    document.body.append(dialog);
    dialog.showModal();
  });
}
