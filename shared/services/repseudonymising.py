"""Changing the pepper: whatever lies under a pseudonym of an older pepper moves to the current one.

Threads are found by the expiry buckets, because nothing is stored that no sweep would find. In each, the pseudonym is
replaced and the old one kept beside it; then entries move, the new one written before the old one is deleted; then
the old pseudonym goes. So nothing is ever out of reach, erasing finds both, and any step may crash and be repeated.
Audit events stay as they are: the version stands in the pseudonym.
"""

from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass, field, replace

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.pseudonyms import Peppers, former_subjects_of, subject_of
from shared.domain import places, retention
from shared.domain.bodies import Fields
from shared.domain.errors import (
    KeyDestroyedError,
    KeyUnavailableError,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.ids import MessageId, RandomBytes, Subject, ThreadId
from shared.domain.personal_number import PersonalNumber
from shared.domain.places import Place
from shared.domain.ports import Record, Records
from shared.domain.threads import Message, Participant, Thread
from shared.services.deleting import delete
from shared.services.entries import write_entries
from shared.services.keyring import Keyring
from shared.services.listing import each_record, every_record


@dataclass(slots=True, kw_only=True)
class Rotation:
    """What was found: counts only. ``unavailable`` are threads whose organisation's key could not be had."""

    threads: int = 0
    persons: int = 0
    entries: int = 0
    receipts: int = 0
    unavailable: int = 0

    @property
    def places(self) -> int:
        """Where older pseudonyms stood."""
        return self.persons + self.entries + self.receipts


@dataclass(frozen=True, slots=True)
class _Person:
    """A participant, the pseudonym they ought to have, and those under which something of them may lie."""

    participant: Participant
    current: Subject = field(repr=False)
    former: tuple[Subject, ...] = field(repr=False)

    @property
    def is_current(self) -> bool:
        return self.participant.subjects == (self.current,)


class Repseudonymising:
    """Rotates pseudonyms, or counts what a rotation would find."""

    def __init__(self, *, records: Records, keyring: Keyring, peppers: Peppers, random: RandomBytes) -> None:
        self._records = records
        self._keyring = keyring
        self._peppers = peppers
        self._random = random

    async def rotate(self) -> Rotation:
        """Move everything. Returns what was moved; a second run finds nothing more."""
        return await self._walk(moves=True)

    async def check(self) -> Rotation:
        """Count what lies under older pseudonyms, and change nothing."""
        return await self._walk(moves=False)

    async def _walk(self, *, moves: bool) -> Rotation:
        found = Rotation()
        async for thread in self._threads():
            try:
                if moves:
                    await self._rotate(thread, found)
                else:
                    await self._count(thread, found)
                found.threads += 1
            except (RecordNotFoundError, KeyDestroyedError):
                continue  # Its end has come, or its numbers are unreadable for ever.
            except KeyUnavailableError:
                found.unavailable += 1
        return found

    async def _threads(self) -> AsyncGenerator[ThreadId, None]:
        """Every thread, once. One may be booked by its messages alone: they lengthen its life."""
        seen: set[str] = set()
        async for index in each_record(self._records, retention.BUCKET_INDEX):
            async for booking in each_record(self._records, retention.bucket_partition(index.id)):
                kind, _, ids = booking.id.partition("|")[2].partition("|")
                thread = ids.partition("|")[0]
                if kind in {"thread", "message"} and thread not in seen:
                    seen.add(thread)
                    yield ThreadId(thread)

    async def _count(self, thread: ThreadId, found: Rotation) -> None:
        _, room = await self._read(thread)
        persons = await self._persons(room)
        found.persons += sum(not person.is_current for person in persons)
        for message in await self._messages(thread):
            for place, _ in _old_entries(persons, message.message):
                found.entries += await self._get(place) is not None
        found.receipts += len(await self._old_receipts(thread, persons))

    async def _rotate(self, thread: ThreadId, found: Rotation) -> None:
        record, room = await self._read(thread)
        persons = await self._persons(room)
        found.persons += sum(not person.is_current for person in persons)
        if not all(person.is_current for person in persons):
            record, room = await self._replace(record, persons, keeps_former=True)
        for message in await self._messages(thread):
            for old, current in _old_entries(persons, message.message):
                found.entries += await self._move_entry(message, old, current)
        for receipt, reader in await self._old_receipts(thread, persons):
            await self._move_receipt(room, receipt, reader)
            found.receipts += 1
        if any(person.former for person in room.participants):
            await self._replace(record, persons, keeps_former=False)

    async def _read(self, thread: ThreadId) -> tuple[Record, Thread]:
        place = places.thread(thread)
        record = await self._records.get(place.partition, place.id)
        return record, Thread.of(record.body)

    async def _persons(self, room: Thread) -> tuple[_Person, ...]:
        return tuple([await self._person(room, participant) for participant in room.participants])

    async def _person(self, room: Thread, participant: Participant) -> _Person:
        sealed, place = participant.personal_number, places.thread(room.thread)
        key = await self._keyring.of_version(room.organisation, sealed_field_key_version(sealed))
        name = f"personal_number.{participant.recipient}"
        number = PersonalNumber(unseal_field(key, sealed, partition=place.partition, id=place.id, field=name))
        current = subject_of(number, self._peppers)
        known = dict.fromkeys((*former_subjects_of(number, self._peppers), *participant.subjects))
        return _Person(participant, current, tuple(subject for subject in known if subject != current))

    async def _replace(
        self, record: Record, persons: tuple[_Person, ...], *, keeps_former: bool
    ) -> tuple[Record, Thread]:
        """Give the persons their current pseudonyms. Whatever else changed in the thread meanwhile stays."""
        wanted = {person.participant.recipient: person for person in persons}
        while True:
            room = Thread.of(record.body)
            participants = tuple(
                replace(
                    participant,
                    subject=wanted[participant.recipient].current,
                    former=wanted[participant.recipient].former if keeps_former else (),
                )
                for participant in room.participants
            )
            changed = replace(room, participants=participants)
            try:
                return await self._records.replace_if_match(record, changed.body()), changed
            except RecordChangedError:
                record = await self._records.get(record.partition, record.id)

    async def _messages(self, thread: ThreadId) -> list[Message]:
        start, end = places.range_of("message")
        found = await every_record(self._records, places.thread(thread).partition, start=start, end=end)
        return [Message.of(record.body) for record in found]

    async def _move_entry(self, message: Message, old: Place, current: Place) -> bool:
        entry = await self._get(old)
        if entry is None:
            return False
        with suppress(NotFoundError):  # Erased meanwhile: then both places are to be empty.
            await write_entries(self._records, message, {current: entry.body})
        await delete(self._records, old)
        return True

    async def _old_receipts(self, thread: ThreadId, persons: tuple[_Person, ...]) -> list[tuple[Record, Subject]]:
        current = {former: person.current for person in persons for former in person.former}
        start, end = places.range_of("receipt")
        found = await every_record(self._records, places.thread(thread).partition, start=start, end=end)
        readers = [(record, current.get(Subject(record.id.rpartition("|")[2]))) for record in found]
        return [(record, reader) for record, reader in readers if reader is not None]

    async def _move_receipt(self, room: Thread, receipt: Record, reader: Subject) -> None:
        """Write it under the current pseudonym and delete the old one. Of two, the earlier one is the first."""
        _, message, what, _ = receipt.id.split("|")
        place = places.receipt(room.thread, MessageId(message), what, reader)
        fields = Fields(receipt.body)
        sealed = fields.text("name")
        key = await self._keyring.of_version(room.organisation, sealed_field_key_version(sealed))
        name = unseal_field(key, sealed, partition=receipt.partition, id=receipt.id, field="name")
        key = await self._keyring.current(room.organisation)
        again = seal_field(key, name, partition=place.partition, id=place.id, field="name", random=self._random)
        body = {**receipt.body, "name": again}
        at = places.message(room.thread, MessageId(message))
        found = await self._get(at)
        if found is not None:
            with suppress(NotFoundError, RecordNotFoundError):  # Erased meanwhile.
                await write_entries(self._records, Message.of(found.body), {place: body})
                there = await self._get(place)
                if there is not None and Fields(there.body).instant("at") > fields.instant("at"):
                    await self._records.replace_if_match(there, body)
        await delete(self._records, Place(receipt.partition, receipt.id))

    async def _get(self, place: Place) -> Record | None:
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None


def _old_entries(persons: tuple[_Person, ...], message: MessageId) -> list[tuple[Place, Place]]:
    """Where entries of a message may still lie, and where each belongs."""
    return [
        (places.mailbox(former, message), places.mailbox(person.current, message))
        for person in persons
        for former in person.former
    ]
