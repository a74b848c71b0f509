/** Where one is signed in, and ending that from here. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { announce, button, element, facts, fill, linkButton } from "./dom.js";
import { moment } from "./formats.js";
import { problemNotice } from "./problems.js";
import { forgetSession, session } from "./session.js";
import { t } from "./texts.js";

/** The page, for staff and persons. `ended(reason)` leaves it when this session is over. */
export async function sessionsPage({ signal, ended }) {
  const list = element("ul", { class: "threads" });
  const outcome = element("div");

  async function attempt(work) {
    fill(outcome);
    try {
      await work();
    } catch (problem) {
      if (problem.name !== "AbortError") fill(outcome, problemNotice(problem));
    }
  }

  const end = (each) =>
    attempt(async () => {
      await call("DELETE", `/sessions/${each.session}`, { signal });
      await refresh();
      document.getElementById("main").focus();
      announce(() => t("sessions.ended"));
    });

  const everywhere = () =>
    attempt(async () => {
      const texts = { title: () => t("sessions.everywhere.title"), text: () => t("sessions.everywhere.text") };
      if (!(await ask({ ...texts, confirm: () => t("sessions.everywhere"), signal }))) return;
      await call("DELETE", "/sessions", { signal });
      forgetSession();
      ended("signed-out");
    });

  const { providers } = await call("GET", "/sign-in/providers", { signal });
  const names = new Map(providers.map((provider) => [provider.id, provider.name]));

  async function refresh() {
    const { sessions } = await call("GET", "/sessions", { signal });
    fill(list, sessions.map((each) => element("li", { class: "card" }, card(each, names, end))));
  }

  await refresh();
  return {
    title: () => t("sessions.title"),
    content: [
      element("p", { class: "prose" }, () => t("sessions.lead")),
      list,
      outcome,
      element(
        "div",
        { class: "actions" },
        session()?.kind === "staff" ? linkButton(() => t("change-password.title"), "#/password") : null,
        button(() => t("sessions.everywhere"), everywhere, "danger"),
      ),
    ],
  };
}

/** The service words a device in English: what it is, and what it runs on. */
function device(each) {
  const [browser, system] = each.device.split(" on ");
  if (system !== undefined) return t("sessions.device", { browser, system });
  return browser === "Unknown device" ? t("sessions.device.unknown") : browser;
}

/** The e-ID and its level; null for staff. One that is not on any more goes by the service's word for it. */
function by(each, names) {
  if (each.provider === null) return null;
  const values = { name: names.get(each.provider) ?? each.provider, level: each.assurance.replace("loa", "") };
  return [() => t("sessions.by"), () => t("sessions.by.level", values)];
}

function card(each, names, end) {
  const name = { "aria-label": () => t("sessions.end.name", { device: device(each), when: moment(each.created_at) }) };
  return [
    element("h2", {}, () => device(each)),
    each.is_current ? element("p", {}, element("strong", {}, () => t("sessions.current"))) : null,
    facts(
      by(each, names),
      [() => t("sessions.created"), () => moment(each.created_at)],
      [() => t("sessions.seen"), () => moment(each.seen_at)],
    ),
    each.is_current ? null : button(() => t("sessions.end"), () => end(each), "secondary", name),
  ];
}
