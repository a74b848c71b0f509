"""How long a thread lives, and what a clock that goes back must not hide."""

from datetime import datetime, timedelta

import pytest

from shared.domain.errors import DependencyError, NotFoundError
from shared.domain.principals import Staff
from shared.services.access import OpenThread
from tests.support.scene import YEAR_DAYS, Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble


async def test_a_draft_does_not_lengthen_its_thread_and_ends_with_it(scene: Scene) -> None:
    """Whoever only keeps drafting keeps nobody's number alive."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    scene.container.clock.move(days=YEAR_DAYS - 1)
    draft = await scene.draft(staff, thread)
    scene.container.clock.move(days=1)
    with pytest.raises(NotFoundError):
        await scene.container.retrieving.describe(staff, thread, draft)
    await scene.container.retaining.sweep()
    assert not scene.bodies("thread|", "outbox|")


async def test_a_thread_lives_as_long_as_what_was_sent_in_it(scene: Scene) -> None:
    """And not a sweep longer."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    scene.container.clock.move(days=100)
    await scene.sent(staff, thread, text="Hej")
    scene.container.clock.move(days=YEAR_DAYS, microseconds=-1)
    await scene.container.retaining.sweep()
    assert (await scene.container.sharing.read(staff, thread)).expires_at == scene.container.clock.now + timedelta(
        microseconds=1
    )
    scene.container.clock.move(microseconds=1)
    await scene.container.retaining.sweep()
    assert not scene.bodies("thread|", "outbox|")


async def test_a_booking_made_after_the_clock_went_back_is_found(scene: Scene) -> None:
    """A sweep ahead of its time closes buckets that the same instance remembers: it must open them again."""
    container = scene.container
    began = container.clock.now
    for _ in range(2):
        container.clock.now = began
        for number in range(100):  # enough to meet every shard both times
            await container.expiries.book(began + timedelta(days=1), f"session|{number}")
        container.clock.move(days=1, hours=3)
        await container.retaining.sweep()
        assert not scene.bodies("expiry|")


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_draft_that_ends_with_its_thread_does_so_after_trouble(trouble: Trouble) -> None:
    """A sweep that got as far as half of the draft is finished by the next, not at the draft's own later end."""
    for tap in trouble():
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff)
        scene.container.clock.move(days=300)
        draft = await scene.draft(staff, thread)
        await scene.upload(staff, thread, draft, b"abc")
        scene.container.clock.move(days=YEAR_DAYS - 300)
        try:
            await scene.instance(tap).retaining.sweep()
        except (Crashed, DependencyError, BaseExceptionGroup):
            assert tap.was_reached
        scene.container.clock.move(hours=1)
        await scene.container.retaining.sweep()
        assert not scene.bodies("thread|", "outbox|")
        assert scene.blob_names() == set()
        assert len(scene.bodies("certificate|")) == 1


async def test_a_thread_that_is_lengthened_beside_its_end_stays_whole_or_goes_whole() -> None:
    """A ``send`` that began in time may reach the thread's record while the sweep is at it."""
    outcomes: set[bool] = set()
    for at in range(1, 100):
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff)
        room = await scene.container.access.thread(staff, thread)
        scene.container.clock.move(days=YEAR_DAYS)
        later = scene.container.clock.now + timedelta(days=1)
        lengthened: list[bool] = []

        async def lengthen(
            scene: Scene = scene,
            staff: Staff = staff,
            room: OpenThread = room,
            later: datetime = later,
            lengthened: list[bool] = lengthened,
        ) -> None:
            try:
                await scene.container.sharing.outlive(staff, room, later)
            except NotFoundError:
                lengthened.append(False)
            else:
                lengthened.append(True)

        tap = Tap(at=at, act=lengthen)
        await scene.instance(tap).retaining.sweep()
        is_there = {name: bool(scene.bodies(name)) for name in ("thread|", "outbox|")}
        assert set(is_there.values()) == {lengthened == [True]}
        outcomes.add(lengthened == [True])
        if not tap.was_reached:
            break
    assert outcomes == {True, False}
