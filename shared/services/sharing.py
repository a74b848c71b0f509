"""Threads: opened by a unit for named persons, listed for both sides."""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.pseudonyms import Peppers, subject_of
from shared.domain import places, retention, texts
from shared.domain.assurance import Assurance
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import (
    InvalidInputError,
    KeyDestroyedError,
    KeyUnavailableError,
    NotFoundError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.ids import RandomBytes, ThreadId, UnitId, new_id
from shared.domain.personal_number import PersonalNumber, parse_personal_number
from shared.domain.ports import Clock, Records
from shared.domain.principals import Person, Principal, UnitSide, may_serve, reader_key
from shared.domain.threads import Participant, Sealed, Thread
from shared.services.access import Access, OpenThread, is_locked
from shared.services.agreeing import Agreeing
from shared.services.auditing import Audit
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.mailboxes import mailbox_page
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.units import Units

MAX_PERSONS = 20
"""Persons in one thread: a room for the parties of a matter, not a mailing list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addressee:
    """A person as the officer names them."""

    personal_number: str = field(repr=False)
    mail_address: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPerson:
    """A person as the officer sees them again. Empty texts for other persons than oneself, when a person looks."""

    recipient: str
    masked_number: str = field(repr=False)
    mail_address: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownThread:
    """A thread in clear, for someone who belongs to it.

    Of a locked one nothing but this: that there is one, how long, and the level of e-ID that opens it. Who sends is
    part of what is to be read at that level only.
    """

    thread: ThreadId
    unit: UnitId
    unit_name: str = field(repr=False)
    subject: str = field(repr=False)
    persons: tuple[ShownPerson, ...]
    created_at: datetime
    expires_at: datetime
    required_assurance: Assurance
    is_locked: bool = False


def _locked(thread: Thread) -> ShownThread:
    return ShownThread(
        thread=thread.thread,
        unit=UnitId(""),
        unit_name="",
        subject="",
        persons=(),
        created_at=thread.created_at,
        expires_at=thread.expires_at,
        required_assurance=thread.required_assurance,
        is_locked=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """A run of threads. ``continuation`` asks for the next."""

    threads: tuple[ShownThread, ...]
    continuation: str | None


class Sharing:
    """Creates and shows threads."""

    def __init__(
        self,
        *,
        records: Records,
        access: Access,
        settings: SettingsOfOrganisations,
        units: Units,
        agreeing: Agreeing,
        keyring: Keyring,
        expiries: Expiries,
        audit: Audit,
        peppers: Peppers,
        reachable: frozenset[Assurance],
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._access = access
        self._settings = settings
        self._units = units
        self._agreeing = agreeing
        self._keyring = keyring
        self._expiries = expiries
        self._audit = audit
        self._peppers = peppers
        self._reachable = reachable
        self._clock = clock
        self._random = random

    async def create(
        self,
        principal: UnitSide,
        *,
        unit: UnitId,
        subject: str,
        addressees: tuple[Addressee, ...],
        required_assurance: Assurance | None = None,
        thread: ThreadId | None = None,
    ) -> ShownThread:
        """Open a thread between a unit of the principal and these persons, to be read at this level or a higher one.

        The organisation's settings say the lowest level; without one, that counts. ``thread`` is the id that it
        is to have: if there is one, an earlier attempt came that far, and this one finishes it.

        Raises ``NotFoundError`` for a unit that is not the principal's, ``ConflictError`` for one that is closed,
        ``AgreementRequiredError``,
        ``InvalidInputError`` for a bad subject, number or address, for nobody, for more than ``MAX_PERSONS``, for the
        same person twice, for a level below the organisation's, and for one that no e-ID here gives.
        """
        if not may_serve(principal, unit):
            raise NotFoundError
        await self._units.check_open(principal.organisation, unit)
        await self._agreeing.check(principal.organisation)
        now = self._clock()
        line = texts.subject(subject)
        persons = [
            (parse_personal_number(a.personal_number, today=now.date()), texts.mail_address(a.mail_address))
            for a in addressees
        ]
        subjects = [subject_of(number, self._peppers) for number, _ in persons]
        if not 1 <= len(persons) <= MAX_PERSONS:
            raise InvalidInputError("persons")
        if len(set(subjects)) != len(subjects):
            raise InvalidInputError("persons-repeated")
        least = (await self._settings.of(principal.organisation)).required_assurance
        level = required_assurance or least
        if not level.meets(least):
            raise InvalidInputError("assurance-below-organisation")
        if not any(reachable.meets(level) for reachable in self._reachable):
            raise InvalidInputError("assurance-unreachable")
        thread = thread or ThreadId(new_id(now, self._random))
        place = places.thread(thread)
        key = await self._keyring.current(principal.organisation)

        def seal(text: str, name: str) -> Sealed:
            return Sealed(
                seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random)
            )

        participants: list[Participant] = []
        for (number, address), pseudonym in zip(persons, subjects, strict=True):
            recipient = new_id(now, self._random)
            participants.append(
                Participant(
                    recipient=recipient,
                    subject=pseudonym,
                    personal_number=seal(number.digits, f"personal_number.{recipient}"),
                    mail_address=seal(address, f"mail_address.{recipient}"),
                )
            )
        created = Thread(
            thread=thread,
            organisation=principal.organisation,
            unit=unit,
            subject=seal(line, "subject"),
            participants=tuple(participants),
            created_at=now,
            expires_at=retention.expires_at(now, retention_days=retention.CEILING_DAYS),
            required_assurance=level,
        )
        await self._expiries.book(created.expires_at, f"thread|{thread}")
        await self._audit.write(
            AuditEvent.THREAD_CREATED, principal.organisation, by=reader_key(principal), thread=thread
        )
        with suppress(RecordExistsError):
            await self._records.create(place.partition, place.id, created.body())
        outbox = places.outbox(unit, thread)
        with suppress(RecordExistsError):
            await self._records.create(outbox.partition, outbox.id, {"thread": thread})
        return await self.read(principal, thread)

    async def units(self, principal: UnitSide) -> tuple[tuple[UnitId, str], ...]:
        """The units that the principal serves, with their names, by name."""
        found: list[tuple[UnitId, str]] = []
        for unit in principal.units:
            place = places.unit(principal.organisation, unit)
            found.append((unit, Fields((await self._records.get(place.partition, place.id)).body).text("name")))
        return tuple(sorted(found, key=lambda pair: pair[1]))

    async def read(self, principal: Principal, thread: ThreadId) -> ShownThread:
        """One thread. Raises ``NotFoundError``, ``AssuranceTooLowError``."""
        return await self.shown(await self._access.thread(principal, thread))

    async def shown(self, room: OpenThread) -> ShownThread:
        """A thread in clear. Persons see of other persons only that they are there."""
        thread = room.thread
        place = places.thread(thread.thread)

        async def unseal(sealed: Sealed, name: str) -> str:
            key = await self._keyring.of_version(thread.organisation, sealed_field_key_version(sealed))
            return unseal_field(key, sealed, partition=place.partition, id=place.id, field=name)

        persons: list[ShownPerson] = []
        for person in thread.participants:
            number, address = "", ""
            if room.me is None or room.me == person:
                number = PersonalNumber(
                    await unseal(person.personal_number, f"personal_number.{person.recipient}")
                ).masked
                address = await unseal(person.mail_address, f"mail_address.{person.recipient}")
            persons.append(ShownPerson(recipient=person.recipient, masked_number=number, mail_address=address))
        return ShownThread(
            thread=thread.thread,
            unit=thread.unit,
            unit_name=await self._unit_name(thread),
            subject=await unseal(thread.subject, "subject"),
            persons=tuple(persons),
            created_at=thread.created_at,
            expires_at=thread.expires_at,
            required_assurance=thread.required_assurance,
        )

    async def _unit_name(self, thread: Thread) -> str:
        place = places.unit(thread.organisation, thread.unit)
        return Fields((await self._records.get(place.partition, place.id)).body).text("name")

    async def list_of_unit(self, principal: UnitSide, unit: UnitId, *, continuation: str | None) -> ThreadPage:
        """Threads of one of the principal's units, oldest first. Raises ``NotFoundError`` for another's unit."""
        if not may_serve(principal, unit):
            raise NotFoundError
        start, end = places.range_of("thread")
        page = await self._records.query(
            places.outbox_partition(unit), start=start, end=end, limit=50, continuation=continuation
        )
        found = [ThreadId(Fields(entry.body).text("thread")) for entry in page.records]
        return ThreadPage(threads=await self._alive(principal, found), continuation=page.continuation)

    async def list_of_person(self, principal: Person, *, continuation: str | None) -> ThreadPage:
        """Threads in which something was delivered to this person, oldest first."""
        page = await mailbox_page(self._records, principal, limit=50, continuation=continuation)
        found = dict.fromkeys(ThreadId(Fields(entry.body).text("thread")) for entry in page.records)
        return ThreadPage(threads=await self._alive(principal, list(found)), continuation=page.continuation)

    async def _alive(self, principal: Principal, threads: list[ThreadId]) -> tuple[ShownThread, ...]:
        """Those that can be shown.

        One organisation's key must not shut a person out of what all others sent: its threads are left out while it
        cannot be used, unless there is nothing else to show. Raises ``KeyUnavailableError``.
        """
        shown: list[ShownThread] = []
        unavailable: KeyUnavailableError | None = None
        for thread in threads:
            try:
                room = await self._access.listed(principal, thread)
                shown.append(_locked(room.thread) if is_locked(principal, room.thread) else await self.shown(room))
            except (NotFoundError, KeyDestroyedError):
                continue  # Its end has come; the sweep will take the entry.
            except KeyUnavailableError as fault:
                unavailable = fault
        if unavailable is not None and not shown:
            raise unavailable
        return tuple(shown)

    async def outlive(self, principal: Principal, room: OpenThread, expires_at: datetime) -> None:
        """Let the thread live at least as long as its newest message, whose own booking will end both.

        Raises ``NotFoundError`` when the thread ended meanwhile.
        """
        record, thread = room.record, room.thread
        while thread.expires_at < expires_at:
            try:
                record = await self._records.replace_if_match(record, replace(thread, expires_at=expires_at).body())
                thread = Thread.of(record.body)
            except RecordChangedError:
                record = (await self._access.thread(principal, thread.thread)).record
                thread = Thread.of(record.body)
            except RecordNotFoundError as fault:
                raise NotFoundError from fault
