/** What went wrong, in a sentence that says what to do. */

import { ProblemError } from "./api.js";
import { notice, element } from "./dom.js";
import { size } from "./formats.js";
import { hasText, t } from "./texts.js";

/** Problems behind which something of ours failed; the reference leads to our log. */
const OURS = 500;

/** The sentence for a failure, as a live text. Any other error is a fault of the portal and is raised again. */
export function sentence(problem) {
  if (!(problem instanceof ProblemError)) throw problem;
  return () => {
    if (problem.rule && hasText(`rule.${problem.rule}`)) return t(`rule.${problem.rule}`);
    const key = hasText(`problem.${problem.type}`) ? `problem.${problem.type}` : "problem.about:blank";
    return t(key, { size: size(problem.limitBytes), seconds: problem.retryAfter || 30 });
  };
}

/** A box that tells of a failure. */
export function problemNotice(problem, ...children) {
  const text = sentence(problem);
  const reference = problem.status >= OURS && problem.requestId ? problem.requestId : "";
  return notice(
    "danger",
    element("p", {}, text),
    reference ? element("p", { class: "small" }, () => t("problem.reference", { id: reference })) : null,
    children,
  );
}
