"""What is fetched early decides nothing early: who may not is refused as before, and what is audited is audited first."""

import asyncio
from collections.abc import Callable

import pytest

from shared.domain import places
from shared.domain.byte_ranges import ByteRange, UnsatisfiableRangeError
from shared.domain.errors import DependencyError, IntegrityError, RecordNotFoundError
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.manifest import Manifest
from shared.domain.places import Place
from shared.domain.ports import Body, Record
from shared.domain.principals import Staff
from shared.domain.reading_ahead import RecordsAhead, reading_ahead
from shared.services.anticipating import MAX_KNOWN, Anticipating
from tests.support.scene import Instance, Scene
from tests.support.taps import Tap, TappedRecords

CONTENT = bytes(range(256)) * 100
ONE, TWO = Place("p", "one"), Place("p", "two")


class LateAudit(TappedRecords):
    """A store that takes events when it is told to, or never."""

    def __init__(self, scene: Scene) -> None:
        super().__init__(scene.container.records, Tap())
        self.is_asked = asyncio.Event()
        self.may = asyncio.Event()
        self.is_broken = False

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        if partition.startswith("audit|"):
            self.is_asked.set()
            await self.may.wait()
            if self.is_broken:
                raise DependencyError
        return await super().create(partition, id, body)


class Case:
    """A stored file, and an instance whose audit is late; ``tap`` sees the blobs."""

    def __init__(self, scene: Scene, at: tuple[Staff, ThreadId, MessageId, FileId]) -> None:
        self.scene = scene
        self.at = at
        self.has_read = asyncio.Event()
        self.tap = Tap(at=1, act=self._note)
        self.instance: Instance = scene.instance(self.tap)
        self.audit = LateAudit(scene)
        vars(self.instance)["records"] = self.audit

    async def _note(self) -> None:
        self.has_read.set()

    def fetch(self, wanted: Callable[[Manifest], tuple[ByteRange, ...]] = lambda _: ()) -> "asyncio.Task[object]":
        return asyncio.create_task(self.instance.retrieving.fetch(*self.at, wanted=wanted))

    async def until_read(self) -> None:
        async with asyncio.timeout(5):
            await self.has_read.wait()
        for _ in range(50):
            await asyncio.sleep(0)
        assert self.tap.called("blobs.read")


@pytest.fixture
async def case(scene: Scene) -> Case:
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    return Case(scene, (staff, thread, message, await scene.upload(staff, thread, message, CONTENT)))


async def test_nothing_of_a_file_is_given_out_before_its_event_is_written(case: Case) -> None:
    """Its beginning has been read and verified; not even its length is told."""
    fetching = case.fetch()
    await case.until_read()
    assert case.audit.is_asked.is_set()
    assert not fetching.done()
    case.audit.may.set()
    found = await case.instance.retrieving.fetch(*case.at)
    await fetching
    assert b"".join([bytes(piece) async for piece in found.read(found.whole)]) == CONTENT


async def test_what_cannot_be_audited_is_not_fetched(case: Case) -> None:
    """The log fails closed, whatever was read meanwhile; and nothing of that keeps running."""
    before = asyncio.all_tasks()
    case.audit.is_broken = True
    fetching = case.fetch()
    await case.until_read()
    case.audit.may.set()
    with pytest.raises(DependencyError):
        await fetching
    assert asyncio.all_tasks() <= before | {fetching}


@pytest.mark.parametrize("fault", ["damaged", "unsatisfiable"])
async def test_faults_tell_nothing_before_the_event_is_written(case: Case, fault: str) -> None:
    """That a file is damaged, or shorter than somebody thought, is something about the file."""

    def wanted(manifest: Manifest) -> tuple[ByteRange, ...]:
        if fault == "unsatisfiable":
            raise UnsatisfiableRangeError(manifest.total_length)
        return (ByteRange(start=20_000, end=manifest.total_length),)  # So short that no thread is asked for it.

    content = case.scene.container.blobs._content
    if fault == "damaged":
        content.update({name: data[:-1] + bytes([data[-1] ^ 1]) for name, data in content.items()})
    fetching = case.fetch(wanted)
    async with asyncio.timeout(5):
        await case.audit.is_asked.wait()
    for _ in range(50):
        await asyncio.sleep(0)
    assert not fetching.done()
    case.audit.may.set()
    with pytest.raises((IntegrityError, UnsatisfiableRangeError)):
        await fetching
    assert len(case.scene.events("message:file:fetch")) == 1


async def test_who_goes_away_meanwhile_leaves_nothing_running(case: Case) -> None:
    """A cancelled request stays cancelled."""
    before = asyncio.all_tasks()
    fetching = case.fetch()
    await case.until_read()
    fetching.cancel()
    await asyncio.wait({fetching})
    assert fetching.cancelled()
    for _ in range(5):
        await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before


async def test_what_was_begun_is_not_read_twice_and_another_range_is_read_by_itself(case: Case) -> None:
    """The first read of the wanted range goes on from its piece."""
    case.audit.may.set()
    tail = ByteRange(start=20_000, end=len(CONTENT))
    found = await case.instance.retrieving.fetch(*case.at, wanted=lambda _: (tail,))
    reads = len(case.tap.called("blobs.read"))
    assert reads
    assert b"".join([bytes(piece) async for piece in found.read(tail)]) == CONTENT[20_000:]
    assert len(case.tap.called("blobs.read")) == reads
    other = await case.instance.retrieving.fetch(*case.at, wanted=lambda _: (tail,))
    assert b"".join([bytes(piece) async for piece in other.read(ByteRange(start=0, end=9))]) == CONTENT[:9]


async def ahead(scene: Scene) -> tuple[RecordsAhead, Tap]:
    records = scene.container.record_store
    for place in (ONE, TWO):
        await records.create(place.partition, place.id, {"n": place.id})
    tap = Tap()
    return RecordsAhead(TappedRecords(records, tap)), tap


async def test_a_record_that_is_under_way_is_fetched_once(scene: Scene) -> None:
    """By whoever asks first; the next one reads it anew, because it may have changed."""
    records, tap = await ahead(scene)
    async with reading_ahead():
        records.begin([ONE, TWO, ONE])
        assert (await records.get("p", "one")).body == {"n": "one"}
        await asyncio.sleep(0)
        assert len(tap.calls) == 2
        changed = await records.replace_if_match(await records.get("p", "one"), {"n": "changed"})
        assert await records.get("p", "one") == changed


async def test_what_nobody_asks_for_is_given_up(scene: Scene) -> None:
    """At the end of the request, with its faults; and nothing is begun where no request is at hand."""
    records, tap = await ahead(scene)
    records.begin([ONE])
    before = asyncio.all_tasks()
    async with reading_ahead():
        records.begin([ONE, Place("p", "missing")])
        await asyncio.sleep(0)
    assert asyncio.all_tasks() <= before
    assert len(tap.calls) == 2
    async with reading_ahead():
        assert (await records.get("p", "two")).body == {"n": "two"}


async def test_a_fault_meets_whoever_asks(scene: Scene) -> None:
    """As if it had not been fetched early."""
    records, _ = await ahead(scene)
    async with reading_ahead():
        records.begin([Place("p", "missing")])
        with pytest.raises(RecordNotFoundError):
            await records.get("p", "missing")


async def test_a_stranger_costs_no_reads(scene: Scene) -> None:
    """Only a token that was good a moment ago is a reason to fetch anything."""
    records, tap = await ahead(scene)
    anticipating, staff = Anticipating(records=records), await scene.staff()
    async with reading_ahead():
        anticipating.begin("token", [ONE])
        await asyncio.sleep(0)
        assert tap.calls == []
        anticipating.note("token", staff)
        anticipating.note("other", scene.person())
        anticipating.begin("token", [ONE])
        await asyncio.sleep(0)
        wanted = [call.at for call in tap.calls]
        mine = (places.staff(staff.organisation, staff.staff), places.organisation_settings(staff.organisation))
        assert wanted[1:] == [f"{place.partition} {place.id}" for place in (*mine, ONE)]
        tap.calls.clear()
        anticipating.begin("other", [])
        await asyncio.sleep(0)
        assert len(tap.calls) == 1


async def test_few_tokens_are_remembered(scene: Scene) -> None:
    """Those that were used last."""
    records, _ = await ahead(scene)
    anticipating, person = Anticipating(records=records), scene.person()
    for number in range(MAX_KNOWN):
        anticipating.note(f"token-{number}", person)
    anticipating.note("token-0", person)
    anticipating.note("one more", person)
    assert len(anticipating._known) == MAX_KNOWN
    async with reading_ahead():
        anticipating.begin("token-1", [ONE])
        assert len(asyncio.all_tasks()) == 1
        anticipating.begin("token-0", [ONE])
        assert len(asyncio.all_tasks()) == 3
