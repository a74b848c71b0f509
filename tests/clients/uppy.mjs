// Uppy with its tus plugin against the host: one JSON document in, the outcome of every file out.
//
// The plugin is written for browsers. Under Node the client inside cannot read a Blob by itself: `fileReader` does that,
// and nothing else of Uppy or of the plugin is replaced. `pauses`: at so many bytes of the whole everything is paused and
// resumed.
import { readFileSync } from "node:fs";
import http from "node:http";
import { basename } from "node:path";
import process from "node:process";

import Uppy from "@uppy/core";
import Tus from "@uppy/tus";
import { DefaultHttpStack } from "tus-js-client";

const { endpoint, headers, files, options, pauses = [] } = JSON.parse(readFileSync(0, "utf-8"));
const left = [...pauses];
/** As long as a person takes at least, between pausing and resuming. */
const PAUSE_MS = 500;
/** Its sockets tell whether a request is still under way. */
const agent = new http.Agent();

const fileReader = {
  openFile: async (blob) => ({
    size: blob.size,
    slice: async (start, end) => {
      const value = Buffer.from(await blob.slice(start, Math.min(end, blob.size)).arrayBuffer());
      return { value: Object.assign(value, { size: value.length }), done: end >= blob.size };
    },
    close() {},
  }),
};

let isPaused = false;
let isDone = false;
let hasResumed = false;
let resumed = 0;

/** The plugin waits for ever when a request that it paused is answered while a resumed one is being tried again. */
function resume(uppy, looks = 600) {
  const busy = Object.keys(agent.sockets);
  if (busy.length > 0 && looks === 0) {
    process.stderr.write(`what was paused is still under way: ${busy}\n`);
    process.exit(1);
  }
  if (busy.length > 0) return setTimeout(resume, 50, uppy, looks - 1);
  isPaused = false;
  hasResumed = true;
  uppy.resumeAll();
}

process.on("exit", () => {
  if (isDone) return;
  process.stderr.write(`nothing is under way any more, and not every file came over: ${left.length} pauses left\n`);
  process.exitCode = 1;
});

const uppy = new Uppy({ autoProceed: false });
const retryDelays = [0, 100, 500, 1000, 3000, 5000, 8000];
const httpStack = new DefaultHttpStack({ agent });
const onAfterResponse = (request, response) => {
  if (hasResumed && request.getMethod() === "HEAD" && response.getStatus() === 200) resumed += 1;
};
uppy.use(Tus, { endpoint, headers, retryDelays, limit: 5, fileReader, httpStack, onAfterResponse, ...options });
for (const { path, metadata } of files) {
  uppy.addFile({ name: basename(path), type: metadata.filetype, data: new Blob([readFileSync(path)]), meta: metadata });
}
uppy.on("upload-progress", () => {
  const sent = uppy.getFiles().reduce((sum, file) => sum + (file.progress.bytesUploaded || 0), 0);
  if (isPaused || left.length === 0 || sent < left[0]) return;
  left.shift();
  isPaused = true;
  uppy.pauseAll();
  setTimeout(resume, PAUSE_MS, uppy);
});
const { successful, failed } = await uppy.upload();
isDone = true;
process.stdout.write(
  JSON.stringify({
    successful: successful.map((file) => ({ name: file.name, url: file.uploadURL })),
    failed: failed.map((file) => String(file.error)),
    pausesLeft: left.length,
    resumed,
  }),
);
process.exit(0);
