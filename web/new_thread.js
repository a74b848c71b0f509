/** A new thread: subject, persons and the first message. Nothing is created before the review is confirmed. */

import { call } from "./api.js";
import { announce, button, element, fill } from "./dom.js";
import { allRight, field } from "./fields.js";
import { masked, readPersonalNumber } from "./personal_number.js";
import { t } from "./texts.js";
import { composer } from "./write.js";

const MAX_PERSONS = 20;
/** As the service accepts it: plain ASCII, a domain with at least one dot. */
const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?";
const ADDRESS = new RegExp(`^[A-Za-z0-9.!#$%&'*+/=?^_\`{|}~-]{1,64}@(?:${LABEL}\\.)+[A-Za-z]{2,63}$`);

/** The page. */
export async function newThreadPage({ params: [unit], go, signal }) {
  const [{ units }, levels] = await Promise.all([call("GET", "/units", { signal }), levelChoice(signal)]);
  const from = units.find((each) => each.unit === unit)?.name ?? "";
  const subject = field({
    label: () => t("new.subject"),
    hint: () => t("new.subject.hint"),
    input: element("input", { type: "text", maxlength: 200, autocomplete: "off" }),
  });
  const persons = personFields();
  const opened = new Map();

  /** Open the thread once; trying again after a failure further on uses the same, unless the form was changed. */
  async function thread(signalOfDelivery) {
    const body = {
      unit,
      subject: subject.input.value.trim(),
      persons: persons.values(),
      required_assurance: levels.value(),
    };
    const key = JSON.stringify(body);
    if (!opened.has(key)) {
      opened.set(key, (await call("POST", "/threads", { body, signal: signalOfDelivery })).thread);
    }
    return opened.get(key);
  }

  const write = composer({
    thread,
    recipients: persons.shown,
    subject: () => subject.input.value.trim(),
    title: null,
    before: [subject.node, persons.node, levels.node],
    check() {
      const fault = subject.input.value.trim() ? null : () => t("new.subject.missing");
      return allRight([[subject, fault], ...persons.findings()]);
    },
    close: () => go(`#/units/${unit}`),
    sent(id) {
      subject.input.value = "";
      persons.clear();
      go(`#/threads/${id}`);
      announce(() => t("sending.done"));
    },
  });

  return {
    title: () => t("new.title"),
    content: [
      element("p", { class: "back first" }, element("a", { href: `#/units/${unit}` }, () => t("thread.back.staff"))),
      element("p", { class: "prose" }, () => t("new.lead")),
      element("p", {}, element("strong", {}, () => `${t("new.from")}: `), from),
      write.node,
    ],
    isDirty: () => write.isDirty() || subject.input.value.trim() !== "" || persons.isDirty(),
    leave: write.leave,
  };
}

/** What the persons' e-ID must be worth: what the organisation asks for, or more where an e-ID here gives it. */
async function levelChoice(signal) {
  const [{ providers }, rules] = await Promise.all([
    call("GET", "/sign-in/providers", { signal }),
    call("GET", "/organisation/settings", { signal }),
  ]);
  const least = rules.required_assurance;
  const reached = [...new Set(providers.flatMap((provider) => provider.assurance))].filter((level) => level >= least).sort();
  const given = reached.length > 0 ? reached : [least];
  const select = element(
    "select",
    {},
    given.map((level) => element("option", { value: level, selected: level === given[0] }, () => t(`new.level.${level}`))),
  );
  const choice = field({ label: () => t("new.level"), hint: () => t("new.level.hint"), input: select });
  choice.node.hidden = given.length < 2;
  return { node: choice.node, value: () => select.value };
}

/** The persons of the thread, one group of fields each. */
function personFields() {
  const rows = [];
  const list = element("div");
  const several = element("p", { class: "hint", hidden: true }, () => t("new.several"));
  const add = button(() => t("new.add"), () => {
    rows.push(personRow({ rows, remove }));
    show();
    rows.at(-1).number.input.focus();
    announce(() => t("new.added", { number: rows.length }));
  });
  const node = element("div", { class: "persons" }, list, several, element("div", { class: "actions" }, add));

  function remove(row) {
    rows.splice(rows.indexOf(row), 1);
    show();
    add.focus();
    announce(() => t("new.removed"));
  }

  function show() {
    several.hidden = rows.length < 2;
    add.hidden = rows.length >= MAX_PERSONS;
    for (const [index, row] of rows.entries()) row.stand(index + 1, rows.length > 1);
    fill(list, rows.map((row) => row.node));
  }

  rows.push(personRow({ rows, remove }));
  show();
  return {
    node,
    findings: () => rows.flatMap((row) => row.findings()),
    values: () => rows.map((row) => ({ personal_number: row.digits() ?? "", mail_address: row.address() })),
    shown: () => rows.map((row) => ({ masked_number: masked(row.digits() ?? ""), mail_address: row.address() })),
    isDirty: () => rows.some((row) => row.number.input.value !== "" || row.mail.input.value !== ""),
    clear() {
      for (const row of rows) row.number.input.value = row.mail.input.value = "";
    },
  };
}

function personRow({ rows, remove }) {
  const right = element("p", { class: "right", role: "status", "aria-live": "polite" });
  const number = field({
    label: () => t("new.number"),
    hint: () => t("new.number.hint"),
    input: element("input", { type: "text", inputmode: "numeric", autocomplete: "off", maxlength: 20, class: "short" }),
  });
  number.node.append(right);
  const mail = field({
    label: () => t("new.mail"),
    hint: () => t("new.mail.hint"),
    input: element("input", { type: "email", autocomplete: "off", maxlength: 254 }),
  });
  const legend = element("legend");
  const removal = button("", () => remove(row), "quiet");
  const row = {
    number,
    mail,
    /** Be the person of this rank, which may be taken out again when there are others. */
    stand(rank, isRemovable) {
      fill(legend, () => t("new.person", { number: rank }));
      fill(removal, () => t("new.remove", { number: rank }));
      removal.hidden = !isRemovable;
    },
    digits: () => readPersonalNumber(number.input.value).digits ?? null,
    address: () => mail.input.value.trim(),
    findings: () => [
      [number, numberFault()],
      [mail, ADDRESS.test(row.address()) ? null : () => t("new.mail.missing")],
    ],
    node: element("fieldset", {}, legend, number.node, mail.node, removal),
  };

  function numberFault() {
    const { fault, digits } = readPersonalNumber(number.input.value);
    if (fault) return () => t(`number.${fault}`);
    const isRepeated = rows.some((other) => other !== row && other.digits() === digits);
    return isRepeated ? () => t("new.number.repeated") : null;
  }

  /** Right is told at once, wrong only when the field is left: nobody wants to be corrected while typing. */
  function checkNumber(event) {
    const fault = numberFault();
    number.setFault(event.type === "change" && number.input.value !== "" ? fault : null);
    fill(right, fault === null ? () => t("new.number.right") : null);
  }
  number.input.addEventListener("input", checkNumber);
  number.input.addEventListener("change", checkNumber);
  mail.input.addEventListener("change", () => {
    const isWrong = row.address() !== "" && !ADDRESS.test(row.address());
    mail.setFault(isWrong ? () => t("new.mail.missing") : null);
  });
  return row;
}
