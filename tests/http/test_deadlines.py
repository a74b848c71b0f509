"""What becomes of a request whose time is over: clients that are slow, and what is kept of what they brought."""

import asyncio
import hashlib
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import MappingProxyType

import pytest
from fastapi import FastAPI
from starlette.types import Message

from functions.api import create_api
from functions.bridge import BrokenAnswerError, bridge
from functions.time_limits import ANSWER_SECONDS, REQUEST_SECONDS, TRANSFER_SECONDS, TimeLimits
from shared.adapters.memory_blobs import MemoryBlobs
from shared.adapters.memory_records import MemoryRecords
from shared.domain.deadlines import current_deadline
from shared.domain.ports import Body, Record
from tests.support.every_route import TUS
from tests.support.tus_wire import MIB, TYPE, a_draft, begun, checksum, content_of, create, offset_of, patch
from tests.support.wire import Wire
from tests.support.world import Browser, World, encoded

SHORT = TimeLimits(request=5.0, answer=5.0, transfer=5.15, closing=5.0)
"""Bytes are taken for 0.15 s."""

PATIENCE_SECONDS = 3.0


def wire_of(browser: Browser, method: str, path: str, headers: Mapping[str, str] = MappingProxyType({})) -> Wire:
    """A request of this browser whose body is in the test's hands."""
    sent = {"x-csrf-token": browser.csrf, "cookie": f"__Host-session={browser.cookies['__Host-session']}", **headers}
    return Wire(method, path=path, headers=[(name.encode(), value.encode()) for name, value in sent.items()])


def short(world: World, limits: TimeLimits = SHORT) -> FastAPI:
    return create_api(world.container, limits=limits)


async def answered(app: FastAPI, wire: Wire) -> dict[str, object]:
    """The problem that it ends with, soon."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        await wire.call(bridge(app))
    assert not wire.sent[-1].get("more_body", False)
    document: dict[str, object] = json.loads(wire.body)
    return document


def assert_may_go_on(wire: Wire, document: Mapping[str, object]) -> None:
    """503, when to come back, why; and the client is to stop sending."""
    assert (wire.status, document["type"], document["reason"]) == (
        503,
        "urn:pic:problem:dependency-failed",
        "out-of-time",
    )
    assert int(wire.headers[b"retry-after"]) > 0
    assert wire.headers[b"connection"] == b"close"


@asynccontextmanager
async def dripping(wire: Wire, piece: bytes) -> AsyncIterator[None]:
    """A client that sends a piece every hundredth of a second, for ever."""

    async def drip() -> None:
        while True:
            wire.put(piece, more=True)
            await asyncio.sleep(0.01)

    task = asyncio.create_task(drip())
    yield
    task.cancel()


@pytest.mark.parametrize("arrived", [b"abc", b"x" * (8 * MIB + 17)], ids=len)
async def test_an_upload_at_its_deadline_is_kept_and_goes_on(world: World, arrived: bytes) -> None:
    """The client has stopped sending. What came is closed and kept, as after a cut, and the file is whole in the end."""
    staff = await world.staff()
    content = arrived + b" and the rest"
    draft, location = await begun(world, staff, len(content))
    wire = wire_of(staff, "PATCH", location, {**TUS, **TYPE, "upload-offset": "0"}).put(arrived, more=True)
    assert_may_go_on(wire, await answered(short(world), wire))
    assert await offset_of(staff, location) == len(arrived)
    assert (await world.append(staff, location, len(arrived), content[len(arrived) :])).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(content).hexdigest()]


async def test_a_client_that_drips_is_not_waited_for(world: World) -> None:
    """Although there is always a byte: the deadline is for the whole, and each byte that came before it counts."""
    staff = await world.staff()
    _, location = await begun(world, staff, 10_000)
    wire = wire_of(staff, "PATCH", location, {**TUS, **TYPE, "upload-offset": "0"})
    async with dripping(wire, b"x"):
        assert_may_go_on(wire, await answered(short(world), wire))
    assert 0 < await offset_of(staff, location) < 100


async def test_a_client_that_never_lets_us_wait_is_stopped_as_well(world: World) -> None:
    """All its bytes are there at once, and the time is over."""
    staff = await world.staff()
    _, location = await begun(world, staff, 3)
    wire = wire_of(staff, "PATCH", location, {**TUS, **TYPE, "upload-offset": "0"})
    wire.put(b"ab", more=True).put(b"c")
    assert_may_go_on(wire, await answered(short(world, TimeLimits(transfer=5.0, closing=5.0)), wire))
    assert await offset_of(staff, location) == 0


async def test_with_a_checksum_nothing_of_it_counts(world: World) -> None:
    """Nothing of it can be known to be right (ADR 0017)."""
    staff = await world.staff()
    _, location = await begun(world, staff, 9)
    headers = {**TUS, **TYPE, "upload-offset": "0", **checksum(b"abcdefghi")}
    wire = wire_of(staff, "PATCH", location, headers).put(b"abcdefgh", more=True)
    assert_may_go_on(wire, await answered(short(world), wire))
    assert await offset_of(staff, location) == 0


async def test_a_creation_with_bytes_leaves_nothing_at_its_deadline(world: World) -> None:
    """Nobody learnt its address: no file, no bytes, and the draft can be sent."""
    staff, draft = await a_draft(world)
    parts = draft.split("/")
    metadata = encoded({"thread": parts[4], "message": parts[6], "filename": "beslut.pdf"})
    headers = {**TUS, **TYPE, "upload-length": "9", "upload-metadata": metadata}
    wire = wire_of(staff, "POST", "/api/v1/uploads", headers).put(b"abcdefgh", more=True)
    assert_may_go_on(wire, await answered(short(world), wire))
    opened = await staff.json("POST", f"{draft}/open")
    assert (opened["files"], opened["unfinished"]) == ([], [])
    await world.container.run_queues()
    assert (world.container.blobs._staged, world.container.blobs._content) == ({}, {})
    assert (await staff.call("POST", f"{draft}/send")).status_code == 202


@pytest.mark.parametrize("arrived", [(), (b'{"text": "He',)], ids=len)
async def test_a_short_body_that_does_not_come_is_not_waited_for(world: World, arrived: tuple[bytes, ...]) -> None:
    """400 ``body-cut``, and the connection ends; nothing was done."""
    staff = await world.staff()
    messages = (await world.draft(staff, await world.thread(staff))).rpartition("/")[0]
    before = await staff.json("GET", messages.rpartition("/")[0])
    wire = wire_of(staff, "POST", messages, {"content-type": "application/json", "content-length": "40"})
    for piece in arrived:
        wire.put(piece, more=True)
    document = await answered(short(world, TimeLimits(request=0.15)), wire)
    assert (wire.status, document["type"]) == (400, "urn:pic:problem:body-cut")
    assert wire.headers[b"connection"] == b"close"
    assert await staff.json("GET", messages.rpartition("/")[0]) == before


async def stored(world: World, size: int) -> tuple[Browser, str]:
    """Who may read a file of so many bytes, and where it is."""
    staff, draft = await a_draft(world)
    file = await world.upload(staff, draft, b"x" * size)
    return staff, f"{draft}/files/{file}"


async def test_a_client_that_does_not_read_is_cut_off(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """At the deadline the connection breaks: what came is shorter than was announced, so nobody takes it for the whole."""
    staff, path = await stored(world, 2 * MIB)
    wire = wire_of(staff, "GET", path).put()
    wire.flowing.clear()
    caplog.set_level("INFO", "pic.request")
    with pytest.raises(BrokenAnswerError):
        async with asyncio.timeout(PATIENCE_SECONDS):
            await wire.call(bridge(short(world, TimeLimits(transfer=0.15))))
    assert (wire.status, wire.is_ended) == (200, False)
    (record,) = (record for record in caplog.records if record.name == "pic.request")
    line = json.loads(record.getMessage())
    assert (line["outcome"], line["fault"], record.levelname) == ("broken", "OutOfTimeError", "INFO")


@pytest.mark.parametrize("name", ["", ".zip"])
async def test_a_download_breaks_at_its_deadline_and_goes_on(world: World, name: str) -> None:
    """A client that reads, but slowly. The rest comes by ``Range``; a ZIP has none and comes anew."""
    staff, path = await stored(world, 9 * MIB)
    path = f"{path.rpartition('/')[0]}.zip" if name else path
    wire = wire_of(staff, "GET", path).put()

    async def slowly(message: Message) -> None:
        await asyncio.sleep(0.02)
        await wire.send(message)

    response = await wire.begin(bridge(short(world, TimeLimits(transfer=0.15))))
    with pytest.raises(BrokenAnswerError):
        await response(wire.scope, wire.receive, slowly)
    announced = int(wire.headers[b"content-length"])
    assert (wire.status, wire.is_ended) == (200, False)
    assert 0 < len(wire.body) < announced
    if not name:
        rest = await staff.call("GET", path, headers={"range": f"bytes={len(wire.body)}-"})
        assert len(wire.body) + len(rest.content) == announced == 9 * MIB


class TimedBlobs(MemoryBlobs):
    """Remembers what deadline each call was made under."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: dict[str, float | None] = {}

    async def stage(self, blob: str, block: str, data: bytes | bytearray | memoryview) -> None:
        self.moments["stage"] = current_deadline()
        await super().stage(blob, block, data)

    async def commit(self, blob: str, blocks: Sequence[str]) -> None:
        self.moments["commit"] = current_deadline()
        await super().commit(blob, blocks)


class TimedRecords(MemoryRecords):
    """Remembers what deadline each upload was created under."""

    def __init__(self) -> None:
        super().__init__()
        self.moments: list[float | None] = []

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        if partition.startswith("upload|"):
            self.moments.append(current_deadline())
        return await super().create(partition, id, body)


async def lasting(act: Callable[[], Awaitable[object]], moment: Callable[[], float | None]) -> float:
    """How long after ``act`` began the moment that was seen in it comes, to the second."""
    before = time.monotonic()
    await act()
    found = moment()
    assert found is not None
    return found - before


async def test_the_answer_is_due_soon_after_the_last_byte(world: World) -> None:
    """A transfer may take long while bytes come; once all are there, everybody on the way waits for an answer."""
    blobs = TimedBlobs()
    world.container.blobs = blobs
    staff = await world.staff()
    _, location = await begun(world, staff, 8 * MIB + 1)

    async def body() -> AsyncIterator[bytes]:
        yield b"x" * (8 * MIB)
        await asyncio.sleep(0)
        yield b"x"

    staged = await lasting(lambda: patch(staff, location, 0, body()), lambda: blobs.moments.get("stage"))
    before = time.monotonic()
    committed = blobs.moments["commit"]
    assert committed is not None
    assert staged <= TRANSFER_SECONDS + PATIENCE_SECONDS
    assert ANSWER_SECONDS - PATIENCE_SECONDS <= committed - before <= ANSWER_SECONDS


@pytest.mark.parametrize(
    ("headers", "seconds"), [({}, REQUEST_SECONDS), (TYPE, TRANSFER_SECONDS)], ids=["without bytes", "with bytes"]
)
async def test_a_creation_has_the_time_of_what_comes_with_it(
    world: World, headers: dict[str, str], seconds: float
) -> None:
    """Without bytes it is as short as any other request."""
    records = TimedRecords()
    records._partitions = world.container.record_store._partitions
    world.container.record_store = records
    world.container.__dict__.pop("records")
    staff, draft = await a_draft(world)
    more = {**headers, "upload-length": "3"}
    found = await lasting(lambda: create(staff, draft, more, b"ab" if headers else None), lambda: records.moments[0])
    assert seconds <= found <= seconds + PATIENCE_SECONDS
