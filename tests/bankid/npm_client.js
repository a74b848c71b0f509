// The npm package `bankid` against the simulator. Its certificates are options; its address is the `baseURL` of its
// public `axios` instance. Reads commands from standard input, one JSON array a line, and answers each with one line.
"use strict";

const fs = require("fs");
const readline = require("readline");
const { BankIdClientV6, QrGenerator } = require("bankid");

const [url, ca, pfx] = process.argv.slice(2);
const client = new BankIdClientV6({ production: false, ca: fs.readFileSync(ca), pfx: fs.readFileSync(pfx) });
client.axios.defaults.baseURL = url;

const commands = {
  authenticate: async (parameters) => {
    const { orderRef, autoStartToken } = await client.authenticate(parameters);
    return { orderRef, autoStartToken };
  },
  frame: async (orderRef) => QrGenerator.latestQrFromCache(orderRef),
  collect: async (orderRef) => client.collect({ orderRef }),
  cancel: async (orderRef) => client.cancel({ orderRef }),
};

readline.createInterface({ input: process.stdin }).on("line", async (line) => {
  const [name, argument] = JSON.parse(line);
  const answer = await commands[name](argument).catch((error) => ({ code: error.code, details: error.details }));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}).on("close", () => process.exit(0));
