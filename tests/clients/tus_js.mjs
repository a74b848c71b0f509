// tus-js-client against the host: one JSON document in, the outcome of every file out.
//
// A file is { path, metadata, aborts }: at each number of bytes sent in `aborts` the request under way is aborted, as
// by somebody who closes the lid, and the transfer begun again from the URL that is known. The outcome tells how many
// were `broken` so, before any answer; the transfer may be too quick for others. `isLeft`: nobody begins again after the
// last one.
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
  let underWay = null;
  let broken = 0;
  return new Promise((resolve, reject) => {
    const outcome = () => ({ url: upload.url, statuses, broken });
    const upload = new tus.Upload(isStream ? createReadStream(path).pipe(new PassThrough()) : readFileSync(path), {
      endpoint,
      headers,
      metadata,
      retryDelays: [0, 100, 500, 1000, 3000, 5000, 8000],
      storeFingerprintForResuming: urlStorage !== undefined,
      ...(urlStorage ? { urlStorage, fingerprint: async () => path } : {}),
      ...options,
      onBeforeRequest: (request) => {
        underWay = request;
      },
      onAfterResponse: (request, response) => {
        if (underWay === request) underWay = null;
        statuses.push(`${request.getMethod()} ${response.getStatus()}`);
      },
      onError: (error) => reject(`${error.message} after ${statuses.join(", ")}`),
      onSuccess: () => resolve(outcome()),
      onProgress: (sent) => {
        const request = underWay?.getUnderlyingObject();
        if (left.length === 0 || sent < left[0] || upload.url === null || !request || request.res) return;
        left.shift();
        underWay = null;
        // Begun again earlier, it would take the error of the broken request for one of what is under way then.
        request.once("close", () => {
          if (request.destroyed && !request.res) broken += 1;
          if (left.length === 0 && isLeft) resolve(outcome());
          else setImmediate(() => upload.start());
        });
        upload.abort().catch(reject);
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
