"""The main job inside the real Azure Functions runtime, from the package, against the stores of a running stack.

What the Functions host does between its triggers and the worker is done here by hand: the messages that invoke the
queue functions are read from the real queues, and the clock's file is moved before a timer function is invoked.
"""

import asyncio
import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from azure.storage.queue import QueueClient

from local.bankid.remote import RemoteBankId
from local.demo.stores import look
from local.package.building import Package
from local.ports import free_ports
from local.seed import Seed, seed
from local.stack import Stack, running_stack
from tests.support.runtime_browser import RuntimeBrowser
from tests.support.worker import Worker, running_worker

MIB = 1024 * 1024
SIZE, LARGE = 64 * MIB, 128 * MIB
FLAT_BYTES = 32 * MIB
"""How much more the worker may hold for the large file than for the other, which is half as large. Both are larger
than what is ever on its way at once: four parts of 8 MiB, sealed and in clear."""

PERSON = "199006022397"
PERSON_ADDRESS = "mottagare.konformitet@example.se"
SUBJECT = "Utredning om bistånd, konformitet"
TEXT = "Bifogat finns handlingen i ditt ärende."
NAME = "Utredning åäö (slutlig).pdf"
POISON = "what-nobody-may-read"
POISONED = [POISON, "[]", json.dumps({"thread": POISON}), json.dumps({"thread": POISON, "message": POISON})]

LATE_SECONDS = 10 * 60
"""By then a message on the queue counts as lost."""
YEAR_SECONDS = 366 * 24 * 3600
SIGN_IN_SECONDS = 30


@dataclass
class Job:
    """What was seen while the main job was done."""

    worker: Worker
    uploads: dict[int, dict[str, Any]] = field(default_factory=dict)
    offsets: dict[int, int] = field(default_factory=dict)
    downloads: dict[int, dict[str, Any]] = field(default_factory=dict)
    opened: dict[str, Any] = field(default_factory=dict)
    invoked: dict[str, list[str]] = field(default_factory=dict)
    poisoned: list[dict[str, Any]] = field(default_factory=list)
    mails: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    kept: list[list[str]] = field(default_factory=list)
    secrets: list[str] = field(default_factory=list)


class Host:
    """The Functions host's part of the job."""

    def __init__(self, stack: Stack, worker: Worker, job: Job) -> None:
        self._stack = stack
        self._worker = worker
        self._job = job

    def run_queue(self, function: str) -> None:
        """Invoke the function with the message that lies on its queue, and delete that."""
        with QueueClient.from_connection_string(self._stack.environment["PIC_STORAGE"], function) as queue:
            message = queue.receive_message()
            assert message is not None, f"nothing lies on {function}"
            text = base64.b64decode(message.content, validate=True).decode()
            answer = self._worker.tell({"queue": {"function": function, "text": text}})
            self._job.invoked.setdefault(function, []).append(answer["invocation"])
            queue.delete_message(message)

    def lose_queue_message(self, function: str) -> None:
        with QueueClient.from_connection_string(self._stack.environment["PIC_STORAGE"], function) as queue:
            queue.clear_messages()

    def run_timer(self, function: str, *, ahead_seconds: int) -> None:
        self._stack.move_clock(ahead_seconds)
        answer = self._worker.tell({"timer": {"function": function, "is_past_due": True}})
        self._job.invoked.setdefault(function, []).append(answer["invocation"])

    def mails(self) -> list[str]:
        """The source of every mail that was caught."""
        with httpx.Client(base_url=self._stack.mail_url, trust_env=False) as catcher:
            return [
                str(catcher.get(f"/mails/{mail['id']}").json()["raw"]) for mail in catcher.get("/mails").json()["mails"]
            ]


def sign_in_with_bankid(browser: RuntimeBrowser, stack: Stack) -> None:
    """As a person does: scan the code on the screen, approve, wait."""
    browser.ask("POST", "/api/v1/bankid/orders", expect=201)
    until, has_approved = time.monotonic() + SIGN_IN_SECONDS, False
    while (order := browser.ask("GET", "/api/v1/bankid/order"))["status"] == "pending":
        assert time.monotonic() < until, order
        if order["qr"] and not has_approved:
            asyncio.run(approve(stack, order["qr"]))
            has_approved = True
        time.sleep(0.5)
    browser.signed_in(order["session"])


async def approve(stack: Stack, qr: str) -> None:
    async with RemoteBankId(stack.bankid_url, stack.control_token) as phone:
        newest = (await phone.orders())[0].ref
        await phone.scan(newest, qr)
        await phone.approve(newest, PERSON)


def draft(staff: RuntimeBrowser, seeded: Seed) -> str:
    """A draft in a thread of its own; its path."""
    recipient = {"personal_number": PERSON, "mail_address": PERSON_ADDRESS}
    new = {"unit": seeded.unit, "subject": SUBJECT, "persons": [recipient]}
    messages = f"/api/v1/threads/{staff.ask('POST', '/api/v1/threads', expect=201, body=new)['thread']}/messages"
    return f"{messages}/{staff.ask('POST', messages, expect=201, body={'text': TEXT})['message']}"


@pytest.fixture(scope="module")
def stack(needs_python_313: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Seed]]:  # noqa: ARG001
    """Everything but the Functions host, whose place the driver takes."""
    data: Path = tmp_path_factory.mktemp("stack")
    with running_stack(
        ports=free_ports(),
        data=data,
        prepare=lambda environment: asyncio.run(seed(environment, data)),
        # Mails of what is watched would be on the queue beside the one that this is about.
        overrides={"PIC_UNDO_SECONDS": "0", "PIC_WATCH_NEW_DEVICES": "off", "PIC_WATCH_MAILS_PER_KIND": "off"},
        with_host=False,
    ) as pair:
        yield pair


@pytest.fixture(scope="module")
def job(stack: tuple[Stack, Seed], package: Package) -> Job:
    """The whole job, by a worker that becomes our app with the stack's settings, as on Flex Consumption."""
    running, seeded = stack
    with running_worker(package.unpacked, settings=running.environment) as worker:
        seen = Job(worker=worker)
        host, staff, person = Host(running, worker, seen), RuntimeBrowser(worker), RuntimeBrowser(worker)
        member = seeded.staff[0]
        credentials = {"mail_address": member.mail_address, "password": member.password}
        staff.signed_in(staff.ask("POST", "/api/v1/staff/sign-in", body=credentials))

        message = draft(staff, seeded)
        files: dict[int, str] = {}
        for size in (SIZE, LARGE):
            location, files[size] = staff.begin_upload(message, name=NAME, size=size)
            seen.uploads[size] = staff.append(location, size)
            seen.offsets[size] = staff.offset(location)
        staff.ask("POST", f"{message}/send", expect=202)
        host.run_queue("dispatch")
        host.run_queue("notify")
        seen.mails = host.mails()
        seen.poisoned = [
            worker.tell({"queue": {"function": function, "text": text, "dequeued": 5}})
            for function in ("dispatch", "notify")
            for text in POISONED
        ]

        sign_in_with_bankid(person, running)
        seen.opened = person.ask("POST", f"{message}/open")
        for size in (SIZE, LARGE):
            seen.downloads[size] = person.send("GET", f"{message}/files/{files[size]}", expect=200)

        lost = draft(staff, seeded)
        seen.states.append(staff.ask("POST", f"{lost}/send", expect=202)["state"])
        host.lose_queue_message("dispatch")
        host.run_timer("recover", ahead_seconds=LATE_SECONDS)
        seen.states.append(staff.ask("GET", lost)["state"])
        host.run_queue("notify")

        threads = [path.split("/")[4] for path in (message, lost)]
        seen.kept.append(look(running).about(*threads))
        seen.secrets = [*staff.secrets, *person.secrets]
        host.run_timer("retain", ahead_seconds=YEAR_SECONDS)
        seen.kept.append(look(running).about(*threads))
        staff.signed_in(staff.ask("POST", "/api/v1/staff/sign-in", body=credentials))
        for path in (message, lost):
            staff.ask("GET", path, expect=404)
    return seen


def test_the_worker_knew_nothing_but_the_settings(job: Job, stack: tuple[Stack, Seed]) -> None:
    """A placeholder becomes the app: everything it did was done without HOME, PATH or a language."""
    assert set(stack[0].environment) == set(job.worker.started["environment"])


def test_an_upload_streams_into_the_store(job: Job) -> None:
    """Each in one request: all of it is kept, and its digest is that of what was sent."""
    assert job.offsets == {SIZE: SIZE, LARGE: LARGE}
    sent = {upload["sent_sha256"] for upload in job.uploads.values()}
    assert {file["sha256"] for file in job.opened["files"]} == sent
    assert {file["length"] for file in job.opened["files"]} == {SIZE, LARGE}


def test_a_download_streams_out_of_the_store(job: Job) -> None:
    """The very bytes, and the client can tell that they are all."""
    for size, download in job.downloads.items():
        assert (download["length"], download["is_whole"]) == (size, True)
        assert download["sha256"] == job.uploads[size]["sent_sha256"]


@pytest.mark.parametrize("way", ["uploads", "downloads"])
def test_memory_does_not_follow_the_size_of_a_file(job: Job, way: str) -> None:
    """What is on its way is bounded by parts: twice the size costs not twice the memory."""
    peaks = {size: transfer["peak_bytes"] for size, transfer in getattr(job, way).items()}
    assert peaks[LARGE] - peaks[SIZE] < FLAT_BYTES


def test_the_person_reads_what_was_sent(job: Job) -> None:
    """Signed in with BankID through two functions, opened by a third."""
    assert job.opened["text"] == TEXT
    assert [file["name"] for file in job.opened["files"]] == [NAME, NAME]


def test_queue_functions_take_what_lies_on_the_queues(job: Job) -> None:
    """Producer and host agree on encoding and form; a message they disagreed on would end in the poison queue."""
    assert (job.invoked["dispatch"], job.invoked["notify"]) == (["Success"], ["Success", "Success"])


def test_the_notice_arrives_and_tells_nothing(job: Job) -> None:
    """It goes to the person, and holds neither names nor content."""
    (mail,) = job.mails
    assert PERSON_ADDRESS in mail
    assert [word for word in (SUBJECT, TEXT, NAME, PERSON, PERSON[2:]) if word in mail] == []


def test_a_poisoned_message_fails_its_invocation(job: Job) -> None:
    """Each time, so that the host sets it aside; what it holds is told to nobody."""
    assert {answer["invocation"] for answer in job.poisoned} == {"Failure"}
    assert all("JobFailedError" in answer["fault"] for answer in job.poisoned)
    assert POISON not in json.dumps(job.poisoned) + job.worker.printed
    for function in ("dispatch", "notify"):
        logged = job.worker.printed.count(f"job_fault function={function} class=IntegrityError")
        assert logged == len(POISONED)


def test_a_lost_queue_message_is_recovered(job: Job) -> None:
    """The timer delivers what was sent and whose message never came."""
    assert job.states == ["sent", "delivered"]
    assert job.invoked["recover"] == ["Success"]


def test_after_a_year_the_stores_hold_nothing(job: Job) -> None:
    """Neither record nor blob mentions the threads; before, the search found them."""
    before, after = job.kept
    assert before != []
    assert after == []
    assert job.invoked["retain"] == ["Success"]


def test_nothing_is_left_of_the_calls(job: Job) -> None:
    """No entry in the runtime's coordinator and no task."""
    assert (job.worker.ended["entries_left"], job.worker.ended["tasks_left"]) == (0, 0)


def test_nothing_that_was_sent_or_read_is_printed(job: Job, stack: tuple[Stack, Seed]) -> None:
    """Neither content, names, numbers and addresses nor tokens and settings, at any log level."""
    running, seeded = stack
    member = seeded.staff[0]
    personal = [SUBJECT, TEXT, NAME, PERSON, PERSON_ADDRESS, member.name, member.mail_address, member.password]
    settings = [
        running.environment[name]
        for name in ("PIC_STORAGE", "PIC_ADDRESS_PEPPER", "PIC_PASSWORD_PEPPERS", "PIC_SUBJECT_PEPPERS")
    ]
    assert [secret for secret in [*personal, *settings, *job.secrets] if secret in job.worker.printed] == []
