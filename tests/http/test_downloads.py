"""Downloads on the wire: ranges, names, and what happens when the stored content is not what it was."""

import asyncio
import json
import os
import time

import pytest

from functions.bridge import bridge
from functions.problems import RETRY_AFTER_SECONDS, RETRY_SPREAD_SECONDS
from functions.time_limits import REQUEST_SECONDS, TRANSFER_SECONDS
from shared.adapters.memory_blobs import MemoryBlobs
from shared.crypto.ranges import CHUNK_BYTES, HEAD_BYTES, TAG_BYTES, sealed_length
from shared.domain.deadlines import current_deadline
from shared.domain.record_bodies import decode_body
from shared.services.part_reading import FIRST_BYTES, READ_AHEAD
from tests.support.disposition import names_of
from tests.support.every_route import CONTENT, Scene
from tests.support.problems import problem_of
from tests.support.tus_wire import begun
from tests.support.wire import Wire
from tests.support.world import Browser, World, encoded

PART = 8 * 1024 * 1024
TOTAL = len(CONTENT)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=0-4", 0, 5),
        ("bytes=5-", 5, TOTAL),
        (f"bytes={TOTAL - 1}-", TOTAL - 1, TOTAL),
        ("bytes=-1", TOTAL - 1, TOTAL),
        ("bytes=-5", TOTAL - 5, TOTAL),
        ("bytes=-999", 0, TOTAL),
        ("bytes=3-999999999", 3, TOTAL),
        (f"bytes=0-{TOTAL - 1}", 0, TOTAL),
    ],
)
async def test_one_range_is_answered_with_it(scene: Scene, asked: str, start: int, end: int) -> None:
    """RFC 9110 section 14: 206, what it is of the whole, and exactly those bytes."""
    answer = await scene.call("download_file").by(await scene.world.person(), {"range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{TOTAL}"
    assert answer.headers["content-length"] == str(end - start)
    assert answer.content == CONTENT[start:end]


@pytest.mark.parametrize(
    "asked",
    [
        *("", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=0x0-0x1", "bytes=1-0", "bytes=--1", "bytes=+1-2"),
        *("bytes=0-1,4-3", "bytes=0-0,-", "bytes=,", "items=0-1", "bytes 0-1", "bytes=٠-١", "bytes=0-1;", "0-1"),
        *("bytes=1.0-2", "bytes=" + "0" * 19 + "-1", "bytes=-" + "9" * 30, "bytes=" + "0-0," * 16 + "0-0"),
    ],
)
async def test_a_range_that_is_none_gets_the_whole_file(scene: Scene, asked: str) -> None:
    """Malformed, of another unit, or too many at once: ignored, as the RFC allows."""
    answer = await scene.call("download_file").by(await scene.world.person(), {b"range": asked.encode()})  # type: ignore[dict-item]
    assert answer.status_code == 200
    assert "content-range" not in answer.headers
    assert answer.headers["content-length"] == str(TOTAL)
    assert answer.content == CONTENT


@pytest.mark.parametrize("asked", [f"bytes={TOTAL}-", f"bytes={TOTAL}-{TOTAL + 1}", "bytes=999999999-", "bytes=-0"])
async def test_a_range_past_the_end_is_refused_with_the_length(scene: Scene, asked: str) -> None:
    """416 with ``Content-Range: bytes */N``, so that the client can ask again."""
    answer = await scene.call("download_file").by(await scene.world.person(), {"range": asked})
    problem_of(answer, 416, "range-not-satisfiable")
    assert answer.headers["content-range"] == f"bytes */{TOTAL}"


async def test_an_empty_file_has_no_ranges(world: World) -> None:
    """Whole it is 200 with nothing in it, and so is its end (RFC 9110 section 14.1.2); of its bytes there is none."""
    staff = await world.staff()
    draft = await world.draft(staff, await world.thread(staff))
    path = f"{draft}/files/{await world.upload(staff, draft, b'')}"
    for headers in ({"accept": "*/*"}, {"range": "bytes=-1"}):
        whole = await staff.call("GET", path, headers=headers)
        assert (whole.status_code, whole.headers["content-length"], whole.content) == (200, "0", b"")
    for asked in ("bytes=0-", "bytes=-0", "bytes=0-0"):
        answer = await staff.call("GET", path, headers={"range": asked})
        assert problem_of(answer, 416, "range-not-satisfiable")
        assert answer.headers["content-range"] == "bytes */0"


async def test_if_range_gives_the_range_of_the_same_file_only(scene: Scene) -> None:
    """RFC 9110 section 13.1.5: another tag, a weak one or a date gets the whole file."""
    tag = (await scene.call("describe_file").by(scene.staff)).headers["etag"]
    for stated, status in (
        (tag, 206),
        (f"W/{tag}", 200),
        ('"other"', 200),
        (tag.strip('"'), 200),
        ("Sun, 01 Mar 2026 12:00:00 GMT", 200),
        ("", 200),
    ):
        answer = await scene.call("download_file").by(scene.staff, {"range": "bytes=1-2", "if-range": stated})
        assert answer.status_code == status
        assert answer.content == (CONTENT[1:3] if status == 206 else CONTENT)


async def test_ranges_meet_across_parts(world: World) -> None:
    """Ranges at the seams of chunks and parts hold the bytes of the file, and nothing between."""
    content = os.urandom(PART + 20_000)
    staff = await world.staff()
    draft = await world.draft(staff, await world.thread(staff))
    path = f"{draft}/files/{await world.upload(staff, draft, content)}"
    for start, last in (
        *(
            (0, 16_383),
            (16_383, 16_384),
            (16_384, 32_767),
            (PART - 1, PART),
            (PART, PART),
            (PART - 20_000, PART + 19_999),
        ),
        *((PART + 16_383, PART + 16_385), (0, PART + 19_999)),
    ):
        answer = await staff.call("GET", path, headers={"range": f"bytes={start}-{last}"})
        assert answer.status_code == 206
        assert answer.content == content[start : last + 1]


async def receipts_of(scene: Scene) -> list[tuple[str, str | None]]:
    shown = await scene.staff.json("GET", scene.delivered)
    return [(receipt["kind"], receipt["file"]) for receipt in shown["receipts"]]


async def events_of(scene: Scene) -> list[str]:
    """The audit events of files, in order of time."""
    records = scene.world.container.record_store._partitions
    log = [entries for name, entries in records.items() if name.startswith(f"audit|{scene.world.organisation}|")]
    bodies = [decode_body(entries[key][0]) for entries in log for key in sorted(entries)]
    return [str(body["event"]) for body in bodies if str(body["event"]).startswith("message:file:")]


async def test_asking_for_the_headers_leaves_no_receipt(scene: Scene) -> None:
    """HEAD tells length, type and name, and is logged; the receipt says that somebody fetched, and comes with GET."""
    person = await scene.world.person()
    described = await scene.call("describe_file").by(person)
    assert await events_of(scene) == ["message:file:describe"]
    assert described.status_code == 200
    assert described.content == b""
    assert described.headers["content-length"] == str(TOTAL)
    assert await receipts_of(scene) == []
    fetched = await scene.call("download_file").by(person)
    await scene.call("download_file").by(person, {"range": "bytes=0-1"})
    assert await receipts_of(scene) == [("person", scene.file)]
    varying = {"x-request-id"}
    for name in (set(described.headers) | set(fetched.headers)) - varying:
        assert described.headers.get(name) == fetched.headers.get(name), name


async def test_what_released_nothing_leaves_no_receipt(scene: Scene) -> None:
    """A range that is not there, a key that is turned off, content that is damaged or gone: logged, and no receipt."""
    person, container = await scene.world.person(), scene.world.container
    fetch = scene.call("download_file")
    problem_of(await fetch.by(person, {"range": "bytes=999-"}), 416, "range-not-satisfiable")
    (blob,) = container.blobs._content
    content = container.blobs._content.pop(blob)
    problem_of(await fetch.by(person), 404, "not-found")
    container.blobs._content[blob] = content
    flip(scene.world, blob, 60)
    problem_of(await fetch.by(person), 500, "content-damaged")
    container.blobs._content[blob] = content
    kek = (await container.records.get(f"organisation|{scene.world.organisation}", "key|000001")).body["kek"]
    container.keys.disable(str(kek))
    container.clock.move(minutes=16)
    problem_of(await fetch.by(person), 503, "key-unavailable")
    problem_of(await scene.staff.call("POST", f"{scene.delivered}/open"), 503, "key-unavailable")
    problem_of(await person.call("POST", f"{scene.delivered}/open"), 503, "key-unavailable")
    container.keys.enable(str(kek))
    assert await events_of(scene) == ["message:file:fetch"] * 4
    assert await receipts_of(scene) == []
    assert (await fetch.by(person)).content == CONTENT
    assert await receipts_of(scene) == [("person", scene.file)]


NAMES = (
    *(
        "beslut.pdf",
        "Beslut åäö.pdf",
        "Ångström—½.txt",
        "👩‍👩‍👧‍👦.png",
        "日本語.doc",
        "a'b.txt",
        "100%.txt",
        "%41.txt",
        "%22%0d%0a",
    ),
    *(
        "a;b=c.txt",
        "a,b.txt",
        "a=b",
        "UTF-8''x",
        "filename=x",
        "(a) [b] {c}",
        "a@b",
        "a!#$&+^_`~b",
        "=cmd'!A1",
        "å" * 127,
    ),
)


@pytest.mark.parametrize("name", NAMES)
async def test_the_name_arrives_as_it_was_given(world: World, name: str) -> None:
    """An attachment; the real name by RFC 8187, and one in ASCII that no reader can misunderstand."""
    staff = await world.staff()
    draft = await world.draft(staff, await world.thread(staff))
    path = f"{draft}/files/{await world.upload(staff, draft, b'x', name=name)}"
    header = (await staff.call("GET", path)).headers["content-disposition"]
    kind, plain, real = names_of(header)
    assert (kind, real) == ("attachment", name)
    assert len(plain) == len(name)
    assert not set(plain) & set('"\\%;')


async def test_a_download_runs_nowhere(world: World) -> None:
    """A page or an image with script, opened in a browser: sandboxed, not sniffed, not kept, not displayed inline."""
    staff = await world.staff()
    draft = await world.draft(staff, await world.thread(staff))
    parts = draft.split("/")
    metadata = {"thread": parts[4], "message": parts[6], "filename": "a.html", "filetype": "Text/HTML"}
    headers = {"tus-resumable": "1.0.0", "upload-length": "1", "upload-metadata": encoded(metadata)}
    created = await staff.call("POST", "/api/v1/uploads", headers=headers)
    await world.append(staff, created.headers["location"], 0, b"<")
    answer = await staff.call("GET", f"{draft}/files/{created.headers['upload-file']}")
    told = {
        name: answer.headers[name] for name in ("content-type", "content-security-policy", "x-content-type-options")
    }
    assert told == {
        "content-type": "text/html",
        "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "x-content-type-options": "nosniff",
    }
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["cache-control"] == "no-store"


async def delivered(world: World, size: int) -> tuple[Browser, str, str]:
    """A file of ``size`` bytes at the person's: who, where, and the blob."""
    staff = await world.staff()
    path = await world.draft(staff, await world.thread(staff))
    file = await world.upload(staff, path, os.urandom(size))
    await world.send(staff, path)
    (blob,) = world.container.blobs._content
    return await world.person(), f"{path}/files/{file}", blob


def flip(world: World, blob: str, at: int) -> None:
    content = bytearray(world.container.blobs._content[blob])
    content[at] ^= 1
    world.container.blobs._content[blob] = bytes(content)


SEALED_PART = sealed_length(PART)
"""Where the second part begins in the blob."""


FIRST_SEALED = HEAD_BYTES + FIRST_BYTES // CHUNK_BYTES * (CHUNK_BYTES + TAG_BYTES)
"""Where the first piece of a long download ends in the blob."""


@pytest.mark.parametrize("at", [0, 23, 24, 55, 56, 16_455, 16_456, FIRST_SEALED - 1])
async def test_damage_in_the_first_piece_is_a_problem_before_any_byte(world: World, at: int) -> None:
    """Salt, commitment, first chunk, tags: 500 ``content-damaged``, the same whatever failed, and no content."""
    person, path, blob = await delivered(world, PART + 10)
    flip(world, blob, at)
    answer = await person.call("GET", path)
    problem_of(answer, 500, "content-damaged")
    assert "content-disposition" not in answer.headers


@pytest.mark.parametrize(
    ("damage", "verified"),
    [("late", FIRST_BYTES), ("last", FIRST_BYTES), ("flipped", PART), ("cut", PART), ("gone", PART)],
)
async def test_damage_further_on_breaks_the_connection(
    world: World, damage: str, verified: int, caplog: pytest.LogCaptureFixture
) -> None:
    """What was verified has gone out; then the answer is cut, so that nobody takes it for the whole."""
    caplog.set_level("INFO", "pic.request")
    person, path, blob = await delivered(world, PART + 10)
    at = {"late": FIRST_SEALED, "last": SEALED_PART - 1, "flipped": SEALED_PART + 60}.get(damage)
    if at is not None:
        flip(world, blob, at)
    else:
        content = world.container.blobs._content[blob]
        world.container.blobs._content[blob] = content[: -1 if damage == "cut" else SEALED_PART]
    caplog.clear()
    headers = [(b"cookie", f"__Host-session={person.cookies['__Host-session']}".encode())]
    wire = Wire(path=path, headers=headers).put()
    with pytest.raises(RuntimeError):  # the bridge turns it into a connection that is cut
        await world.app(wire.scope, wire.receive, wire.send)
    assert wire.status == 200
    assert wire.headers[b"content-length"] == str(PART + 10).encode()
    assert len(wire.body) == verified
    assert not wire.is_ended
    (line,) = (json.loads(record.getMessage()) for record in caplog.records)
    assert (line["outcome"], line["fault"], line["status"]) == ("broken", "IntegrityError", 200)


async def test_a_missing_blob_answers_like_a_file_that_is_gone(world: World) -> None:
    """Deletion destroys the key, then the blob, then the record: who reads in between finds nothing, as after it."""
    person, path, blob = await delivered(world, 5)
    del world.container.blobs._content[blob]
    problem_of(await person.call("GET", path), 404, "not-found")


async def test_a_key_that_may_not_be_used_is_told_and_may_be_tried_again(world: World) -> None:
    """503 with ``Retry-After``: the organisation's own vault said no; nothing is served from memory for ever."""
    person, path, _ = await delivered(world, 5)
    place = f"organisation|{world.organisation}"
    kek = (await world.container.records.get(place, "key|000001")).body["kek"]
    world.container.keys.disable(str(kek))
    assert (await person.call("GET", path)).status_code == 200
    world.container.clock.move(minutes=16)
    answer = await person.call("GET", path)
    problem_of(answer, 503, "key-unavailable")
    asked = int(answer.headers["retry-after"])
    assert RETRY_AFTER_SECONDS <= asked < RETRY_AFTER_SECONDS + RETRY_SPREAD_SECONDS
    world.container.keys.enable(str(kek))
    assert (await person.call("GET", path)).status_code == 200


async def test_a_client_that_leaves_stops_the_reading(world: World) -> None:
    """In mid-download: nothing is read for it any more, and no task is left."""
    staff = await world.staff()
    path = await world.draft(staff, await world.thread(staff))
    piece = os.urandom(100_000)
    created = await world.create_upload(staff, path, 8 * len(piece))
    for number in range(8):
        await world.append(staff, created.headers["location"], number * len(piece), piece)
    cookie = f"__Host-session={staff.cookies['__Host-session']}".encode()
    wire = Wire(path=f"{path}/files/{created.headers['upload-file']}", headers=[(b"cookie", cookie)]).put()
    wire.flowing.clear()
    before = asyncio.all_tasks()
    call = asyncio.create_task(wire.call(bridge(world.app)))
    await wire.arrived.wait()
    wire.leave()
    await call
    assert asyncio.all_tasks() == before
    assert wire.status == 200
    assert not wire.is_ended
    assert len(wire.body) < len(piece)


class TimedReads(MemoryBlobs):
    """Remembers what deadline each read was made under."""

    def __init__(self) -> None:
        super().__init__()
        self.deadlines: list[float | None] = []

    async def read(self, blob: str, offset: int, length: int) -> bytes:
        self.deadlines.append(current_deadline())
        return await super().read(blob, offset, length)


@pytest.mark.parametrize("name", ["", ".zip"])
async def test_the_first_byte_is_due_when_other_answers_are_and_the_rest_later(world: World, name: str) -> None:
    """One deadline for all that comes before the answer, and a later one for the transfer."""
    blobs = TimedReads()
    world.container.blobs = blobs
    staff = await world.staff()
    draft, location = await begun(world, staff, 12)
    for at in range(12):
        await world.append(staff, location, at, b"x")
    (file,) = (await staff.json("POST", f"{draft}/open"))["files"]
    blobs.deadlines.clear()
    before = time.monotonic()
    answer = await staff.call("GET", f"{draft}/files.zip" if name else f"{draft}/files/{file['file']}")
    assert answer.status_code == 200
    first, *others = blobs.deadlines
    assert first is not None
    assert before < first <= time.monotonic() + REQUEST_SECONDS
    assert set(others[:READ_AHEAD]) == {first}, "what was begun before the first byte left"
    (last,) = set(others[READ_AHEAD:])
    assert last is not None
    assert before + TRANSFER_SECONDS <= last <= time.monotonic() + TRANSFER_SECONDS
