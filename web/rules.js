/** What an organisation decides for itself. For admins. */

import { call } from "./api.js";
import { announce, element, fill, notice } from "./dom.js";
import { field } from "./fields.js";
import { size } from "./formats.js";
import { acting, choice, organisationNav, ticks } from "./organisation.js";
import { t } from "./texts.js";

const FACTORS = ["required", "passkey-only", "optional"].map((each) => [each, () => t(`rules.factor.${each}`)]);
const LEVELS = ["loa2", "loa3", "loa4"].map((each) => [each, () => t(`rules.level.${each}`)]);
const STYLES = ["neutral", "named"].map((each) => [each, () => t(`rules.notice.${each}`)]);
const CONTENT = ["executable", "macros", "type-differs", "archive-names", "archive-unread", "double-extension", "password-protected"];
const WAYS = ["password", "entra"];
const MEGABYTE = 1_000_000;

/** The page. */
export async function rulesPage({ signal }) {
  const settings = await call("GET", "/organisation/settings", { signal });
  const outcome = element("div");
  const act = acting(outcome, signal);
  const number = (value, most) => element("input", { type: "number", min: 1, max: most, inputmode: "numeric", value: value ?? "" });
  const days = settings.service_retention_days;
  const megabytes = Math.floor(settings.service_upload_max_bytes / MEGABYTE);
  const largest = settings.upload_max_bytes === null ? null : Math.max(1, Math.floor(settings.upload_max_bytes / MEGABYTE));
  const factor = field({ label: () => t("rules.factor"), input: choice(FACTORS, settings.second_factor) });
  const usual = field({
    label: () => t("rules.default-days"),
    hint: () => t("rules.link"),
    input: number(settings.retention_default_days, days),
  });
  const longest = field({
    label: () => t("rules.ceiling-days"),
    hint: () => t("rules.ceiling-days.hint", { days }),
    input: number(settings.retention_ceiling_days, days),
  });
  const level = field({ label: () => t("rules.level"), input: choice(LEVELS, settings.required_assurance) });
  const style = field({
    label: () => t("rules.notice"),
    hint: () => t("rules.notice.hint"),
    input: choice(STYLES, settings.notice_style),
  });
  const upload = field({
    label: () => t("rules.upload"),
    hint: () => t("rules.upload.hint", { size: size(settings.service_upload_max_bytes) }),
    input: number(largest, megabytes),
  });
  const refused = ticks(() => t("rules.content"), CONTENT.map((each) => [each, () => t(`rules.content.${each}`)]), settings.refused_content);

  // Without a tenant there is nothing to choose; the operator of the service enters it.
  const ways =
    settings.entra.tenants.length > 0
      ? ticks(() => t("rules.ways"), WAYS.map((each) => [each, () => t(`rules.ways.${each}`)]), settings.sign_in)
      : null;

  function changed() {
    const whole = (each) => (each.input.value === "" ? null : Number(each.input.value));
    const body = {
      second_factor: factor.input.value,
      retention_default_days: whole(usual),
      retention_ceiling_days: whole(longest),
      required_assurance: level.input.value,
      notice_style: style.input.value,
      refused_content: refused.chosen(),
    };
    if (ways !== null) body.sign_in = ways.chosen();
    // Left alone when it was not touched: megabytes are rounded, and what an operator set may be finer.
    if (whole(upload) !== largest) body.upload_max_bytes = upload.input.value === "" ? null : whole(upload) * MEGABYTE;
    return body;
  }

  async function save(event) {
    event.preventDefault();
    const saved = await act(() => call("PATCH", "/organisation/settings", { body: changed(), signal }));
    if (saved === null) return;
    fill(outcome, notice("success", element("p", {}, () => t("rules.saved"))));
    announce(() => t("rules.saved"));
  }

  return {
    title: () => t("organisation.rules"),
    content: [
      organisationNav("rules"),
      element(
        "form",
        { class: "narrow", novalidate: true, on: { submit: save } },
        outcome,
        [factor, usual, longest, level, style, upload].map((each) => each.node),
        refused.node,
        ways === null ? null : ways.node,
        element("div", { class: "actions" }, element("button", { type: "submit", class: "button primary" }, () => t("rules.save"))),
      ),
    ],
  };
}
