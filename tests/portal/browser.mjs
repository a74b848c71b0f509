// As much of a browser as the portal's sign-in and password pages touch: elements, timers that only a test moves, and a service whose
// answers a test gives. What the pages do not touch is not here: it would fail, and not pass by accident.

class FakeNode {}

class FakeText extends FakeNode {
  constructor(data) {
    super();
    this.data = data;
  }

  get textContent() {
    return this.data;
  }
}

class FakeElement extends FakeNode {
  constructor(tag) {
    super();
    this.tag = tag;
    this.attributes = new Map();
    this.childNodes = [];
    this.listeners = new Map();
    this.own = "";
    this.value = "";
    this.classList = { toggle() {} };
  }

  append(...children) {
    this.childNodes.push(...children);
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null;
  }

  removeAttribute(name) {
    this.attributes.delete(name);
  }

  dispatchEvent({ type }) {
    this.happen(type);
  }

  setAttribute(name, value) {
    this.attributes.set(name, value);
  }

  replaceChildren(...children) {
    this.childNodes = children;
  }

  addEventListener(type, listener) {
    this.listeners.set(type, [...(this.listeners.get(type) ?? []), listener]);
  }

  removeEventListener(type, listener) {
    this.listeners.set(type, (this.listeners.get(type) ?? []).filter((each) => each !== listener));
  }

  happen(type) {
    for (const listener of this.listeners.get(type) ?? []) listener({ preventDefault() {} });
  }

  all(tag) {
    const inside = this.childNodes.filter((child) => child instanceof FakeElement);
    return inside.flatMap((child) => [...(child.tag === tag ? [child] : []), ...child.all(tag)]);
  }

  querySelector(tag) {
    return this.all(tag)[0] ?? null;
  }

  focus() {
    document.activeElement = this;
  }

  get textContent() {
    return this.own + this.childNodes.map((child) => child.textContent).join(" ");
  }

  set textContent(text) {
    this.own = text;
  }
}

/** A browser whose `navigator` says `agent`; takes the place of the global one. */
export function browser({ agent = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)", touches = 0 } = {}) {
  const timers = new Map();
  const opened = [];
  const replaced = [];
  const calls = [];
  const answers = new Map();
  const status = new FakeElement("p");
  const images = [];
  let now = 0;
  let last = 0;

  const later = (work, after, every) => {
    timers.set((last += 1), { work, at: now + after, every });
    return last;
  };
  const fetch = async (url, { method, body, keepalive, signal }) => {
    const path = url.replace("/api/v1", "");
    calls.push({ method, path, body: body === undefined ? undefined : JSON.parse(body), keepalive });
    const planned = answers.get(`${method} ${path}`);
    const given = await (typeof planned === "function" ? planned() : planned);
    signal?.throwIfAborted();
    if (given === undefined) throw new TypeError("no answer");
    const [code, content] = given;
    const text = async () => JSON.stringify(content);
    return { status: code, ok: code < 400, headers: new Map(), json: async () => content, text };
  };
  const put = (values) => {
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    }
  };
  const view = new FakeElement("window");
  put({
    Node: FakeNode,
    NodeFilter: { SHOW_TEXT: 4, SHOW_ELEMENT: 1 },
    document: {
      createElement: (tag) => {
        const made = new FakeElement(tag);
        if (tag === "img") images.push(made);
        return made;
      },
      createTextNode: (data) => new FakeText(data),
      getElementById: () => status,
      createTreeWalker: () => ({ currentNode: null }),
      activeElement: null,
    },
    window: view,
    navigator: { userAgent: agent, maxTouchPoints: touches },
    location: { hash: "#/sign-in/bankid", assign: (address) => opened.push(address) },
    history: { replaceState: (_state, _title, address) => replaced.push(address) },
    localStorage: { getItem: () => null, setItem() {} },
    fetch,
    setInterval: (work, after) => later(work, after, after),
    setTimeout: (work, after) => later(work, after, null),
    clearInterval: (timer) => timers.delete(timer),
    clearTimeout: (timer) => timers.delete(timer),
  });

  /** Let everything that waits for an answer go on. */
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await new Promise((done) => setImmediate(done));
  };
  /** Let milliseconds pass: what is due happens in its order. */
  const pass = async (milliseconds) => {
    const end = now + milliseconds;
    for (;;) {
      const due = [...timers].filter(([, timer]) => timer.at <= end).sort(([, one], [, other]) => one.at - other.at)[0];
      if (due === undefined) break;
      const [id, timer] = due;
      now = timer.at;
      if (timer.every === null) timers.delete(id);
      else timer.at += timer.every;
      timer.work();
      await settle();
    }
    now = end;
    await settle();
  };
  const asked = (method, path) => calls.filter((each) => each.method === method && each.path === path);
  return { answers, calls, asked, images, opened, replaced, timers, window: view, settle, pass };
}

/** The page as the portal places it: its content under one element. */
export function placed(page) {
  const main = new FakeElement("main");
  main.replaceChildren(...page.content);
  const find = (tag, text) => main.all(tag).find((each) => each.textContent.includes(text));
  return { main, find, text: () => main.textContent, press: (text) => find("button", text).happen("click") };
}
