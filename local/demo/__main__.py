"""``python -m local.demo [FILE]``: the whole main job against a running stack, every step checked.

Starts a stack of its own on free ports if none runs. Exits 0 only if every check held.
"""

import argparse
import asyncio
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from local.__main__ import NOTE
from local.demo import persons, stores, traces
from local.demo.client import Client, UnexpectedAnswerError, pieces
from local.node_process import ROOT, StartError
from local.ports import free_ports
from local.seed import Seed, read_seed, seed
from local.stack import RecordStore, Stack, running_stack
from shared.domain import texts
from shared.domain.errors import InvalidInputError

PERSON: Final = "199006022397"
"""One of the Swedish Tax Agency's official test numbers."""

PERSON_ADDRESS: Final = "mottagare.demo@example.se"
SUBJECT: Final = "Utredning om bistånd, ärende demo"
TEXT: Final = "Hej! Bifogat finns handlingen i ditt ärende. Det här är meddelandets hemliga text."
SUBSTITUTE_NAME: Final = "handling till demo.bin"
DEFAULT_BYTES: Final = 20 * 1024 * 1024
DAYS: Final = 366
DAY_SECONDS: Final = 86_400
WAIT_SECONDS: Final = 60


class CheckFailedError(Exception):
    """A check did not hold; the text says which."""


def check(holds: object, what: str) -> None:
    """Raises ``CheckFailedError`` unless ``holds``."""
    if not holds:
        raise CheckFailedError(what)


def sendable_name(name: str) -> str:
    """The name to send a file under: composed as the service composes it, or another where it refuses the name."""
    try:
        return texts.file_name(name)
    except InvalidInputError:
        print(f"the service refuses the name of this file; sending it as {SUBSTITUTE_NAME!r}")
        return SUBSTITUTE_NAME


class Steps:
    """Prints each step with the time it took."""

    def __init__(self) -> None:
        self._number = 0

    @contextmanager
    def step(self, what: str) -> Iterator[None]:
        """Time a step."""
        self._number += 1
        began = time.perf_counter()
        print(f"{self._number:2}. {what} ...", end=" ", flush=True)
        yield
        print(f"{time.perf_counter() - began:.2f} s", flush=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was sent: the thread, and the paths of message and file."""

    thread: str
    message: str
    file: str


class Job:
    """One run of the main job."""

    def __init__(self, *, stack: Stack, seeded: Seed, file: Path) -> None:
        self.stack = stack
        self.seeded = seeded
        self.file = file
        self.name = sendable_name(file.name)
        self.size = file.stat().st_size
        self.step = Steps().step
        self.staff, self.person = Client(stack.api_url), Client(stack.api_url)

    def run(self) -> None:
        """All steps. Raises ``CheckFailedError``, ``UnexpectedAnswerError``."""
        try:
            sent = self._send()
            self._receive(sent)
            self._retain(sent)
        finally:
            self.staff.close()
            self.person.close()

    def _send(self) -> Sent:
        staff, member = self.staff, self.seeded.staff[0]
        with self.step("a member of staff signs in"):
            check(staff.sign_in(member.mail_address, member.password) == member.name, "the session is theirs")
        with self.step("opens a thread addressed to a personal number"):
            recipient = {"personal_number": PERSON, "mail_address": PERSON_ADDRESS}
            new = {"unit": self.seeded.unit, "subject": SUBJECT, "persons": [recipient]}
            thread = staff.ask("POST", "/api/v1/threads", expect=201, json=new)["thread"]
            messages = f"/api/v1/threads/{thread}/messages"
            path = f"{messages}/{staff.ask('POST', messages, expect=201, json={'text': TEXT})['message']}"
        with self.step(f"uploads a file of {self.size:,} bytes"):
            file = staff.upload(path, self.file, self.name)
        mails_before = len(self._mails())
        with self.step("sends"):
            staff.ask("POST", f"{path}/send", expect=202)
        with self.step("a notice arrives, and holds nothing of name, subject, file name or personal number"):
            self._check_notice(mails_before)
        return Sent(thread=thread, message=path, file=f"{path}/files/{file}")

    def _receive(self, sent: Sent) -> None:
        person = self.person
        with self.step("the person signs in with BankID by QR code"):
            name = persons.sign_in(person, self.stack, PERSON)
        with self.step("opens the message"):
            inbox = person.ask("GET", "/api/v1/inbox")["threads"]
            check(sent.thread in [found["thread"] for found in inbox], "the thread is in the inbox")
            opened = person.ask("POST", f"{sent.message}/open")
            check(opened["text"] == TEXT, "the text is the one that was sent")
            check([f["name"] for f in opened["files"]] == [self.name], "the file has its name")
        with self.step("downloads the file; its SHA-256 is that of the original"):
            downloaded = person.download_sha256(sent.file)
            check(downloaded == (_sha256(self.file), self.size), "the bytes are the same")
        with self.step("signs in with the app on the same device; its link signs nobody in elsewhere"):
            self._sign_in_here()
        with self.step("the sender sees who opened and fetched"):
            receipts = self.staff.ask("GET", sent.message)["receipts"]
            file = sent.file.rpartition("/")[2]
            check({r["file"] for r in receipts if r["name"] == name} == {None, file}, "two receipts with the name")
        with self.step("what the store holds on disk contains neither content nor names"):
            self._check_disk(sent.thread)

    def _sign_in_here(self) -> None:
        """Twice: as it is meant, and as somebody who was sent the link of another's sign-in meets it."""
        persons.sign_in_here(self.person, self.stack, PERSON)
        starter, other = Client(self.stack.api_url), Client(self.stack.api_url)
        try:
            launch_url = starter.ask("POST", persons.ORDERS, expect=201, json=persons.HERE)["launch_url"]
            back = {"nonce": persons.nonce_in(persons.approve_here(self.stack, launch_url, PERSON))}
            other.call("POST", persons.CALLBACK, expect=403, json=back)
            ended = starter.ask("GET", persons.ORDER)
            check((ended["status"], ended["session"]) == ("failed", None), "whoever began it gets nothing")
            for client in (starter, other):
                client.call("GET", "/api/v1/inbox", expect=401)
        finally:
            starter.close()
            other.close()

    def _retain(self, sent: Sent) -> None:
        keys = stores.wrapped_keys(self.stack, sent.thread)
        before = stores.look(self.stack)
        check(len(keys) == 2, "the message and the file have a wrapped key each")  # noqa: PLR2004
        check(all(before.holds(key) for key in keys), "the search finds the wrapped keys while they are there")
        check(any(sent.thread in blob for blob in before.blobs), "the search finds the blob while it is there")
        with self.step(f"the clock moves {DAYS} days and the retention timer runs"):
            self.stack.move_clock(DAYS * DAY_SECONDS)
            self._run_retention(sent.thread, keys)
        with self.step("the stores hold no blob, no record and no wrapped key of it; the API answers 404"):
            after = stores.look(self.stack)
            check(not after.about(sent.thread), "nothing mentions the thread")
            check(not any(after.holds(key) for key in keys), "the wrapped keys are gone")
            member = self.seeded.staff[0]
            self.staff.sign_in(member.mail_address, member.password)
            persons.sign_in_here(self.person, self.stack, PERSON)
            for client in (self.staff, self.person):
                client.call("GET", sent.message, expect=404)
                client.call("POST", f"{sent.message}/open", expect=404)
                client.call("GET", sent.file, expect=404)
                client.call("GET", f"/api/v1/threads/{sent.thread}", expect=404)

    def _mails(self) -> list[dict[str, Any]]:
        """Those to the person, newest first: staff are told of other things meanwhile."""
        mails: list[dict[str, Any]] = httpx.get(f"{self.stack.mail_url}/mails", trust_env=False).json()["mails"]
        return [mail for mail in mails if PERSON_ADDRESS in mail["to"]]

    def _check_notice(self, before: int) -> None:
        until = time.monotonic() + WAIT_SECONDS
        while len(self._mails()) <= before:
            check(time.monotonic() < until, f"the notice arrives within {WAIT_SECONDS} s")
            time.sleep(0.2)
        newest = self._mails()[0]
        mail = httpx.get(f"{self.stack.mail_url}/mails/{newest['id']}", trust_env=False).text
        member = self.seeded.staff[0]
        secret = [SUBJECT, TEXT, PERSON, PERSON[2:], member.name, member.mail_address]
        secret += [self.name] if len(self.name) >= traces.MIN_NAME_BYTES else []
        check(not any(word in mail for word in secret), "the notice holds nothing of the content")

    def _check_disk(self, thread: str) -> None:
        """Search once the store has written the blob's name, which it holds in clear: so the search finds things."""
        folder = self.stack.data / "azurite"
        until = time.monotonic() + WAIT_SECONDS
        while traces.where_found(folder, [thread.encode()]) is None:
            check(time.monotonic() < until, "the search finds what is there in clear")
            time.sleep(0.5)
        needles = [
            *traces.content_samples(self.file),
            *traces.name_forms(self.name),
            *traces.name_forms(TEXT),
            *traces.name_forms(SUBJECT),
            *traces.number_forms(PERSON),
        ]
        found = traces.where_found(folder, needles)
        check(found is None, f"{found} holds something in clear")
        self._check_logs(needles)

    def _check_logs(self, needles: list[bytes]) -> None:
        """Of every process, the stand-ins too; what each request is logged under shows that the search finds things."""
        check(traces.where_logged(self.stack.data, [b"bankid_start"]) is not None, "the search finds what is logged")
        found = traces.where_logged(self.stack.data, [*needles, PERSON_ADDRESS.encode()])
        check(found is None, f"{found} holds something personal")

    def _run_retention(self, thread: str, keys: list[str]) -> None:
        headers = {"x-functions-key": self.stack.master_key}
        url = f"{self.stack.api_url}/admin/functions/retain"
        answer = httpx.post(url, headers=headers, json={}, timeout=30, trust_env=False)
        check(answer.status_code == httpx.codes.ACCEPTED, f"the host accepts the run ({answer.status_code})")
        until = time.monotonic() + WAIT_SECONDS
        while True:
            kept = stores.look(self.stack)
            if not kept.about(thread) and not any(kept.holds(key) for key in keys):
                return
            check(time.monotonic() < until, f"everything is gone within {WAIT_SECONDS} s")
            time.sleep(0.5)


def _sha256(file: Path) -> str:
    sha256 = hashlib.sha256()
    for data in pieces(file):
        sha256.update(data)
    return sha256.hexdigest()


@contextmanager
def _stack(records: RecordStore, *, own: bool) -> Iterator[tuple[Stack, Seed]]:
    """The stack that runs, else one of our own that is removed afterwards."""
    note = ROOT / ".local" / NOTE
    if note.exists() and not own:
        running = Stack.described_in(note)
        seeded = read_seed(running.data)
        if seeded is not None and _answers(running):
            print(f"using the stack that runs at {running.api_url}")
            try:
                yield running, seeded
            finally:
                running.move_clock(0)
            return
    print("starting a stack of our own")
    base = ROOT / ".local"
    base.mkdir(mode=0o700, exist_ok=True)
    data = Path(tempfile.mkdtemp(prefix="demo-", dir=base))
    try:
        with running_stack(
            ports=free_ports(),
            data=data,
            records=records,
            prepare=lambda environment: asyncio.run(seed(environment, data)),
            overrides={"PIC_UNDO_SECONDS": "0"},
            progress=lambda line: print(f"- {line}", flush=True),
        ) as pair:
            yield pair
    finally:
        shutil.rmtree(data, ignore_errors=True)


def _answers(stack: Stack) -> bool:
    try:
        return httpx.get(f"{stack.api_url}/health", timeout=5, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def main() -> int:
    """Exit codes: 0 every check held, 1 a check failed, 2 it could not start."""
    parser = argparse.ArgumentParser(prog="python -m local.demo", description="Do the main job, checking every step.")
    parser.add_argument("file", nargs="?", type=Path, help="any file; by default one of 20 MiB is made")
    parser.add_argument("--records", choices=["tables", "cosmos"], default="tables", help="for a stack of its own")
    parser.add_argument("--own-stack", action="store_true", help="start one even if one runs")
    arguments = parser.parse_args()
    if arguments.file is not None and not arguments.file.is_file():
        print(f"There is no file {arguments.file}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="pic-demo-") as folder:
        file = arguments.file
        if file is None:
            file = Path(folder) / "Handling i ärendet (demo).bin"
            file.write_bytes(os.urandom(DEFAULT_BYTES))
        began = time.perf_counter()
        try:
            with _stack(arguments.records, own=arguments.own_stack) as (stack, seeded):
                Job(stack=stack, seeded=seeded, file=file).run()
                print(f"Every check held ({time.perf_counter() - began:.1f} s).")
        except StartError as fault:
            print(f"\nCould not start: {fault}", file=sys.stderr)
            return 2
        except (CheckFailedError, UnexpectedAnswerError, TimeoutError, httpx.HTTPError) as fault:
            print(f"\nFAILED: {fault}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
