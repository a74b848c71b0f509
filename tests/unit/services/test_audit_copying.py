"""Audit logs are copied whole, once, in order, and in a chain, whatever comes late, twice, at once, or dies midway."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from shared.domain import places
from shared.domain.audit_copies import AuditCopy, copy_name, digest_of
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.errors import DependencyError, IntegrityError
from shared.domain.ids import OrganisationId, new_id
from shared.domain.metrics import Timing
from shared.domain.places import PLATFORM
from shared.services import audit_copying
from shared.services.audit_copying import CopyRun
from tests.support.scene import Instance, Scene
from tests.support.taps import Crashed, Tap, crashes, faults


async def event(scene: Scene, organisation: OrganisationId | None = None) -> None:
    """Something that is written to the log."""
    await scene.container.audit.write(AuditEvent.SIGNED_OUT, organisation or scene.organisation, by="system")


async def late_event(scene: Scene, at: datetime) -> tuple[str, str]:
    """An event whose write took long: it says ``at``, and comes now."""
    place = places.audit(scene.organisation, at, new_id(at, scene.container.random))
    body = {"event": "session:end", "at": instant_text(at), "by": "system"}
    await scene.container.record_store.create(place.partition, place.id, body)
    return place.partition, place.id


async def copies(scene: Scene, organisation: OrganisationId | None = None) -> list[AuditCopy]:
    """The copies of a log, in order, each of which is held against the one before."""
    archive, log = scene.container.audit_archive, organisation or scene.organisation
    found: list[AuditCopy] = []
    before = ""
    for number in range(1, await archive.last_number(log) + 1):
        copy, digest = await archive.read(log, number)
        assert copy.previous == before
        assert not found or copy.since in {found[-1].until, found[-1].since}
        found.append(copy)
        before = digest
    return found


async def copied(scene: Scene, organisation: OrganisationId | None = None) -> list[tuple[str, str]]:
    """Places of all records that are copied."""
    return [record.key for copy in await copies(scene, organisation) for record in copy.records]


async def in_the_log(scene: Scene, organisation: OrganisationId | None = None) -> set[tuple[str, str]]:
    """Places of all events in the store."""
    begins = f"audit|{organisation or scene.organisation}|"
    partitions = scene.container.record_store._partitions
    return {(name, each) for name, found in partitions.items() if name.startswith(begins) for each in found}


async def run(scene: Scene) -> CopyRun:
    return await scene.container.audit_copying.copy_all()


async def test_what_has_settled_is_copied_whole_and_once(scene: Scene) -> None:
    """Each event stands in one copy, as the record is; what is too young waits."""
    await event(scene)
    scene.container.clock.move(minutes=20)
    old = await in_the_log(scene)
    await event(scene)
    done = await run(scene)
    assert (done.faults, set(await copied(scene))) == ([], old)
    scene.container.clock.move(hours=1)
    await run(scene)
    await run(scene)
    assert sorted(await copied(scene)) == sorted(await in_the_log(scene))
    (first, *_) = (await copies(scene))[0].records
    stored = await scene.container.record_store.get(first.partition, first.id)
    assert first.body == stored.body


async def test_each_log_has_a_chain_of_its_own_and_the_platform_has_one(scene: Scene) -> None:
    """A chain tells an organisation nothing of others."""
    other = await scene.container.administering.create_organisation("Andra")
    for log in (other, PLATFORM):
        await event(scene, log)
    scene.container.clock.move(hours=1)
    await run(scene)
    for log in (scene.organisation, other, PLATFORM):
        found = await copied(scene, log)
        assert found
        assert set(found) == await in_the_log(scene, log)


async def test_an_event_once_a_minute_is_copied_like_any_other(scene: Scene) -> None:
    """Its id has another form."""
    for _ in range(3):
        await scene.container.audit.write_once_a_minute(AuditEvent.STAFF_REFUSED, PLATFORM, by="unknown")
        scene.container.clock.move(minutes=30)
    await run(scene)
    assert await in_the_log(scene, PLATFORM) <= set(await copied(scene, PLATFORM)) | {
        key for key in await in_the_log(scene, PLATFORM) if key[1].startswith("202603011345")
    }
    scene.container.clock.move(hours=1)
    await run(scene)
    assert sorted(await copied(scene, PLATFORM)) == sorted(await in_the_log(scene, PLATFORM))


async def test_the_certificate_of_an_erasure_is_copied_with_its_event(scene: Scene) -> None:
    """Also where the erasure began in the month before, under which the certificate lies."""
    scene.container.clock.now = datetime.fromisoformat("2026-03-31T23:59:30Z")
    began = scene.container.clock()
    message = new_id(began, scene.container.random)
    scene.container.clock.move(minutes=1)
    await scene.container.audit.write(AuditEvent.MESSAGE_ERASED, scene.organisation, by="system", message=message)
    place = places.certificate(scene.organisation, began, message)
    await scene.container.record_store.create(place.partition, place.id, {"message": message})
    scene.container.clock.move(hours=1)
    await run(scene)
    assert (place.partition, place.id) in await copied(scene)


async def test_what_is_written_late_comes_with_the_next_copy(scene: Scene) -> None:
    """A write that hung for half an hour is no hole in the copy."""
    await event(scene)
    scene.container.clock.move(hours=1)
    await run(scene)
    late = await late_event(scene, scene.container.clock() - timedelta(minutes=40))
    assert late not in await copied(scene)
    scene.container.clock.move(hours=1)
    await run(scene)
    assert (await copied(scene)).count(late) == 1


async def test_an_event_that_stands_for_an_hour_is_copied(scene: Scene) -> None:
    """It has the time at which the hour began, and may be written at its end, after a run."""
    since = scene.container.clock()
    scene.container.clock.move(minutes=59)
    await run(scene)
    scene.container.clock.move(seconds=59)
    name = new_id(since, scene.container.random)
    await scene.container.audit.write_as(AuditEvent.SECURITY_NOTICED, scene.organisation, name, since, by="system")
    for _ in range(2):
        scene.container.clock.move(minutes=60)
        await run(scene)
    assert [key[1] for key in await copied(scene)].count(name) == 1
    assert (await scene.container.audit_verifying.verify(scene.organisation)).is_good


async def test_a_quiet_log_gets_a_copy_a_day(scene: Scene) -> None:
    """So that a log without copies is known from one that nobody copies; and no more, as each is kept for years."""
    scene.container.clock.move(hours=1)
    await run(scene)
    before = len(await copies(scene))
    for _ in range(24):
        scene.container.clock.move(hours=1)
        await run(scene)
    assert len(await copies(scene)) == before + 1
    assert (await copies(scene))[-1].records == ()


async def test_a_year_that_was_not_copied_is_made_up_for_in_bounded_runs(scene: Scene) -> None:
    """Each run goes on where the last one ended."""
    for _ in range(12):
        await event(scene)
        scene.container.clock.move(days=30)
    await run(scene)
    assert set(await copied(scene)) < await in_the_log(scene)
    for _ in range(6):
        await run(scene)
    assert sorted(await copied(scene)) == sorted(await in_the_log(scene))
    assert len(await copies(scene)) < 30


async def test_a_busy_period_takes_several_copies(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """No copy holds more than its limit, and all but the last say that more follows."""
    monkeypatch.setattr(audit_copying, "MOST_RECORDS", 3)
    for _ in range(7):
        await event(scene)
    scene.container.clock.move(hours=1)
    await run(scene)
    found = await copies(scene)
    assert [copy.is_last for copy in found] == [False] * (len(found) - 1) + [True]
    assert max(len(copy.records) for copy in found) == 3
    assert sorted(await copied(scene)) == sorted(await in_the_log(scene))


@pytest.mark.parametrize("landed", [False, True])
async def test_a_crash_anywhere_loses_nothing_and_doubles_nothing(
    *, landed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before any call and after it, in a period of several copies; the next run ends it."""
    monkeypatch.setattr(audit_copying, "MOST_RECORDS", 2)
    for tap in crashes(landed=landed):
        scene = await Scene.make()
        for _ in range(5):
            await event(scene)
        scene.container.clock.move(hours=1)
        instance = Instance(scene.container, tap)
        try:
            await instance.audit_copying.copy(scene.organisation, CopyRun())
        except Crashed:
            scene.container.clock.move(hours=1)
            await event(scene)
            scene.container.clock.move(hours=1)
        await run(scene)
        assert sorted(await copied(scene)) == sorted(await in_the_log(scene))
        assert (await copies(scene))[-1].is_last
        assert (await scene.container.audit_verifying.verify(scene.organisation)).is_good


@pytest.mark.parametrize("landed", [False, True])
async def test_a_fault_is_reported_and_the_next_run_ends_it(*, landed: bool) -> None:
    """The store fails once, at any call, before or after it did its part."""
    for tap in faults(landed=landed):
        scene = await Scene.make()
        await event(scene)
        scene.container.clock.move(hours=1)
        try:
            done = await Instance(scene.container, tap).audit_copying.copy_all()
        except DependencyError:
            pass
        else:
            assert tap.was_reached == bool(done.faults)
        scene.container.clock.move(minutes=30)
        await run(scene)
        assert sorted(await copied(scene)) == sorted(await in_the_log(scene))


async def test_two_runs_at_once_make_one_chain(scene: Scene) -> None:
    """Whichever is first at a number has it; the other leaves the log to it."""
    await event(scene)
    scene.container.clock.move(hours=1)

    async def other_run() -> None:
        await run(scene)

    for at in range(1, 12):
        await event(scene)
        scene.container.clock.move(hours=1)
        done = await Instance(scene.container, Tap(at=at, act=other_run)).audit_copying.copy_all()
        assert done.faults == []
        assert sorted(await copied(scene)) == sorted(set(await copied(scene)))
    scene.container.clock.move(hours=1)
    await run(scene)
    assert sorted(await copied(scene)) == sorted(await in_the_log(scene))


async def test_a_log_whose_last_copy_is_forged_is_a_fault_and_the_others_are_copied(scene: Scene) -> None:
    """Nothing is chained to what is none of ours."""
    other = await scene.container.administering.create_organisation("Andra")
    await event(scene, other)
    await scene.container.audit_blobs.create(copy_name(scene.organisation, 7), b"{}\n")
    scene.container.clock.move(hours=1)
    done = await run(scene)
    assert [type(fault) for fault in done.faults] == [IntegrityError]
    assert set(await copied(scene, other)) == await in_the_log(scene, other)


async def test_a_clock_that_was_ahead_leaves_no_hole(scene: Scene) -> None:
    """Its copies end in the future, and what happens until then has a time that they are of."""
    await event(scene)
    scene.container.clock.move(days=3)
    await run(scene)
    scene.container.clock.move(days=-3)
    for hours in (1, 1, 30, 1, 40, 1, 1):
        await event(scene)
        scene.container.clock.move(hours=hours)
        await run(scene)
        settled = await in_the_log(scene)
        assert sorted(await copied(scene)) == sorted(settled)
        assert (await scene.container.audit_verifying.verify(scene.organisation)).is_good


async def test_a_crash_while_the_clock_is_back_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the parts of what is made up for, in the first run after the clock was set right."""
    for tap in crashes(landed=True):
        scene = await Scene.make()
        scene.container.clock.move(days=3)
        await run(scene)
        scene.container.clock.move(days=-3)
        monkeypatch.setattr(audit_copying, "MOST_RECORDS", 2)
        for _ in range(5):
            await event(scene)
        scene.container.clock.move(hours=3)
        with suppress(Crashed):
            await Instance(scene.container, tap).audit_copying.copy(scene.organisation, CopyRun())
        scene.container.clock.move(hours=6)
        await run(scene)
        assert sorted(await copied(scene)) == sorted(await in_the_log(scene))
        assert (await scene.container.audit_verifying.verify(scene.organisation)).is_good


async def test_the_lag_is_told(scene: Scene) -> None:
    """After a run it is the time to settle; the figure of a log that could not be copied is missing."""
    scene.container.clock.move(hours=1)
    await run(scene)
    (series,) = [each for each in scene.container.metrics.read() if each.figure is Timing.AUDIT_COPY]
    assert series.longest == timedelta(minutes=15).total_seconds()
    assert series.count == 2


async def test_a_copy_holds_ids_and_words_alone(scene: Scene) -> None:
    """It cannot be taken back for years."""
    await scene.staff(address="anna.exempel@example.com")
    await event(scene)
    scene.container.clock.move(hours=1)
    await run(scene)
    for content in scene.container.audit_blobs._content.values():
        assert b"@" not in content
        assert b"Anna" not in content
        assert digest_of(content)
