"""Changing the pepper: everything stays in reach, nothing is lost or double, and the old pepper can go."""

import base64
import re
from dataclasses import replace

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.crypto.pseudonyms import subject_version
from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.errors import InvalidInputError, KeyUnavailableError, NotFoundError, NotSignedInError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Person, Staff
from shared.domain.threads import Thread
from shared.services.mailboxes import mailbox_page
from shared.services.sharing import Addressee
from shared.settings import read_settings
from tests.support.memory_container import ENVIRONMENT
from tests.support.scene import OTHER_PERSON, TOLVAN, YEAR_DAYS, Instance, Scene
from tests.support.taps import TROUBLES, Crashed, Tap, meetings

NEW = base64.b64encode(b"n" * 32).decode()
OLD = re.compile("s1-[0-9a-f]{64}")
BOTH = f"{ENVIRONMENT['PIC_SUBJECT_PEPPERS']},2:{NEW}"


class House:
    """One thread of two persons in which the first message was opened; a second was not."""

    def __init__(self, scene: Scene, staff: Staff, thread: ThreadId, messages: list[MessageId]) -> None:
        self.scene = scene
        self.staff = staff
        self.thread = thread
        self.messages = messages

    @classmethod
    async def make(cls) -> "House":
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
        messages = []
        for _ in range(2):
            messages.append(await scene.sent(staff, thread))
            scene.container.clock.move(seconds=1)  # Ids sort by time.
        await scene.container.retrieving.open(scene.person(), thread, messages[0])
        return cls(scene, staff, thread, messages)

    def add_pepper(self, value: str = BOTH) -> None:
        """As a deployment does."""
        container = self.scene.container
        container.settings = read_settings({**ENVIRONMENT, "PIC_SUBJECT_PEPPERS": value})
        for name in ("admitting", "sessions", "sharing", "repseudonymising", "sending", "uploading", "retrieving"):
            vars(container).pop(name, None)

    def tapped(self, tap: Tap) -> Instance:
        return self.scene.instance(tap)

    def carriers(self) -> list[str]:
        """Places and records, but the log, in which a pseudonym of the first pepper stands."""
        return [
            f"{at.partition} {at.id}"
            for at, body in self.scene.bodies().items()
            if OLD.search(f"{at.partition} {at.id} {body}") and not at.partition.startswith("audit|")
        ]

    async def holds(self, person: Person) -> None:
        """The person has both messages once, and the unit sees one receipt of the first."""
        container = self.scene.container
        page = await mailbox_page(container.records, person, limit=50, continuation=None)
        assert [f"message|{message}" for message in self.messages] == [record.id for record in page.records]
        assert [self.thread] == [
            thread.thread for thread in (await container.sharing.list_of_person(person, continuation=None)).threads
        ]
        for message in self.messages:
            await container.retrieving.describe(person, self.thread, message)
        shown = await container.retrieving.describe(self.staff, self.thread, self.messages[0])
        assert [receipt.name for receipt in shown.receipts] == [person.name]


async def house() -> House:
    made = await House.make()
    made.add_pepper()
    return made


async def test_with_both_peppers_a_person_reads_what_lies_under_the_old_one() -> None:
    """Before any rotation; and opening once more is no second first time."""
    made = await house()
    person = made.scene.person()
    assert [subject_version(subject) for subject in person.subjects] == [2, 1]
    await made.holds(person)
    await made.scene.container.retrieving.open(person, made.thread, made.messages[0])
    await made.holds(person)


async def test_signing_in_gives_the_pseudonyms_of_all_peppers() -> None:
    """So the index of sessions and the mailboxes find both."""
    made = await house()
    arrival = await made.scene.container.admitting.receive(persona(TOLVAN))
    assert arrival.person.subjects == made.scene.person().subjects


async def test_a_session_from_before_the_new_pepper_is_over() -> None:
    """It knows its person by the old pseudonym alone, and would find nothing once the rotation has moved all."""
    made = await House.make()
    container = made.scene.container
    old = (await container.sessions.raise_for_person(made.scene.person())).token
    of_staff = (
        await container.sessions.raise_for_staff(made.staff.organisation, made.staff.staff, methods=frozenset())
    ).token
    await container.sessions.principal_of(old)
    made.add_pepper()
    with pytest.raises(NotSignedInError):
        await container.sessions.principal_of(old)
    with pytest.raises(NotSignedInError):
        await container.sessions.holder(token_hash(old))
    await container.sessions.principal_of(of_staff)
    again = await container.sessions.raise_for_person(made.scene.person())
    assert await container.sessions.principal_of(again.token) == made.scene.person()


async def test_a_session_of_a_deployed_instance_goes_on_at_one_that_is_not() -> None:
    """While a deployment is under way both answer the same browser."""
    made = await house()
    token = (await made.scene.container.sessions.raise_for_person(made.scene.person())).token
    made.add_pepper(ENVIRONMENT["PIC_SUBJECT_PEPPERS"])
    assert [subject_version(s) for s in (await _person(made, token)).subjects] == [2, 1]


async def _person(made: House, token: str) -> Person:
    principal = await made.scene.container.sessions.principal_of(token)
    assert isinstance(principal, Person)
    return principal


async def test_a_rotation_moves_everything_and_a_second_finds_nothing() -> None:
    """Afterwards the old pepper can go: the person still has everything, and nothing but the log names the old one."""
    made = await house()
    rotating = made.scene.container.repseudonymising
    before = await rotating.check()
    assert (before.persons, before.entries, before.receipts) == (2, 4, 1)
    assert await rotating.rotate() == before
    assert (await rotating.rotate()).places == (await rotating.check()).places == 0
    assert made.carriers() == []
    await made.holds(made.scene.person())
    made.add_pepper(f"2:{NEW}")
    await made.holds(made.scene.person())


@pytest.mark.parametrize("trouble", TROUBLES)
async def test_whatever_goes_wrong_a_repeat_completes_it(trouble: str) -> None:
    """At every call of a port: in between everything is in reach, and afterwards all is single."""
    reached = 0
    for tap in TROUBLES[trouble]():
        made = await house()
        try:
            await made.tapped(tap).repseudonymising.rotate()
        except (Crashed, Exception):  # noqa: BLE001 - whatever it was, the next run mends it
            reached += 1
        person = made.scene.person()
        page = await mailbox_page(made.scene.container.records, person, limit=50, continuation=None)
        assert len(page.records) == len(made.messages)
        await made.scene.container.retrieving.describe(person, made.thread, made.messages[0])
        await made.scene.container.repseudonymising.rotate()
        assert (await made.scene.container.repseudonymising.check()).places == 0
        assert made.carriers() == []
        await made.holds(person)
    assert reached > 20


async def test_erasing_at_any_moment_of_a_rotation_leaves_nothing() -> None:
    """No entry under either pseudonym, whatever the order: nothing would ever find it."""
    made = await house()

    async def erase() -> None:
        for message in made.messages:
            await made.scene.container.retaining.delete_message(made.staff, made.thread, message)

    for landed in (False, True):
        for tap in meetings(erase, landed=landed):
            made = await house()
            await made.tapped(tap).repseudonymising.rotate()
            if not tap.was_reached:
                continue
            await made.scene.container.run_queues()
            assert made.scene.bodies("mailbox|") == {}
            assert not [at for at in made.scene.bodies(f"thread|{made.thread}") if at.id.startswith("receipt|")]


async def test_a_delivery_at_any_moment_of_a_rotation_reaches_the_person() -> None:
    """A person has the message once, and where a rotation put things the delivery adds nothing old to them."""
    made = await house()

    async def rotate() -> None:
        await made.scene.container.repseudonymising.rotate()

    for tap in meetings(rotate):
        made = await house()
        message = await made.scene.draft(made.staff, made.thread)
        await made.scene.container.sending.send(made.staff, made.thread, message)
        await made.tapped(tap).sending.deliver(made.thread, message)
        made.messages.append(message)
        await made.holds(made.scene.person())
        if tap.was_reached:
            assert (await made.scene.container.repseudonymising.check()).places == 0
        await made.scene.container.repseudonymising.rotate()
        assert made.carriers() == []


async def test_an_organisation_without_its_key_is_counted_and_left() -> None:
    """The old pepper is needed still."""
    made = await house()
    container = made.scene.container

    async def no_key(*_: object) -> bytes:
        raise KeyUnavailableError

    other = made.scene.instance()
    other.keyring.of_version = no_key  # type: ignore[assignment]
    found = await other.repseudonymising.rotate()
    assert (found.unavailable, found.places) == (1, 0)
    assert (await container.repseudonymising.check()).places == 7


async def test_of_two_receipts_the_earlier_is_kept() -> None:
    """One of an instance that knew the old pepper alone, one of a later one."""
    made = await house()
    container = made.scene.container
    person = made.scene.person()
    opened = await container.access.message(person, made.thread, made.messages[0])
    first = (await container.receipts.of(opened.message))[0].at
    container.clock.move(minutes=5)
    await container.receipts.leave(replace(person, former=()), opened, None)
    assert len(await container.receipts.of(opened.message)) == 2
    await container.repseudonymising.rotate()
    shown = await container.retrieving.describe(made.staff, made.thread, made.messages[0])
    assert [receipt.at for receipt in shown.receipts] == [first]


async def test_a_deleted_copy_is_gone_under_both_pseudonyms() -> None:
    """And no rotation brings it back."""
    made = await house()
    container = made.scene.container
    person = made.scene.person()
    for message in made.messages:
        await container.retaining.delete_message(person, made.thread, message)
    await container.repseudonymising.rotate()
    assert (await mailbox_page(container.records, person, limit=50, continuation=None)).records == ()
    with pytest.raises(NotFoundError):
        await container.retrieving.open(person, made.thread, made.messages[0])


async def test_threads_for_a_person_take_the_current_pepper_and_refuse_them_twice() -> None:
    """However the number is spelt."""
    made = await house()
    thread = await made.scene.thread(made.staff)
    at = places.thread(thread)
    room = Thread.of((await made.scene.container.records.get(at.partition, at.id)).body)
    assert [subject_version(person.subject) for person in room.participants] == [2]
    twice = tuple(
        Addressee(personal_number=number, mail_address="a@example.com") for number in (TOLVAN, "19121212-1212")
    )
    with pytest.raises(InvalidInputError) as refused:
        await made.scene.container.sharing.create(made.staff, unit=made.scene.unit, subject="Två", addressees=twice)
    assert refused.value.rule == "persons-repeated"


async def test_a_list_over_both_mailboxes_misses_nothing_whatever_the_page() -> None:
    """Entries of both lie between each other, some in both; every size of page gives each once, in order."""
    made = await house()
    container = made.scene.container
    person = made.scene.person()
    ids = [f"{n:026d}" for n in range(12)]
    for n, message in enumerate(ids):
        for subject in person.subjects if n % 5 == 0 else [person.subjects[n % 2]]:
            place = places.mailbox(subject, MessageId(message))
            await container.record_store.create(place.partition, place.id, {"thread": made.thread})
    whole = await mailbox_page(container.records, person, limit=50, continuation=None)
    for limit in range(1, len(whole.records) + 1):
        found, continuation = [], None
        while True:
            page = await mailbox_page(container.records, person, limit=limit, continuation=continuation)
            assert 1 <= len(page.records) <= limit
            found += [record.id for record in page.records]
            continuation = page.continuation
            if continuation is None:
                break
        assert found == [record.id for record in whole.records] == sorted(set(found))
    assert len(whole.records) == len(ids) + len(made.messages)


async def test_all_of_it_ends_after_a_rotation() -> None:
    """A year later nothing is left under either pseudonym but the log."""
    made = await house()
    await made.scene.container.repseudonymising.rotate()
    made.scene.container.clock.move(days=YEAR_DAYS)
    await made.scene.container.retaining.sweep()
    assert not made.scene.bodies("thread|", "mailbox|", "outbox|")
