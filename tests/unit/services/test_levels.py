"""Levels of assurance: what a sender keeps for e-IDs of a higher level opens at no lower one, and is told to its persons."""

from dataclasses import replace
from itertools import product

import pytest

from shared.domain import places
from shared.domain.assurance import DEFAULT_REQUIRED, Assurance
from shared.domain.errors import AssuranceTooLowError, InvalidInputError, NotFoundError
from shared.domain.principals import Person, Staff
from shared.services.sharing import Addressee, ShownThread
from tests.support.scene import OTHER_PERSON, TOLVAN, Scene
from tests.support.taps import Tap

LEVELS = list(product(Assurance, Assurance))


async def high_scene() -> Scene:
    """One whose e-ID gives the highest level."""
    return await Scene.make(PIC_BANKID_ASSURANCE="loa4")


async def opened(scene: Scene, staff: Staff, required: Assurance) -> ShownThread:
    """A thread for ``TOLVAN`` that asks for this level."""
    addressees = (Addressee(personal_number=TOLVAN, mail_address="tolvan@example.com"),)
    await scene.decide(required_assurance=Assurance.LOA2)
    return await scene.container.sharing.create(
        staff, unit=scene.unit, subject="Provsvar", addressees=addressees, required_assurance=required
    )


def at(scene: Scene, level: Assurance, digits: str = TOLVAN) -> Person:
    """A person whose e-ID gave this level."""
    return replace(scene.person(digits), assurance=level)


@pytest.mark.parametrize(("required", "given"), LEVELS)
async def test_a_thread_opens_at_its_level_and_above(required: Assurance, given: Assurance) -> None:
    """All nine pairs; staff are known otherwise."""
    scene = await high_scene()
    staff = await scene.staff()
    thread = (await opened(scene, staff, required)).thread
    message = await scene.sent(staff, thread, b"abc")
    person = at(scene, given)
    assert (await scene.container.sharing.read(staff, thread)).required_assurance is required
    if list(Assurance).index(given) >= list(Assurance).index(required):
        assert (await scene.container.sharing.read(person, thread)).subject == "Provsvar"
        assert (await scene.container.retrieving.open(person, thread, message)).text == "Hej"
        return
    for refused in (
        scene.container.sharing.read(person, thread),
        scene.container.retrieving.open(person, thread, message),
        scene.container.sending.draft(person, thread, text="Svar", retention_days=None),
        scene.container.retaining.delete_message(person, thread, message),
    ):
        with pytest.raises(AssuranceTooLowError) as told:
            await refused
        assert told.value.required == required
    assert scene.events("message:open") == []


async def test_the_list_shows_that_there_is_something_and_not_what() -> None:
    """Neither sender nor subject nor persons; the level, so that the person knows what to sign in with."""
    scene = await high_scene()
    staff = await scene.staff()
    high, usual = await opened(scene, staff, Assurance.LOA4), await opened(scene, staff, Assurance.LOA3)
    for thread in (high, usual):
        await scene.sent(staff, thread.thread)
        scene.container.clock.move(milliseconds=1)
    tap = Tap()
    page = await scene.instance(tap).sharing.list_of_person(at(scene, Assurance.LOA3), continuation=None)
    assert {shown.thread: shown.is_locked for shown in page.threads} == {high.thread: True, usual.thread: False}
    (locked,) = [shown for shown in page.threads if shown.is_locked]
    assert (locked.unit, locked.unit_name, locked.subject, locked.persons) == ("", "", "", ())
    assert (locked.required_assurance, locked.expires_at) == (Assurance.LOA4, high.expires_at)
    page = await scene.container.sharing.list_of_person(at(scene, Assurance.LOA4), continuation=None)
    assert [(shown.is_locked, shown.subject) for shown in page.threads] == [(False, "Provsvar")] * 2
    of_unit = await scene.container.sharing.list_of_unit(staff, scene.unit, continuation=None)
    assert not any(shown.is_locked for shown in of_unit.threads)


async def test_a_stranger_never_learns_the_level() -> None:
    """Whatever their own: not there."""
    scene = await high_scene()
    thread = (await opened(scene, await scene.staff(), Assurance.LOA4)).thread
    for level in Assurance:
        with pytest.raises(NotFoundError):
            await scene.container.sharing.read(at(scene, level, OTHER_PERSON), thread)


async def test_a_thread_that_has_ended_is_not_there_at_any_level() -> None:
    """Its end comes before its lock."""
    scene = await high_scene()
    thread = (await opened(scene, await scene.staff(), Assurance.LOA4)).thread
    scene.container.clock.move(days=365)
    with pytest.raises(NotFoundError):
        await scene.container.sharing.read(at(scene, Assurance.LOA2), thread)


@pytest.mark.parametrize(("given", "required"), LEVELS)
async def test_a_level_that_nobody_can_reach_is_refused(given: Assurance, required: Assurance) -> None:
    """When the thread is opened, and not when its person stands before it; nothing is left of it."""
    scene = await Scene.make(PIC_BANKID_ASSURANCE=given.value)
    staff = await scene.staff()
    if given.meets(required):
        assert (await opened(scene, staff, required)).required_assurance is required
        return
    with pytest.raises(InvalidInputError) as refused:
        await opened(scene, staff, required)
    assert refused.value.rule == "assurance-unreachable"
    assert not scene.bodies("thread|", "outbox|")


async def test_a_thread_asks_for_the_usual_level_unless_told(scene: Scene) -> None:
    """Also one that was stored before there were levels."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    assert (await scene.container.sharing.read(staff, thread)).required_assurance is DEFAULT_REQUIRED
    place = places.thread(thread)
    record = await scene.container.records.get(place.partition, place.id)
    body = {name: value for name, value in record.body.items() if name != "required_assurance"}
    await scene.container.record_store.replace_if_match(record, body)
    with pytest.raises(AssuranceTooLowError):
        await scene.container.sharing.read(at(scene, Assurance.LOA2), thread)
    assert (await scene.container.sharing.read(scene.person(), thread)).subject == "Beslut"


async def test_an_upload_goes_on_only_at_the_level_of_its_thread(scene: Scene) -> None:
    """Begun at the right level, gone on with at a lower one by the same person: refused, and it stays as it was."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    draft = await scene.draft(person, thread)
    upload = await scene.begin(person, thread, draft, 3)
    lower = at(scene, Assurance.LOA2)
    for refused in (
        scene.container.uploading.find(lower, upload.upload),
        scene.container.uploading.cancel(lower, upload.upload),
        scene.container.uploading.remove(lower, thread, draft, upload.file),
        scene.begin(lower, thread, draft, 3),
    ):
        with pytest.raises(AssuranceTooLowError):
            await refused
    assert await scene.container.uploading.find(person, upload.upload) == upload


async def test_a_receipt_tells_by_which_e_id_its_reader_was_known(scene: Scene) -> None:
    """And keeps the id of the proof, which the other side is not shown."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread)
    person = replace(scene.person(), provider="nexus", assurance=Assurance.LOA4, evidence="proof-of-this")
    await scene.container.retrieving.open(person, thread, message)
    (stored,) = [body for at, body in scene.bodies(f"thread|{thread}").items() if at.id.startswith("receipt|")]
    assert stored["evidence"] == "proof-of-this"
    (shown,) = (await scene.container.retrieving.describe(staff, thread, message)).receipts
    assert (shown.kind, shown.provider, shown.assurance) == ("person", "nexus", "loa4")
    assert "proof-of-this" not in repr(shown)


async def test_receipts_of_staff_and_older_ones_tell_no_e_id(scene: Scene) -> None:
    """Staff sign in otherwise; what an older version left says nothing of it."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread)
    reply = await scene.sent(person, thread)
    await scene.container.retrieving.open(staff, thread, reply)
    (shown,) = (await scene.container.retrieving.describe(person, thread, reply)).receipts
    assert (shown.kind, shown.provider, shown.assurance) == ("staff", None, None)
    await scene.container.retrieving.open(person, thread, message)
    place = places.receipt(thread, message, "text", person.subject)
    record = await scene.container.records.get(place.partition, place.id)
    kept = {name: record.body[name] for name in ("kind", "name", "file", "at")}
    await scene.container.record_store.replace_if_match(record, kept)
    (shown,) = (await scene.container.retrieving.describe(staff, thread, message)).receipts
    assert (shown.kind, shown.provider, shown.assurance) == ("person", None, None)
