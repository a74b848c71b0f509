/** Questions that wait for an answer, in the browser's own dialog: it keeps the focus and gives it back. */

import { button, element } from "./dom.js";
import { t } from "./texts.js";

let count = 0;

/** Ask; resolves to true when confirmed, false when declined or closed by Escape. Texts are live. */
export function ask({ title, text, confirm, decline = () => t("cancel"), look = "danger", signal }) {
  count += 1;
  const [titleId, textId] = [`dialog-title-${count}`, `dialog-text-${count}`];
  return new Promise((resolve) => {
    const close = (answer) => dialog.close(answer);
    const dialog = element(
      "dialog",
      { "aria-labelledby": titleId, "aria-describedby": textId },
      element("h2", { id: titleId }, title),
      element("p", { id: textId }, text),
      element(
        "div",
        { class: "actions" },
        button(confirm, () => close("yes"), look),
        button(decline, () => close("no"), "secondary"),
      ),
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    signal?.addEventListener("abort", () => close("no"));
    document.body.append(dialog);
    dialog.showModal();
  });
}
