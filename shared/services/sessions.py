"""Sessions: an opaque token in the browser, its hash in the store, limits on idle and on total time.

Who someone is, is decided at sign-in; what staff may do is read afresh on every request, so that a change of units
or a departure works at once.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.tokens import csrf_token, new_token, token_hash
from shared.domain import places
from shared.domain.assurance import Assurance
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import (
    IntegrityError,
    NotSignedInError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.ids import OrganisationId, RandomBytes, StaffId, Subject, UnitId
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.principals import Person, Principal, Role, Staff, reader_key
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring

IDLE_LIMIT: Final = timedelta(minutes=30)
"""BankID's terms forbid keeping an identification after long inactivity; staff get the same limit."""

ABSOLUTE_LIMIT: Final = timedelta(hours=8)

TOUCH_INTERVAL: Final = timedelta(minutes=1)
"""How stale ``last_seen_at`` may be: one write a minute and session instead of one a request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A raised session. ``token`` goes into the cookie and is never stored."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    principal: Principal
    expires_at: datetime


class Sessions:
    """Raises, resolves and ends sessions."""

    def __init__(
        self,
        *,
        records: Records,
        keyring: Keyring,
        expiries: Expiries,
        audit: Audit,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._keyring = keyring
        self._expiries = expiries
        self._audit = audit
        self._clock = clock
        self._random = random

    async def raise_for_staff(
        self, organisation: OrganisationId, staff: StaffId, *, replacing: str | None = None
    ) -> NewSession:
        """A session with a token that nobody has seen before; the one with the token ``replacing`` ends.

        Raises ``NotSignedInError`` for unknown staff.
        """
        principal = await self._staff(organisation, staff)
        await self._audit.write(AuditEvent.STAFF_SIGNED_IN, organisation, by=staff)
        await self._discard(replacing)
        return await self._raise(principal, {"kind": "staff", "organisation": organisation, "staff": staff})

    async def raise_for_person(self, person: Person, *, replacing: str | None = None) -> NewSession:
        """A session with a token that nobody has seen before; the one with the token ``replacing`` ends."""
        await self._audit.write(AuditEvent.PERSON_SIGNED_IN, PLATFORM, by=person.subject)
        body: Body = {
            "kind": "person",
            "subject": person.subject,
            "former": list(person.former),
            "provider": person.provider,
            "assurance": person.assurance.value,
            "evidence": person.evidence,
        }
        await self._discard(replacing)
        return await self._raise(person, body)

    async def _discard(self, token: str | None) -> None:
        """Whoever knew the old token of this browser must not stay signed in beside the new session."""
        if token is not None:
            await delete(self._records, places.session(token_hash(token)))

    async def _raise(self, principal: Principal, body: Body) -> NewSession:
        token, now = new_token(self._random), self._clock()
        place = places.session(token_hash(token))
        ends = now + ABSOLUTE_LIMIT
        await self._expiries.book(ends, f"session|{token_hash(token)}")
        instants = {"created_at": instant_text(now), "seen_at": instant_text(now), "expires_at": instant_text(ends)}
        name = await self._sealed_name(place, principal)
        await self._records.create(place.partition, place.id, {**body, **instants, "name": name})
        return NewSession(token=token, csrf=csrf_token(token), principal=principal, expires_at=ends)

    async def _sealed_name(self, place: Place, principal: Principal) -> str:
        key = await self._keyring.current(PLATFORM)
        return seal_field(
            key, principal.name, partition=place.partition, id=place.id, field="name", random=self._random
        )

    async def principal_of(self, token: str) -> Principal:
        """Who holds this token. Raises ``NotSignedInError`` when it is unknown, ended, idle too long or too old."""
        place = places.session(token_hash(token))
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotSignedInError from fault
        fields, now = Fields(record.body), self._clock()
        if now >= fields.instant("expires_at") or now - fields.instant("seen_at") >= IDLE_LIMIT:
            raise NotSignedInError
        if now - fields.instant("seen_at") >= TOUCH_INTERVAL:
            await self._touch(record, now)
        if fields.text("kind") == "staff":
            return await self._staff(OrganisationId(fields.text("organisation")), StaffId(fields.text("staff")))
        sealed = fields.text("name")
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        name = unseal_field(key, sealed, partition=place.partition, id=place.id, field="name")
        return Person(
            subject=Subject(fields.text("subject")),
            name=name,
            provider=fields.text("provider"),
            assurance=_assurance(fields),
            former=tuple(Subject(subject) for subject in fields.texts("former")),
            evidence=fields.optional_text("evidence"),
        )

    async def _touch(self, record: Record, now: datetime) -> None:
        try:
            await self._records.replace_if_match(record, {**record.body, "seen_at": instant_text(now)})
        except RecordChangedError:
            return  # Another request of the same session touched it.
        except RecordNotFoundError as fault:
            raise NotSignedInError from fault

    async def _staff(self, organisation: OrganisationId, staff: StaffId) -> Staff:
        place = places.staff(organisation, staff)
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError as fault:
            raise NotSignedInError from fault
        sealed = fields.text("name")
        key = await self._keyring.of_version(organisation, sealed_field_key_version(sealed))
        name = unseal_field(key, sealed, partition=place.partition, id=place.id, field="name")
        try:
            role = Role(fields.text("role"))
        except ValueError as fault:
            raise IntegrityError from fault
        units = frozenset(UnitId(unit) for unit in fields.texts("units"))
        return Staff(organisation=organisation, staff=staff, role=role, units=units, name=name)

    async def end(self, token: str, principal: Principal) -> None:
        """End the session of this token; nothing it opened stays open."""
        place = places.session(token_hash(token))
        await self._audit.write(AuditEvent.SIGNED_OUT, PLATFORM, by=reader_key(principal))
        await delete(self._records, place)


def _assurance(fields: Fields) -> Assurance:
    try:
        return Assurance(fields.text("assurance"))
    except ValueError as fault:
        raise IntegrityError from fault
