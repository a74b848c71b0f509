/** Pages for everyone: the start, the accessibility statement, and the address that leads nowhere. */

import { call } from "./api.js";
import { brokerButton } from "./brokers.js";
import { element, linkButton, notice } from "./dom.js";
import { t } from "./texts.js";

/** The start page. `reason` is the key of a text that says why a session ended. */
export async function startPage({ reason, signal }) {
  const { providers } = await call("GET", "/sign-in/providers", { signal });
  const choice = (kind, ...ways) =>
    element(
      "section",
      { class: "card" },
      element("h2", {}, () => t(`start.${kind}.title`)),
      element("p", {}, () => t(`start.${kind}.text`)),
      element("div", { class: "ways" }, ways),
    );
  const way = (provider) =>
    provider.kind === "bankid"
      ? linkButton(() => t("start.person.action"), "#/sign-in/bankid", "primary")
      : brokerButton(provider);
  return {
    title: () => t("start.title"),
    content: [
      reason ? notice("info", element("p", {}, () => t(reason))) : null,
      element("p", { class: "lead" }, () => t("start.lead")),
      element(
        "div",
        { class: "choices" },
        choice("person", providers.map(way)),
        choice("staff", linkButton(() => t("start.staff.action"), "#/sign-in/staff")),
      ),
      element("p", { class: "small" }, () => t("start.warning")),
    ],
  };
}

/** The accessibility statement. */
export function accessibilityPage() {
  return {
    title: () => t("accessibility.title"),
    content: [1, 2, 3].map((number) => element("p", { class: "prose" }, () => t(`accessibility.${number}`))),
  };
}

/** For addresses that lead nowhere. */
export function unknownPage() {
  return {
    title: () => t("page-unknown"),
    content: [
      element("p", {}, () => t("page-unknown.text")),
      linkButton(() => t("to-start"), "#/", "primary"),
    ],
  };
}
