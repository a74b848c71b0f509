// What the sign-in pages do, one scenario at a time: node sign_in.mjs FOLDER NAME; without a name, the names as JSON.
// FOLDER holds the portal's modules. A scenario that fails ends the process with its assertion.
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";

import { browser, placed } from "./browser.mjs";

const [folder, chosen] = process.argv.slice(2);
const START = "POST /bankid/orders";
const POLL = "GET /bankid/order";
const LEAVE = "DELETE /bankid/order";
const BACK = "POST /bankid/callback";
const PHONE = { agent: "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X)" };
const LINK = "https://app.bankid.com/?autostarttoken=a-token";
const SESSION = { kind: "person", name: "Tolvan", csrf_token: "csrf", idle_seconds: 1800 };

const said = (text) => ({ message_sv: text, message_en: text });
const waiting = (more = {}) => [200, { status: "pending", qr: "bankid.x.0.y", launch_url: null, ...said("Starta"), ...more }];
const failed = [200, { status: "failed", ...said("Den kom inte") }];
const complete = [200, { status: "complete", session: SESSION }];
const problem = (status, type) => [status, { type: `urn:pic:problem:${type}` }];

/** How many timers would go on asking. */
const repeating = (timers) => [...timers.values()].filter((timer) => timer.every !== null).length;

/** The page of BankID in a browser of this kind, with an order that waits. */
async function bankId(kind = {}) {
  const made = browser(kind);
  made.answers.set(START, [201, { status: "pending", launch_url: LINK }]).set(POLL, waiting()).set(LEAVE, [204, null]);
  const { bankIdPage } = await import(join(folder, "bankid.js"));
  const { session } = await import(join(folder, "session.js"));
  const went = [];
  const leaving = new AbortController();
  const page = bankIdPage({ go: (hash) => went.push(hash), signal: leaving.signal });
  return { ...made, ...placed(page), page, went, leaving, session };
}

/** The page that the app opens, with what the service answers to it. */
async function back(answer) {
  const made = browser(PHONE);
  made.answers.set(BACK, answer);
  const { bankIdReturnPage } = await import(join(folder, "bankid_return.js"));
  const went = [];
  const page = bankIdReturnPage({ params: ["the-nonce"], go: (hash) => went.push(hash), signal: new AbortController().signal });
  await made.settle();
  return { ...made, ...placed(page), page, went };
}

const scenarios = {
  async "nothing begins without a click"() {
    const { calls, pass } = await bankId();
    await pass(60_000);
    assert.deepEqual(calls, []);
  },

  async "a computer is offered the code first and a phone its own app"() {
    for (const [kind, first, body] of [
      [{}, "QR-kod", { mode: "qr", device: "computer" }],
      [PHONE, "på den här enheten", { mode: "same-device", device: "mobile" }],
      [{ agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)", touches: 5 }, "på den här enheten", { mode: "same-device", device: "mobile" }],
      [{ agent: "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7)" }, "QR-kod", { mode: "qr", device: "computer" }],
      [{ agent: "Mozilla/5.0 (Linux; Android 14)" }, "på den här enheten", { mode: "same-device", device: "mobile" }],
    ]) {
      const { main, settle, calls } = await bankId(kind);
      const button = main.querySelector("button");
      assert.match(button.textContent, new RegExp(first));
      button.happen("click");
      await settle();
      assert.deepEqual(calls[0].body, body);
    }
  },

  async "the code is asked for each second and shown when it is there"() {
    const { main, images, press, pass, settle } = await bankId();
    press("QR-kod");
    await settle();
    assert.equal(main.querySelector("img"), null);
    for (let second = 1; second <= 5; second += 1) {
      assert.equal(images.length, second);
      const image = images.at(-1);
      assert.match(image.src, /^\/api\/v1\/bankid\/order\/qr\?at=\d+$/);
      assert.notEqual(main.querySelector("img"), image);
      image.happen("load");
      assert.equal(main.querySelector("img"), image);
      await pass(1000);
    }
  },

  async "there is no code once an app has the order"() {
    const { main, images, answers, press, pass, settle, text } = await bankId();
    press("QR-kod");
    await settle();
    answers.set(POLL, waiting({ qr: null, ...said("Skriv in din kod") }));
    await pass(2100);
    const asked = images.length;
    for (const late of images) late.happen("load");
    assert.equal(main.querySelector("img"), null);
    assert.match(text(), /Skriv in din kod/);
    await pass(5000);
    assert.equal(images.length, asked);
  },

  async "it polls no faster than every two seconds and one at a time"() {
    const { answers, press, pass, settle, asked } = await bankId();
    press("QR-kod");
    await settle();
    await pass(60_000);
    const polls = asked("GET", "/bankid/order").length;
    assert.ok(polls >= 25 && polls <= 31, String(polls));
    answers.set(POLL, () => new Promise(() => {}));
    await pass(60_000);
    assert.equal(asked("GET", "/bankid/order").length, polls + 1);
  },

  async "the app is opened with the order and can be opened again"() {
    const { opened, press, settle, find, main } = await bankId(PHONE);
    press("på den här enheten");
    await settle();
    assert.deepEqual(opened, [LINK]);
    assert.equal(find("a", "Öppna BankID").attributes.get("href"), LINK);
    assert.equal(main.querySelector("img"), null);
  },

  async "whoever cancels ends the order and may begin again"() {
    const { press, settle, asked, timers, find, text } = await bankId();
    press("QR-kod");
    await settle();
    press("Avbryt");
    await settle();
    assert.equal(asked("DELETE", "/bankid/order").length, 1);
    assert.equal(repeating(timers), 0);
    assert.ok(find("button", "QR-kod"));
    assert.doesNotMatch(text(), /Starta/);
  },

  async "leaving the page ends the order"() {
    for (const mode of ["QR-kod", "BankID på den här datorn"]) {
      const { press, settle, asked, page, timers } = await bankId();
      press(mode);
      await settle();
      location.hash = "#/accessibility";
      page.leave();
      await settle();
      const [left] = asked("DELETE", "/bankid/order");
      assert.equal(left?.keepalive, true);
      assert.equal(repeating(timers), 0);
    }
  },

  async "leaving without an order asks nothing"() {
    const { page, calls, settle } = await bankId();
    page.leave();
    await settle();
    assert.deepEqual(calls, []);
  },

  async "coming back from the app into the same window goes on with the order"() {
    const { press, settle, asked, page } = await bankId(PHONE);
    press("på den här enheten");
    await settle();
    location.hash = "#/sign-in/return/the-nonce";
    page.leave();
    await settle();
    assert.equal(asked("DELETE", "/bankid/order").length, 0);
  },

  async "closing the window ends a code and leaves an app alone"() {
    for (const [kind, mode, times] of [[{}, "QR-kod", 1], [PHONE, "på den här enheten", 0]]) {
      const { press, settle, asked, window } = await bankId(kind);
      press(mode);
      await settle();
      window.happen("pagehide");
      await settle();
      assert.equal(asked("DELETE", "/bankid/order").length, times, mode);
    }
  },

  async "a failed order is told on the page and the next begins there"() {
    const { answers, press, settle, text, asked, opened, went } = await bankId();
    answers.set(POLL, failed);
    press("QR-kod");
    await settle();
    assert.match(text(), /Inloggningen blev inte av.*Den kom inte/s);
    answers.set(POLL, waiting());
    press("QR-kod");
    await settle();
    assert.equal(asked("POST", "/bankid/orders").length, 2);
    assert.match(text(), /Starta/);
    assert.deepEqual([opened, went], [[], []]);
  },

  async "a refused start says why and offers both ways"() {
    for (const [answer, words] of [
      [problem(409, "conflict"), /pågår redan/],
      [problem(503, "dependency-failed"), /Något gick fel/],
      [problem(429, "too-many-requests"), /Vänta 30 sekunder/],
      [[422, { type: "urn:pic:problem:invalid-input", rule: "no-return" }], /välj QR-kod/],
      [undefined, /Kontrollera din anslutning/],
    ]) {
      const { answers, press, settle, text, find } = await bankId();
      answers.set(START, answer);
      press("den här datorn");
      await settle();
      assert.match(text(), words);
      assert.ok(find("button", "QR-kod") && find("button", "den här datorn"));
    }
  },

  async "who identified is signed in once"() {
    const { answers, press, settle, pass, went, session, asked } = await bankId();
    answers.set(POLL, complete);
    press("QR-kod");
    await settle();
    assert.deepEqual(went, ["#/inbox"]);
    assert.equal(session().kind, "person");
    await pass(30_000);
    assert.equal(asked("GET", "/bankid/order").length, 1);
  },

  async "an answer to an order that was left signs nobody in"() {
    const { answers, press, settle, went } = await bankId();
    let tell;
    answers.set(POLL, () => new Promise((done) => { tell = done; }));
    press("QR-kod");
    await settle();
    press("Avbryt");
    tell(complete);
    await settle();
    assert.deepEqual(went, []);
  },

  async "trouble on the way is waited out and not for ever"() {
    const { answers, press, settle, pass, text } = await bankId();
    press("QR-kod");
    await settle();
    for (const trouble of [undefined, problem(503, "dependency-failed"), problem(429, "too-many-requests"), [502, {}]]) {
      answers.set(POLL, trouble);
      await pass(2 * 2100);
      assert.match(text(), /Ingen kontakt just nu/);
      answers.set(POLL, waiting());
      await pass(2100);
      assert.match(text(), /Starta/);
    }
    answers.set(POLL, undefined);
    await pass(9 * 2100);
    assert.match(text(), /Ingen kontakt just nu/);
    await pass(2100);
    assert.match(text(), /Inloggningen blev inte av/);
  },

  async "an app that came back to another window signs this one in as well"() {
    for (const [kept, expected] of [[[200, SESSION], ["#/inbox"]], [problem(401, "not-signed-in"), []]]) {
      const { answers, press, settle, pass, went, text } = await bankId(PHONE);
      press("på den här enheten");
      await settle();
      answers.set(POLL, problem(404, "not-found")).set("GET /session", kept);
      await pass(2100);
      assert.deepEqual(went, expected);
      assert.equal(/blev inte av/.test(text()), expected.length === 0);
      (await import(join(folder, "session.js"))).forgetSession();
    }
  },

  async "the way back asks until it knows and shows nothing older"() {
    const { answers, asked, pass, text, went, replaced } = await back(waiting(said("Försöker starta BankID-appen.")));
    assert.match(text(), /Kontrollerar inloggningen/);
    assert.doesNotMatch(text(), /Försöker starta/);
    answers.set(BACK, problem(503, "dependency-failed"));
    await pass(2100);
    answers.set(BACK, complete);
    await pass(2100);
    assert.deepEqual([went, replaced], [["#/inbox"], ["#/inbox"]]);
    await pass(30_000);
    assert.equal(asked("POST", "/bankid/callback").length, 3);
    assert.deepEqual(asked("POST", "/bankid/callback")[0].body, { nonce: "the-nonce" });
  },

  async "in another browser nobody is urged to begin"() {
    const { find, text, pass, asked, main } = await back(problem(403, "other-browser"));
    assert.match(text(), /Fortsätt i den webbläsare där du började.*Började du inte själv/s);
    assert.equal(find("a", "Till startsidan").attributes.get("href"), "#/");
    assert.equal(main.all("a").length, 1);
    await pass(30_000);
    assert.equal(asked("POST", "/bankid/callback").length, 1);
  },

  async "a way back that failed leads to the beginning"() {
    const { find, text } = await back(failed);
    assert.match(text(), /Den kom inte/);
    assert.equal(find("a", "Försök igen").attributes.get("href"), "#/sign-in/bankid");
  },

  async "a way back that gets no answer ends"() {
    const { text, pass, asked } = await back(undefined);
    await pass(60_000);
    assert.match(text(), /Kontrollera din anslutning/);
    assert.equal(asked("POST", "/bankid/callback").length, 10);
  },
};

if (chosen === undefined) console.log(JSON.stringify(Object.keys(scenarios)));
else await scenarios[chosen]();
