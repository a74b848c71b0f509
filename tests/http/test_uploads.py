"""The tus protocol on the wire: what is asked of each request, and what is kept when one goes wrong."""

import hashlib
import os
import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import pytest

from functions.time_limits import ANSWER_SECONDS
from shared.adapters.memory_blobs import MemoryBlobs
from shared.domain.deadlines import current_deadline
from shared.domain.errors import DependencyError
from shared.domain.ids import UploadId
from tests.support.every_route import TUS, Scene
from tests.support.problems import problem_of
from tests.support.tus_wire import MIB, TYPE, begun, content_of, cut, offset_of, pieces
from tests.support.world import TOLVAN, Browser, World


async def test_a_creation_tells_where_from_and_until_when(world: World) -> None:
    """tus, creation and expiration: the address, the offset, the end in the form of HTTP dates."""
    staff = await world.staff()
    draft = await world.draft(staff, await world.thread(staff))
    answer = await world.create_upload(staff, draft, 5)
    assert answer.status_code == 201
    assert answer.content == b""
    assert answer.headers["location"].startswith("/api/v1/uploads/")
    assert answer.headers["upload-offset"] == "0"
    ends = datetime.strptime(answer.headers["upload-expires"], "%a, %d %b %Y %H:%M:%S GMT")  # noqa: DTZ007
    assert (ends - world.container.clock.now.replace(tzinfo=None)).days == 7


async def test_what_the_server_can_is_told_to_everyone(world: World) -> None:
    """tus, OPTIONS: the version, the extensions, the largest file; it needs no version itself."""
    answer = await world.http.request("OPTIONS", "/api/v1/uploads")
    assert answer.status_code == 204
    told = {name: value for name, value in answer.headers.items() if name.startswith("tus-")}
    assert told == {
        "tus-resumable": "1.0.0",
        "tus-version": "1.0.0",
        "tus-extension": "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination",
        "tus-checksum-algorithm": "sha1,sha256,sha512,md5",
        "tus-max-size": str(64 * MIB),
    }


@pytest.mark.parametrize("version", [None, "", "0.2.2", "1.0", "1.0.0, 1.0.0", "1.0.1", "v1.0.0"])
@pytest.mark.parametrize("route", ["create_upload", "upload_offset", "append_upload", "cancel_upload"])
async def test_another_version_is_refused_with_ours(scene: Scene, route: str, version: str | None) -> None:
    """412 with ``Tus-Version``, and nothing is done."""
    call = scene.call(route)
    headers = {name: value for name, value in call.more["headers"].items() if name != "tus-resumable"}
    headers |= {} if version is None else {"tus-resumable": version}
    answer = await scene.staff.call(call.method, call.path, **{**call.more, "headers": headers})
    assert answer.status_code == 412
    assert answer.headers["tus-version"] == "1.0.0"
    if call.method != "HEAD":
        problem_of(answer, 412, "tus-version")
    assert await offset_of(scene.staff, scene.upload) == 2


@pytest.mark.parametrize("route", ["create_upload", "upload_offset", "append_upload", "cancel_upload"])
async def test_every_answer_states_the_version(scene: Scene, route: str) -> None:
    """tus: in every response, so also where somebody may not, or nothing is found."""
    for browser in (scene.staff, Browser(scene.world.http), await scene.world.person()):
        answer = await scene.call(route).by(browser)
        assert answer.headers["tus-resumable"] == "1.0.0"


@pytest.mark.parametrize("kind", [None, "", "application/octet-stream", "application/offset", "text/plain"])
async def test_bytes_of_another_type_are_refused(scene: Scene, kind: str | None) -> None:
    """tus, PATCH: 415; a form of another site can never send this type."""
    headers = {**TUS, "upload-offset": "2"} | ({} if kind is None else {"content-type": kind})
    answer = await scene.staff.call("PATCH", scene.upload, headers=headers, content=b"DF-")
    problem_of(answer, 415, "unsupported-media-type")
    assert await offset_of(scene.staff, scene.upload) == 2


@pytest.mark.parametrize("part", ["partial", "final;/api/v1/uploads/a /api/v1/uploads/b", ""])
async def test_a_part_to_be_joined_is_refused_and_leaves_nothing(world: World, part: str) -> None:
    """tus, concatenation, is not offered. As an ordinary upload, the part would be a file that keeps the draft back."""
    staff = await world.staff()
    draft = await world.draft(staff, await world.thread(staff))
    answer = await world.create_upload(staff, draft, 5, **{"upload-concat": part})
    assert problem_of(answer, 422, "invalid-input")["rule"] == "upload-concat"
    assert (await staff.json("POST", f"{draft}/open"))["unfinished"] == []
    assert (await staff.call("POST", f"{draft}/send")).status_code == 202


@pytest.mark.parametrize("offset", [None, "", "-2", "+2", "2.0", "0x2", "two", "٢", "2 2", "2,2", "9" * 19, "9" * 5000])
async def test_an_offset_that_is_none_is_refused(scene: Scene, offset: str | None) -> None:
    """Whole bytes in ASCII digits."""
    headers: dict[str, str | bytes] = {**TUS, **TYPE}
    headers |= {} if offset is None else {"upload-offset": offset.encode()}
    answer = await scene.staff.call("PATCH", scene.upload, headers=headers, content=b"DF-")
    assert problem_of(answer, 422, "invalid-input")["rule"] == "upload-offset"
    assert await offset_of(scene.staff, scene.upload) == 2


@pytest.mark.parametrize("offset", [0, 1, 3, 5, 6, 999_999_999_999_999_999])
async def test_another_offset_than_ours_is_a_conflict(scene: Scene, offset: int) -> None:
    """tus, PATCH: 409. What was kept stays, and HEAD tells from where to go on."""
    problem_of(await scene.world.append(scene.staff, scene.upload, offset, b"DF-"), 409, "conflict")
    assert await offset_of(scene.staff, scene.upload) == 2
    assert (await scene.world.append(scene.staff, scene.upload, 2, b"DF-")).status_code == 204


@pytest.mark.parametrize("length", [64 * MIB + 1, 10**17])
async def test_a_file_over_the_limit_is_refused_before_its_bytes(world: World, length: int) -> None:
    """413 with the limit, at creation."""
    staff = await world.staff()
    draft = await world.draft(staff, await world.thread(staff))
    answer = await world.create_upload(staff, draft, length)
    assert problem_of(answer, 413, "too-large")["limit_bytes"] == 64 * MIB


async def test_more_than_was_declared_is_refused_and_nothing_is_lost(world: World) -> None:
    """413: at once where Content-Length tells, at the first piece too many where it does not; what fitted is kept."""
    staff = await world.staff()
    draft, location = await begun(world, staff, 10)
    assert (await world.append(staff, location, 0, b"abcd")).status_code == 204
    problem_of(await world.append(staff, location, 4, b"efghijk"), 413, "too-large")
    assert await offset_of(staff, location) == 4
    problem_of(await world.append(staff, location, 4, pieces(b"ef", b"ghijk")), 413, "too-large")
    assert await offset_of(staff, location) == 6
    assert await content_of(staff, draft) == []
    assert (await world.append(staff, location, 6, b"ghij")).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcdefghij").hexdigest()]


async def test_all_bytes_and_one_too_many_is_still_the_whole_file(world: World) -> None:
    """The declared bytes arrived: the upload is complete, and nothing of the rest is in it."""
    staff = await world.staff()
    draft, location = await begun(world, staff, 4)
    problem_of(await world.append(staff, location, 0, pieces(b"abcd", b"e")), 413, "too-large")
    assert await offset_of(staff, location) == 4
    assert (await world.append(staff, location, 4, b"")).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcd").hexdigest()]


async def test_an_upload_may_come_in_any_pieces(world: World) -> None:
    """Requests without a byte, of one byte, of more than a part; and the digest is of what came."""
    staff = await world.staff()
    content = os.urandom(9 * MIB)
    draft, location = await begun(world, staff, len(content))
    at = 0
    for size in (0, 1, 16_383, 8 * MIB, 0, len(content)):
        answer = await world.append(staff, location, at, content[at : at + size])
        at = min(at + size, len(content))
        assert answer.status_code == 204
        assert answer.headers["upload-offset"] == str(at)
    assert await content_of(staff, draft) == [hashlib.sha256(content).hexdigest()]
    assert (await world.append(staff, location, at, b"")).status_code == 204
    problem_of(await world.append(staff, location, at, b"x"), 413, "too-large")


async def test_the_offset_is_never_cached(scene: Scene) -> None:
    """tus, HEAD: the offset, the length, no body, ``no-store``."""
    answer = await scene.staff.call("HEAD", scene.upload, headers=TUS)
    assert (answer.headers["upload-offset"], answer.headers["upload-length"]) == ("2", "5")
    assert answer.headers["cache-control"] == "no-store"


async def test_an_upload_given_up_is_gone(scene: Scene) -> None:
    """tus, termination: 204, then 404 for every method; and the draft can be sent without it."""
    assert (await scene.call("cancel_upload").by(scene.staff)).status_code == 204
    for route in ("upload_offset", "append_upload", "cancel_upload"):
        assert (await scene.call(route).by(scene.staff)).status_code == 404
    assert (await scene.staff.call("POST", f"{scene.draft}/send")).status_code == 202


async def test_a_file_that_nobody_remembers_can_be_removed_by_anyone_of_its_side(scene: Scene) -> None:
    """The answer that named its upload was lost: the draft tells of the file, and lets go of it."""
    colleague = await scene.world.staff()
    opened = await colleague.json("POST", f"{scene.draft}/open")
    (unfinished,) = opened["unfinished"]
    assert opened["files"] == []
    assert unfinished == {"file": unfinished["file"], "name": "beslut.pdf", "length": 5, "received": 2}
    assert (await colleague.call("DELETE", f"{scene.draft}/files/{unfinished['file']}")).status_code == 204
    assert (await scene.call("upload_offset").by(scene.staff)).status_code == 404
    assert (await colleague.json("POST", f"{scene.draft}/open"))["unfinished"] == []
    problem_of(await colleague.call("DELETE", f"{scene.draft}/files/{unfinished['file']}"), 404, "not-found")
    assert (await colleague.call("POST", f"{scene.draft}/send")).status_code == 202


async def test_a_stored_file_leaves_a_draft_and_no_sent_message(scene: Scene) -> None:
    """Removed before sending, it is gone with its bytes; afterwards 409, and it stays."""
    await scene.world.append(scene.staff, scene.upload, 2, b"DF-")
    (file,) = (await scene.staff.json("POST", f"{scene.draft}/open"))["files"]
    assert (await scene.staff.call("DELETE", f"{scene.draft}/files/{file['file']}")).status_code == 204
    assert await content_of(scene.staff, scene.draft) == []
    await scene.world.container.run_queues()
    assert len(scene.world.container.blobs._content) == 1, "the delivered file's alone"
    problem_of(await scene.call("delete_file").by(scene.staff), 409, "conflict")
    assert (await scene.call("download_file").by(scene.staff)).status_code == 200


async def test_an_upload_under_way_holds_its_message_back(scene: Scene) -> None:
    """Sending would leave the file out: 409 until it is complete or given up."""
    problem_of(await scene.staff.call("POST", f"{scene.draft}/send"), 409, "conflict")
    await scene.world.append(scene.staff, scene.upload, 2, b"DF-")
    assert (await scene.staff.call("POST", f"{scene.draft}/send")).status_code == 202


async def test_a_sent_message_takes_no_more_files(scene: Scene) -> None:
    """Neither a new upload nor the end of one that was complete: 409."""
    await scene.world.append(scene.staff, scene.upload, 2, b"DF-")
    await scene.world.send(scene.staff, scene.draft)
    problem_of(await scene.call("create_upload").by(scene.staff), 409, "conflict")
    problem_of(await scene.world.append(scene.staff, scene.upload, 5, b""), 409, "conflict")
    problem_of(await scene.call("cancel_upload").by(scene.staff), 409, "conflict")
    person = await scene.world.person()
    assert len((await person.json("POST", f"{scene.draft}/open"))["files"]) == 1


async def test_an_upload_is_abandoned_after_seven_days(world: World) -> None:
    """Then it is not there for its own beginner either, whether or not a sweep has run."""
    staff = await world.staff()
    thread = await world.thread(staff)
    await world.send(staff, await world.draft(staff, thread))
    draft = await world.draft(await world.person(), thread)
    location = (await world.create_upload(await world.person(), draft, 5)).headers["location"]
    world.container.clock.move(days=7, seconds=-60)
    assert await offset_of(await world.person(), location) == 0
    world.container.clock.move(seconds=60)
    person = await world.person()
    assert (await person.call("HEAD", location, headers=TUS)).status_code == 404
    problem_of(await world.append(person, location, 0, b"12345"), 404, "not-found")
    problem_of(await person.call("DELETE", location, headers=TUS), 404, "not-found")


@pytest.mark.parametrize("arrived", [(), (b"a",), (b"abc", b"defg"), (b"x" * (8 * MIB), b"y" * 17)], ids=len)
async def test_a_cut_connection_keeps_what_arrived_and_goes_on(world: World, arrived: tuple[bytes, ...]) -> None:
    """The next request begins where the last one broke; the file that comes out is the one that was sent."""
    staff = await world.staff()
    content = b"".join(arrived) + b" and the rest"
    draft, location = await begun(world, staff, len(content))
    wire = await cut(world, staff, location, 0, *arrived)
    assert wire.status == 400
    assert b"urn:pic:problem:body-cut" in wire.body
    at = await offset_of(staff, location)
    assert at == len(b"".join(arrived))
    assert (await world.append(staff, location, at, content[at:])).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(content).hexdigest()]


async def test_nothing_half_written_is_visible(world: World) -> None:
    """Neither in the draft's files, nor by its id, nor to the other side; and what was staged is swept after a week."""
    staff = await world.staff()
    thread = await world.thread(staff)
    draft = await world.draft(staff, thread)
    created = await world.create_upload(staff, draft, 10 * MIB)
    location, file = created.headers["location"], created.headers["upload-file"]
    await cut(world, staff, location, 0, b"x" * (9 * MIB))
    person = await world.person(TOLVAN)
    assert await content_of(staff, draft) == []
    for browser in (staff, person):
        problem_of(await browser.call("GET", f"{draft}/files/{file}"), 404, "not-found")
    problem_of(await person.call("POST", f"{draft}/open"), 404, "not-found")
    assert (await person.json("GET", "/api/v1/inbox"))["threads"] == []
    assert world.container.blobs._staged
    world.container.clock.move(days=7)
    await world.container.retaining.sweep()
    assert not world.container.blobs._staged
    assert not world.container.blobs._content


async def breaking() -> AsyncIterator[bytes]:
    yield b"abc"
    raise ConnectionResetError


async def test_a_body_that_fails_keeps_the_upload_as_it_was(scene: Scene) -> None:
    """Not the client's leaving but a fault of whoever reads for us: nothing counts, nothing is lost."""
    answer = await scene.world.append(scene.staff, scene.upload, 2, breaking())
    problem_of(answer, 500, "about:blank")
    assert await offset_of(scene.staff, scene.upload) == 2
    assert (await scene.world.append(scene.staff, scene.upload, 2, b"DF-")).status_code == 204


class TimedBlobs(MemoryBlobs):
    """Remembers what deadline each call of the store was made under, and fails once to commit."""

    def __init__(self) -> None:
        super().__init__()
        self.deadlines: list[tuple[str, float | None]] = []
        self.fails = True

    async def commit(self, blob: str, blocks: Sequence[str]) -> None:
        self.deadlines.append(("commit", current_deadline()))
        if self.fails:
            self.fails = False
            raise DependencyError
        await super().commit(blob, blocks)

    async def read(self, blob: str, offset: int, length: int) -> bytes:
        self.deadlines.append(("read", current_deadline()))
        return await super().read(blob, offset, length)


async def test_a_file_that_was_not_stored_is_stored_by_sending(world: World) -> None:
    """Its digest is made from its content, which has more time than an ordinary request: HEAD does not wait for that."""
    blobs = TimedBlobs()
    world.container.blobs = blobs
    staff = await world.staff()
    draft, location = await begun(world, staff, 4)
    problem_of(await world.append(staff, location, 0, b"abcd"), 503, "dependency-failed")
    world.container.digests.forget(UploadId(location.rpartition("/")[2]))
    assert await offset_of(staff, location) == 4
    assert [name for name, _ in blobs.deadlines] == ["commit"]
    before = time.monotonic()
    await world.send(staff, draft)
    assert [name for name, _ in blobs.deadlines[1:]] == ["commit", "read"]
    for _, moment in blobs.deadlines[1:]:
        assert moment is not None
        assert before + ANSWER_SECONDS <= moment <= time.monotonic() + ANSWER_SECONDS
    person = await world.person()
    assert await content_of(person, draft) == [hashlib.sha256(b"abcd").hexdigest()]
