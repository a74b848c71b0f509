"""What tus offers beyond its core, on the wire: bytes with the creation, checksums, a length that comes later, limits."""

import hashlib
from collections.abc import AsyncIterator

import pytest

from shared.domain.tus_headers import CHECKSUMS
from tests.support.every_route import TUS
from tests.support.problems import problem_of
from tests.support.tus_wire import (
    MIB,
    TYPE,
    a_draft,
    begun,
    checksum,
    content_of,
    create,
    cut,
    offset_of,
    patch,
    pieces,
)
from tests.support.world import TOLVAN, Browser, World


async def assert_nothing_of_it(world: World, author: Browser, draft: str) -> None:
    """No file, whole or not, no bytes once the jobs have run; and the draft can be sent."""
    opened = await author.json("POST", f"{draft}/open")
    assert (opened["files"], opened["unfinished"]) == ([], [])
    await world.container.run_queues()
    assert (world.container.blobs._staged, world.container.blobs._content) == ({}, {})
    assert (await author.call("POST", f"{draft}/send")).status_code == 202


@pytest.mark.parametrize("content", [b"", b"ab", b"abcde"], ids=len)
async def test_a_creation_takes_its_first_bytes(world: World, content: bytes) -> None:
    """tus, creation-with-upload: some, none, or all of them, and the offset tells how many."""
    staff, draft = await a_draft(world)
    created = await create(staff, draft, {**TYPE, "upload-length": "5"}, content)
    assert (created.status_code, created.headers["upload-offset"]) == (201, str(len(content)))
    location = created.headers["location"]
    assert await offset_of(staff, location) == len(content)
    assert (await patch(staff, location, len(content), b"abcde"[len(content) :])).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcde").hexdigest()]


async def test_a_whole_large_file_comes_in_one_request(world: World) -> None:
    """More than a JSON body may hold: it streams as an append does."""
    staff, draft = await a_draft(world)
    content = bytes(range(256)) * 4096 * 9
    created = await create(staff, draft, {**TYPE, "upload-length": str(len(content))}, content)
    assert created.headers["upload-offset"] == str(len(content))
    assert await content_of(staff, draft) == [hashlib.sha256(content).hexdigest()]


@pytest.mark.parametrize(
    ("headers", "content", "status", "kind"),
    [
        ({"upload-length": "2"}, b"abc", 413, "too-large"),
        ({"upload-length": "2"}, pieces(b"ab", b"c"), 413, "too-large"),
        ({"upload-length": "3", **checksum(b"abd")}, b"abc", 460, "checksum-mismatch"),
        ({"upload-length": "3", "upload-checksum": "sha1 x"}, b"abc", 422, "invalid-input"),
        ({"upload-length": "3", "upload-checksum": "crc99 AAAA"}, b"abc", 400, "checksum-algorithm"),
        ({"upload-length": "3", "content-type": "text/plain"}, b"abc", 415, "unsupported-media-type"),
    ],
    ids=range(6),
)
async def test_a_creation_that_fails_leaves_nothing(
    world: World, headers: dict[str, str], content: bytes | AsyncIterator[bytes], status: int, kind: str
) -> None:
    """Its sender knows of no upload; one that nobody knows would keep the draft from being sent."""
    staff, draft = await a_draft(world)
    problem_of(await create(staff, draft, {**TYPE, **headers}, content), status, kind)
    await assert_nothing_of_it(world, staff, draft)


@pytest.mark.parametrize("algorithm", CHECKSUMS)
async def test_bytes_with_the_right_checksum_count(world: World, algorithm: str) -> None:
    """Each request for itself."""
    staff = await world.staff()
    draft, location = await begun(world, staff, 6)
    for at, content in ((0, b"abc"), (3, b"def")):
        answer = await patch(staff, location, at, content, **checksum(content, algorithm))
        assert (answer.status_code, answer.headers["upload-offset"]) == (204, str(at + 3))
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcdef").hexdigest()]


@pytest.mark.parametrize("algorithm", CHECKSUMS)
async def test_bytes_with_another_checksum_do_not_count(world: World, algorithm: str) -> None:
    """460 (tus, checksum): the offset stays, and the right bytes may come after."""
    staff = await world.staff()
    draft, location = await begun(world, staff, 6)
    await patch(staff, location, 0, b"abc")
    answer = await patch(staff, location, 3, pieces(b"d", b"ef"), **checksum(b"deg", algorithm))
    problem_of(answer, 460, "checksum-mismatch")
    assert await offset_of(staff, location) == 3
    assert (await patch(staff, location, 3, b"def", **checksum(b"def"))).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcdef").hexdigest()]


async def test_a_wrong_checksum_counts_nothing_however_much_came(world: World) -> None:
    """Parts that were staged on the way are in no file."""
    staff = await world.staff()
    content = bytes(9 * MIB)
    draft, location = await begun(world, staff, len(content))
    problem_of(await patch(staff, location, 0, content, **checksum(b"other")), 460, "checksum-mismatch")
    assert await offset_of(staff, location) == 0
    right = b"x" * len(content)
    assert (await patch(staff, location, 0, right)).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(right).hexdigest()]


async def test_what_arrived_before_a_cut_cannot_be_checked_and_does_not_count(world: World) -> None:
    """The checksum is of the whole body. Without one it would count."""
    staff = await world.staff()
    draft, location = await begun(world, staff, 6)
    wire = await cut(world, staff, location, 0, b"abc", headers=checksum(b"abcdef"))
    assert wire.status == 400
    assert await offset_of(staff, location) == 0
    problem_of(await patch(staff, location, 0, pieces(b"abcdefg"), **checksum(b"abcdefg")), 413, "too-large")
    assert await offset_of(staff, location) == 0
    assert (await patch(staff, location, 0, b"abcdef", **checksum(b"abcdef"))).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcdef").hexdigest()]


async def test_an_unknown_algorithm_is_told_which_are_known(world: World) -> None:
    """400 (tus, checksum)."""
    staff = await world.staff()
    _, location = await begun(world, staff, 6)
    answer = await patch(staff, location, 0, b"abc", upload_checksum="sha3-256 AAAA")
    problem_of(answer, 400, "checksum-algorithm")
    assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256,sha512,md5"
    assert await offset_of(staff, location) == 0


DEFERRED = {"upload-defer-length": "1"}


@pytest.mark.parametrize("told_with", [b"def", b""], ids=["the last bytes", "nothing"])
async def test_a_length_may_come_later(world: World, told_with: bytes) -> None:
    """tus, creation-defer-length: HEAD says that it is not known; once it is told, the upload can be whole."""
    staff, draft = await a_draft(world)
    location = (await create(staff, draft, DEFERRED)).headers["location"]
    asked = await staff.call("HEAD", location, headers=TUS)
    assert asked.headers["upload-defer-length"] == "1"
    assert "upload-length" not in asked.headers
    content = b"abc" if told_with else b"abcdef"
    await patch(staff, location, 0, content)
    (unfinished,) = (await staff.json("POST", f"{draft}/open"))["unfinished"]
    assert (unfinished["length"], unfinished["received"]) == (None, len(content))
    assert (await staff.call("POST", f"{draft}/send")).status_code == 409
    answer = await patch(staff, location, len(content), told_with, upload_length="6")
    assert answer.status_code == 204
    asked = await staff.call("HEAD", location, headers=TUS)
    assert asked.headers["upload-length"] == "6"
    assert "upload-defer-length" not in asked.headers
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcdef").hexdigest()]


async def test_a_length_is_told_once(world: World) -> None:
    """Another one is refused, the same is a repeated request; one below what arrived is a mistake."""
    staff, draft = await a_draft(world)
    location = (await create(staff, draft, DEFERRED)).headers["location"]
    await patch(staff, location, 0, b"abc")
    refused = await patch(staff, location, 3, b"", upload_length="2")
    assert problem_of(refused, 422, "invalid-input")["rule"] == "upload-length"
    assert (await patch(staff, location, 3, b"d", upload_length="6")).status_code == 204
    for other in ("5", "7"):
        refused = await patch(staff, location, 4, b"", upload_length=other)
        assert problem_of(refused, 422, "invalid-input")["rule"] == "upload-length"
    problem_of(await patch(staff, location, 4, b"efg"), 413, "too-large")
    assert (await patch(staff, location, 4, b"ef", upload_length="6")).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcdef").hexdigest()]


async def test_a_told_length_is_kept_when_the_connection_breaks(world: World) -> None:
    """With what arrived of that request."""
    staff, draft = await a_draft(world)
    location = (await create(staff, draft, DEFERRED)).headers["location"]
    await cut(world, staff, location, 0, b"abc", headers={"upload-length": "6"})
    asked = await staff.call("HEAD", location, headers=TUS)
    assert (asked.headers["upload-offset"], asked.headers["upload-length"]) == ("3", "6")
    assert (await patch(staff, location, 3, b"def")).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"abcdef").hexdigest()]


@pytest.mark.parametrize("way", ["announced", "counted", "told", "with the creation", "with a checksum"])
async def test_beyond_the_limit_an_upload_of_no_known_length_ends(world: World, way: str) -> None:
    """413 in mid-stream with the limit, and nothing of it stays: it could never be finished."""
    await world.decide(upload_max_bytes=1000)
    staff, draft = await a_draft(world)
    if way == "with the creation":
        answer = await create(staff, draft, {**TYPE, **DEFERRED}, pieces(b"x" * 600, b"y" * 401))
    else:
        location = (await create(staff, draft, DEFERRED)).headers["location"]
        await patch(staff, location, 0, b"x" * 600)
        ways: dict[str, tuple[bytes | AsyncIterator[bytes], dict[str, str]]] = {
            "announced": (b"y" * 401, {}),
            "counted": (pieces(b"y" * 400, b"z"), {}),
            "told": (b"y", {"upload_length": "1001"}),
            "with a checksum": (pieces(b"y" * 400, b"z"), checksum(b"y" * 400 + b"z")),
        }
        content, headers = ways[way]
        answer = await patch(staff, location, 600, content, **headers)
        assert (await staff.call("HEAD", location, headers=TUS)).status_code == 404
    assert problem_of(answer, 413, "too-large")["limit_bytes"] == 1000
    await assert_nothing_of_it(world, staff, draft)


async def test_an_upload_of_no_known_length_may_fill_its_limit(world: World) -> None:
    """To the byte."""
    await world.decide(upload_max_bytes=1000)
    staff, draft = await a_draft(world)
    location = (await create(staff, draft, DEFERRED)).headers["location"]
    assert (await patch(staff, location, 0, pieces(b"x" * 1000))).status_code == 204
    assert (await patch(staff, location, 1000, b"", upload_length="1000")).status_code == 204
    assert await content_of(staff, draft) == [hashlib.sha256(b"x" * 1000).hexdigest()]


async def limit_of(browser: Browser, path: str = "/api/v1/uploads") -> int:
    answer = await browser.call("OPTIONS", path)
    assert answer.status_code == 204
    return int(answer.headers["tus-max-size"])


async def test_the_limit_of_an_organisation_is_told_before_an_upload(world: World) -> None:
    """To its staff, and to a person for a thread of theirs; others learn what the service takes."""
    staff, stranger, nobody = await world.staff(), await world.person("199006022397"), Browser(world.http)
    thread = await world.thread(staff)
    person = await world.person(TOLVAN)
    await world.decide(upload_max_bytes=1000)
    general, asked = 64 * MIB, f"/api/v1/uploads?thread={thread}"
    assert [await limit_of(who) for who in (staff, person, stranger, nobody)] == [1000, *[general] * 3]
    assert [await limit_of(who, asked) for who in (staff, person, stranger, nobody)] == [1000, 1000, general, general]
    for broken in ("x", "..%2f", "%00", "0" * 26):
        assert await limit_of(person, f"/api/v1/uploads?thread={broken}") == general
    draft = await world.draft(person, thread)
    problem = problem_of(await create(person, draft, {"upload-length": "1001"}), 413, "too-large")
    assert problem["limit_bytes"] == 1000
    assert (await create(person, draft, {"upload-length": "1000"})).status_code == 201


@pytest.mark.parametrize(("limit", "shown"), [(10**15, 64 * MIB), (64 * MIB, 64 * MIB), (1, 1), (None, 64 * MIB)])
async def test_no_organisation_goes_beyond_the_service(world: World, limit: int | None, shown: int) -> None:
    """Its own limit may only be lower; without one the service's holds."""
    await world.decide(upload_max_bytes=17)
    await world.decide(upload_max_bytes=limit)
    assert await limit_of(await world.staff()) == shown
