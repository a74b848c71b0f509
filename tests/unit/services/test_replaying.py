"""After a restore nothing that was deleted or has expired is there again: an old copy of the stores, and the replay."""

import copy
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta

import pytest

from shared.domain.audit_events import AuditEvent
from shared.domain.deletions import Deletion, DeletionKind, note_name, noted
from shared.domain.errors import ClockDisagreesError, IntegrityError
from shared.domain.ids import MessageId, OrganisationId, ThreadId
from tests.support.scene import Instance
from tests.support.taps import Crashed, Tap
from tests.support.world import Browser, World, world

CONTENT = b"%PDF-1.7 hemligt"


@dataclass
class Restored:
    """A world whose records are again as they were before five things were deleted, and one still stands."""

    world: World
    staff: Browser
    person: Browser
    since: date
    erased: str
    expired: str
    hidden: str
    kept: str
    draft: str
    file: str

    async def sign_in_again(self) -> None:
        self.staff, self.person = await self.world.staff(), await self.world.person()

    async def assert_gone(self) -> None:
        """Everything that was deleted is gone again, and nothing else."""
        await self.sign_in_again()
        for path in (self.erased, self.expired):
            assert (await self.staff.call("GET", path)).status_code == 404
            assert (await self.person.call("POST", f"{path}/open")).status_code == 404
        assert (await self.person.call("POST", f"{self.hidden}/open")).status_code == 404
        assert (await self.staff.call("GET", self.hidden)).status_code == 200
        opened = await self.person.json("POST", f"{self.kept}/open")
        assert opened["text"] == "Hej"
        (file,) = opened["files"]
        assert (await self.person.call("GET", f"{self.kept}/files/{file['file']}")).content == CONTENT
        assert (await self.staff.json("POST", f"{self.draft}/open"))["files"] == []
        inbox = await self.person.json("GET", "/api/v1/inbox")
        assert self.hidden.rpartition("/")[2] not in str(inbox)


@pytest.fixture
async def restored() -> AsyncIterator[Restored]:
    async with world() as made:
        container = made.container
        staff = await made.staff()
        thread = await made.thread(staff)

        async def sent(**new: int) -> str:
            path = await made.draft(staff, thread, **new)
            await made.upload(staff, path, CONTENT)
            await made.send(staff, path)
            return path

        erased, expired, hidden, kept = await sent(), await sent(retention_days=1), await sent(), await sent()
        draft = await made.draft(staff, thread)
        file = await made.upload(staff, draft, CONTENT)
        person = await made.person()
        copied = copy.deepcopy(container.record_store._partitions)
        since = container.clock().date()

        container.clock.move(minutes=10)
        assert (await staff.call("DELETE", erased)).status_code == 204
        assert (await person.call("DELETE", hidden)).status_code == 204
        assert (await staff.call("DELETE", f"{draft}/files/{file}")).status_code == 204
        await container.run_queues()
        container.clock.move(hours=24)
        await container.retaining.sweep()

        container.record_store._partitions = copied
        yield Restored(made, staff, person, since, erased, expired, hidden, kept, draft, file)


async def test_without_a_replay_deleted_texts_can_be_read_again(restored: Restored) -> None:
    """What the replay is for: the test below would otherwise pass on its own."""
    await restored.sign_in_again()
    assert (await restored.staff.json("POST", f"{restored.erased}/open"))["text"] == "Hej"
    assert (await restored.person.json("POST", f"{restored.hidden}/open"))["text"] == "Hej"


async def test_what_was_deleted_is_deleted_once_more(restored: Restored) -> None:
    """Erased, expired, hidden and withdrawn; the rest stays, with its content."""
    done = await restored.world.container.replaying.replay(restored.since)
    assert (done.back, done.faults) == (4, [])
    assert done.noted >= 4  # and the notes of this very run, where it meets them
    await restored.assert_gone()


async def test_a_second_run_finds_nothing_more(restored: Restored) -> None:
    """Whoever is not sure runs it again."""
    replaying = restored.world.container.replaying
    await replaying.replay(restored.since)
    again = await replaying.replay(restored.since)
    assert (again.back, again.settled, again.sessions, again.strays, again.faults) == (0, 0, 0, 0, [])
    await restored.assert_gone()


async def test_a_check_counts_and_changes_nothing(restored: Restored) -> None:
    """Not even the log."""
    container = restored.world.container
    await restored.sign_in_again()
    before = copy.deepcopy(container.record_store._partitions), dict(container.blobs._content)
    found = await container.replaying.replay(restored.since, is_check=True)
    assert (found.noted, found.back) == (4, 4)
    assert found.sessions >= 2
    assert (container.record_store._partitions, dict(container.blobs._content)) == before


async def test_every_session_of_the_copy_ends(restored: Restored) -> None:
    """Somebody may have signed out since; nobody can tell any more."""
    await restored.sign_in_again()
    done = await restored.world.container.replaying.replay(restored.since)
    assert done.sessions >= 2
    for browser in (restored.staff, restored.person):
        assert (await browser.call("GET", "/api/v1/session")).status_code == 401


async def test_a_clock_that_is_not_believed_keeps_nothing_else_from_its_end(restored: Restored) -> None:
    """What has expired waits for a sweep, and whoever runs it is told; sessions end, and what was deleted goes."""
    await restored.sign_in_again()
    container = restored.world.container
    container.record_store.clock = lambda: container.machine_clock() + timedelta(days=366)
    done = await container.replaying.replay(restored.since)
    assert [type(fault) for fault in done.faults] == [ClockDisagreesError]
    assert done.back
    assert done.sessions >= 2
    assert done.settled == 0
    for browser in (restored.staff, restored.person):
        assert (await browser.call("GET", "/api/v1/session")).status_code == 401


async def test_each_erasure_is_certified_once_more(restored: Restored) -> None:
    """The certificates of before are in the records that were given up; the cause is the same."""
    container = restored.world.container
    await container.replaying.replay(restored.since)
    certificates = {
        record.id: record.body["cause"]
        for partition in [name for name in container.record_store._partitions if name.startswith("certificate|")]
        for record in (await container.records.query(partition)).records
    }
    assert certificates[restored.erased.rpartition("/")[2]] == "party"
    assert certificates[restored.expired.rpartition("/")[2]] == "expired"
    assert restored.kept.rpartition("/")[2] not in certificates


async def test_it_is_audited_before_anything_goes(restored: Restored) -> None:
    """With the day, in the log of the platform."""
    container = restored.world.container
    await container.replaying.replay(restored.since)
    events = [
        record.body
        for partition in [name for name in container.record_store._partitions if name.startswith("audit|platform|")]
        for record in (await container.records.query(partition, limit=1000)).records
        if record.body["event"] == AuditEvent.DELETIONS_REPLAYED.value
    ]
    assert [event["since"] for event in events] == [restored.since.isoformat()]


async def test_blobs_that_came_back_without_a_record_go(restored: Restored) -> None:
    """Where somebody put back a copy of the blobs as well."""
    container = restored.world.container
    await container.replaying.replay(restored.since)
    _, _, thread_id = restored.erased.partition("/threads/")
    thread, _, message = thread_id.partition("/messages/")
    name = f"{restored.world.organisation}/{thread}/{message}/{restored.file}"
    await container.blobs.stage(name, "0001", b"sealed")
    await container.blobs.commit(name, ["0001"])
    done = await container.replaying.replay(restored.since)
    assert done.strays == 1
    assert name not in container.blobs._content
    await restored.assert_gone()


async def test_where_the_journal_is_lost_as_well_a_kept_list_will_do(restored: Restored) -> None:
    """``deletions`` printed it before the restore; both stores are copies from before."""
    container = restored.world.container
    kept = [deletion async for deletion in container.journal.since(restored.since)]
    container.journal_blobs._content.clear()
    assert (await container.replaying.replay(restored.since)).noted == 0
    done = await container.replaying.replay(restored.since, kept)
    assert done.noted >= 4
    assert done.faults == []
    await restored.assert_gone()


@pytest.mark.parametrize("landed", [False, True])
async def test_a_run_that_breaks_off_is_run_again(restored: Restored, *, landed: bool) -> None:
    """The process dies at a call of a store, before it or with its answer lost; the next run leaves nothing."""
    container = restored.world.container
    stores = (container.record_store, container.blobs, container.journal_blobs)
    copied = [copy.deepcopy(store.__dict__) for store in stores]

    def put_back() -> None:
        for store, content in zip(stores, copied, strict=True):
            store.__dict__.update(copy.deepcopy(content))

    whole = Tap()
    await Instance(container, whole).replaying.replay(restored.since)
    total = len(whole.calls)
    assert total > 100
    died = 0
    for at in range(1, total + 1, total // 25):
        put_back()
        tap = Tap(at=at, landed=landed)
        tap._act = tap.crash
        with suppress(Crashed, BaseExceptionGroup):
            await Instance(container, tap).replaying.replay(restored.since)
        died += tap.is_dead
        done = await container.replaying.replay(restored.since)
        assert done.faults == []
        await restored.assert_gone()
    assert died > 20  # what runs at once takes its calls in another order each time


A, B, C = (
    OrganisationId("01m8dqmhnkhjq1sf328apxnp4b"),
    ThreadId("01m8dqmhnkhjq1sf328apxnp4c"),
    "01m8dqmhnkhjq1sf328apxnp4d",
)


@pytest.mark.parametrize("kind", DeletionKind)
async def test_a_note_says_what_was_noted(kind: DeletionKind) -> None:
    """Name and back."""
    item = None if kind is DeletionKind.MESSAGE else C
    deletion = Deletion(kind=kind, organisation=A, thread=B, message=MessageId(C), item=item, cause="expired")
    async with world() as made:
        await made.container.journal.note(deletion)
        await made.container.journal.note(deletion)
        assert [each async for each in made.container.journal.since(made.container.clock().date())] == [deletion]
        assert noted(note_name(deletion, made.container.clock())) == deletion


@pytest.mark.parametrize(
    "name",
    [
        "",
        f"20260301/message.{A}.{B}.{C}.-",
        f"20260301/message.{A}.{B}.{C}.{C}.expired",
        f"20260301/file.{A}.{B}.{C}.-.withdrawn",
        f"20260301/thread.{A}.{B}.{C}.-.expired",
        f"20260301/message.{A}.{B}.../x.-.expired",
        f"20260301/message.{A}.{B}.{C}.-.Expired!",
    ],
)
def test_what_is_no_note_is_refused(name: str) -> None:
    """A file that was edited by hand deletes nothing by half of a line."""
    with pytest.raises(IntegrityError):
        noted(name)
