"""Sending, delivering and drafting that crash, fail or meet others: sent whole or not at all, and delivered once."""

from datetime import timedelta

import pytest

from shared.domain.errors import DependencyError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.lifecycles import MessageState
from shared.domain.principals import Principal
from shared.domain.threads import Message
from shared.services.sending import RECOVERY_AGE
from tests.support.scene import OTHER_PERSON, TOLVAN, YEAR_DAYS, Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble

everywhere = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())


def state_of(scene: Scene, message: MessageId) -> MessageState:
    """The state in the record."""
    (body,) = [body for at, body in scene.bodies("thread|").items() if at.id == f"message|{message}"]
    return Message.of(body).state


@everywhere
async def test_a_message_that_met_trouble_is_sent_whole_or_still_a_draft(trouble: Trouble) -> None:
    """And what was sent arrives, though its queue message may be lost: once, with one mail."""
    outcomes: set[bool] = set()
    for tap in trouble():
        scene = await Scene.make()
        staff, person = await scene.staff(), scene.person()
        thread = await scene.thread(staff)
        message = await scene.draft(staff, thread)
        await scene.upload(staff, thread, message, b"abc")
        try:
            await scene.instance(tap).sending.send(staff, thread, message)
        except (Crashed, DependencyError):
            assert tap.was_reached
        is_sent = state_of(scene, message) is MessageState.SENT
        outcomes.add(is_sent)
        scene.container.queues.take("dispatch")
        scene.container.clock.now += RECOVERY_AGE
        await scene.container.sending.recover()
        assert state_of(scene, message) is (MessageState.DELIVERED if is_sent else MessageState.DRAFT)
        await scene.send(staff, thread, message)
        assert (await scene.container.retrieving.open(person, thread, message)).text == "Hej"
        assert len(scene.container.mailer.sent) == 1
        assert not scene.bodies("pending|")
    assert outcomes == {True, False}


@everywhere
async def test_a_delivery_that_met_trouble_is_finished(trouble: Trouble) -> None:
    """By the next attempt of the queue, or by the timer when there is none."""
    for by_queue in (True, False):
        for tap in trouble():
            scene = await Scene.make()
            staff = await scene.staff()
            thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
            message = await scene.draft(staff, thread)
            await scene.container.sending.send(staff, thread, message)
            scene.container.queues.take("dispatch")
            try:
                await scene.instance(tap).sending.deliver(thread, message)
            except (Crashed, DependencyError):
                assert tap.was_reached
            if by_queue:
                await scene.container.sending.deliver(thread, message)
            else:
                scene.container.clock.now += RECOVERY_AGE
                await scene.container.sending.recover()
            await scene.container.run_queues()
            assert state_of(scene, message) is MessageState.DELIVERED
            assert len(scene.bodies("mailbox|")) == 2
            assert len(scene.container.mailer.sent) == 2
            assert not scene.bodies("pending|")


@everywhere
async def test_a_draft_that_met_trouble_is_there_or_not(trouble: Trouble) -> None:
    """And whatever was written of it ends in time."""
    for tap in trouble():
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff)
        scene.container.clock.move(days=100)
        try:
            await scene.instance(tap).sending.draft(staff, thread, text="Hej", retention_days=YEAR_DAYS)
        except (Crashed, DependencyError):
            assert tap.was_reached
        for shown in await scene.container.retrieving.list(staff, thread):
            await scene.send(staff, thread, shown.message)
        scene.container.clock.move(days=YEAR_DAYS)
        await scene.container.retaining.sweep()
        assert not scene.bodies("thread|", "mailbox|", "outbox|")


async def test_two_messages_sent_at_once_both_lengthen_the_thread() -> None:
    """It lives as long as the longer of them, whoever writes last."""
    for at in range(1, 100):
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff)
        scene.container.clock.move(days=100)

        long = await scene.draft(staff, thread, retention_days=300)
        short = await scene.draft(staff, thread, retention_days=290)

        async def longer(
            scene: Scene = scene, staff: Principal = staff, thread: ThreadId = thread, long: MessageId = long
        ) -> None:
            await scene.container.sending.send(staff, thread, long)

        tap = Tap(at=at, act=longer)
        await scene.instance(tap).sending.send(staff, thread, short)
        shown = await scene.container.sharing.read(staff, thread)
        days = 300 if tap.was_reached else 290
        assert shown.expires_at == scene.container.clock.now + timedelta(days=days)
        if not tap.was_reached:
            return
