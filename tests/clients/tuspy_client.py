"""tuspy against the host: one JSON document in, the URLs of the files out.

A file is ``path``, ``metadata`` and the ``steps`` it is brought in: each another uploader that knows the URL alone, or
not even that with ``urls``, a file in which tuspy keeps them. ``retries``: how often it tries a chunk again. All files go
at once.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from tusclient.client import TusClient
from tusclient.fingerprint.fingerprint import Fingerprint
from tusclient.storage.filestorage import FileStorage


def brought(job: dict[str, Any], file: dict[str, Any]) -> str:
    url: Any = None
    for step in file["steps"]:
        client = TusClient(job["endpoint"], headers=job["headers"])
        more = {"metadata": file["metadata"], "chunk_size": step["chunk"], "upload_checksum": step["is_checked"]}
        more |= {"retries": step.get("retries", 0), "retry_delay": 0.05}
        if "urls" in job:
            with closing(FileStorage(job["urls"])) as storage:  # type: ignore[no-untyped-call]
                kept = {"store_url": True, "url_storage": storage, "fingerprinter": Fingerprint()}
                uploader = client.uploader(file["path"], **more, **kept)
                uploader.upload(stop_at=step["stop"])
        else:
            uploader = client.uploader(file["path"], url=url, **more)
            uploader.upload(stop_at=step["stop"])
        url = uploader.url
        assert uploader.get_offset() == step["stop"]
    return str(url)


def main() -> None:
    job = json.load(sys.stdin)
    with ThreadPoolExecutor(len(job["files"])) as threads:
        urls = list(threads.map(lambda file: brought(job, file), job["files"]))
    print(json.dumps(urls))  # noqa: T201 - it is read by the test


main()
