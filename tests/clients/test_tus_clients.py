"""tus-js-client, Uppy and tuspy, as they are published, at the real host: every file comes over whole.

Each signs in as a browser would: a session cookie and the token against forged requests. Aborts and sizes come from a
seed, so that a failure can be repeated. ``parallelUploads`` of tus-js-client asks for the extension concatenation,
which is not offered: several files at once take its place.
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.demo.client import Client
from tests.e2e.conftest import Running
from tests.support.relay import Relay, relayed

HERE = Path(__file__).parent
MIB = 1024 * 1024
SEEDS = (1, 2, 3)
OWN = {**os.environ, "NO_PROXY": "127.0.0.1"}
TUSPY = (sys.executable, HERE / "tuspy_client.py")


@dataclass(frozen=True)
class Sent:
    """A file on the disk of whoever sends it."""

    path: Path
    sha256: str
    size: int

    @classmethod
    def make(cls, folder: Path, size: int) -> "Sent":
        content = os.urandom(size)
        path = folder / f"{size}-{os.urandom(4).hex()}.bin"
        path.write_bytes(content)
        return cls(path=path, sha256=hashlib.sha256(content).hexdigest(), size=size)


class Draft:
    """A draft of somebody who is signed in, and what a client must know of it."""

    def __init__(self, running: Running) -> None:
        self.browser: Client = running.staff()
        self.path = running.draft(self.browser)
        self.endpoint = f"{running.stack.api_url}/api/v1/uploads"

    @property
    def headers(self) -> dict[str, str]:
        return self.browser.headers("POST")

    def metadata(self, file: Sent) -> dict[str, str]:
        parts = self.path.split("/")
        return {
            "thread": parts[4],
            "message": parts[6],
            "filename": file.path.name,
            "filetype": "application/octet-stream",
        }

    def assert_holds(self, *files: Sent) -> None:
        """These files and no other, each as it was sent, also when it is fetched."""
        opened = self.browser.ask("POST", f"{self.path}/open")
        assert opened["unfinished"] == []
        assert {f["name"]: f["sha256"] for f in opened["files"]} == {f.path.name: f.sha256 for f in files}
        assert len(opened["files"]) == len(files)
        for file in opened["files"]:
            found = self.browser.download_sha256(f"{self.path}/files/{file['file']}")
            assert found == (file["sha256"], file["length"])


@pytest.fixture
def draft(running: Running) -> Iterator[Draft]:
    """A draft of its own for each test."""
    made = Draft(running)
    yield made
    made.browser.close()


def run(command: Sequence[str | Path], document: Mapping[str, Any]) -> Any:
    """Run a client; what it says of the outcome."""
    done = subprocess.run(
        command, input=json.dumps(document), capture_output=True, text=True, timeout=150, check=False, env=OWN
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


def node(script: str, **document: Any) -> Any:
    return run(["node", HERE / script], document)


def tus_js(draft: Draft, files: Sequence[Mapping[str, Any]], **more: Any) -> list[dict[str, Any]]:
    options = more.pop("options", {})
    found: list[dict[str, Any]] = node(
        "tus_js.mjs", endpoint=draft.endpoint, headers=draft.headers, files=files, options=options, **more
    )
    return found


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, "POST 201"),
        ({"chunkSize": 3 * MIB}, "POST 201"),
        ({"uploadDataDuringCreation": True}, "POST 201"),
        ({"uploadDataDuringCreation": True, "chunkSize": 3 * MIB}, "POST 201"),
    ],
    ids=["one request", "chunks", "with creation", "chunks with creation"],
)
@pytest.mark.parametrize("size", [0, 1, 10 * MIB + 7])
def test_tus_js_client_brings_a_file(
    draft: Draft, tmp_path: Path, options: dict[str, Any], first: str, size: int
) -> None:
    """In one request or in many, with its first bytes in the creation or without."""
    file = Sent.make(tmp_path, size)
    (done,) = tus_js(draft, [{"path": str(file.path), "metadata": draft.metadata(file)}], options=options)
    assert done["statuses"][0] == first
    assert not [status for status in done["statuses"] if status[-3:] not in {"200", "201", "204"}]
    if "uploadDataDuringCreation" in options and (size <= 1 or "chunkSize" not in options):
        assert done["statuses"] == ["POST 201"]
    draft.assert_holds(file)


def test_tus_js_client_brings_a_stream_of_unknown_length(draft: Draft, tmp_path: Path) -> None:
    """tus, creation-defer-length: it learns the length when it meets the end, and tells it then."""
    file = Sent.make(tmp_path, 7 * MIB + 1)
    options = {"uploadLengthDeferred": True, "chunkSize": 2 * MIB}
    entry = {"path": str(file.path), "metadata": draft.metadata(file), "isStream": True}
    (done,) = tus_js(draft, [entry], options=options)
    assert done["statuses"][0] == "POST 201"
    assert set(done["statuses"][1:]) == {"PATCH 204"}
    assert len(done["statuses"]) > 4
    draft.assert_holds(file)


@pytest.mark.parametrize(
    ("seed", "chunk", "least"), [(1, 5 * MIB, 20 * MIB), (2, 9 * MIB, 20 * MIB), (3, 256 * MIB, 160 * MIB)]
)
def test_tus_js_client_goes_on_after_random_aborts(
    draft: Draft, tmp_path: Path, seed: int, chunk: int, least: int
) -> None:
    """The connection breaks at random bytes; each time it asks for the offset and goes on from there.

    In one request, too: it tells of its progress ten times a second, so that one takes a file that is not gone before.
    In the second half it may be too quick to be broken off.
    """
    chance = random.Random(seed)  # noqa: S311 - a failure is to be repeated
    file = Sent.make(tmp_path, chance.randrange(least, least + 20 * MIB))
    aborts = sorted(chance.randrange(1, file.size // 2) for _ in range(6))
    entry = {"path": str(file.path), "metadata": draft.metadata(file), "aborts": aborts}
    (done,) = tus_js(draft, [entry], options={"chunkSize": chunk})
    assert done["broken"] >= 3  # Of six: some answers come before the client knows what it has sent.
    assert done["statuses"].count("HEAD 200") >= done["broken"]
    draft.assert_holds(file)


def test_tus_js_client_goes_on_in_another_process(draft: Draft, tmp_path: Path) -> None:
    """From the URL that it stored, as after the browser was closed."""
    file = Sent.make(tmp_path, 12 * MIB)
    entry = {"path": str(file.path), "metadata": draft.metadata(file), "aborts": [5 * MIB]}
    options = {"chunkSize": 2 * MIB}
    urls = str(tmp_path / "urls.json")
    (left,) = tus_js(draft, [entry], options=options, isLeft=True, urls=urls)
    assert left["broken"] == 1
    assert draft.browser.ask("POST", f"{draft.path}/open")["files"] == []
    (done,) = tus_js(draft, [{**entry, "aborts": []}], options=options, urls=urls)
    assert done["url"] == left["url"]
    assert done["statuses"][0] == "HEAD 200"
    draft.assert_holds(file)


def test_tus_js_client_brings_many_files_at_once(draft: Draft, tmp_path: Path) -> None:
    """Into one draft, each broken off before its last chunk: none hinders another."""
    chance = random.Random(7)  # noqa: S311
    files = [Sent.make(tmp_path, chance.randrange(MIB + 1, 6 * MIB)) for _ in range(8)]
    entries = [
        {"path": str(f.path), "metadata": draft.metadata(f), "aborts": [chance.randrange(f.size - MIB)]} for f in files
    ]
    found = tus_js(draft, entries, options={"chunkSize": MIB})
    assert sum(done["broken"] for done in found) >= len(files) // 2
    draft.assert_holds(*files)


@pytest.mark.parametrize("options", [{}, {"chunkSize": MIB}, {"uploadDataDuringCreation": True}], ids=str)
def test_uppy_brings_files(draft: Draft, tmp_path: Path, options: dict[str, Any]) -> None:
    """Several at once, of several sizes."""
    files = [Sent.make(tmp_path, size) for size in (1, MIB, 9 * MIB + 3)]
    entries = [{"path": str(file.path), "metadata": draft.metadata(file)} for file in files]
    done = node("uppy.mjs", endpoint=draft.endpoint, headers=draft.headers, files=entries, options=options)
    assert done["failed"] == []
    assert len(done["successful"]) == 3
    draft.assert_holds(*files)


@pytest.mark.parametrize("seed", SEEDS)
def test_uppy_goes_on_after_random_pauses(draft: Draft, tmp_path: Path, seed: int) -> None:
    """A pause breaks the requests that are under way."""
    chance = random.Random(seed)  # noqa: S311
    files = [Sent.make(tmp_path, chance.randrange(3 * MIB, 12 * MIB)) for _ in range(3)]
    total = sum(file.size for file in files)
    pauses = sorted(chance.randrange(1, total // 2) for _ in range(3))
    entries = [{"path": str(file.path), "metadata": draft.metadata(file)} for file in files]
    options = {"chunkSize": chance.choice([MIB, 20 * MIB])}
    done = node(
        "uppy.mjs", endpoint=draft.endpoint, headers=draft.headers, files=entries, options=options, pauses=pauses
    )
    assert (done["failed"], done["pausesLeft"]) == ([], 0)
    assert done["resumed"] > 0
    draft.assert_holds(*files)


def step(stop: int, *, chunk: int = 3 * MIB, is_checked: bool = False) -> dict[str, Any]:
    """Up to ``stop`` bytes of the whole."""
    return {"stop": stop, "chunk": chunk, "is_checked": is_checked}


def tuspy_job(draft: Draft, *files: tuple[Sent, list[dict[str, Any]]], **more: str) -> dict[str, Any]:
    entries = [{"path": str(file.path), "metadata": draft.metadata(file), "steps": steps} for file, steps in files]
    return {"endpoint": draft.endpoint, "headers": draft.headers, "files": entries, **more}


def tuspy(draft: Draft, *files: tuple[Sent, list[dict[str, Any]]], **more: str) -> list[str]:
    """In a process of its own: it leaves sockets to the collector, which would be warnings of ours."""
    found: list[str] = run(TUSPY, tuspy_job(draft, *files, **more))
    return found


def tuspy_killed(relay: Relay, after: int, job: Mapping[str, Any]) -> None:
    """Run it, and kill it once it has sent ``after`` bytes by way of the relay."""
    with subprocess.Popen(TUSPY, stdin=PIPE, stdout=PIPE, stderr=PIPE, text=True, env=OWN) as client:
        relay.aim(after, client.kill)
        try:
            _, said = client.communicate(json.dumps(job), timeout=150)
        finally:
            client.kill()
    assert client.returncode == -signal.SIGKILL, said[-3000:]


@pytest.mark.parametrize("is_checked", [False, True], ids=["plain", "checksums"])
@pytest.mark.parametrize("size", [0, 1, 10 * MIB + 7])
def test_tuspy_brings_a_file(draft: Draft, tmp_path: Path, size: int, *, is_checked: bool) -> None:
    """In chunks, with a SHA-1 for each or without."""
    file = Sent.make(tmp_path, size)
    tuspy(draft, (file, [step(size, is_checked=is_checked)]))
    draft.assert_holds(file)


@pytest.mark.parametrize("seed", SEEDS)
def test_tuspy_goes_on_from_where_it_was(draft: Draft, tmp_path: Path, seed: int) -> None:
    """Another uploader, with the URL alone, each time after a random part; checksums at random."""
    chance = random.Random(seed)  # noqa: S311
    file = Sent.make(tmp_path, chance.randrange(5 * MIB, 20 * MIB))
    stops = [*sorted(chance.randrange(1, file.size) for _ in range(4)), file.size]
    steps = [step(at, chunk=chance.randrange(MIB, 9 * MIB), is_checked=chance.random() < 0.5) for at in stops]
    tuspy(draft, (file, steps))
    draft.assert_holds(file)


def received(draft: Draft) -> int:
    """How much has come of the only file that has not come whole."""
    (found,) = draft.browser.ask("POST", f"{draft.path}/open")["unfinished"]
    return int(found["received"])


@pytest.mark.parametrize("seed", SEEDS)
def test_tuspy_goes_on_after_it_was_killed(draft: Draft, tmp_path: Path, seed: int) -> None:
    """In the middle of a request, three times: what came before is kept, and it sends the rest only.

    What is kept of a broken request shows when the service has noticed that nobody sends any more.
    """
    chance = random.Random(seed)  # noqa: S311
    file = Sent.make(tmp_path, chance.randrange(30 * MIB, 40 * MIB))
    offset = 0
    with relayed(urlsplit(draft.endpoint).port or 0) as relay:
        way = {"endpoint": f"http://127.0.0.1:{relay.port}/api/v1/uploads", "urls": str(tmp_path / "urls.json")}
        job = tuspy_job(draft, (file, [step(file.size, chunk=file.size)]), **way)
        for _ in range(3):
            sent = chance.randrange(4 * MIB, 9 * MIB)
            tuspy_killed(relay, sent, job)
            until = time.monotonic() + 20
            while (kept := received(draft)) == offset:
                assert time.monotonic() < until, "nothing of the broken request was kept"
                time.sleep(0.05)
            assert offset < kept < offset + sent < file.size
            offset = kept
        relay.forget()
        run(TUSPY, job)
        assert file.size - offset < relay.passed < file.size - offset + MIB
    draft.assert_holds(file)


def test_tuspy_goes_on_from_a_stored_url(draft: Draft, tmp_path: Path) -> None:
    """In another process: nothing is known but what lies on the disk."""
    file = Sent.make(tmp_path, 6 * MIB)
    kept = str(tmp_path / "urls.json")
    urls = [tuspy(draft, (file, [step(stop, chunk=MIB)]), urls=kept) for stop in (2 * MIB, file.size)]
    assert urls[0] == urls[1]
    draft.assert_holds(file)


def test_tuspy_brings_many_files_at_once(draft: Draft, tmp_path: Path) -> None:
    """From threads, into one draft."""
    files = [Sent.make(tmp_path, size) for size in (1, MIB - 1, 3 * MIB, 5 * MIB + 1)]
    tuspy(draft, *((file, [step(file.size, chunk=MIB)]) for file in files))
    draft.assert_holds(*files)
