/** Calls to the service: JSON in and out, the token against forged requests, every failure a ProblemError. */

const BASE = "/api/v1";
const URN = "urn:pic:problem:";
const REQUEST_URN = "urn:pic:request:";

/** Why a call failed: `type` is the last part of the problem's URN, `offline` when there was no answer. */
export class ProblemError extends Error {
  constructor(type, { status = 0, rule = "", rules = [], limitBytes = 0, retryAfter = 0, requestId = "" } = {}) {
    super(type);
    this.type = type;
    this.status = status;
    this.rule = rule;
    this.rules = rules;
    this.limitBytes = limitBytes;
    this.retryAfter = retryAfter;
    this.requestId = requestId;
  }
}

let csrfToken = "";
const listeners = { contact: () => {}, ended: () => {} };

/** The token that unsafe requests carry; empty without a session. */
export function useToken(token) {
  csrfToken = token;
}

/** `contact` is called after every answer to a signed-in request, `ended` when the service says the session is over. */
export function listen({ contact, ended }) {
  listeners.contact = contact;
  listeners.ended = ended;
}

/** The headers of a request that changes something. */
export function unsafeHeaders() {
  return csrfToken ? { "X-CSRF-Token": csrfToken } : {};
}

/** The answer to a request as JSON, null when it has no body. Raises `ProblemError`; an `AbortError` passes. */
export async function call(method, path, { body, signal, keepalive = false, headers = {} } = {}) {
  const answer = await answerTo(method, path, { body, signal, keepalive, headers });
  return answer.status === 204 ? null : answer.json();
}

/** As `call`, for who wants the headers. */
export async function answerTo(method, path, { body, signal, keepalive = false, headers = {} } = {}) {
  const isSafe = method === "GET" || method === "HEAD" || method === "OPTIONS";
  const sent = { ...headers, ...(isSafe ? {} : unsafeHeaders()) };
  if (body !== undefined) sent["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(BASE + path, {
      method,
      headers: sent,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
      keepalive,
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
    });
  } catch (fault) {
    if (fault.name === "AbortError") throw fault;
    throw new ProblemError("offline");
  }
  return checked(answer.status, answer.ok, answer.headers, () => answer.text(), answer);
}

/** `answer` if it is a good one. Raises `ProblemError`. */
export async function checked(status, isGood, headers, readText, answer) {
  if (isGood) {
    listeners.contact();
    return answer;
  }
  const problem = await readProblem(status, headers, readText);
  if (problem.type === "not-signed-in") listeners.ended();
  throw problem;
}

async function readProblem(status, headers, readText) {
  let document = {};
  try {
    document = JSON.parse(await readText());
  } catch {
    // A gateway's answer, or none at all (HEAD): the status has to do.
  }
  const stated = typeof document.type === "string" ? document.type : "";
  return new ProblemError(stated.startsWith(URN) ? stated.slice(URN.length) : byStatus(status), {
    status,
    rule: typeof document.rule === "string" ? document.rule : "",
    rules: Array.isArray(document.rules) ? document.rules.filter((each) => typeof each === "string") : [],
    limitBytes: Number(document.limit_bytes) || 0,
    retryAfter: Number(headers.get("Retry-After")) || 0,
    requestId: typeof document.instance === "string" ? document.instance.replace(REQUEST_URN, "") : "",
  });
}

function byStatus(status) {
  if (status === 401) return "not-signed-in";
  if (status === 404) return "not-found";
  return status === 502 || status === 503 || status === 504 ? "dependency-failed" : "about:blank";
}
