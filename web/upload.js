/**
 * Files on their way to the service by tus 1.0: in slices, and after a failure from where the service says it stands.
 *
 * A transfer lives in its object, so that trying again after giving up goes on instead of starting over.
 */

import { answerTo, checked, ProblemError, unsafeHeaders } from "./api.js";

/** Two of the service's parts of 8 MiB. A broken slice costs at most this much. */
const SLICE_BYTES = 16 * 1024 * 1024;
const MAX_FAILURES = 6;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 20_000;
const TUS = { "Tus-Resumable": "1.0.0" };
const LOCATION = /^\/api\/v1(\/uploads\/[0-9a-z]+)$/;
/** Failures that trying again may heal; every other answer is final. */
const PASSING = new Set(["offline", "conflict", "body-cut", "too-many-requests", "dependency-failed", "about:blank"]);

/** The largest file that the service takes in this thread, in bytes; `thread` null: in general. Raises `ProblemError`. */
export async function largestFile(thread) {
  const answer = await answerTo("OPTIONS", thread === null ? "/uploads" : `/uploads?thread=${thread}`);
  return Number(answer.headers.get("Tus-Max-Size"));
}

/** One file for one draft. Beginning is the one step that cannot be repeated: see `isUncertain`. */
export class Transfer {
  #path = null;
  /** Goes on with this upload when the session has run out meanwhile. */
  #own = {};

  constructor(file) {
    this.file = file;
    this.sent = 0;
    this.isStored = false;
    /** The service may have begun a file that we cannot name: the draft would hold it for ever. */
    this.isUncertain = false;
  }

  /** Bring the file over. `changed({ waiting })` follows `sent`. Raises `ProblemError`, or an `AbortError`. */
  async run({ thread, message, signal, changed }) {
    let failures = 0;
    while (!this.isStored) {
      const before = this.sent;
      try {
        await this.#step({ thread, message, signal, changed, isRetry: failures > 0 });
        failures = 0;
      } catch (problem) {
        if (!(problem instanceof ProblemError) || !PASSING.has(problem.type) || this.isUncertain) throw problem;
        failures = this.sent > before ? 1 : failures + 1;
        if (failures >= MAX_FAILURES) throw problem;
        changed({ waiting: true });
        await pause(Math.max(problem.retryAfter * 1000, waitOf(failures)), signal);
      }
    }
  }

  async #step({ thread, message, signal, changed, isRetry }) {
    if (this.#path === null) this.#path = await this.#begin(thread, message, signal);
    else if (isRetry || this.sent > 0) this.sent = await this.#offset(signal);
    while (this.sent < this.file.size) {
      changed({ waiting: false });
      const from = this.sent;
      const slice = this.file.slice(from, from + SLICE_BYTES);
      const progress = (bytes) => {
        this.sent = from + Math.min(bytes, slice.size);
        changed({ waiting: false });
      };
      try {
        this.sent = await patch(this.#path, { ...this.#own, "Upload-Offset": String(from) }, slice, progress, signal);
      } catch (fault) {
        this.sent = from;
        throw fault;
      }
    }
    this.isStored = true;
    changed({ waiting: false });
  }

  async #begin(thread, message, signal) {
    const pairs = { thread, message, filename: this.file.name, filetype: mediaType(this.file) };
    const metadata = Object.entries(pairs).map(([key, value]) => `${key} ${base64(value)}`).join(",");
    const headers = { ...TUS, "Upload-Length": String(this.file.size), "Upload-Metadata": metadata };
    this.isUncertain = true;
    const answer = await answerTo("POST", "/uploads", { headers, signal });
    this.isUncertain = false;
    const found = LOCATION.exec(answer.headers.get("Location") ?? "");
    if (found === null) throw new ProblemError("about:blank", { status: answer.status });
    this.#own = { "Upload-Token": answer.headers.get("Upload-Token") ?? "" };
    return found[1];
  }

  async #offset(signal) {
    const answer = await answerTo("HEAD", this.#path, { headers: { ...TUS, ...this.#own }, signal });
    return Number(answer.headers.get("Upload-Offset"));
  }
}

/** Send one slice and tell how it goes, which only XMLHttpRequest can. Resolves to the new offset. */
function patch(path, own, slice, progress, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const abort = () => request.abort();
    request.open("PATCH", `/api/v1${path}`);
    const headers = { ...TUS, ...unsafeHeaders(), ...own };
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.setRequestHeader("Content-Type", "application/offset+octet-stream");
    request.upload.addEventListener("progress", (event) => progress(event.loaded));
    request.addEventListener("error", () => reject(new ProblemError("offline")));
    request.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError")));
    request.addEventListener("loadend", () => signal.removeEventListener("abort", abort));
    request.addEventListener("load", () => {
      const shown = { get: (name) => request.getResponseHeader(name) };
      const isGood = request.status >= 200 && request.status < 300;
      checked(request.status, isGood, shown, async () => request.responseText, request).then(
        () => resolve(Number(request.getResponseHeader("Upload-Offset"))),
        reject,
      );
    });
    if (signal.aborted) {
      reject(new DOMException("aborted", "AbortError"));
      return;
    }
    signal.addEventListener("abort", abort);
    request.send(slice);
  });
}

function waitOf(failures) {
  return Math.min(FIRST_WAIT_MS * 2 ** (failures - 1), LONGEST_WAIT_MS);
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}

/** `type/subtype` without parameters; browsers that do not know say nothing. */
function mediaType(file) {
  return file.type.split(";")[0].trim() || "application/octet-stream";
}

function base64(text) {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

const MAX_NAME_BYTES = 255;
const UNUSABLE = /[/\\:*?"<>|\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Whether the service takes a file of this name; it has the last word. */
export function isUsableName(name) {
  const isTrimmed = name === name.trim() && /[^ .]/.test(name);
  return isTrimmed && !UNUSABLE.test(name) && new TextEncoder().encode(name.normalize("NFC")).length <= MAX_NAME_BYTES;
}
