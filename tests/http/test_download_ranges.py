"""Several ranges and conditions on the wire (RFC 9110 sections 13 and 14)."""

import os

import pytest

from tests.http.test_downloads import PART, delivered, events_of, flip, receipts_of
from tests.support.byteranges import parts_of
from tests.support.every_route import CONTENT, Scene
from tests.support.problems import problem_of
from tests.support.wire import Wire
from tests.support.world import World


@pytest.fixture
async def large(world: World) -> tuple[World, str, bytes]:
    """A person's file of two parts: the world, where it is, and what stands in it."""
    content = os.urandom(PART + 100_000)
    staff = await world.staff()
    path = await world.draft(staff, await world.thread(staff))
    file = await world.upload(staff, path, content)
    await world.send(staff, path)
    return world, f"{path}/files/{file}", content


async def test_several_ranges_come_in_one_answer(large: tuple[World, str, bytes]) -> None:
    """In the order asked for, each with its place, of a length that is known before."""
    world, path, content = large
    person = await world.person()
    asked = f"bytes=-10, 0-0,{PART - 5}-{PART + 4},  20000-40000"
    answer = await person.call("GET", path, headers={"range": asked})
    assert answer.status_code == 206
    assert "content-range" not in answer.headers
    assert answer.headers["content-length"] == str(len(answer.content))
    total = len(content)
    starts = [(total - 10, 10), (0, 1), (PART - 5, 10), (20_000, 20_001)]
    assert parts_of(answer.headers["content-type"], answer.content) == [
        (start, content[start : start + length]) for start, length in starts
    ]
    again = await person.call("GET", path, headers={"range": asked})
    assert again.headers["content-type"] != answer.headers["content-type"]


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-9,5-19", 0, 20),
        ("bytes=10-19,0-9", 0, 20),
        ("bytes=0-,0-,0-,0-", 0, PART + 100_000),
        ("bytes=0-9,99999999-", 0, 10),
    ],
)
async def test_ranges_that_meet_come_as_one(large: tuple[World, str, bytes], asked: str, start: int, end: int) -> None:
    """Nobody makes us send the same bytes again and again (section 14.2)."""
    world, path, content = large
    answer = await (await world.person()).call("GET", path, headers={"range": asked})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(content)}"
    assert answer.content == content[start:end]


async def test_several_ranges_past_the_end_are_refused(scene: Scene) -> None:
    """416 only when none of them has a byte."""
    answer = await scene.call("download_file").by(scene.staff, {"range": "bytes=99-,-0"})
    problem_of(answer, 416, "range-not-satisfiable")


async def test_several_ranges_leave_one_receipt_and_one_event(large: tuple[World, str, bytes]) -> None:
    """However many ranges: somebody fetched once."""
    world, path, _ = large
    person = await world.person()
    before = sum("receipt|" in key for records in world.container.record_store._partitions.values() for key in records)
    await person.call("GET", path, headers={"range": "bytes=0-0,5000-5000"})
    after = sum("receipt|" in key for records in world.container.record_store._partitions.values() for key in records)
    assert after - before == 1


async def test_damage_in_the_second_range_breaks_the_connection(world: World) -> None:
    """The first range has gone out; of the second not even its headers."""
    person, path, blob = await delivered(world, 100_000)
    flip(world, blob, 90_000)
    cookie = f"__Host-session={person.cookies['__Host-session']}".encode()
    wire = Wire(path=path, headers=[(b"cookie", cookie), (b"range", b"bytes=0-9,85000-99999")]).put()
    with pytest.raises(RuntimeError):
        await world.app(wire.scope, wire.receive, wire.send)
    assert wire.status == 206
    assert wire.body.count(b"Content-Range") == 1
    assert len(wire.body) < int(wire.headers[b"content-length"])
    assert not wire.is_ended


async def test_who_has_the_file_is_told_so(scene: Scene) -> None:
    """``If-None-Match``: 304 with the tag, no content, no receipt; asked about, and so the log says."""
    person = await scene.world.person()
    tag = (await scene.call("describe_file").by(scene.staff)).headers["etag"]
    for route in ("download_file", "describe_file"):
        for stated in (tag, f"W/{tag}", "*", f'"other", {tag}'):
            answer = await scene.call(route).by(person, {"if-none-match": stated, "range": "bytes=0-0"})
            assert (answer.status_code, answer.content) == (304, b"")
            assert answer.headers["etag"] == tag
            assert "content-disposition" not in answer.headers
    assert await receipts_of(scene) == []
    assert set(await events_of(scene)) == {"message:file:describe"}
    answer = await scene.call("download_file").by(person, {"if-none-match": '"other"'})
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_who_wants_another_version_is_refused(scene: Scene) -> None:
    """``If-Match``: 412 unless it names the file by its strong tag; it comes before ``If-None-Match`` and ranges."""
    tag = (await scene.call("describe_file").by(scene.staff)).headers["etag"]
    for stated in ('"other"', f"W/{tag}", "", "Sun, 01 Mar 2026 12:00:00 GMT"):
        more = {"if-match": stated, "if-none-match": tag, "range": "bytes=0-0"}
        problem_of(await scene.call("download_file").by(scene.staff, more), 412, "precondition-failed")
        assert (await scene.call("describe_file").by(scene.staff, more)).status_code == 412
    for stated in (tag, "*", f'"other" , {tag}'):
        answer = await scene.call("download_file").by(scene.staff, {"if-match": stated, "range": "bytes=0-0"})
        assert (answer.status_code, answer.content) == (206, CONTENT[:1])


async def test_a_stranger_learns_nothing_by_conditions(scene: Scene) -> None:
    """304 and 412 would tell that the file is there."""
    stranger = await scene.world.person("199006022397")
    for headers in ({"if-none-match": f'"{scene.file}"'}, {"if-none-match": "*"}, {"if-match": '"other"'}):
        problem_of(await scene.call("download_file").by(stranger, headers), 404, "not-found")
        assert (await scene.call("describe_file").by(stranger, headers)).status_code == 404


async def test_dates_are_no_conditions(scene: Scene) -> None:
    """A file has no date of change: what asks for one is ignored (section 13.1.3)."""
    past = "Sun, 01 Mar 1998 12:00:00 GMT"
    answer = await scene.call("download_file").by(scene.staff, {"if-modified-since": past, "if-unmodified-since": past})
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert "last-modified" not in answer.headers


async def test_head_knows_no_ranges(scene: Scene) -> None:
    """Section 14.2: ``Range`` is for GET alone."""
    answer = await scene.call("describe_file").by(scene.staff, {"range": "bytes=0-0"})
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(CONTENT)))
    assert answer.headers["accept-ranges"] == "bytes"


async def test_two_lines_of_a_range_are_none(scene: Scene) -> None:
    """What two readers could take for two things gets the whole file."""
    headers = [(b"range", b"bytes=0-0"), (b"range", b"bytes=1-1")]
    cookie = f"__Host-session={scene.staff.cookies['__Host-session']}".encode()
    wire = Wire(path=scene.call("download_file").path, headers=[(b"cookie", cookie), *headers]).put()
    await scene.world.app(wire.scope, wire.receive, wire.send)
    assert (wire.status, wire.body) == (200, CONTENT)
