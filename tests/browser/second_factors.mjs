/** Drives the portal as a member of staff does. Prints what was seen as one line of JSON. */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

// The libraries that Chromium needs are unpacked where this package believes to be on a bare machine.
process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";
const { default: chromium } = await import("@sparticuz/chromium");
const { chromium: playwright } = await import("playwright-core");

const { address, mail, password, screenshots } = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const faults = [];
const seen = {};

async function pass(seconds) {
  process.stdout.write(`${JSON.stringify({ pass: seconds })}\n`);
  return Number((await lines.next()).value);
}

/** RFC 6238, written once more: what the app on the phone shows. */
function codeOf(secret, step) {
  const bits = [...secret].map((c) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const digest = createHmac("sha1", key).update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

const executablePath = await chromium.executablePath();
const libraries = join(tmpdir(), "al2023", "lib");
const env = { ...process.env, ...(existsSync(libraries) ? { LD_LIBRARY_PATH: libraries } : {}) };
const browser = await playwright.launch({ executablePath, env, args: ["--no-sandbox", "--disable-gpu", "--no-zygote"] });
const context = await browser.newContext({ locale: "sv-SE", viewport: { width: 1000, height: 900 } });
const page = await context.newPage();
page.setDefaultTimeout(20_000);
page.on("pageerror", (fault) => faults.push(`${fault}`));
page.on("console", (said) => {
  // A refused answer is part of the story; the browser notes each in its console.
  if (said.type() === "error" && !/status of 4(01|22|03)/.test(said.text())) faults.push(said.text());
});
const devtools = await context.newCDPSession(page);
await devtools.send("WebAuthn.enable");
await devtools.send("WebAuthn.addVirtualAuthenticator", {
  options: {
    protocol: "ctap2",
    transport: "internal",
    hasResidentKey: true,
    hasUserVerification: true,
    isUserVerified: true,
    automaticPresenceSimulation: true,
  },
});

let picture = 0;
async function show(name) {
  picture += 1;
  if (screenshots) await page.screenshot({ path: join(screenshots, `${String(picture).padStart(2, "0")}-${name}.png`), fullPage: true });
}

const named = (text) => page.getByRole("button", { name: text, exact: true });
const heading = (text) => page.getByRole("heading", { level: 1, name: text }).waitFor();

async function givePassword() {
  await page.goto(`${address}/portal#/sign-in/staff`);
  await heading("Logga in som medarbetare");
  await page.getByLabel("E-postadress").fill(mail);
  await page.getByLabel("Lösenord").fill(password);
  await named("Logga in").click();
}

async function signOut() {
  await named("Logga ut").click();
  await heading("Säkra meddelanden");
}

async function arrive() {
  await page.waitForFunction(() => !location.hash.startsWith("#/sign-in"));
  await page.getByRole("heading", { level: 1 }).waitFor();
  // Whoever serves one unit is taken to it at once.
  return (await page.evaluate(() => location.hash)).replace(/^#\/units\/.*/, "#/units");
}

async function names() {
  return page.locator("ul.threads h2").allTextContents();
}

// The first sign-in opens nothing but setting up.
await page.goto(`${address}/portal#/sign-in/staff`);
await heading("Logga in som medarbetare");
await show("sign-in");
await givePassword();
seen.first = await arrive();
await show("unfinished");
// The page that comes has the heading of the one that goes: what is done before it came is done to the wrong one.
const before = await page.locator("h1").elementHandle();
await page.evaluate(() => { location.hash = "#/units"; });
await page.waitForFunction((old) => !old.isConnected, before);
await heading("Inloggningsfaktorer");
seen.elsewhere = await page.evaluate(() => location.hash);

// An app: what is drawn is a code, and the first code of the app makes it count.
await page.getByLabel("Namn").fill("Telefonen");
await named("Lägg till en autentiseringsapp").click();
const secret = (await page.locator("code.secret").textContent()).replaceAll(" ", "");
const dark = await page.locator("canvas.qr").evaluate((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return data.filter((value, at) => at % 4 === 0 && value === 0).length / (data.length / 4);
});
assert.ok(dark > 0.2 && dark < 0.6, `${dark}`);
await show("app");
let step = await pass(0);
await page.getByLabel("Koden som appen visar").fill("000000");
await named("Bekräfta appen").click();
await page.getByRole("alert").waitFor();
await show("app-wrong-code");
await page.getByLabel("Koden som appen visar").fill(codeOf(secret, step));
await named("Bekräfta appen").click();
await page.getByRole("heading", { name: "Telefonen" }).waitFor();

// A passkey on this device.
step = await pass(30);
await page.getByLabel("Namn").fill("Datorn");
await named("Lägg till en passnyckel").click();
await page.getByRole("heading", { name: "Datorn" }).waitFor();
await show("factors");
seen.factors = await names();

// Recovery codes, shown once.
await named("Skapa nya återställningskoder").click();
await page.locator("ul.codes li").first().waitFor();
const codes = await page.locator("ul.codes li").allTextContents();
seen.codes = codes.length;
await show("recovery-codes");
await named("Jag har sparat dem").click();
assert.equal(await page.locator("ul.codes").count(), 0);
await signOut();

// Password and code.
await givePassword();
await heading("Ett steg till");
await show("second-step");
await page.getByLabel("Kod från din autentiseringsapp").fill(codeOf(secret, step));
await named("Logga in").click();
seen["by code"] = await arrive();
await signOut();

// The passkey alone.
await page.goto(`${address}/portal#/sign-in/staff`);
await heading("Logga in som medarbetare");
await named("Använd en passnyckel").click();
seen["by passkey alone"] = await arrive();
await signOut();

// Password and passkey.
await givePassword();
await heading("Ett steg till");
await named("Använd en passnyckel").click();
seen["by password and passkey"] = await arrive();
await signOut();

// A recovery code, typed without its marks and in capitals.
await givePassword();
await heading("Ett steg till");
await named("Använd en återställningskod").click();
await page.getByLabel("Återställningskod").fill(codes[0].replaceAll("-", "").toUpperCase());
await show("recovery");
await named("Logga in").click();
seen["by recovery code"] = await arrive();

// Twenty minutes later a fresh proof is asked for, and given with a code.
step = await pass(1200);
await page.goto(`${address}/portal#/factors`);
await page.getByRole("button", { name: "Ta bort Datorn" }).click();
await page.getByRole("dialog").getByRole("button", { name: "Ta bort", exact: true }).click();
await page.getByRole("heading", { name: "Visa att det är du" }).waitFor();
await show("step-up");
await page.getByRole("dialog").getByLabel("Kod från din autentiseringsapp").fill(codeOf(secret, step));
await page.getByRole("dialog").getByRole("button", { name: "Bekräfta" }).click();
await page.getByRole("heading", { name: "Datorn" }).waitFor({ state: "detached" });
seen["after stepping up"] = await names();
await named("English").click();
await show("english");
await named("Svenska").click();
await signOut();

// What was removed signs in no more.
await page.goto(`${address}/portal#/sign-in/staff`);
await heading("Logga in som medarbetare");
await named("Använd en passnyckel").click();
await page.getByRole("alert").waitFor();
seen["removed passkey"] = "refused";

seen.faults = faults;
await browser.close();
process.stdout.write(`${JSON.stringify(seen)}\n`);
process.exit(0);
