/** Form fields: a label, a hint, and a fault that is tied to the field for those who do not see it. */

import { element, fill } from "./dom.js";

let count = 0;

/** A labelled `input`, `textarea` or `select`. Texts are live; a fault goes when the input changes. */
export function field({ label, hint = null, input }) {
  count += 1;
  const id = `field-${count}`;
  input.id = id;
  const hintNode = hint === null ? null : element("p", { class: "hint", id: `${id}-hint` }, hint);
  const note = element("p", { class: "fault", id: `${id}-fault`, hidden: true });
  const node = element("div", { class: "field" }, element("label", { for: id }, label), hintNode, note, input);
  const describe = (isFaulty) => {
    const ids = [hintNode === null ? null : hintNode.id, isFaulty ? note.id : null].filter((each) => each !== null);
    if (ids.length > 0) input.setAttribute("aria-describedby", ids.join(" "));
    else input.removeAttribute("aria-describedby");
  };
  describe(false);
  input.addEventListener("input", () => made.setFault(null));
  const made = {
    node,
    input,
    setFault(text) {
      note.hidden = text === null;
      fill(note, text);
      node.classList.toggle("faulty", text !== null);
      if (text === null) input.removeAttribute("aria-invalid");
      else input.setAttribute("aria-invalid", "true");
      describe(text !== null);
    },
  };
  return made;
}

/** Go through `[field, text or null]`; shows the faults, moves to the first and returns whether there was none. */
export function allRight(findings) {
  for (const [each, text] of findings) each.setFault(text);
  const first = findings.find(([, text]) => text !== null);
  first?.[0].input.focus();
  return first === undefined;
}
