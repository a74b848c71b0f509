/** The portal: which address shows which page, and what surrounds them all. */

import { agreementPage } from "./agreement.js";
import { ProblemError } from "./api.js";
import { auditLogPage } from "./audit_log.js";
import { bankIdPage } from "./bankid.js";
import { bankIdReturnPage } from "./bankid_return.js";
import { brokerFailedPage } from "./brokers.js";
import { changePasswordPage } from "./change_password.js";
import { choosePasswordPage } from "./choose_password.js";
import { ask } from "./dialogs.js";
import { announce, button, element, fill, linkButton, refreshTexts, setLive } from "./dom.js";
import { factorsPage } from "./factors.js";
import { forgottenPasswordPage } from "./forgotten_password.js";
import { inboxPage, unitPage, unitsPage } from "./lists.js";
import { membersPage } from "./members.js";
import { newThreadPage } from "./new_thread.js";
import { officesPage } from "./offices.js";
import { organisationHome } from "./organisation.js";
import { problemNotice } from "./problems.js";
import { rulesPage } from "./rules.js";
import { secondStepPage } from "./second_step.js";
import { resumeSession, session, signOut, watchSession } from "./session.js";
import { sessionsPage } from "./sessions.js";
import { staffSignInPage } from "./staff_sign_in.js";
import { accessibilityPage, startPage, unknownPage } from "./start.js";
import { language, otherLanguage, switchLanguage, t } from "./texts.js";
import { threadPage } from "./thread.js";

const ID = "([0-9a-z]{26})";
/** Address, page, and who may see it: `nobody` is whoever has not signed in. */
const ROUTES = [
  [/^#?\/?$/, startPage, ["nobody"]],
  [/^#\/sign-in\/bankid$/, bankIdPage, ["nobody"]],
  [/^#\/sign-in\/return\/([\w-]{1,128})$/, bankIdReturnPage, ["nobody", "person", "staff"]],
  [/^#\/sign-in\/failed\/([a-z-]{1,32})$/, brokerFailedPage, ["nobody"]],
  [/^#\/sign-in\/staff$/, staffSignInPage, ["nobody"]],
  [/^#\/sign-in\/second-step(?:\/([a-z.-]{1,64}))?$/, secondStepPage, ["nobody"]],
  [/^#\/factors$/, factorsPage, ["staff", "unfinished"]],
  [/^#\/forgotten-password$/, forgottenPasswordPage, ["nobody"]],
  [/^#\/choose-password(?:\/([\w-]{1,200}))?$/, choosePasswordPage, ["nobody", "person", "staff"]],
  [/^#\/password$/, changePasswordPage, ["staff"]],
  [/^#\/accessibility$/, accessibilityPage, ["nobody", "person", "staff", "unfinished"]],
  [/^#\/sessions$/, sessionsPage, ["person", "staff"]],
  [/^#\/inbox$/, inboxPage, ["person"]],
  [/^#\/organisation\/members$/, membersPage, ["staff"]],
  [/^#\/organisation\/offices$/, officesPage, ["staff"]],
  [/^#\/organisation\/rules$/, rulesPage, ["staff"]],
  [/^#\/organisation\/agreement$/, agreementPage, ["staff"]],
  [/^#\/organisation\/log$/, auditLogPage, ["staff"]],
  [/^#\/units$/, unitsPage, ["staff"]],
  [new RegExp(`^#/units/${ID}$`), unitPage, ["staff"]],
  [new RegExp(`^#/units/${ID}/new$`), newThreadPage, ["staff"]],
  [new RegExp(`^#/threads/${ID}$`), threadPage, ["person", "staff"]],
];
/** `unfinished` are staff who set up a second factor before anything else. */
const HOMES = { nobody: "#/", person: "#/inbox", staff: "#/units", unfinished: "#/factors" };
const LOADING_AFTER_MS = 300;

const main = document.getElementById("main");
let page = null;
let shownHash = "";
let leaving = new AbortController();
let reason = null;
let isFirst = true;
let isReturning = false;

function go(hash) {
  if (location.hash === hash) show();
  else location.hash = hash;
}

function kind() {
  const who = session();
  if (who === null) return "nobody";
  return who.unfinished ? "unfinished" : who.kind;
}

async function show() {
  page?.leave?.();
  page = null;
  leaving.abort();
  leaving = new AbortController();
  const { signal } = leaving;
  shownHash = location.hash;
  const [pattern, build, visitors] = ROUTES.find(([each]) => each.test(shownHash)) ?? [/^/, unknownPage, [kind()]];
  if (!visitors.includes(kind())) {
    location.replace(HOMES[kind()]);
    return;
  }
  showTools();
  const waiting = element("p", { class: "waiting" }, () => t("loading"));
  const loading = setTimeout(() => fill(main, waiting), LOADING_AFTER_MS);
  const told = reason;
  reason = null;
  try {
    const built = await build({ params: pattern.exec(shownHash).slice(1), go, signal, reason: told, ended: sessionEnded });
    if (signal.aborted) built?.leave?.();
    else if (built !== null) place(built);
  } catch (problem) {
    if (problem.name !== "AbortError" && !signal.aborted) placeFailure(problem);
  } finally {
    clearTimeout(loading);
  }
}

function place(built) {
  page = built;
  const heading = element("h1", { tabindex: -1 }, built.title);
  const [first, ...rest] = built.content.filter((node) => node !== null);
  const isAbove = first.classList.contains("first");
  fill(main, isAbove ? [first, heading, rest] : [heading, first, rest]);
  setTitle(built.title);
  window.scrollTo(0, 0);
  // On arrival the browser reads the page from its beginning; afterwards the heading tells where one has come.
  if (!isFirst) heading.focus();
  isFirst = false;
}

function placeFailure(problem) {
  const title = () => t("loading.failed");
  const again = element("div", { class: "actions" }, button(() => t("try-again"), show, "primary"));
  const home = linkButton(() => t("to-start"), HOMES[kind()]);
  if (problem.type === "assurance-too-low") again.replaceChildren(button(() => t("sign-in-again"), leave, "primary"));
  again.append(home);
  const isOurs = !(problem instanceof ProblemError);
  place({ title, content: [problemNotice(isOurs ? new ProblemError("about:blank") : problem), again] });
  // A fault of the portal itself is told in the console as well, where browser tests look for it.
  if (isOurs) throw problem;
}

let shownTitle = () => t("service");
function setTitle(title) {
  shownTitle = title;
  document.title = `${title()} – ${t("service")}`;
}

function showTools() {
  const who = session();
  const translate = button(
    () => t("language.other"),
    () => {
      switchLanguage();
      document.documentElement.lang = language();
      refreshTexts();
      setTitle(shownTitle);
    },
    "quiet",
  );
  setLive(translate, "lang", otherLanguage);
  const out = button(() => t("sign-out"), leave, "quiet");
  const name = who === null ? null : element("span", { class: "who" }, () => t("signed-in-as", { name: who.name }));
  const isIn = who !== null && !who.unfinished;
  const sessions = isIn ? linkButton(() => t("sessions.link"), "#/sessions", "quiet") : null;
  const factors = isIn && who.kind === "staff" ? linkButton(() => t("factors.link"), "#/factors", "quiet") : null;
  const home = isIn && who.kind === "staff" ? organisationHome() : null;
  const organisation = home === null ? null : linkButton(() => t("organisation.link"), home, "quiet");
  fill(document.getElementById("tools"), name, organisation, factors, sessions, translate, who === null ? null : out);
}

async function leave() {
  if (!(await mayLeave())) return;
  try {
    await signOut();
  } catch (problem) {
    placeFailure(problem);
    return;
  }
  announce(() => t("signed-out"));
  sessionEnded("signed-out");
}

function sessionEnded(why) {
  reason = why;
  page?.leave?.();
  page = null;
  go("#/");
}

async function mayLeave() {
  if (!(page?.isDirty?.() ?? false)) return true;
  const texts = { title: () => t("leave.title"), text: () => t("leave.text") };
  return ask({ ...texts, confirm: () => t("leave.confirm"), decline: () => t("stay") });
}

window.addEventListener("hashchange", async () => {
  if (isReturning) {
    isReturning = false;
  } else if (await mayLeave()) {
    await show();
  } else {
    isReturning = true;
    location.hash = shownHash;
  }
});
window.addEventListener("beforeunload", (event) => {
  if (page?.isDirty?.()) event.preventDefault();
});
// A page that comes back from the browser's memory may show what belongs to a session that has ended.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

document.documentElement.lang = language();
const skip = document.getElementById("skip");
fill(skip, () => t("skip"));
skip.addEventListener("click", (event) => {
  event.preventDefault();
  main.focus();
});
fill(
  document.getElementById("footer"),
  element("p", {}, () => t("footer.channel")),
  element("p", {}, element("a", { href: "#/accessibility" }, () => t("footer.accessibility"))),
);
watchSession(sessionEnded);
try {
  await resumeSession();
  await show();
} catch (problem) {
  showTools();
  placeFailure(problem);
}
