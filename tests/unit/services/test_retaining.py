"""Gallring: what has reached its end is gone everywhere, proved once, and nothing else is touched."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from shared.domain.errors import NotFoundError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Staff
from tests.support.scene import OTHER_PERSON, TOLVAN, YEAR_DAYS, Scene, append
from tests.support.taps import Tap

KEPT = {"organisation", "organisations", "login", "audit", "certificate"}
"""Kinds of partitions that have no end of their own: who the organisation is, and what it has to prove."""


def kinds(scene: Scene) -> set[str]:
    """Which kinds of records there are."""
    return {at.partition.partition("|")[0] for at in scene.bodies()}


async def a_year_of_work(scene: Scene) -> tuple[Staff, ThreadId, MessageId]:
    """A thread with a message that was sent, read and answered, a draft, an upload under way, sessions and an order."""
    container = scene.container
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    message = await scene.sent(staff, thread, b"one", b"", text="Hej")
    await container.sessions.raise_for_person(person)
    opened = await container.retrieving.open(person, thread, message)
    await scene.content(person, thread, message, opened.files[0].file)
    reply = await scene.sent(person, thread, b"two")
    await container.retrieving.open(staff, thread, reply)
    draft = await scene.draft(staff, thread)
    await append(container, staff, (await scene.begin(staff, thread, draft, 9)).upload, 0, b"three")
    return staff, thread, message


async def test_after_the_end_nothing_is_left(scene: Scene) -> None:
    """No record, blob or booking, whatever there was; only certificates, audit and the organisation itself."""
    await a_year_of_work(scene)
    scene.container.clock.move(days=YEAR_DAYS)
    await scene.container.retaining.sweep()
    scene.container.clock.move(hours=2)
    await scene.container.retaining.sweep()
    assert kinds(scene) == KEPT
    assert scene.blob_names() == set()
    assert len(scene.bodies("certificate|")) == 3


async def test_nothing_goes_before_its_end(scene: Scene) -> None:
    """One microsecond earlier all of it is there and can be read."""
    scene.container.clock.now = scene.container.clock.now.replace(minute=59, second=59, microsecond=999_999)
    staff, thread, message = await a_year_of_work(scene)
    before = {at for at in scene.bodies("thread|", "mailbox|", "outbox|") if "upload" not in at.id}
    scene.container.clock.move(days=YEAR_DAYS, microseconds=-1)
    await scene.container.retaining.sweep()
    gone = before - set(scene.bodies())
    assert {at.id.partition("|")[0] for at in gone} == {"file"}  # of the upload that was never finished
    assert (await scene.container.retrieving.open(staff, thread, message)).text == "Hej"
    scene.container.clock.move(microseconds=1)
    await scene.container.retaining.sweep()
    assert not set(scene.bodies("thread|", "mailbox|", "outbox|"))


async def test_what_has_expired_is_unreadable_without_any_sweep(scene: Scene) -> None:
    """Day 366 with a dead timer: to every reader it looks as if it had never been."""
    staff, thread, message = await a_year_of_work(scene)
    person = scene.person()
    opened = await scene.container.retrieving.open(person, thread, message)
    file = next(shown.file for shown in opened.files if shown.length)
    scene.container.clock.now = opened.expires_at - timedelta(microseconds=1)
    assert await scene.content(person, thread, message, file) == b"one"
    scene.container.clock.now = opened.expires_at
    retrieving, reader = scene.container.retrieving, scene.container
    for principal in (staff, person):
        attempts: list[Callable[[], Awaitable[object]]] = [
            lambda who=principal: retrieving.open(who, thread, message),  # type: ignore[misc]
            lambda who=principal: retrieving.describe(who, thread, message),  # type: ignore[misc]
            lambda who=principal: retrieving.list(who, thread),  # type: ignore[misc]
            lambda who=principal: retrieving.fetch(who, thread, message, file),  # type: ignore[misc]
            lambda who=principal: reader.sharing.read(who, thread),  # type: ignore[misc]
            lambda who=principal: reader.retaining.delete_message(who, thread, message),  # type: ignore[misc]
            lambda who=principal: scene.draft(who, thread),  # type: ignore[misc]
        ]
        for attempt in attempts:
            with pytest.raises(NotFoundError):
                await attempt()
    assert (await scene.container.sharing.list_of_person(person, continuation=None)).threads == ()
    assert (await scene.container.sharing.list_of_unit(staff, scene.unit, continuation=None)).threads == ()


async def test_a_certificate_proves_what_was_deleted(scene: Scene) -> None:
    """When it was made, expired, unreadable and gone, why and how; no name, number, subject or file name."""
    begun = scene.container.clock.now
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"one", b"two")
    scene.container.clock.move(days=YEAR_DAYS, minutes=5)
    await scene.container.retaining.sweep()
    (found,) = scene.bodies(f"certificate|{scene.organisation}|202703").values()
    assert found["message"] == message
    assert found["files"] == 2
    assert found["cause"] == "expired"
    assert found["created_at"] == begun.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert found["expires_at"] == "2027-03-01T12:00:00.000000Z"
    assert found["unreadable_at"] == found["deleted_at"] == "2027-03-01T12:05:00.000000Z"


async def test_keys_go_first_and_the_message_last() -> None:
    """Whatever is left after a crash at any point cannot be read, and leads back to the rest."""
    scene = await Scene.make()
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"one", b"two")
    scene.container.clock.move(days=YEAR_DAYS)
    tap = Tap()
    await scene.instance(tap).retaining.sweep()

    def when(name: str, part: str) -> list[int]:
        return [at for at, call in enumerate(tap.calls) if call.name == name and part in call.at]

    message_shredded, *_ = when("records.replace", f" message|{message}")
    files_shredded = when("records.replace", f" file|{message}|")
    blobs = when("blobs.delete", f"/{message}/")
    proof = when("blobs.list", f"/{message}/")
    files = when("records.delete", f" file|{message}|")
    mailbox = when("records.delete", "mailbox|")
    certificate = when("records.create", "certificate|")
    last = when("records.delete", f"thread|{thread} message|{message}")
    booking = when("records.delete", f"|message|{thread}|{message}")
    assert len(files_shredded) == len(blobs) == len(files) == 2
    order = [[message_shredded], files_shredded, blobs, proof, files + mailbox, certificate, last, booking]
    for earlier, later in pairwise(order):
        assert max(earlier) < min(later)
    for shredded in (tap.calls[at].body for at in (message_shredded, *files_shredded)):
        assert shredded is not None
        assert [shredded[name] for name in ("text", "text_key", "key", "manifest") if name in shredded] == [None, None]


async def test_a_thread_goes_with_its_last_message(scene: Scene) -> None:
    """It lives as long as there is something in it, and no longer than that after its own year."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    await scene.sent(staff, thread)
    scene.container.clock.move(days=300)
    second = await scene.sent(staff, thread)
    scene.container.clock.move(days=65)
    await scene.container.retaining.sweep()
    assert [shown.message for shown in await scene.container.retrieving.list(staff, thread)] == [second]
    scene.container.clock.move(days=299)
    await scene.container.retaining.sweep()
    await scene.container.sharing.read(staff, thread)
    scene.container.clock.move(days=1)
    await scene.container.retaining.sweep()
    assert not scene.bodies("thread|", "outbox|", "mailbox|")


async def test_a_thread_of_deleted_messages_ends_with_its_year(scene: Scene) -> None:
    """Nobody has to remember it: its own booking finds it."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread)
    await scene.container.retaining.delete_message(staff, thread, message)
    scene.container.clock.move(days=YEAR_DAYS - 1)
    await scene.container.retaining.sweep()
    await scene.container.sharing.read(staff, thread)
    scene.container.clock.move(days=1)
    await scene.container.retaining.sweep()
    assert not scene.bodies("thread|", "outbox|")


async def test_a_sweep_two_years_late_finds_everything(scene: Scene) -> None:
    """The timer may have been dead: hours long gone are still in the index."""
    for _ in range(3):
        await a_year_of_work(scene)
        scene.container.clock.move(days=40)
    scene.container.clock.move(days=730)
    await scene.container.retaining.sweep()
    assert kinds(scene) == KEPT
    assert len(scene.bodies("certificate|")) == 9


async def test_what_is_not_due_costs_a_sweep_nothing(scene: Scene) -> None:
    """The calls of a sweep follow what is due and not what is stored."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    due = await scene.draft(staff, thread, retention_days=1)

    async def calls_of_a_sweep() -> int:
        tap = Tap()
        await scene.instance(tap).retaining.sweep()
        return len(tap.calls)

    idle = await calls_of_a_sweep()
    for _ in range(60):
        await scene.draft(staff, thread)
        scene.container.clock.move(minutes=13)
    assert await calls_of_a_sweep() == idle
    scene.container.clock.move(days=1)
    assert await calls_of_a_sweep() > idle
    with pytest.raises(NotFoundError):
        await scene.container.retrieving.open(staff, thread, due)
    scene.container.clock.move(hours=2)
    await calls_of_a_sweep()
    assert await calls_of_a_sweep() == idle


async def test_sessions_and_orders_go_too(scene: Scene) -> None:
    """They hold names and pseudonyms."""
    await scene.container.sessions.raise_for_person(scene.person())
    assert kinds(scene) >= {"session"}
    scene.container.clock.move(hours=8)
    await scene.container.retaining.sweep()
    assert not scene.bodies("session|")


@pytest.mark.parametrize("at", [1, 2])
async def test_a_booking_made_as_its_hour_ends_is_found(scene: Scene, at: int) -> None:
    """A sweep between the two writes of a booking, or before them, must not forget the bucket they go into."""
    end = scene.container.clock.now.replace(minute=59, second=59)
    scene.container.clock.now = end - timedelta(seconds=1)
    await scene.container.sessions.raise_for_person(scene.person())
    place = next(iter(scene.bodies("session|")))
    item = place.partition

    async def the_next_hour_is_swept() -> None:
        scene.container.clock.move(minutes=11)
        await scene.container.retaining.sweep()

    slow = scene.instance(Tap(at=at, act=the_next_hour_is_swept))
    await slow.expiries.book(end, item)
    for _ in range(3):
        scene.container.clock.move(hours=1)
        await scene.container.retaining.sweep()
    assert not scene.bodies("session|")
    assert not [at for at in scene.bodies("expiry|") if f"{end:%Y%m%d%H}" in f"{at.partition}{at.id}"]
