/** One's own second factors: what there is, adding and removing, and recovery codes. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { announce, button, element, facts, fill, notice } from "./dom.js";
import { appSteps } from "./enrol_app.js";
import { allRight, field } from "./fields.js";
import { moment } from "./formats.js";
import { hasPasskeys, isDeclined, makePasskey } from "./passkeys.js";
import { problemNotice } from "./problems.js";
import { beginSession, session } from "./session.js";
import { proven } from "./step_up.js";
import { t } from "./texts.js";

/** The page, also for who must set up a factor before anything else. */
export async function factorsPage({ go, signal }) {
  const list = element("div");
  const adding = element("div");
  const outcome = element("div");
  const name = field({
    label: () => t("factors.name"),
    hint: () => t("factors.name.hint"),
    input: element("input", { type: "text", maxlength: 60, autocomplete: "off" }),
  });

  async function attempt(work) {
    fill(outcome);
    try {
      await proven(work, signal);
    } catch (fault) {
      if (fault.name === "AbortError") return;
      fill(outcome, isDeclined(fault) ? element("p", { class: "hint" }, () => t("passkey.declined")) : problemNotice(fault));
    }
  }

  async function enrolled(view) {
    const wasUnfinished = session().unfinished;
    beginSession(view);
    fill(adding);
    name.input.value = "";
    announce(() => t("factors.added"));
    if (wasUnfinished && !view.unfinished) go("#/factors");
    else await refresh();
  }

  function isNamed() {
    return allRight([[name, name.input.value.trim() ? null : () => t("factors.name.missing")]]);
  }

  const addApp = () => {
    if (!isNamed()) return null;
    return attempt(async () => {
      const begun = await call("POST", "/staff/factors/apps", { body: { name: name.input.value.trim() }, signal });
      const steps = appSteps(begun, { signal, done: enrolled });
      fill(adding, element("div", { class: "card apart" }, steps.node));
      steps.focus();
    });
  };

  const addPasskey = () => {
    if (!isNamed()) return null;
    return attempt(async () => {
      const options = await call("POST", "/staff/factors/passkeys/options", { signal });
      const made = await makePasskey(options, signal);
      const body = { name: name.input.value.trim(), ...made };
      await enrolled(await call("POST", "/staff/factors/passkeys", { body, signal }));
    });
  };

  const renewCodes = () =>
    attempt(async () => {
      const { codes } = await call("POST", "/staff/factors/recovery-codes", { signal });
      fill(
        adding,
        element(
          "div",
          { class: "card apart" },
          element("h2", { tabindex: -1 }, () => t("factors.codes.title")),
          notice("warning", element("p", {}, () => t("factors.codes.once"))),
          element("ul", { class: "codes" }, codes.map((code) => element("li", {}, element("code", {}, code)))),
          button(() => t("factors.codes.kept"), () => fill(adding), "primary"),
        ),
      );
      adding.querySelector("h2").focus();
      await refresh();
    });

  const remove = async (each) => {
    const texts = { title: () => t("factors.remove.title"), text: () => t("factors.remove.text", { name: each.name }) };
    if (!(await ask({ ...texts, confirm: () => t("factors.remove"), signal }))) return;
    await attempt(async () => {
      await call("DELETE", `/staff/factors/${each.factor}`, { signal });
      announce(() => t("factors.removed"));
      await refresh();
      document.getElementById("main").focus();
    });
  };

  async function refresh() {
    const own = await call("GET", "/staff/factors", { signal });
    const cards = own.factors.map((each) => element("li", { class: "card" }, card(each, remove)));
    const hasCodes = own.factors.length > 0 && own.policy !== "passkey-only" && !session().unfinished;
    fill(
      list,
      cards.length > 0 ? element("ul", { class: "threads" }, cards) : element("p", {}, () => t("factors.none")),
      hasCodes ? element("p", {}, () => t("factors.codes.left", { count: own.recovery_codes })) : null,
      hasCodes ? button(() => t("factors.codes.renew"), renewCodes) : null,
    );
  }

  await refresh();
  return {
    title: () => t("factors.title"),
    content: [
      session().unfinished ? notice("warning", element("p", {}, () => t("factors.unfinished"))) : null,
      element("p", { class: "prose" }, () => t("factors.lead")),
      list,
      outcome,
      adding,
      element(
        "section",
        { class: "card apart" },
        element("h2", {}, () => t("factors.add")),
        name.node,
        element(
          "div",
          { class: "actions" },
          hasPasskeys() ? button(() => t("factors.add.passkey"), addPasskey, "primary") : null,
          button(() => t("factors.add.app"), addApp, "secondary"),
        ),
      ),
    ],
  };
}

function card(each, remove) {
  const label = { "aria-label": () => t("factors.remove.name", { name: each.name }) };
  return [
    element("h2", {}, each.name),
    facts(
      [() => t("factors.kind"), () => t(each.kind === "totp" ? "factors.kind.totp" : "factors.kind.passkey")],
      [() => t("factors.created"), () => moment(each.created_at)],
    ),
    session().unfinished ? null : button(() => t("factors.remove"), () => remove(each), "secondary", label),
  ];
}
