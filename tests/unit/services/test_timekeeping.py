"""A clock that goes wrong deletes nothing: the sweep asks the store what time it is first."""

import json
import logging
from contextlib import nullcontext
from datetime import datetime, timedelta

import pytest

from shared.adapters.http_dates import told_time
from shared.domain.errors import ClockDisagreesError, DependencyError
from tests.support.scene import TOLVAN, YEAR_DAYS, Scene

HOUR = timedelta(hours=1)
STORE = datetime.fromisoformat("2026-03-01T12:00:00Z")


def with_clock(scene: Scene, ahead: timedelta) -> Scene:
    """The machine's clock so far ahead of the store's, and everything goes by it."""
    container = scene.container
    container.record_store.clock = lambda: STORE
    container.clock.now = STORE + ahead
    container.machine_clock = container.clock
    return scene


@pytest.mark.parametrize("ahead", [timedelta(), HOUR, -HOUR])
async def test_clocks_that_tell_about_the_same_time_are_believed(scene: Scene, ahead: timedelta) -> None:
    await with_clock(scene, ahead).container.timekeeping.check()


@pytest.mark.parametrize("ahead", [HOUR + timedelta(seconds=1), timedelta(days=YEAR_DAYS), -timedelta(days=1)])
async def test_clocks_that_disagree_are_told(scene: Scene, ahead: timedelta, caplog: pytest.LogCaptureFixture) -> None:
    """Operators learn by how much, whichever of the two is wrong."""
    with caplog.at_level(logging.WARNING), pytest.raises(ClockDisagreesError) as refused:
        await with_clock(scene, ahead).container.timekeeping.check()
    assert refused.value.ahead == ahead
    (line,) = [json.loads(record.message) for record in caplog.records if record.name == "pic.events"]
    assert line == {"event": "clock.disagrees", "ahead_seconds": int(ahead.total_seconds())}


async def test_a_clock_a_year_ahead_deletes_nothing(scene: Scene) -> None:
    """Put right, everything is there; and once the year is over by the store's clock too, it goes."""
    container = with_clock(scene, timedelta()).container
    staff = await scene.staff()
    thread = await scene.thread(staff, TOLVAN)
    message = await scene.sent(staff, thread, b"one", text="Hej")
    held, blobs = set(scene.bodies()), scene.blob_names()

    container.clock.move(days=YEAR_DAYS)
    with pytest.raises(ClockDisagreesError):
        await container.retaining.sweep()
    assert (set(scene.bodies()), scene.blob_names()) == (held, blobs)

    container.clock.move(days=-YEAR_DAYS)
    await container.retaining.sweep()
    assert (await container.retrieving.open(staff, thread, message)).text == "Hej"

    container.clock.move(days=YEAR_DAYS)
    container.record_store.clock = container.clock
    await container.retaining.sweep()
    assert not scene.blob_names()


@pytest.mark.parametrize("jumps_at", [1, 2])
async def test_a_clock_that_jumps_while_it_is_looked_at_deletes_nothing(scene: Scene, jumps_at: int) -> None:
    """What is swept by is the time that was read before the clock was believed, not one that came after."""
    staff = await scene.staff()
    await scene.sent(staff, await scene.thread(staff, TOLVAN), b"one", text="Hej")
    blobs, begun = scene.blob_names(), scene.container.clock()
    asked = 0

    def clock() -> datetime:
        nonlocal asked
        asked += 1
        return begun + (timedelta(days=YEAR_DAYS) if asked > jumps_at else timedelta())

    scene.container.record_store.clock = lambda: begun
    instance = scene.instance()
    vars(instance).update(clock=clock, machine_clock=clock)
    with pytest.raises(ClockDisagreesError) if jumps_at == 1 else nullcontext():
        await instance.retaining.sweep()
    assert scene.blob_names() == blobs
    assert scene.bodies("thread|")


@pytest.mark.parametrize(
    "told",
    [
        *("", "soon", "Sun, 01 Mar 2026 12:00:00", "2026-03-01T12:00:00Z"),
        "Sun, 01 Mar 99999999999999999999 12:00:00 GMT",
    ],
)
def test_a_date_that_is_none_is_a_fault_of_the_store(told: str) -> None:
    """Never a time that somebody guessed."""
    with pytest.raises(DependencyError):
        told_time({"Date": told})
    with pytest.raises(DependencyError):
        told_time({})


def test_a_date_is_read_whatever_its_header_is_spelt_like() -> None:
    assert told_time({"date": "Sun, 01 Mar 2026 12:00:00 GMT"}) == STORE
