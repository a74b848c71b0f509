"""Messages: every forbidden order of steps is refused, what was sent arrives once, what was recalled never."""

from datetime import timedelta

import pytest

from shared.domain.errors import (
    ConflictError,
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    TooLargeError,
)
from shared.domain.ids import MessageId, ThreadId
from shared.domain.lifecycles import MessageState
from shared.domain.principals import Principal
from shared.domain.threads import Message
from shared.services.sending import RECOVERY_AGE
from tests.support.scene import OTHER_PERSON, TOLVAN, YEAR_DAYS, Scene, append
from tests.support.taps import Attempt, Tap, meetings


def state_of(scene: Scene, message: MessageId) -> MessageState | None:
    """The state in the record; None when there is no record."""
    for at, body in scene.bodies("thread|").items():
        if at.id == f"message|{message}":
            return Message.of(body).state
    return None


async def readers(scene: Scene, thread: ThreadId, message: MessageId, *principals: Principal) -> list[bool]:
    """Who of these can open it."""
    found: list[bool] = []
    for principal in principals:
        try:
            await scene.container.retrieving.open(principal, thread, message)
        except NotFoundError:
            found.append(False)
        else:
            found.append(True)
    return found


async def test_only_the_authors_side_sees_a_message_until_it_is_delivered(scene: Scene) -> None:
    """Draft, on its way, delivered: a colleague always, the persons at the end; and the other way round."""
    staff, colleague = await scene.staff(), await scene.staff()
    person, other = scene.person(), scene.person(OTHER_PERSON)
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    everyone = (staff, colleague, person, other)
    for author, early, late in (
        (staff, [True, True, False, False], [True] * 4),
        (person, [False, False, True, False], [True, True, True, False]),
    ):
        message = await scene.draft(author, thread)
        assert await readers(scene, thread, message, *everyone) == early
        await scene.container.sending.send(author, thread, message)
        assert await readers(scene, thread, message, *everyone) == early
        await scene.container.run_queues()
        assert await readers(scene, thread, message, *everyone) == late


@pytest.mark.parametrize("days", [0, 366, -1])
async def test_a_draft_lives_within_the_ceiling(scene: Scene, days: int) -> None:
    """And a refused one leaves nothing."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    before = scene.bodies()
    with pytest.raises(InvalidInputError):
        await scene.draft(staff, thread, retention_days=days)
    for text, fault in (("a\0", InvalidInputError), ("x" * 65537, TooLargeError)):
        with pytest.raises(fault):
            await scene.draft(staff, thread, text=text)
    assert scene.bodies() == before


async def test_strangers_neither_draft_nor_send(scene: Scene) -> None:
    """For them there is no thread, and of the other side's draft no message."""
    staff, person, stranger = await scene.staff(), scene.person(), scene.person(OTHER_PERSON)
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    with pytest.raises(NotFoundError):
        await scene.draft(stranger, thread)
    for principal in (person, stranger):
        with pytest.raises(NotFoundError):
            await scene.container.sending.send(principal, thread, message)
    for wrong in (MessageId("0" * 26), MessageId("../x")):
        with pytest.raises(NotFoundError):
            await scene.container.sending.send(staff, thread, wrong)
    await scene.send(staff, thread, message)
    with pytest.raises(NotFoundError):
        await scene.container.sending.send(person, thread, message)


async def test_sending_twice_sends_once(scene: Scene) -> None:
    """The answer may have been lost: again is fine, and the second time changes nothing."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    await scene.container.sending.send(staff, thread, message)
    sent_at = next(body["sent_at"] for at, body in scene.bodies("thread|").items() if at.id == f"message|{message}")
    scene.container.clock.move(hours=1)
    await scene.container.sending.send(staff, thread, message)
    await scene.container.run_queues()
    await scene.send(staff, thread, message)
    (found,) = [body for at, body in scene.bodies("thread|").items() if at.id == f"message|{message}"]
    assert (found["state"], found["sent_at"]) == ("delivered", sent_at)
    assert len(scene.container.mailer.sent) == 1
    assert len(scene.events("message:send")) == 1


@pytest.mark.parametrize("arrived", [b"", b"ab"])
async def test_a_draft_with_an_unfinished_file_is_not_sent(scene: Scene, arrived: bytes) -> None:
    """It would arrive without it; finished or cancelled it goes."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    for finish in (True, False):
        message = await scene.draft(staff, thread)
        upload = await scene.begin(staff, thread, message, 3)
        await append(scene.container, staff, upload.upload, 0, arrived)
        with pytest.raises(ConflictError):
            await scene.container.sending.send(staff, thread, message)
        assert state_of(scene, message) is MessageState.DRAFT
        if finish:
            await append(scene.container, staff, upload.upload, len(arrived), b"abc"[len(arrived) :])
        else:
            await scene.container.uploading.cancel(staff, upload.upload)
        await scene.send(staff, thread, message)
        assert state_of(scene, message) is MessageState.DELIVERED


async def test_a_recalled_message_is_never_delivered(scene: Scene) -> None:
    """Within the undo window: the queue message comes later and finds nothing."""
    scene = await Scene.make(PIC_UNDO_SECONDS="30")
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    await scene.container.sending.send(staff, thread, message)
    assert [queued.delay_seconds for queued in scene.container.queues.queued] == [30]
    await scene.container.retaining.delete_message(staff, thread, message)
    await scene.container.run_queues()
    assert not scene.bodies("pending|")
    scene.container.clock.move(hours=1)
    assert await scene.container.sending.recover() == 0
    assert state_of(scene, message) is None
    assert scene.container.mailer.sent == []
    assert not scene.bodies("mailbox|", "pending|")


async def test_a_recall_beside_the_delivery_leaves_no_trace() -> None:
    """At whatever call of the delivery it comes: nobody can open it, and nothing of it stays in a mailbox."""
    for at in range(1, 100):
        scene = await Scene.make()
        staff, person = await scene.staff(), scene.person()
        thread = await scene.thread(staff)
        message = await scene.draft(staff, thread)
        await scene.container.sending.send(staff, thread, message)
        recall = Attempt(scene.container.retaining.delete_message, staff, thread, message)
        tap = Tap(at=at, act=recall)
        await scene.instance(tap).sending.deliver(thread, message)
        if not tap.was_reached:
            return
        assert await readers(scene, thread, message, staff, person) == [False, False]
        await scene.container.run_queues()
        assert await readers(scene, thread, message, staff, person) == [False, False]
        assert not scene.bodies("mailbox|", "pending|")
        assert [at.id for at in scene.bodies("thread|")] == ["thread"]
    pytest.fail("it never ends")


@pytest.mark.parametrize("state", ["draft", "expired", "missing"])
async def test_only_what_was_sent_and_lives_is_delivered(scene: Scene, state: str) -> None:
    """A queue message is only a hint; the record decides."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    if state == "expired":
        await scene.container.sending.send(staff, thread, message)
        scene.container.clock.move(days=YEAR_DAYS)
    wanted = MessageId("0" * 26) if state == "missing" else message
    await scene.container.sending.deliver(thread, wanted)
    await scene.container.sending.deliver(ThreadId("0" * 26), wanted)
    assert state_of(scene, message) in {MessageState.DRAFT, MessageState.SENT}
    assert not scene.bodies("mailbox|")
    scene.container.queues.take("dispatch")
    assert not scene.container.queues.queued


async def test_delivering_twice_is_delivering_once(scene: Scene) -> None:
    """The queue delivers at least once; also at the same moment on two instances."""
    staff = await scene.staff()
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    message = await scene.draft(staff, thread)

    async def again() -> None:
        await scene.container.sending.deliver(thread, message)

    await scene.container.sending.send(staff, thread, message)
    for tap in meetings(again):
        await scene.instance(tap).sending.deliver(thread, message)
    await scene.container.run_queues()
    assert len(scene.bodies("mailbox|")) == 2
    assert len(scene.container.mailer.sent) == 2
    assert not scene.bodies("pending|")


async def test_a_lost_queue_message_is_found_after_its_time_and_not_before(scene: Scene) -> None:
    """The undo window and two minutes: a message that is merely on its way is left alone."""
    scene = await Scene.make(PIC_UNDO_SECONDS="30")
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    await scene.container.sending.send(staff, thread, message)
    scene.container.queues.take("dispatch")
    scene.container.clock.now += RECOVERY_AGE + timedelta(seconds=30) - timedelta(microseconds=1)
    assert await scene.container.sending.recover() == 0
    assert state_of(scene, message) is MessageState.SENT
    scene.container.clock.now += timedelta(microseconds=1)
    assert await scene.container.sending.recover() == 1
    assert state_of(scene, message) is MessageState.DELIVERED
    assert await scene.container.sending.recover() == 0
    await scene.container.run_queues()
    assert len(scene.container.mailer.sent) == 1


async def test_one_bad_message_does_not_hold_up_the_others(scene: Scene) -> None:
    """It stays pending, its error is raised at the end."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    messages = [await scene.draft(staff, thread) for _ in range(40)]
    for message in messages:
        await scene.container.sending.send(staff, thread, message)
    bad = messages[20]
    record = await scene.container.records.get(f"thread|{thread}", f"message|{bad}")
    await scene.container.record_store.replace_if_match(record, {**record.body, "state": "?"})
    scene.container.clock.now += RECOVERY_AGE
    with pytest.raises(ExceptionGroup) as raised:
        await scene.container.sending.recover()
    assert raised.group_contains(IntegrityError)
    assert {state_of(scene, message) for message in messages if message != bad} == {MessageState.DELIVERED}
    assert [at.id for at in scene.bodies("pending|")] == [f"{thread}|{bad}"]
