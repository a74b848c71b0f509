"""Before anything is sent, an admin accepts the agreement; and admins are told of what changes, by ids and once."""

from dataclasses import replace

import pytest

from shared.domain.agreement.versions import GRACE, Agreement
from shared.domain.announcements import Announced
from shared.domain.errors import AgreementRequiredError, ConflictError, IntegrityError
from shared.domain.principals import Role
from shared.services.agreeing import Agreeing
from shared.services.announcing import Announcing
from shared.services.staffing import MemberChange
from tests.support.scene import Scene
from tests.support.taps import Crashed, crashes

NEXT = Agreement(version="2027-1", swedish="Nytt avtal", english="New agreement")


async def unbound() -> Scene:
    """A scene whose organisation has accepted nothing."""
    scene = await Scene.make()
    for at in scene.bodies(f"organisation|{scene.organisation}"):
        if at.id.startswith("agreement|"):
            await scene.container.records.delete_if_match(await scene.container.records.get(at.partition, at.id))
    return scene


def offering(scene: Scene, agreement: Agreement) -> Agreeing:
    """As an instance of a later version offers another text."""
    container = scene.container
    return Agreeing(records=container.records, audit=container.audit, clock=container.clock, current=agreement)


def announcing(scene: Scene, **versions: str) -> Announcing:
    """As an instance of a later version announces."""
    container = scene.container
    named = {Announced.AGREEMENT: "2026-1", Announced.SUB_PROCESSORS: "2026-1"}
    named |= {Announced(what.replace("_", "-")): version for what, version in versions.items()}
    return Announcing(
        records=container.records,
        staff=container.staff_records,
        agreeing=offering(scene, replace(NEXT, version=named[Announced.AGREEMENT])),
        queues=container.queues,
        mailer=container.mailer,
        audit=container.audit,
        notify_queue=container.settings.notify_queue,
        public_url=container.settings.public_url,
        versions=named,
    )


async def accept(scene: Scene, by: str = "admin") -> None:
    """What is offered now."""
    current = scene.container.agreeing.current
    await scene.container.agreeing.accept(scene.organisation, version=current.version, digest=current.digest, by=by)


async def test_nothing_begins_before_the_agreement() -> None:
    """No thread, and no message of the unit; after it, both."""
    scene = await unbound()
    staff = await scene.staff()
    before = scene.bodies("thread|", "outbox|", "expiry|", "audit|")
    with pytest.raises(AgreementRequiredError):
        await scene.thread(staff)
    assert scene.bodies("thread|", "outbox|", "expiry|", "audit|") == before
    await accept(scene)
    await scene.sent(staff, await scene.thread(staff))


async def test_a_thread_that_is_there_takes_no_message_of_an_unbound_organisation(scene: Scene) -> None:
    """Also what was drafted before; a person may always answer."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    await scene.sent(staff, thread)
    draft, answer = await scene.draft(staff, thread), await scene.draft(scene.person(), thread)
    later = scene.instance()
    vars(later)["agreeing"] = offering(scene, NEXT)
    await offering(scene, NEXT).note_told(scene.organisation, "agreement", NEXT.version)
    await later.sending.send(staff, thread, draft)  # In the grace.
    another = await scene.draft(staff, thread)
    scene.container.clock.now += GRACE
    with pytest.raises(AgreementRequiredError):
        await later.sending.send(staff, thread, another)
    await later.sending.send(scene.person(), thread, answer)


async def test_an_acceptance_is_kept_as_it_was() -> None:
    """Who, when, which version, which text; again, by somebody else, changes nothing."""
    made = await unbound()
    await accept(made, by="first")
    made.container.clock.move(days=1)
    await accept(made, by="second")
    shown = await made.container.agreeing.shown(made.organisation)
    assert shown.accepted is not None
    assert (shown.accepted.by, shown.accepted.digest) == ("first", shown.agreement.digest)
    (event,) = [event for event in made.events("agreement:accept") if event["by"] != "system"]
    assert (event["by"], event["version"]) == ("first", shown.agreement.version)


@pytest.mark.parametrize(("version", "digest"), [("2025-1", None), (None, "0" * 64), ("", ""), ("2027-1", None)])
async def test_only_what_is_offered_can_be_accepted(version: str | None, digest: str | None) -> None:
    """An old page, or a text that nobody was shown."""
    scene = await unbound()
    current = scene.container.agreeing.current
    with pytest.raises(ConflictError):
        await scene.container.agreeing.accept(
            scene.organisation,
            version=current.version if version is None else version,
            digest=current.digest if digest is None else digest,
            by="admin",
        )
    with pytest.raises(AgreementRequiredError):
        await scene.container.agreeing.check(scene.organisation)


async def test_one_organisation_binds_itself_alone() -> None:
    """Whatever its neighbours accepted."""
    scene = await unbound()
    other = await scene.container.administering.create_organisation("Grannkommunen")
    await accept(scene)
    with pytest.raises(AgreementRequiredError):
        await scene.container.agreeing.check(other)


async def test_admins_are_told_once_by_ids(scene: Scene) -> None:
    """Every active admin of every organisation; members, auditors and who left are not."""
    admin = await scene.staff(role=Role.ADMIN, address="admin@example.com")
    await scene.staff()
    await scene.staff(role=Role.AUDITOR)
    gone = await scene.staff(role=Role.ADMIN)
    await scene.container.staffing.leave(scene.organisation, gone.staff, successor=None, by="admin")
    assert await announcing(scene).announce() == 2
    queued = [dict(message.message) for message in scene.container.queues.queued]
    assert queued == [
        {"organisation": scene.organisation, "staff": admin.staff, "change": what}
        for what in ("agreement", "sub-processors")
    ]
    await scene.container.run_queues()
    mails = scene.container.mailer.sent
    assert [mail.to for mail in mails] == ["admin@example.com"] * 2
    assert all("Exempelkommunen" not in mail.text and "Anna" not in mail.text for mail in mails)
    assert await announcing(scene).announce() == 0
    assert await announcing(scene, sub_processors="2026-2").announce() == 1


async def test_who_is_no_admin_any_more_gets_no_mail(scene: Scene) -> None:
    """Between the question and the mail."""
    admin = await scene.staff(role=Role.ADMIN)
    await scene.staff(role=Role.ADMIN)
    assert await announcing(scene).announce() == 4
    await scene.container.staffing.change(scene.organisation, admin.staff, MemberChange(role=Role.MEMBER), by="admin")
    await scene.container.run_queues()
    assert len(scene.container.mailer.sent) == 2


async def test_the_grace_begins_when_admins_are_told(scene: Scene) -> None:
    """A deployment alone binds nobody's hands."""
    later = offering(scene, NEXT)
    scene.container.clock.move(days=300)
    await later.check(scene.organisation)
    await scene.staff(role=Role.ADMIN)
    assert await announcing(scene, agreement=NEXT.version).announce() == 2
    shown = await later.shown(scene.organisation)
    assert shown.due_at == scene.container.clock() + GRACE
    await later.check(scene.organisation)
    scene.container.clock.now += GRACE
    with pytest.raises(AgreementRequiredError):
        await later.check(scene.organisation)
    await later.accept(scene.organisation, version=NEXT.version, digest=NEXT.digest, by="admin")
    await later.check(scene.organisation)


async def test_a_run_that_died_is_finished_by_the_next() -> None:
    """Somebody may be told twice, and nobody never."""
    for tap in crashes(landed=False):
        scene = await Scene.make()
        admins = [await scene.staff(role=Role.ADMIN) for _ in range(2)]
        try:
            await scene.instance(tap).announcing.announce()
        except Crashed:
            await scene.container.announcing.announce()
        asked = {(message.message["staff"], message.message["change"]) for message in scene.container.queues.queued}
        assert asked == {(admin.staff, what) for admin in admins for what in ("agreement", "sub-processors")}


def test_a_queue_message_of_another_word_is_none() -> None:
    """It ends among the poisonous ones."""
    from shared.domain.announcements import announced  # noqa: PLC0415

    for word in ("", "Agreement", None, 3):
        with pytest.raises(IntegrityError):
            announced(word)
