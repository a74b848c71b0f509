"""Notices: that something is new and never what, once for each recipient, and only while there is something."""

import pytest

from shared.adapters.memory_mail import SENDER
from shared.domain.errors import DependencyError, NotFoundError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Principal
from shared.services.notifying import UNIT_RECIPIENT
from tests.support.memory_container import PUBLIC_URL
from tests.support.scene import OTHER_PERSON, TOLVAN, YEAR_DAYS, Scene
from tests.support.taps import TROUBLES, Crashed, Tap, TappedMailer, Trouble, fault


async def delivered(scene: Scene, author: Principal | None = None) -> tuple[ThreadId, MessageId, list[str]]:
    """A delivered message whose notices are still queued, and their recipients."""
    staff = await scene.staff()
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    writer = author or staff
    message = await scene.draft(writer, thread)
    await scene.container.sending.send(writer, thread, message)
    await scene.container.sending.deliver(thread, message)
    scene.container.queues.take("dispatch")
    return thread, message, [ids["recipient"] for ids in scene.container.queues.take("notify")]


async def test_the_mail_says_only_that_there_is_something(scene: Scene) -> None:
    """The whole text, pinned: two languages, our own address, no link into anything."""
    thread, message, recipients = await delivered(scene)
    for recipient in recipients:
        await scene.container.notifying.notify(thread, message, recipient)
    first, second = scene.container.mailer.sent
    assert (first.subject, first.text) == (second.subject, second.text)
    assert first.subject == "Du har ett nytt meddelande / You have a new message"
    assert [line.strip() for line in first.text.splitlines() if "://" in line] == [f"{PUBLIC_URL}/portal"]
    assert first.message_id != second.message_id
    for secret in (
        thread,
        message,
        *recipients,
        scene.organisation,
        scene.unit,
        "Mottagningen",
        "Exempelkommunen",
        "Beslut",
    ):
        assert secret not in f"{first.subject}{first.text}{first.message_id}"
    assert first.to not in repr(first)
    assert SENDER not in first.text


async def test_each_recipient_gets_one(scene: Scene) -> None:
    """The queue tells at least once; the second time there is nothing to do."""
    thread, message, recipients = await delivered(scene)
    assert len(recipients) == 2
    for _ in range(3):
        for recipient in recipients:
            await scene.container.notifying.notify(thread, message, recipient)
    assert len({mail.to for mail in scene.container.mailer.sent}) == len(scene.container.mailer.sent) == 2
    assert {event["recipient"] for event in scene.events("notice:send")} == set(recipients)


async def test_the_unit_is_told_of_a_reply(scene: Scene) -> None:
    """At its function address, not the officer's own; a unit without one gets no mail."""
    thread, message, recipients = await delivered(scene, scene.person())
    assert recipients == [UNIT_RECIPIENT]
    await scene.container.notifying.notify(thread, message, UNIT_RECIPIENT)
    assert [mail.to for mail in scene.container.mailer.sent] == ["unit@example.com"]
    silent = await scene.container.administering.create_unit(scene.organisation, "Arkivet", mail_address=None)
    staff = await scene.staff(units=(silent,))
    quiet = await scene.thread(staff)
    reply = await scene.draft(scene.person(), quiet)
    await scene.send(scene.person(), quiet, reply)
    assert len(scene.container.mailer.sent) == 1


@pytest.mark.parametrize(
    "what", ["draft", "recalled", "expired", "hidden", "unknown recipient", "no message", "no thread"]
)
async def test_there_is_no_mail_about_nothing(scene: Scene, what: str) -> None:
    """What was taken back, has ended or was deleted in between; and what never was."""
    thread, message, recipients = await delivered(scene)
    recipient = recipients[0]
    staff = await scene.staff()
    match what:
        case "draft":
            message = await scene.draft(staff, thread)
        case "recalled":
            await scene.container.retaining.delete_message(staff, thread, message)
        case "expired":
            scene.container.clock.move(days=YEAR_DAYS)
        case "hidden":
            for number in (TOLVAN, OTHER_PERSON):
                await scene.container.retaining.delete_message(scene.person(number), thread, message)
        case "unknown recipient":
            recipient = "0" * 26
        case "no message":
            message = MessageId("0" * 26)
        case _:
            thread = ThreadId("0" * 26)
    await scene.container.notifying.notify(thread, message, recipient)
    assert scene.container.mailer.sent == []
    assert scene.events("notice:send") == []


async def test_an_address_that_is_refused_for_good_is_tried_once(scene: Scene) -> None:
    """The refusal is in the log, for whoever has to find another way."""
    thread, message, recipients = await delivered(scene)
    await scene.container.notifying.notify(thread, message, recipients[0])
    first = scene.container.mailer.sent.pop().to
    other = next(iter({"unit@example.com"} - {first}))
    scene.container.mailer.refused = {f"person{n}@example.com" for n in range(10_000)} - {first, other}
    for _ in range(2):
        await scene.container.notifying.notify(thread, message, recipients[1])
    assert scene.container.mailer.sent == []
    (event,) = scene.events("notice:refuse")
    assert event["recipient"] == recipients[1]
    assert "@" not in str(event)


async def test_a_mail_server_that_is_down_is_tried_again(scene: Scene) -> None:
    """The error goes back to the queue; nothing says that the mail was sent."""
    thread, message, recipients = await delivered(scene)
    instance = scene.instance()
    instance.mailer = TappedMailer(scene.container.mailer, Tap(at=1, act=fault))
    with pytest.raises(DependencyError):
        await instance.notifying.notify(thread, message, recipients[0])
    assert scene.events("notice:send") == []
    assert not [at for at in scene.bodies("thread|") if at.id.startswith("notice|")]
    await scene.container.notifying.notify(thread, message, recipients[0])
    assert len(scene.container.mailer.sent) == 1


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_after_trouble_the_mail_is_sent_and_every_copy_is_the_same(trouble: Trouble) -> None:
    """At least once; a second copy carries the same Message-ID, so that the receiver can drop it."""
    for tap in trouble():
        scene = await Scene.make()
        thread, message, recipients = await delivered(scene)
        try:
            await scene.instance(tap).notifying.notify(thread, message, recipients[0])
        except (Crashed, DependencyError):
            assert tap.was_reached
        await scene.container.notifying.notify(thread, message, recipients[0])
        assert 1 <= len(scene.container.mailer.sent) <= 2
        assert len({mail.message_id for mail in scene.container.mailer.sent}) == 1
        assert len([at for at in scene.bodies("thread|") if at.id.startswith("notice|")]) == 1


async def test_a_recall_beside_the_mail_leaves_no_notice() -> None:
    """The mail may be gone already; the record of it goes with the message."""
    for at in range(1, 100):
        scene = await Scene.make()
        thread, message, recipients = await delivered(scene)
        staff = await scene.staff()

        async def recall(
            scene: Scene = scene, staff: Principal = staff, thread: ThreadId = thread, message: MessageId = message
        ) -> None:
            await scene.container.retaining.delete_message(staff, thread, message)

        tap = Tap(at=at, act=recall)
        await scene.instance(tap).notifying.notify(thread, message, recipients[0])
        if not tap.was_reached:
            return
        await scene.container.run_queues()
        assert [at.id for at in scene.bodies("thread|")] == ["thread"]
        with pytest.raises(NotFoundError):
            await scene.container.retrieving.describe(staff, thread, message)
