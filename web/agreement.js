/** The processing agreement and the sub-processors: read by admins and auditors, accepted by an admin. */

import { call } from "./api.js";
import { ask } from "./dialogs.js";
import { announce, button, element, facts, fill, notice } from "./dom.js";
import { moment } from "./formats.js";
import { acting, organisationNav } from "./organisation.js";
import { session } from "./session.js";
import { language, t } from "./texts.js";

/** The page. */
export async function agreementPage({ signal }) {
  const standing = element("div");
  const outcome = element("div");
  const act = acting(outcome, signal);
  const [agreement, register] = await Promise.all([
    call("GET", "/organisation/agreement", { signal }),
    call("GET", "/sub-processors", { signal }),
  ]);

  function show({ accepted, due_at: due }) {
    const isCurrent = accepted !== null && accepted.version === agreement.version && accepted.digest === agreement.digest;
    const told = isCurrent
      ? notice("success", element("p", {}, () => t("agreement.accepted", { when: moment(accepted.at) })))
      : notice(
          "warning",
          element("p", {}, () => (due === null ? t("agreement.needed") : t("agreement.due", { when: moment(due) }))),
        );
    const mayAccept = !isCurrent && session().role === "admin";
    fill(standing, told, mayAccept ? button(() => t("agreement.accept"), accept, "primary") : null);
  }

  async function accept() {
    const texts = { title: () => t("agreement.accept"), text: () => t("agreement.accept.text") };
    if (!(await ask({ ...texts, confirm: () => t("agreement.accept"), look: "primary", signal }))) return;
    const body = { version: agreement.version, digest: agreement.digest };
    const accepted = await act(() => call("POST", "/organisation/agreement/acceptance", { body, signal }));
    if (accepted === null) return;
    show({ accepted, due_at: null });
    announce(() => t("agreement.done"));
  }

  show(agreement);
  const text = element("p", { class: "agreement" }, () => (language() === "sv" ? agreement.swedish : agreement.english));
  return {
    title: () => t("organisation.agreement"),
    content: [
      organisationNav("agreement"),
      outcome,
      standing,
      element("section", { class: "card" }, text),
      facts([() => t("agreement.digest"), element("code", {}, agreement.digest)]),
      element("h2", {}, () => t("agreement.sub-processors", { version: register.version })),
      element("p", {}, () => t("agreement.sub-processors.text")),
      element(
        "ul",
        { class: "threads" },
        register.sub_processors.map((each) =>
          element(
            "li",
            { class: "card", lang: "en" },
            element("h3", {}, each.name),
            facts([() => t("agreement.task"), each.task], [() => t("agreement.data"), each.data], [() => t("agreement.place"), each.place]),
          ),
        ),
      ),
    ],
  };
}
