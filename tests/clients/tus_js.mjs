// tus-js-client against the host: one JSON document in, the outcome of every file out.
//
// A file is { path, metadata, aborts }: at each number of bytes sent in `aborts` the transfer is aborted, as by somebody
// who closes the lid, and begun again from the URL that is known. `isLeft`: nobody begins again after the last one.
// `isStream`: as something whose end is not known before it is met. `urls`: a file in which the URLs of unfinished
// uploads are kept for another process.
import { createReadStream, readFileSync } from "node:fs";
import process from "node:process";
import { PassThrough } from "node:stream";

import tus from "tus-js-client";

const { endpoint, headers, files, options, isLeft = false, urls } = JSON.parse(readFileSync(0, "utf-8"));
const urlStorage = urls ? new tus.FileUrlStorage(urls) : undefined;

function moved({ path, metadata, aborts = [], isStream = false }) {
  const left = [...aborts];
  const statuses = [];
  return new Promise((resolve, reject) => {
    const upload = new tus.Upload(isStream ? createReadStream(path).pipe(new PassThrough()) : readFileSync(path), {
      endpoint,
      headers,
      metadata,
      retryDelays: [0, 100, 500, 1000, 3000, 5000, 8000],
      storeFingerprintForResuming: urlStorage !== undefined,
      ...(urlStorage ? { urlStorage, fingerprint: async () => path } : {}),
      ...options,
      onAfterResponse: (request, response) => statuses.push(`${request.getMethod()} ${response.getStatus()}`),
      onError: (error) => reject(`${error.message} after ${statuses.join(", ")}`),
      onSuccess: () => resolve({ url: upload.url, statuses }),
      onProgress: (sent) => {
        if (left.length === 0 || sent < left[0] || upload.url === null) return;
        left.shift();
        upload.abort().then(() => {
          if (left.length === 0 && isLeft) resolve({ url: upload.url, statuses });
          else setImmediate(() => upload.start());
        }, reject);
      },
    });
    if (!urlStorage) {
      upload.start();
      return;
    }
    upload.findPreviousUploads().then((found) => {
      if (found.length > 0) upload.resumeFromPreviousUpload(found[0]);
      upload.start();
    }, reject);
  });
}

process.stdout.write(JSON.stringify(await Promise.all(files.map(moved))));
process.exit(0);
