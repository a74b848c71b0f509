/**
 * Elements from values. Text is only ever text, so nothing that people write becomes markup.
 *
 * A text or attribute given as a function is live: it is asked again when the language changes, and what people
 * have typed stays where it is.
 */

const liveTexts = new WeakMap();
const liveAttributes = new WeakMap();

/** An element. `attributes`: strings, true, live functions; `on` holds listeners. Nothing is set for null and false. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    } else if (typeof value === "function") {
      setLive(made, name, value);
    } else if (value !== null && value !== undefined && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  fill(made, ...children);
  return made;
}

/** Replace what is inside `parent`. Children: nodes, texts, live texts, arrays of these, null. */
export function fill(parent, ...children) {
  parent.replaceChildren(...children.flat(Infinity).filter((child) => child !== null).map(asNode));
  return parent;
}

function asNode(child) {
  if (child instanceof Node) return child;
  if (typeof child !== "function") return document.createTextNode(String(child));
  const node = document.createTextNode(child());
  liveTexts.set(node, child);
  return node;
}

/** Give `node` an attribute whose value follows the language. */
export function setLive(node, name, value) {
  const known = liveAttributes.get(node) ?? new Map();
  liveAttributes.set(node, known.set(name, value));
  node.setAttribute(name, value());
}

/** Ask every live text and attribute in the document again. */
export function refreshTexts() {
  const walker = document.createTreeWalker(document.documentElement, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
  for (let node = walker.currentNode; node; node = walker.nextNode()) {
    if (liveTexts.has(node)) node.data = liveTexts.get(node)();
    for (const [name, value] of liveAttributes.get(node) ?? []) node.setAttribute(name, value());
  }
}

/** A button; `look` is `primary`, `secondary`, `danger` or `quiet`. */
export function button(label, listener, look = "secondary", attributes = {}) {
  return element("button", { type: "button", class: `button ${look}`, on: { click: listener }, ...attributes }, label);
}

/** A link to another page of the portal that looks like a button. */
export function linkButton(label, href, look = "secondary") {
  return element("a", { class: `button ${look}`, href }, label);
}

/** Terms and what they stand for; pairs with null are left out. */
export function facts(...pairs) {
  const rows = pairs.filter((pair) => pair !== null);
  return element(
    "dl",
    { class: "facts" },
    rows.map(([term, value]) => element("div", {}, element("dt", {}, term), element("dd", {}, value))),
  );
}

/** Tell what happened to those who do not see the screen. */
export function announce(text) {
  const status = document.getElementById("status");
  status.textContent = "";
  // Screen readers speak a change; the same text twice would be none.
  setTimeout(() => {
    status.textContent = typeof text === "function" ? text() : text;
  }, 60);
}

/** A box with a heading; `look` is `info`, `success`, `warning` or `danger`. Dangers are spoken at once. */
export function notice(look, ...children) {
  return element("div", { class: `notice ${look}`, role: look === "danger" ? "alert" : null }, children);
}
