/** Other e-IDs than BankID, at a broker's own pages: how one gets there, and what is said when it came to nothing. */

import { call } from "./api.js";
import { button, element, fill, linkButton, notice } from "./dom.js";
import { problemNotice } from "./problems.js";
import { t } from "./texts.js";

/** A button that leaves for the pages of `provider`. */
export function brokerButton(provider) {
  const outcome = element("div");
  const leave = async () => {
    fill(outcome);
    try {
      const { authorization_url: address } = await call("POST", `/oidc/${provider.id}/start`);
      location.assign(address);
    } catch (problem) {
      fill(outcome, problemNotice(problem));
    }
  };
  return element("div", {}, button(() => t("start.broker", { name: provider.name }), leave, "secondary"), outcome);
}

/** Where a broker's answer leads when nobody was signed in; `word` says why. */
export function brokerFailedPage({ params: [word] }) {
  return {
    title: () => t("bankid.failed"),
    content: [
      notice("danger", element("p", {}, () => t(`broker.${word}`))),
      element("div", { class: "actions" }, linkButton(() => t("to-start"), "#/", "primary")),
    ],
  };
}
