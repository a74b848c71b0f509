"""A whole deployment moves from Table storage to Cosmos DB, with other blobs and another vault, through real clients.

The fixture is the move itself: refused, killed twice, run while people work, damaged, mended, ended. The tests look at
the target as people do, the last of them a year later.
"""

import asyncio
import hashlib
import os
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from local.demo import stores
from local.demo.client import Client
from shared.container import Container
from shared.domain.ports import Body
from shared.move_sides import side_of
from shared.services.listing import every_record
from shared.services.moving.pairs import each_partition
from tests.support.deployments import Deployments, Office, make_office, two_deployments

MIB = 1024 * 1024
LARGE = os.urandom(20 * MIB + 3)
HALF = os.urandom(12 * MIB)
TUS = {"Tus-Resumable": "1.0.0"}
TYPE = {"Content-Type": "application/offset+octet-stream"}
DAY_SECONDS = 86_400
WAIT_SECONDS = 60

pytestmark = pytest.mark.timeout(900)
"""The move is a fixture: ten runs of the command, and two deployments that start and stop."""


@dataclass
class Moved:
    """What was sent at the source, and what the command said at each step."""

    both: Deployments
    offices: dict[str, Office] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    """Of each message that still lives, by its path."""
    files: dict[str, bytes] = field(default_factory=dict)
    closed: str = ""
    """Path of a message whose organisation has left."""
    under_way: list[tuple[str, str, str]] = field(default_factory=list)
    """Message, upload and file of each upload that has begun."""
    said: dict[str, tuple[int, str]] = field(default_factory=dict)
    certificates: dict[tuple[str, str], Body] = field(default_factory=dict)
    seen_at_kill: list[int] = field(default_factory=list)
    all_partitions: int = 0

    def send(self, staff: Client, office: Office, text: str, *contents: bytes) -> str:
        """A message with these files, under way to the person."""
        path = office.draft(staff, text)
        for number, content in enumerate(contents):
            location, file = staff.begin_upload(path, len(content), f"bilaga {number}.bin")
            if content:
                append(staff, location, 0, content)
            self.files[f"{path}/files/{file}"] = content
        staff.ask("POST", f"{path}/send", expect=202)
        self.texts[path] = text
        return path


def append(client: Client, location: str, offset: int, content: bytes) -> None:
    headers = {**TUS, **TYPE, "Upload-Offset": str(offset)}
    client.call("PATCH", location, expect=204, headers=headers, content=content)


def until(holds: Callable[[], object], what: str) -> None:
    """Wait for it."""
    end = time.monotonic() + WAIT_SECONDS
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.2)


async def of_kind(container: Container, kind: str) -> dict[tuple[str, str], Body]:
    """All records whose partition begins with that word."""
    names = [name async for name in each_partition(side_of(container).partitions) if name.startswith(f"{kind}|")]
    found = [record for name in names for record in await every_record(container.records, name)]
    return {(record.partition, record.id): record.body for record in found}


async def partitions(container: Container) -> int:
    return len([name async for name in each_partition(side_of(container).partitions)])


def opens(client: Client, path: str) -> dict[str, Any] | None:
    """The opened message; None while it is not delivered."""
    answer = client._http.post(f"{path}/open", headers=client.headers("POST"))
    return answer.json() if answer.status_code == 200 else None


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    """See above."""
    with two_deployments(tmp_path_factory.mktemp("move")) as both:
        done = Moved(both)
        fill(done)
        refuse(done)
        kill(done)
        go_on(done)
        damage_and_mend(done)
        # An hour on: what was sent and lay in a queue of the source is old enough for the timer to deliver it.
        both.target.stack.move_clock(2 * DAY_SECONDS + 3600)
        both.target.start()
        yield done


def fill(done: Moved) -> None:
    """Three organisations: one as most are, one with a key of its own, one that leaves."""
    source = done.both.source
    for name in ("Kommunen", "Regionen", "Bolaget"):
        done.offices[name] = source.work(lambda container, name=name: make_office(container, name))  # type: ignore[misc]
    own = done.offices["Regionen"].organisation
    assert source.work(lambda container: container.own_keys.use(own, done.both.own_key)).faults == ()
    ending(done)
    for name, office in done.offices.items():
        with closing(source.staff(office)) as staff:
            path = done.send(staff, office, f"Från {name}", b"litet")
            if name == "Kommunen":
                done.send(staff, office, "Med stora bilagor", LARGE, b"")
                for _ in range(2):
                    draft = office.draft(staff, "Under arbete")
                    location, file = staff.begin_upload(draft, len(HALF), "halvvägs.bin")
                    append(staff, location, 0, HALF[: 9 * MIB])
                    done.under_way.append((draft, location, file))
    with closing(source.person()) as person:
        for path in done.texts:
            until(lambda path=path: opens(person, path), "it is delivered")  # type: ignore[misc]
    done.closed = path
    del done.texts[path]
    done.files = {file: content for file, content in done.files.items() if not file.startswith(path)}
    leaving = done.offices["Bolaget"].organisation
    source.work(lambda container: container.off_boarding.destroy(leaving, name="Bolaget"))
    source.work(many_threads(done.offices["Kommunen"]))


def ending(done: Moved) -> None:
    """A message that lives for a day ends, with its certificate, and the clocks of both sides are a day on."""
    source, office = done.both.source, done.offices["Kommunen"]
    with closing(source.staff(office)) as staff:
        path = office.draft(staff, "För en dag", retention_days=1)
        staff.ask("POST", f"{path}/send", expect=202)
    for deployment in (source, done.both.target):
        deployment.stack.move_clock(2 * DAY_SECONDS)
    until(lambda: source.work(lambda container: of_kind(container, "certificate")), "it is certified")


def many_threads(office: Office) -> Callable[[Container], Awaitable[None]]:
    """Months of the log: enough to be killed in the middle of."""

    async def work(container: Container) -> None:
        async with asyncio.TaskGroup() as group:
            for number in range(300):
                place = (f"audit|{office.organisation}|2025{number % 100:02d}", f"{number:026d}")
                group.create_task(container.record_store.create(*place, {"event": "test", "number": number}))

    return work


def refuse(done: Moved) -> None:
    """A target that holds something, one with other peppers, and the source itself."""
    other = "1:b3RoZXItcGVwcGVyLW90aGVyLXBlcHBlci1vdGhlci1wZXBwZXI="
    done.said["other peppers"] = done.both.move(PIC_SUBJECT_PEPPERS=other)
    done.said["itself"] = done.both.move(**done.both.source.stack.environment)
    target = done.both.target
    record = target.work(lambda container: container.record_store.create("thread|x", "thread", {}))
    done.said["not empty"] = done.both.move("--final")
    assert target.work(lambda container: of_kind(container, "move")) == {}
    target.work(lambda container: container.record_store.delete_if_match(record))


def kill(done: Moved) -> None:
    """By SIGKILL, while records are on their way, and while blobs are."""
    done.all_partitions = done.both.source.work(partitions)

    async def some_records(container: Container) -> int:
        while (count := await partitions(container)) < 20:  # noqa: ASYNC110 - another process writes them
            await asyncio.sleep(0.01)
        return count

    async def a_blob(container: Container) -> int:
        while not await names(container):  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.005)
        return len(await names(container))

    for moment in (some_records, a_blob):
        with done.both.begin_move() as process:
            try:
                done.seen_at_kill.append(done.both.target.work(moment))
            finally:
                process.kill()
                process.communicate()
        assert process.returncode == -9, "it was too quick to be killed"


def go_on(done: Moved) -> None:
    """A pass to its end; then people go on working; then the source stops. What it holds by then is what counts."""
    source = done.both.source
    done.said["pass"] = done.both.move()
    with closing(source.staff(done.offices["Kommunen"])) as staff:
        done.send(staff, done.offices["Kommunen"], "Efter första gången", b"sent under flytten")
    source.stop()
    done.certificates = source.work(lambda container: of_kind(container, "certificate"))


def damage_and_mend(done: Moved) -> None:
    """One byte of a blob that was moved changes; then the last pass, until it is complete."""

    async def flip(container: Container) -> str:
        side = side_of(container)
        sizes = {
            name: sum(block.size_bytes for block in await side.blocks.blocks(name)) for name in await names(container)
        }
        name = max(sizes, key=sizes.__getitem__)
        blocks = await side.blocks.blocks(name)
        size = blocks[-1].size_bytes
        last = await side.blobs.read(name, sizes[name] - size, size)
        await side.blobs.stage(name, blocks[-1].id, last[:-1] + bytes([last[-1] ^ 1]))
        await side.blobs.commit(name, [block.id for block in blocks])
        return name

    damaged = done.both.target.work(flip)
    done.said["check"] = done.both.move("--check")
    done.said["damaged"] = done.both.move("--final")
    done.said["damaged blob"] = (0, damaged)
    done.said["final"] = done.both.move("--final")
    done.said["again"] = done.both.move("--final")


async def names(container: Container) -> list[str]:
    return [name async for name in container.blobs.list("")]


def test_what_must_not_be_is_refused(moved: Moved) -> None:
    """Exit status 2, in one sentence, and nothing written."""
    for what, sentence in (
        ("other peppers", "the same peppers"),
        ("itself", "share a store"),
        ("not empty", "holds something already"),
        ("again", "this move is complete"),
    ):
        status, said = moved.said[what]
        assert (status, sentence in said) == (2, True), said


def test_it_was_killed_in_the_middle_and_came_to_its_end(moved: Moved) -> None:
    """Else nothing below proves that a kill does no harm."""
    assert 0 < moved.seen_at_kill[0] < moved.all_partitions
    status, said = moved.said["pass"]
    assert (status, "not complete" in said) == (0, True), said
    status, said = moved.said["final"]
    assert (status, "complete: the target may be started" in said) == (0, True), said
    assert "upload: 8 found" in said
    assert ", 2 begin again at offset 0" in said


def test_damage_was_named_and_mended(moved: Moved) -> None:
    """By the name of the blob; exit status 1, and no move is complete with it."""
    name = moved.said["damaged blob"][1]
    for what in ("check", "damaged"):
        status, said = moved.said[what]
        assert status == 1
        assert f"other bytes: {name}" in said
        assert "complete: the target" not in said


def test_every_message_opens_and_every_file_is_whole(moved: Moved) -> None:
    """For the person, by BankID at the target, those of the organisation with a key of its own too."""
    assert (len(moved.texts), len(moved.files)) == (4, 5)
    with closing(moved.both.target.person()) as person:
        for path, text in moved.texts.items():
            until(lambda path=path: opens(person, path), "it is delivered")  # type: ignore[misc]
            assert person.ask("POST", f"{path}/open")["text"] == text
        for path, content in moved.files.items():
            assert person.download_sha256(path) == (hashlib.sha256(content).hexdigest(), len(content))


def test_staff_sign_in_and_see_who_opened(moved: Moved) -> None:
    """With the password they had; receipts tell the name that the e-ID stated at the source."""
    office = moved.offices["Kommunen"]
    with closing(moved.both.target.staff(office)) as staff:
        path = next(path for path, text in moved.texts.items() if text == "Från Kommunen")
        assert [receipt["name"] for receipt in staff.ask("GET", path)["receipts"]] != []
        new = moved.send(staff, office, "Nytt vid målet", b"nytt")
    with closing(moved.both.target.person()) as person:
        until(lambda: opens(person, new), "it is delivered")


def test_what_was_destroyed_stays_destroyed(moved: Moved) -> None:
    """The organisation has left, and its keys with it."""
    with closing(moved.both.target.person()) as person:
        answer = person.call("POST", f"{moved.closed}/open", expect=410)
    assert answer.json()["type"].endswith("key-destroyed")


def test_the_organisation_holds_its_own_key_still(moved: Moved) -> None:
    """No key in our vault took its place."""
    organisation = moved.offices["Regionen"].organisation
    custody = moved.both.target.work(lambda container: container.custodies.read(organisation))
    assert custody.key == moved.both.own_key


def test_an_upload_under_way_is_finished(moved: Moved) -> None:
    """The sender is told offset 0, begins again, and sends."""
    draft, location, file = moved.under_way[0]
    with closing(moved.both.target.staff(moved.offices["Kommunen"])) as staff:
        assert staff.call("HEAD", location, expect=200, headers=TUS).headers["Upload-Offset"] == "0"
        append(staff, location, 0, HALF)
        staff.ask("POST", f"{draft}/send", expect=202)
        assert staff.download_sha256(f"{draft}/files/{file}") == (hashlib.sha256(HALF).hexdigest(), len(HALF))


def test_no_sealed_record_of_a_browser_has_come_along(moved: Moved) -> None:
    """Sessions at the source are not sessions here: all there are were begun after the move."""
    before = moved.both.source.work(lambda container: of_kind(container, "session"))
    after = moved.both.target.work(lambda container: of_kind(container, "session"))
    assert before
    assert not before.keys() & after.keys()


def test_everything_ends_on_its_day_and_is_certified(moved: Moved) -> None:
    """A year later: no blob, no record of a thread or an upload, the certificates of the source as they were, new ones beside."""
    target = moved.both.target
    target.stack.move_clock(369 * DAY_SECONDS)

    def is_over() -> bool:
        left = [target.work(lambda container, kind=kind: of_kind(container, kind)) for kind in ("thread", "upload")]  # type: ignore[misc]
        return left == [{}, {}] and stores.look(target.stack).blobs == []

    until(is_over, "the sweep ends all of it")
    certificates = target.work(lambda container: of_kind(container, "certificate"))
    assert moved.certificates.items() <= certificates.items()
    assert len(moved.certificates) == 1
    ended = {at[1] for at in certificates.keys() - moved.certificates.keys()}
    assert {path.rpartition("/")[2] for path in [*moved.texts, moved.closed]} <= ended


def test_nothing_at_the_source_has_changed(moved: Moved) -> None:
    """It was read, and no more: it could be gone back to until the target was started."""
    assert moved.both.source.work(lambda container: of_kind(container, "move")) == {}
    assert moved.both.source.work(partitions) >= moved.all_partitions
    assert Path(moved.both.file).stat().st_mode & 0o077 == 0
