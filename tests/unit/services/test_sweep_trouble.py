"""Sweeps that crash, fail or meet others: repeated, they end with everything gone and one certificate for each."""

from contextlib import suppress

import pytest

from shared.domain.errors import DependencyError, IntegrityError, NotFoundError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Staff
from tests.support.scene import YEAR_DAYS, Scene
from tests.support.short_pages import ShortPages
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble

everywhere = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())


async def something_due(scene: Scene) -> tuple[Staff, ThreadId, MessageId]:
    """A message with files and receipts whose end is the last minute of a month."""
    scene.container.clock.now = scene.container.clock.now.replace(day=31, hour=23, minute=50)
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"one", b"two")
    opened = await scene.container.retrieving.open(person, thread, message)
    await scene.content(person, thread, message, opened.files[0].file)
    scene.container.clock.move(days=YEAR_DAYS)
    return staff, thread, message


@everywhere
async def test_a_sweep_that_met_trouble_is_finished_by_the_next(trouble: Trouble) -> None:
    """Even in the next month: one certificate, of what there was, from when it became unreadable."""
    for tap in trouble():
        scene = await Scene.make()
        await something_due(scene)
        try:
            await scene.instance(tap).retaining.sweep()
        except (Crashed, DependencyError, BaseExceptionGroup):
            assert tap.was_reached
        has_begun = any(body["state"] == "erasing" for body in scene.bodies("thread|").values() if "state" in body)
        scene.container.clock.move(hours=2)
        await scene.container.retaining.sweep()
        assert not scene.bodies("thread|", "mailbox|", "outbox|", "upload|", "pending|")
        assert scene.blob_names() == set()
        assert not scene.bodies("expiry|20")
        (certificate,) = scene.bodies("certificate|").values()
        assert (certificate["cause"], certificate["files"]) == ("expired", 2)
        if has_begun:
            assert certificate["unreadable_at"] == "2027-03-31T23:50:00.000000Z"


async def test_two_sweeps_at_once_do_no_harm() -> None:
    """A second instance's timer, at every call of the first: each thing is deleted and certified once."""
    for at in range(1, 1000):
        scene = await Scene.make()
        await something_due(scene)

        async def other(scene: Scene = scene) -> None:
            await scene.container.retaining.sweep()

        tap = Tap(at=at, act=other)
        await scene.instance(tap).retaining.sweep()
        assert not scene.bodies("thread|", "mailbox|", "outbox|", "upload|")
        assert len(scene.bodies("certificate|")) == 1
        if not tap.was_reached:
            return
    pytest.fail("the sweep never ends")


async def test_one_bad_item_does_not_keep_the_others_alive(scene: Scene) -> None:
    """It stays booked, its error is raised at the end, and the next sweep tries it again."""
    staff, _, message = await something_due(scene)
    scene.container.clock.move(days=-YEAR_DAYS)
    second_thread = await scene.thread(staff)
    second = await scene.sent(staff, second_thread, b"three")
    scene.container.clock.move(days=YEAR_DAYS)
    place = next(at for at in scene.bodies("thread|") if at.id == f"message|{message}")
    good = scene.container.record_store._partitions[place.partition][place.id]
    await scene.container.record_store.replace_if_match(
        await scene.container.records.get(place.partition, place.id), {"state": "?"}
    )
    for _ in range(2):
        with pytest.raises(ExceptionGroup) as raised:
            await scene.container.retaining.sweep()
        assert raised.group_contains(IntegrityError)
    assert not scene.bodies(f"thread|{second_thread}")
    assert len(scene.bodies("certificate|")) == 1
    assert [at for at in scene.bodies("expiry|2027") if message in at.id]
    scene.container.record_store._partitions[place.partition][place.id] = good
    await scene.container.retaining.sweep()
    assert {body["message"] for body in scene.bodies("certificate|").values()} == {message, second}


async def test_no_certificate_while_a_blob_is_left(scene: Scene) -> None:
    """The store says it deleted, and did not: the read-back finds out."""
    _, _, message = await something_due(scene)

    class Deaf:
        """A blob store that deletes nothing."""

        async def delete(self, blob: str) -> None:
            assert blob

        def __getattr__(self, name: str) -> object:
            return getattr(scene.container.blobs, name)

    broken = scene.instance()
    vars(broken)["blobs"] = Deaf()
    with pytest.raises(ExceptionGroup) as raised:
        await broken.retaining.sweep()
    assert raised.group_contains(IntegrityError)
    assert not scene.bodies("certificate|")
    assert [at for at in scene.bodies("thread|") if at.id == f"message|{message}"]
    await scene.container.retaining.sweep()
    assert len(scene.bodies("certificate|")) == 1


@pytest.mark.parametrize("what", ["open", "deliver", "notify", "delete the copy"])
async def test_what_is_done_beside_the_sweep_leaves_no_trace(what: str) -> None:
    """A receipt, notice or mailbox entry that is written while its message goes, goes as well."""
    for at in range(1, 100):
        scene = await Scene.make()
        staff, person = await scene.staff(), scene.person()
        thread = await scene.thread(staff)
        message = await scene.draft(staff, thread)
        await scene.container.sending.send(staff, thread, message)
        if what != "deliver":
            await scene.container.sending.deliver(thread, message)

        async def the_end_comes(scene: Scene = scene) -> None:
            scene.container.clock.move(days=YEAR_DAYS)
            await scene.container.retaining.sweep()

        tap = Tap(at=at, act=the_end_comes)
        slow = scene.instance(tap)
        with suppress(NotFoundError):
            match what:
                case "open":
                    await slow.retrieving.open(person, thread, message)
                case "deliver":
                    await slow.sending.deliver(thread, message)
                case "notify":
                    recipient = scene.container.queues.take("notify")[0]["recipient"]
                    await slow.notifying.notify(thread, message, recipient)
                case _:
                    await slow.retaining.delete_message(person, thread, message)
        scene.container.clock.move(days=YEAR_DAYS)
        await scene.container.retaining.sweep()
        assert not scene.bodies("thread|", "mailbox|", "pending|")
        if not tap.was_reached:
            return
    pytest.fail("it never ends")


async def test_a_store_with_short_pages_hides_nothing_from_a_sweep(scene: Scene) -> None:
    """However few records it gives at once, nothing is left, and no thread goes before its messages."""
    for _ in range(3):
        await something_due(scene)
    instance = scene.instance()
    instance.records = ShortPages(scene.container.records)
    scene.container.clock.move(days=YEAR_DAYS)
    await instance.retaining.sweep()
    assert not scene.bodies("thread|", "mailbox|", "outbox|", "upload|", "expiry|20")
    assert scene.blob_names() == set()
    assert len(scene.bodies("certificate|")) == 3
