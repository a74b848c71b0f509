"""Changing the pepper on the real stores: what was under the old pseudonym is under the new one, however often it broke."""

import base64
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest

from shared.crypto.pseudonyms import former_subjects_of, subject_of
from shared.domain import places
from shared.domain.assurance import Assurance
from shared.domain.ids import MessageId, ThreadId
from shared.domain.personal_number import PersonalNumber
from shared.domain.principals import Person, Staff
from shared.services.listing import every_record
from shared.services.mailboxes import mailbox_page
from shared.settings import read_settings
from tests.support.memory_container import ENVIRONMENT, MemoryContainer
from tests.support.record_stores import Store, made, store
from tests.support.scene import TOLVAN, Scene, accept_agreement
from tests.support.taps import Crashed, Tap, TappedRecords, crashes

OLD = ENVIRONMENT["PIC_SUBJECT_PEPPERS"]
NEW = f"2:{base64.b64encode(b'n' * 32).decode()}"


@pytest.fixture(params=["tables", "cosmos"])
async def records(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    """A table or container of its own."""
    stand_in = request.getfixturevalue("azurite" if request.param == "tables" else "cosmos")
    async with made(store(request.param, stand_in.ports.table if request.param == "tables" else stand_in.port)) as own:
        yield own


def on(records: Store, first: MemoryContainer, peppers: str, tap: Tap | None = None) -> MemoryContainer:
    """An instance that knows these peppers, on the same stores as ``first``."""
    container = MemoryContainer(PIC_SUBJECT_PEPPERS=peppers)
    container.records = records if tap is None else TappedRecords(records, tap)
    container.keys, container.queues, container.clock = first.keys, first.queues, first.clock
    return container


def person(peppers: str) -> Person:
    """Who signs in while the service knows these peppers."""
    known = read_settings({**ENVIRONMENT, "PIC_SUBJECT_PEPPERS": peppers}).peppers
    number = PersonalNumber(TOLVAN)
    return Person(
        subject=subject_of(number, known),
        name="Tolvan Tolvansson",
        provider="memory",
        assurance=Assurance.LOA3,
        former=former_subjects_of(number, known),
    )


async def filled(records: Store) -> tuple[MemoryContainer, Staff, ThreadId, list[MessageId]]:
    """A thread of before the new pepper: two messages, of which the first was opened."""
    container = on(records, MemoryContainer(), OLD)
    await container.administering.prepare_platform()
    organisation = await container.administering.create_organisation("Exempelkommunen")
    await accept_agreement(container, organisation)
    unit = await container.administering.create_unit(organisation, "Mottagningen", mail_address="unit@example.com")
    scene = Scene(container=container, organisation=organisation, unit=unit)
    staff = await scene.staff()
    thread = await scene.thread(staff, TOLVAN)
    messages = []
    for _ in range(2):
        messages.append(await scene.sent(staff, thread))
        container.clock.move(seconds=1)  # Ids sort by time.
    await container.retrieving.open(person(OLD), thread, messages[0])
    return container, staff, thread, messages


async def test_a_rotation_that_broke_at_every_call_is_completed_by_repeats(records: Store) -> None:
    """Afterwards the instance that knows the new pepper alone finds everything, once, and the old places are empty."""
    first, staff, thread, messages = await filled(records)
    both = f"{OLD},{NEW}"
    before = await on(records, first, both).repseudonymising.check()
    assert (before.threads, before.persons, before.entries, before.receipts) == (1, 1, 2, 1)
    broke = 0
    for tap in crashes(landed=True):
        with suppress(Crashed):
            await on(records, first, both, tap).repseudonymising.rotate()
        broke += tap.was_reached
    assert broke > 10
    assert (await on(records, first, both).repseudonymising.check()).places == 0
    for message in messages:
        assert await every_record(records, places.mailbox(person(OLD).subject, message).partition) == []
    later = on(records, first, NEW)
    page = await mailbox_page(later.records, person(NEW), limit=50, continuation=None)
    assert [record.id for record in page.records] == [f"message|{message}" for message in messages]
    for message in messages:
        await later.retrieving.open(person(NEW), thread, message)
    shown = await later.retrieving.describe(staff, thread, messages[0])
    assert [receipt.name for receipt in shown.receipts] == ["Tolvan Tolvansson"]
