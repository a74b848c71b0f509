/** Drives the pages of an organisation as its admin does. Prints what was seen as one line of JSON. */

import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// The libraries that Chromium needs are unpacked where this package believes to be on a bare machine.
process.env.AWS_EXECUTION_ENV = "AWS_Lambda_nodejs22.x";
const { default: chromium } = await import("@sparticuz/chromium");
const { chromium: playwright } = await import("playwright-core");

const { address, mail, password, screenshots } = JSON.parse(process.argv[2]);
const faults = [];
const seen = {};
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
  if (said.type() === "error" && !/status of 4(01|09|22|03)/.test(said.text())) faults.push(said.text());
});

let picture = 0;
async function show(name) {
  picture += 1;
  if (screenshots) await page.screenshot({ path: join(screenshots, `${String(picture).padStart(2, "0")}-${name}.png`), fullPage: true });
}

const named = (text) => page.getByRole("button", { name: text, exact: true });
const heading = (text) => page.getByRole("heading", { level: 1, name: text }).waitFor();
const follow = (text) => page.getByRole("link", { name: text, exact: true }).click();
const card = (title) => page.locator("li.card", { has: page.getByRole("heading", { name: title }) });
const spoken = async (text) => page.locator("#status", { hasText: text }).waitFor();

/** What no page may have: a field without a name, an id twice, anything wider than a narrow screen. */
async function check(name) {
  const odd = await page.evaluate(() => {
    const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
    const unnamed = [...document.querySelectorAll("input, select, textarea")].filter((each) => each.labels.length === 0);
    return { twice: ids.filter((id, at) => ids.indexOf(id) !== at), unnamed: unnamed.length };
  });
  await page.setViewportSize({ width: 360, height: 800 });
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
  await show(`${name}-narrow`);
  await page.setViewportSize({ width: 1000, height: 900 });
  await show(name);
  if (odd.twice.length > 0 || odd.unnamed > 0 || wide) faults.push(`${name}: ${JSON.stringify({ ...odd, wide })}`);
}

await page.goto(`${address}/portal#/sign-in/staff`);
await page.getByLabel("E-postadress").fill(mail);
await page.getByLabel("Lösenord", { exact: true }).fill(password);
await page.keyboard.press("Enter");
await follow("Organisationen");
await heading("Medarbetare");

await follow("Avtal");
await heading("Avtal");
await check("agreement");
await named("Godkänn för organisationen").click();
await page.getByRole("dialog").getByRole("button", { name: "Godkänn för organisationen" }).click();
await spoken("Avtalet är godkänt.");
seen.agreement = await page.locator(".notice.success").count();

await follow("Enheter");
await heading("Enheter");
await page.getByLabel("Enhetens namn").first().fill("Arkivet");
await page.keyboard.press("Enter");
await spoken("Enheten är sparad.");
await card("Arkivet").getByText("Ingen betjänar enheten").waitFor();
await check("units");

await follow("Medarbetare");
await heading("Medarbetare");
await page.getByLabel("Namn", { exact: true }).fill("Bo Exempel");
await page.getByLabel("E-postadress").fill("bo@example.com");
await page.locator("form").first().getByLabel("Arkivet").check();
await named("Skicka inbjudan").click();
await spoken("Inbjudan skickas.");
seen.invited = await card("Bo Exempel").getByText("Inbjuden").count();
await card("Bo Exempel").getByLabel("Roll").selectOption("auditor");
await card("Bo Exempel").getByRole("button", { name: "Spara" }).click();
await spoken("Bo Exempel är ändrad.");
await check("staff");
await card("Anna Exempel").getByRole("button", { name: "Har slutat …" }).click();
await page.getByRole("dialog").getByRole("button", { name: "Har slutat …" }).click();
await page.getByText("En organisation har alltid en administratör").waitFor();
await card("Bo Exempel").getByRole("button", { name: "Har slutat …" }).click();
await show("leave");
await page.getByRole("dialog").getByRole("button", { name: "Har slutat …" }).click();
await spoken("Bo Exempel har slutat.");
seen.left = await card("Bo Exempel").getByText("Har slutat", { exact: true }).count();

await follow("Inställningar");
await heading("Inställningar");
await page.getByLabel("Dagar till radering som längst").fill("60");
await page.getByLabel("Dokument med makron").check();
await named("Spara inställningarna").click();
await page.locator(".notice.success").waitFor();
await check("settings");

await follow("Logg");
await heading("Logg");
await page.getByRole("cell", { name: "staff:leave" }).waitFor();
seen.log = await page.getByRole("cell", { name: "organisation:settings:change" }).count();
seen.security = await page.getByText("En roll, inloggning eller åtkomst har ändrats").count();
await check("log");
await named("English").click();
await heading("Log");
await follow("Agreement");
await page.getByText("DATA PROCESSING AGREEMENT").waitFor();
await check("english");

await browser.close();
process.stdout.write(`${JSON.stringify({ ...seen, faults })}\n`);
