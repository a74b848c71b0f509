"""What was done to a log or to its copies is found: removed, changed, added, put back, forged, or not copied."""

import argparse
import copy as copying
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.domain import places
from shared.domain.audit_copies import copy_name
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.ids import new_id
from shared.domain.places import PLATFORM
from shared.domain.ports import Record
from shared.operations import verify_audit
from shared.services.audit_verifying import Verdict
from tests.support.scene import Scene


@pytest.fixture
async def watched(scene: Scene) -> Scene:
    """Three hours with an event each and an erasure, all copied; one of the platform."""
    await scene.container.audit.write(AuditEvent.SIGNED_OUT, PLATFORM, by="system")
    for _ in range(3):
        await scene.container.audit.write(AuditEvent.SIGNED_OUT, scene.organisation, by="system")
        scene.container.clock.move(hours=1)
        await scene.container.audit_copying.copy_all()
    message = new_id(scene.container.clock(), scene.container.random)
    await scene.container.audit.write(AuditEvent.MESSAGE_ERASED, scene.organisation, by="system", message=message)
    place = places.certificate(scene.organisation, scene.container.clock(), message)
    await scene.container.record_store.create(place.partition, place.id, {"message": message, "files": 2})
    scene.container.clock.move(hours=1)
    await scene.container.audit_copying.copy_all()
    return scene


async def verdict(scene: Scene) -> Verdict:
    return await scene.container.audit_verifying.verify(scene.organisation)


async def events(scene: Scene) -> list[Record]:
    partition = places.audit(scene.organisation, scene.container.clock(), "").partition
    return list((await scene.container.record_store.query(partition)).records)


async def the_certificate(scene: Scene) -> Record:
    partition = places.certificate(scene.organisation, scene.container.clock(), "").partition
    (found,) = (await scene.container.record_store.query(partition)).records
    return found


def counts(found: Verdict) -> tuple[int, int, int]:
    """Missing, changed, extra."""
    missing, changed, extra = (
        sum(len(getattr(period, name)) for period in found.periods) for name in ("missing", "changed", "extra")
    )
    return missing, changed, extra


async def run(scene: Scene, *arguments: str) -> int:
    parser = argparse.ArgumentParser()
    verify_audit.add_to(parser.add_subparsers(required=True))
    options = parser.parse_args(["verify-audit", *arguments])
    status: int = await options.run(scene.container, options)
    return status


async def test_a_log_that_nobody_touched_is_whole(watched: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Every period, of every log; the command says so with 0."""
    found = await verdict(watched)
    assert found.is_good
    assert len(found.periods) == 4
    assert await run(watched) == 0
    out = capsys.readouterr().out
    assert out.count(": whole, copied ") >= 5
    assert f"log {watched.organisation}: copies 4, the last one is {found.digest}" in out
    assert f"log {PLATFORM}:" in out


@pytest.mark.parametrize("number", [0, 2, -1])
async def test_an_event_that_was_removed_is_missing(
    watched: Scene, number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first, one in the middle, the last."""
    gone = (await events(watched))[number]
    await watched.container.record_store.delete_if_match(gone)
    missing, changed, extra = counts(await verdict(watched))
    assert (missing, changed, extra) == (1, 0, 0)
    assert await run(watched, "--organisation", watched.organisation) == 1
    out = capsys.readouterr().out
    assert "NOT WHOLE" in out
    assert f"missing: {gone.partition} {gone.id}" in out
    assert await run(watched, "--organisation", PLATFORM) == 0
    assert await run(watched) == 1


async def test_an_event_that_was_changed_is_found(watched: Scene) -> None:
    """Who did it, to begin with."""
    record = (await events(watched))[0]
    await watched.container.record_store.replace_if_match(record, {**record.body, "by": "somebody"})
    assert counts(await verdict(watched)) == (0, 1, 0)
    assert not (await verdict(watched)).is_good


async def test_an_event_that_was_added_later_is_found(watched: Scene) -> None:
    """With the time of a period that was copied and is out of reach of what may come late."""
    at = watched.container.clock() - timedelta(hours=3)
    place = places.audit(watched.organisation, at, new_id(at, watched.container.random))
    body = {"event": "session:end", "at": instant_text(at), "by": "system"}
    await watched.container.record_store.create(place.partition, place.id, body)
    assert counts(await verdict(watched)) == (0, 0, 1)
    watched.container.clock.move(hours=1)
    await watched.container.audit_copying.copy_all()
    assert counts(await verdict(watched)) == (0, 0, 1)


@pytest.mark.parametrize("name", ["zz", "!".replace("!", "0"), "2099", "7zzzzzzzzzzzzzzzzzzzzzzzzz"])
async def test_an_event_under_an_id_that_is_of_no_time_in_its_month_is_found(watched: Scene, name: str) -> None:
    """The log would show it, and no period holds it."""
    partition = places.audit(watched.organisation, watched.container.clock(), "").partition
    await watched.container.record_store.create(partition, name, {"event": "session:end"})
    found = await verdict(watched)
    assert found.misplaced == [(partition, name)]
    assert not found.is_good


async def test_a_certificate_that_was_changed_or_removed_is_found(watched: Scene) -> None:
    """It proves a deletion to others."""
    record = await the_certificate(watched)
    changed = await watched.container.record_store.replace_if_match(record, {**record.body, "files": 1})
    assert counts(await verdict(watched)) == (0, 1, 0)
    await watched.container.record_store.delete_if_match(changed)
    assert counts(await verdict(watched)) == (1, 0, 0)


async def test_two_events_of_one_erasure_are_no_fault(watched: Scene) -> None:
    """A crash between the certificate and the end leaves that; in the same period, and in a later one."""
    message = str((await the_certificate(watched)).body["message"])
    for hours in (0, 5):
        watched.container.clock.move(hours=hours)
        for _ in range(2):
            await watched.container.audit.write(
                AuditEvent.MESSAGE_ERASED, watched.organisation, by="system", message=message
            )
        watched.container.clock.move(hours=1)
        await watched.container.audit_copying.copy_all()
        assert (await verdict(watched)).is_good


async def test_a_store_that_was_rolled_back_shows_what_it_lost(watched: Scene) -> None:
    """An older copy of all records is whole in itself: only what was kept elsewhere tells."""
    store = watched.container.record_store
    before = copying.deepcopy(store._partitions)
    for _ in range(2):
        await watched.container.audit.write(AuditEvent.SIGNED_OUT, watched.organisation, by="system")
    watched.container.clock.move(hours=1)
    await watched.container.audit_copying.copy_all()
    store._partitions.clear()
    store._partitions.update(before)
    assert counts(await verdict(watched)) == (2, 0, 0)
    # The next run goes on after the last copy: the chain outlives the restore.
    watched.container.clock.move(hours=1)
    await watched.container.audit.write(AuditEvent.SIGNED_OUT, watched.organisation, by="system")
    watched.container.clock.move(hours=1)
    assert (await watched.container.audit_copying.copy_all()).faults == []
    assert counts(await verdict(watched)) == (2, 0, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content.replace(b'"by":"system"', b'"by":"nobody"', 1),
        lambda content: content[:-1],
        lambda content: content + b"\n",
        lambda content: b"".join(content.splitlines(keepends=True)[:-1]),
        lambda content: content.replace(b'"count":', b'"count": '),
        lambda content: content[:0],
    ],
)
async def test_a_copy_that_was_changed_breaks_the_chain(
    watched: Scene, change: Callable[[bytes], bytes], capsys: pytest.CaptureFixture[str]
) -> None:
    """By whoever could, in spite of the policy: a line changed or taken out, a byte more or less, all of it."""
    blobs, name = watched.container.audit_blobs._content, copy_name(watched.organisation, 1)
    assert change(blobs[name]) != blobs[name]
    blobs[name] = change(blobs[name])
    found = await verdict(watched)
    assert found.broken == [1]
    assert await run(watched) == 1
    assert "THE CHAIN IS BROKEN at copy 1" in capsys.readouterr().out


@pytest.mark.parametrize("number", [1, 2, 3])
async def test_a_copy_that_is_gone_breaks_the_chain(watched: Scene, number: int) -> None:
    """The first, and one in the middle."""
    del watched.container.audit_blobs._content[copy_name(watched.organisation, number)]
    assert (await verdict(watched)).broken == [number]


async def test_a_copy_of_another_log_or_number_is_none(watched: Scene) -> None:
    """Laid in the place of the right one."""
    blobs = watched.container.audit_blobs._content
    for other in (copy_name(PLATFORM, 1), copy_name(watched.organisation, 2)):
        was = blobs[copy_name(watched.organisation, 1)]
        blobs[copy_name(watched.organisation, 1)] = blobs[other]
        assert (await verdict(watched)).broken == [1]
        blobs[copy_name(watched.organisation, 1)] = was
    assert (await verdict(watched)).is_good


async def test_a_chain_that_was_made_anew_without_its_beginning_is_broken(watched: Scene) -> None:
    """Whoever could empty the container and forge a chain would have to leave nothing out."""
    archive, blobs = watched.container.audit_archive, watched.container.audit_blobs._content
    second, _ = await archive.read(watched.organisation, 2)
    for number in range(1, 5):
        del blobs[copy_name(watched.organisation, number)]
    await archive.write(replace(second, number=1, previous=""))
    assert (await verdict(watched)).broken == [1]


async def test_a_log_that_is_not_copied_any_more_is_late(watched: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever was copied may be whole: what happened since could be changed unseen."""
    watched.container.clock.move(hours=24)
    assert (await verdict(watched)).is_good
    watched.container.clock.move(hours=4)
    assert (await verdict(watched)).is_late
    assert await run(watched) == 1
    assert "NOT COPIED for more than a day" in capsys.readouterr().out


async def test_a_log_that_the_records_know_nothing_of_is_looked_at_all_the_same(
    watched: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever hides an organisation from the list of all hides its log from the copy; the old copies tell."""
    store, place = watched.container.record_store, places.organisation_entry(watched.organisation)
    await store.delete_if_match(await store.get(place.partition, place.id))
    watched.container.clock.move(hours=28)
    await watched.container.audit_copying.copy_all()
    assert await run(watched) == 1
    out = capsys.readouterr().out
    assert "NOT COPIED" in out.partition(f"log {watched.organisation}:")[2]


async def test_a_log_that_was_never_copied_is_late_after_a_day(scene: Scene) -> None:
    """Counted from when the organisation was made."""
    assert (await verdict(scene)).is_good
    scene.container.clock.move(hours=27)
    assert (await verdict(scene)).is_late


@pytest.mark.parametrize("text", ["../x", "all", ""])
async def test_what_is_no_log_is_refused(scene: Scene, text: str) -> None:
    """Before anything is read."""
    with pytest.raises(SystemExit):
        await run(scene, "--organisation", text)
