// Uppy with its tus plugin against the host: one JSON document in, the outcome of every file out.
//
// The plugin is written for browsers. Under Node the client inside cannot read a Blob by itself: `fileReader` does that,
// and nothing else of Uppy or of the plugin is replaced. `pauses`: at so many bytes of the whole everything is paused and
// resumed.
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import process from "node:process";

import Uppy from "@uppy/core";
import Tus from "@uppy/tus";

const { endpoint, headers, files, options, pauses = [] } = JSON.parse(readFileSync(0, "utf-8"));
const left = [...pauses];
/** As long as a person takes: the plugin loses a resume that comes while the paused request is still being torn down. */
const PAUSE_MS = 1000;

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

const uppy = new Uppy({ autoProceed: false });
uppy.use(Tus, { endpoint, headers, retryDelays: [0, 100, 500, 1000, 3000, 5000, 8000], limit: 5, fileReader, ...options });
for (const { path, metadata } of files) {
  uppy.addFile({ name: basename(path), type: metadata.filetype, data: new Blob([readFileSync(path)]), meta: metadata });
}
uppy.on("upload-progress", () => {
  const sent = uppy.getFiles().reduce((sum, file) => sum + (file.progress.bytesUploaded || 0), 0);
  if (left.length === 0 || sent < left[0]) return;
  left.shift();
  uppy.pauseAll();
  setTimeout(() => uppy.resumeAll(), PAUSE_MS);
});
const { successful, failed } = await uppy.upload();
process.stdout.write(
  JSON.stringify({
    successful: successful.map((file) => ({ name: file.name, url: file.uploadURL })),
    failed: failed.map((file) => String(file.error)),
    pausesLeft: left.length,
  }),
);
process.exit(0);
