// The Cosmos DB emulator of `@vercel/cosmosdb-server`, with the three of its faults put right that would
// otherwise have to be worked around in product code.
//
// 1. Reading an id that does not exist answers 500; the service answers 404.
// 2. The account document points the client at https although we serve http, so that it would leave us. Ours points
//    at the name and port it was asked by, so that a proxy in front stays in front.
// 3. Every connection is closed after one answer; the service keeps them open if the client does.
//
// Usage: node cosmos_server.cjs PORT   (0 = any free port; the port is printed)
"use strict";

const { createHttpServer } = require("@vercel/cosmosdb-server");

const HOST = "127.0.0.1";
const IDLE_MILLISECONDS = 65_000; // longer than any client keeps a connection in its pool
const DOCUMENT = /^\/dbs\/[^/]+\/colls\/[^/]+\/docs\/[^/]+\/?$/;
const NOT_FOUND = JSON.stringify({ code: "NotFound", message: "Entity with the specified id does not exist in the system." });

const server = createHttpServer();
const [answer] = server.listeners("request");
server.removeAllListeners("request");
server.keepAliveTimeout = IDLE_MILLISECONDS;
server.on("request", (request, response) => {
  const path = request.url.split("?")[0];
  const setHeader = response.setHeader.bind(response);
  response.setHeader = (name, value) => (name === "connection" ? response : setHeader(name, value));
  const end = response.end.bind(response);
  response.end = (body) => {
    if (request.method === "GET" && DOCUMENT.test(path) && response.statusCode === 500) {
      response.statusCode = 404;
      return end(NOT_FOUND);
    }
    if (request.method === "GET" && path === "/") {
      return end(body.replaceAll(/https:\/\/[^/"]*/g, `http://${request.headers.host}`));
    }
    return end(body);
  };
  answer(request, response);
});

// The emulator prints the stack of every fault it meets, fault 1 among them.
console.error = () => {};

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => process.exit(0));
}

server.on("error", (error) => {
  console.log(`Exit due to unhandled error: ${error.message}`);
  process.exit(1);
});
server.listen(Number(process.argv[2]), HOST, () => {
  console.log(`Cosmos DB emulator is successfully listening at http://${HOST}:${server.address().port}`);
});
