// What the pages for passwords do, one scenario at a time: node passwords.mjs FOLDER NAME; without a name, the names as JSON.
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";

import { browser, placed } from "./browser.mjs";

const [folder, chosen] = process.argv.slice(2);
const TOKEN = "a".repeat(95);
const SET = "POST /staff/activation";
const ASK = "POST /staff/password-reset";
const CHANGE = "POST /staff/password";
const GOOD = "ordmoln-paraply-kvist-91";
const problem = (status, type, more = {}) => [status, { type: `urn:pic:problem:${type}`, ...more }];

/** A page in a fresh browser: its inputs by their `autocomplete`, and what submits its form. */
async function page(module, name, params = []) {
  const made = browser();
  const build = (await import(join(folder, module)))[name];
  const built = build({ params, signal: new AbortController().signal });
  const shown = placed(built);
  const input = (kind) => shown.main.all("input").find((each) => each.getAttribute("autocomplete") === kind);
  const type = (kind, text) => {
    input(kind).value = text;
    input(kind).happen("input");
  };
  const submit = async () => {
    shown.main.querySelector("form").happen("submit");
    await made.settle();
  };
  return { ...made, ...shown, built, input, type, submit };
}

/** What a page sends; it also asks which ways in there are. */
const sent = (calls) => calls.filter((call) => call.method !== "GET");

const choosing = (params = [TOKEN]) => page("choose_password.js", "choosePasswordPage", params);

const scenarios = {
  async "nothing of a password leaves the page before it is sent"() {
    const { type, calls, pass, main } = await choosing();
    for (let length = 1; length <= GOOD.length; length += 1) type("new-password", GOOD.slice(0, length));
    await pass(60_000);
    assert.deepEqual(sent(calls), []);
    assert.match(main.textContent, /24 tecken: långt nog/);
  },

  async "characters are counted as the service counts them"() {
    const { type, main } = await choosing();
    type("new-password", "🌲".repeat(9) + "a\u030a");
    assert.match(main.textContent, /10 tecken: räcker om du loggar in med en andra faktor/);
  },

  async "the token leaves the address at once and goes with the password"() {
    const { type, submit, calls, replaced, answers, main } = await choosing();
    assert.deepEqual(replaced, ["#/choose-password"]);
    answers.set(SET, [204, null]);
    type("new-password", GOOD);
    await submit();
    assert.deepEqual(sent(calls).map((call) => call.body), [{ token: TOKEN, password: GOOD }]);
    assert.match(main.textContent, /Lösenordet är sparat/);
    assert.deepEqual(main.all("a").map((each) => each.getAttribute("href")), ["#/sign-in/staff"]);
  },

  async "without a token the page asks for the link"() {
    const { main, calls } = await choosing([undefined]);
    assert.match(main.textContent, /Öppna länken i mejlet en gång till/);
    assert.equal(main.querySelector("form"), null);
    assert.deepEqual(calls, []);
  },

  async "an invitation is accepted with a Microsoft account where the service knows them"() {
    const made = browser();
    made.answers.set("GET /sign-in/providers", [200, { providers: [], entra: true }]);
    made.answers.set("POST /staff/entra/start", [200, { authorization_url: "https://login.example/" }]);
    const { choosePasswordPage } = await import(join(folder, "choose_password.js"));
    const { main } = placed(choosePasswordPage({ params: [TOKEN], signal: new AbortController().signal }));
    await made.settle();
    const accept = main.all("button").find((each) => each.textContent.includes("Microsoft"));
    accept.happen("click");
    await made.settle();
    assert.deepEqual(sent(made.calls).map((call) => call.body), [{ invitation: TOKEN }]);
  },

  async "every rule that refused is shown and the text stays"() {
    const { type, submit, answers, main, input } = await choosing();
    answers.set(SET, problem(422, "password-refused", { rule: "password-short", rules: ["password-short", "password-weak", "x"] }));
    type("new-password", "Vinter2025!!");
    await submit();
    assert.match(main.textContent, /Det är för kort/);
    assert.match(main.textContent, /Det är för svagt/);
    assert.equal(input("new-password").value, "Vinter2025!!");
    answers.set(SET, [204, null]);
    type("new-password", GOOD);
    await submit();
    assert.doesNotMatch(main.textContent, /för svagt/);
  },

  async "a link that does not work leads to another"() {
    const { type, submit, answers, main } = await choosing();
    answers.set(SET, problem(404, "not-found"));
    type("new-password", GOOD);
    await submit();
    assert.match(main.textContent, /Länken fungerar inte/);
    assert.ok(main.all("a").some((each) => each.getAttribute("href") === "#/forgotten-password"));
  },

  async "an empty password is not sent"() {
    const { submit, calls, main } = await choosing();
    await submit();
    assert.deepEqual(sent(calls), []);
    assert.match(main.textContent, /Skriv ett nytt lösenord/);
  },

  async "a password can be shown and hidden"() {
    const { main, input } = await choosing();
    const show = main.all("button").find((each) => /Visa lösenordet/.test(each.textContent));
    show.happen("click");
    assert.equal(input("new-password").getAttribute("type"), "text");
    show.happen("click");
    assert.equal(input("new-password").getAttribute("type"), "password");
  },

  async "asking for a link says the same whoever it is"() {
    const { type, submit, answers, calls, main } = await page("forgotten_password.js", "forgottenPasswordPage");
    answers.set(ASK, [202, null]);
    type("username", " anna@example.com ");
    await submit();
    assert.deepEqual(calls.map((call) => call.body), [{ mail_address: "anna@example.com" }]);
    assert.match(main.textContent, /Om adressen hör till ett konto/);
  },

  async "a wrong current password is told at its field and nothing is lost"() {
    const { type, submit, answers, main, input } = await page("change_password.js", "changePasswordPage");
    answers.set(CHANGE, problem(401, "wrong-credentials"));
    type("current-password", "fel");
    type("new-password", GOOD);
    await submit();
    assert.match(main.textContent, /Det nuvarande lösenordet stämmer inte/);
    assert.equal(input("new-password").value, GOOD);
  },

  async "a changed password is forgotten by the page"() {
    const { type, submit, answers, main, input, built } = await page("change_password.js", "changePasswordPage");
    answers.set(CHANGE, [204, null]);
    type("current-password", "gammalt");
    type("new-password", GOOD);
    assert.equal(built.isDirty(), true);
    await submit();
    assert.match(main.textContent, /Lösenordet är bytt/);
    assert.deepEqual([input("current-password").value, input("new-password").value], ["", ""]);
    assert.equal(built.isDirty(), false);
  },
};

if (chosen === undefined) console.log(JSON.stringify(Object.keys(scenarios)));
else await scenarios[chosen]();
