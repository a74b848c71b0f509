"""Parties delete before the end: the author's side and the unit for everyone, a recipient the own copy."""

import pytest

from shared.domain.errors import DependencyError, NotFoundError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Principal
from tests.support.scene import OTHER_PERSON, TOLVAN, Scene
from tests.support.taps import TROUBLES, Crashed, Trouble

everywhere = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())


async def can_open(scene: Scene, principal: Principal, thread: ThreadId, message: MessageId) -> bool:
    """Whether it is there for them."""
    try:
        await scene.container.retrieving.open(principal, thread, message)
    except NotFoundError:
        return False
    return True


def left_of(scene: Scene, message: MessageId) -> set[str]:
    """Kinds of the records that name a message, other than what proves its end or waits for it."""
    return {
        at.id.partition("|")[0]
        for at in scene.bodies()
        if message in f"{at.partition}|{at.id}" and not at.partition.startswith(("certificate|", "audit|", "expiry|"))
    }


async def test_the_unit_deletes_for_everyone(scene: Scene) -> None:
    """Any member of staff of the unit, what the unit wrote and what a person wrote."""
    staff, colleague, person = await scene.staff(), await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    for author in (staff, person):
        message = await scene.sent(author, thread, b"one")
        await scene.container.retaining.delete_message(colleague, thread, message)
        for reader in (staff, colleague, person):
            assert not await can_open(scene, reader, thread, message)
        await scene.container.run_queues()
        assert left_of(scene, message) == set()
    assert scene.blob_names() == set()
    assert {body["cause"] for body in scene.bodies("certificate|").values()} == {"party"}


async def test_a_person_deletes_the_own_message_for_everyone(scene: Scene) -> None:
    """Who wrote it may take it back."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(person, thread, b"one")
    await scene.container.retaining.delete_message(person, thread, message)
    assert not await can_open(scene, staff, thread, message)
    await scene.container.run_queues()
    assert left_of(scene, message) == set()


async def test_a_person_deletes_the_own_copy(scene: Scene) -> None:
    """For the others nothing changes; for this person it is as if it had never come."""
    staff, person, other = await scene.staff(), scene.person(), scene.person(OTHER_PERSON)
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    message = await scene.sent(staff, thread, b"one")
    await scene.container.retaining.delete_message(person, thread, message)
    assert not await can_open(scene, person, thread, message)
    assert await can_open(scene, other, thread, message)
    assert await can_open(scene, staff, thread, message)
    inbox = await scene.container.sharing.list_of_person(person, continuation=None)
    assert inbox.threads == ()
    with pytest.raises(NotFoundError):
        await scene.container.retaining.delete_message(person, thread, message)
    assert [event["by"] for event in scene.events("message:copy:delete")] == [person.subject]
    assert scene.bodies("certificate|") == {}


async def test_a_deleted_copy_does_not_come_back(scene: Scene) -> None:
    """The queue delivers at least once, and a second delivery must not undo what the person did, nor mail them."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread)
    await scene.container.retaining.delete_message(person, thread, message)
    mails = len(scene.container.mailer.sent)
    for at in [at for at in scene.bodies("thread|") if at.id.startswith("notice|")]:
        del scene.container.record_store._partitions[at.partition][at.id]
    await scene.container.sending.deliver(thread, message)
    await scene.container.run_queues()
    assert not scene.bodies("mailbox|")
    assert len(scene.container.mailer.sent) == mails


async def test_strangers_delete_nothing(scene: Scene) -> None:
    """Another unit, another person of the thread for the own copy of what is not theirs, and nobody at all."""
    staff, stranger = await scene.staff(), scene.person(OTHER_PERSON)
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread)
    elsewhere = await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=None)
    foreign = await scene.staff(units=(elsewhere,))
    for principal in (stranger, foreign):
        with pytest.raises(NotFoundError):
            await scene.container.retaining.delete_message(principal, thread, message)
    assert await can_open(scene, staff, thread, message)


@everywhere
async def test_deleting_that_met_trouble_is_finished_within_hours(trouble: Trouble) -> None:
    """Not a year later at the message's own end: what is half deleted still has keys."""
    begun = 0
    for tap in trouble():
        scene = await Scene.make()
        staff, person = await scene.staff(), scene.person()
        thread = await scene.thread(staff)
        message = await scene.sent(staff, thread, b"one", b"two")
        await scene.container.retrieving.open(person, thread, message)
        try:
            await scene.instance(tap).retaining.delete_message(staff, thread, message)
        except (Crashed, DependencyError):
            assert tap.was_reached
        if await can_open(scene, staff, thread, message):
            assert await can_open(scene, person, thread, message)
            continue  # It had not begun, and the answer did not say that it had.
        begun += 1
        scene.container.clock.move(hours=1)
        await scene.container.retaining.sweep()
        assert left_of(scene, message) == set()
        assert scene.blob_names() == set()
        (certificate,) = scene.bodies("certificate|").values()
        assert (certificate["cause"], certificate["files"]) == ("party", 2)
        assert certificate["unreadable_at"] == "2026-03-01T12:00:00.000000Z"
        assert not scene.bodies("expiry|20260301")
    assert begun > 5


@everywhere
async def test_deleting_a_copy_that_met_trouble_can_be_repeated(trouble: Trouble) -> None:
    """Until it is done; and nothing of it stays in the mailbox."""
    for tap in trouble():
        scene = await Scene.make()
        staff, person = await scene.staff(), scene.person()
        thread = await scene.thread(staff)
        message = await scene.sent(staff, thread)
        try:
            await scene.instance(tap).retaining.delete_message(person, thread, message)
        except (Crashed, DependencyError):
            if await can_open(scene, person, thread, message):
                await scene.container.retaining.delete_message(person, thread, message)
        assert not await can_open(scene, person, thread, message)
        assert not scene.bodies("mailbox|")
        assert await can_open(scene, staff, thread, message)
