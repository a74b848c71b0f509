/** Who is signed in, and the warning before the service ends an idle session. */

import { call, listen, useToken } from "./api.js";
import { ask } from "./dialogs.js";
import { keepLanguage, t } from "./texts.js";

const SECOND = 1000;
/** The person is asked this long before the service ends an idle session, or halfway when it ends sooner. */
const WARNING_MS = 5 * 60 * SECOND;
const LOOK_EVERY = 20_000;
/** Shared by all windows of this browser, so that one in use keeps the others from asking. */
const CONTACT_KEPT_AS = "pic-contact";

let current = null;
let idleLimit = 0;
let lastContact = 0;
let question = null;
let onEnd = () => {};

/** The session: `kind` (`staff` or `person`), `name`, `role`, `unfinished`; null when nobody is signed in. */
export function session() {
  return current;
}

/** `ended(reason)` is called when the session is over without anyone having signed out; `reason` is a text's key. */
export function watchSession(ended) {
  onEnd = ended;
  listen({ contact: noteContact, ended: () => end("ended.idle") });
  setInterval(look, LOOK_EVERY);
}

/** Take up the session that the browser still has, if any. */
export async function resumeSession() {
  try {
    beginSession(await call("GET", "/session"));
  } catch (problem) {
    if (problem.status !== 401) throw problem;
  }
}

/** Begin with what a sign-in answered. */
export function beginSession(view) {
  current = { kind: view.kind, name: view.name, role: view.role, unfinished: view.unfinished };
  idleLimit = view.idle_seconds * SECOND;
  useToken(view.csrf_token);
  noteContact();
}

/** Sign out. Raises `ProblemError` when the service did not hear of it: the session then goes on. */
export async function signOut() {
  await call("DELETE", "/session");
  forgetSession();
}

/** The service has ended this session because it was asked to. */
export function forgetSession() {
  forget();
  keepLanguage();
}

function forget() {
  current = null;
  useToken("");
  question?.abort();
}

function end(reason) {
  if (current === null) return;
  forget();
  onEnd(reason);
}

function noteContact() {
  lastContact = Date.now();
  try {
    localStorage.setItem(CONTACT_KEPT_AS, String(lastContact));
  } catch {
    // Each window then counts for itself.
  }
}

function latestContact() {
  try {
    return Math.max(lastContact, Number(localStorage.getItem(CONTACT_KEPT_AS)) || 0);
  } catch {
    return lastContact;
  }
}

async function look() {
  if (current === null) return;
  const idle = Date.now() - latestContact();
  if (idle >= idleLimit) {
    end("ended.idle");
  } else if (idle < Math.max(idleLimit - WARNING_MS, idleLimit / 2)) {
    question?.abort();
  } else if (question === null) {
    await warn();
  }
}

async function warn() {
  question = new AbortController();
  const stays = await ask({
    title: () => t("idle.title"),
    text: () => t("idle.text"),
    confirm: () => t("idle.stay"),
    decline: () => t("sign-out"),
    look: "primary",
    signal: question.signal,
  });
  const wasWithdrawn = question.signal.aborted;
  question = null;
  if (wasWithdrawn || current === null) return;
  try {
    if (stays) beginSession(await call("GET", "/session"));
    else {
      await signOut();
      onEnd("signed-out");
    }
  } catch {
    // Without contact the next look decides; an ended session has been told of already.
  }
}
