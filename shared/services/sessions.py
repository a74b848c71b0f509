"""Sessions: an opaque token in the browser, its hash in the store, limits on idle and on total time.

Who someone is, is decided at sign-in; what staff may do is read afresh on every request, so that a change of units
or a departure works at once.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.pseudonyms import subject_version
from shared.crypto.tokens import csrf_token, new_token, token_hash
from shared.domain import places
from shared.domain.assurance import Assurance
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.devices import UNKNOWN_DEVICE
from shared.domain.errors import (
    IntegrityError,
    NotSignedInError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.factor_policy import ENROLLED_BY, is_enough
from shared.domain.ids import OrganisationId, RandomBytes, SessionId, StaffId, Subject, UnitId, new_id
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.principals import Person, Role, SessionHolder, Staff, reader_key, reader_keys
from shared.domain.sessions import MAX_SESSIONS, SessionLimits, is_of_older_version
from shared.domain.sign_in_methods import SignInMethod
from shared.domain.staff_members import StaffState, state_of
from shared.services.auditing import Audit, log_of
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.session_index import SessionIndex, readers_of

HELD_LONGER: Final = timedelta(hours=1)
"""Than asked for: so a session that begins many uploads is written once an hour for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A raised session. ``token`` goes into the cookie and is never stored."""

    token: str = field(repr=False)
    csrf: str = field(repr=False)
    principal: SessionHolder
    expires_at: datetime


class Sessions:
    """Raises, resolves and ends sessions."""

    def __init__(
        self,
        *,
        records: Records,
        index: SessionIndex,
        keyring: Keyring,
        expiries: Expiries,
        settings: SettingsOfOrganisations,
        audit: Audit,
        limits: SessionLimits,
        pepper: int,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._index = index
        self._keyring = keyring
        self._expiries = expiries
        self._settings = settings
        self._audit = audit
        self._limits = limits
        self._pepper = pepper
        self._clock = clock
        self._random = random

    async def raise_for_staff(
        self,
        organisation: OrganisationId,
        staff: StaffId,
        *,
        methods: frozenset[SignInMethod],
        must_enrol: bool = False,
        replacing: str | None = None,
        device: str = UNKNOWN_DEVICE,
        tenant: str | None = None,
        proved_at: datetime | None = None,
    ) -> NewSession:
        """A session with a token that nobody has seen before; the one with the token ``replacing`` ends.

        ``methods`` are what they have just proved themselves by, ``device`` is what its owner will know it by
        (``shared.domain.devices``). ``must_enrol``: it opens nothing but setting up a factor, whatever the policy says.
        ``tenant`` of Entra ID is where they proved it, at ``proved_at``, where it was not here and now.
        Raises ``NotSignedInError`` for unknown staff.
        """
        await self._staff(organisation, staff)
        await self._audit.write(AuditEvent.STAFF_SIGNED_IN, organisation, by=staff)
        return await self._raise_staff(
            organisation,
            staff,
            methods=methods,
            must_enrol=must_enrol,
            replacing=replacing,
            device=device,
            tenant=tenant,
            verified_at=proved_at,
        )

    async def renew(self, token: str, staff: Staff, *, methods: frozenset[SignInMethod]) -> NewSession:
        """The session of ``token`` with these methods proved just now besides, under a token nobody has seen before.

        A token that somebody learnt before is worth nothing in the session that may do more. It ends when the old one
        would have. Raises ``NotSignedInError`` when that has ended.
        """
        record = await self._raised(token_hash(token))
        fields = Fields(record.body)
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(fields.text("device")))
        device = unseal_field(key, fields.text("device"), partition=record.partition, id=record.id, field="device")
        return await self._raise_staff(
            staff.organisation,
            staff.staff,
            methods=_methods(fields) | methods,
            must_enrol=_must_enrol(fields) and not methods & ENROLLED_BY,
            replacing=token,
            device=device,
            tenant=fields.optional_text("tenant"),
            ends=fields.instant("expires_at"),
        )

    async def _raise_staff(
        self,
        organisation: OrganisationId,
        staff: StaffId,
        *,
        methods: frozenset[SignInMethod],
        must_enrol: bool,
        replacing: str | None,
        device: str,
        tenant: str | None,
        verified_at: datetime | None = None,
        ends: datetime | None = None,
    ) -> NewSession:
        verified_at = verified_at or self._clock()
        principal = replace(
            await self._staff(organisation, staff),
            methods=methods,
            verified_at=verified_at,
            is_unfinished=must_enrol or not await self._is_enough(organisation, methods, tenant),
        )
        body: Body = {
            "kind": "staff",
            "organisation": organisation,
            "staff": staff,
            "methods": sorted(methods),
            "must_enrol": must_enrol,
            "tenant": tenant,
            "verified_at": instant_text(verified_at),
        }
        return await self._raise(principal, body, replacing, device, ends)

    async def _is_enough(
        self, organisation: OrganisationId, methods: frozenset[SignInMethod], tenant: str | None
    ) -> bool:
        """By the policy of now: whoever tightens it finds nobody left in by the old one.

        Raises ``NotSignedInError`` for a tenant that is not the organisation's any more.
        """
        settings = await self._settings.of(organisation)
        if tenant is not None and not settings.takes_tenant(tenant):
            raise NotSignedInError
        return is_enough(settings.second_factor, methods)

    async def raise_for_person(
        self, person: Person, *, replacing: str | None = None, device: str = UNKNOWN_DEVICE
    ) -> NewSession:
        """As ``raise_for_staff``."""
        await self._audit.write(AuditEvent.PERSON_SIGNED_IN, PLATFORM, by=person.subject)
        body: Body = {
            "kind": "person",
            "subject": person.subject,
            "former": list(person.former),
            "provider": person.provider,
            "assurance": person.assurance.value,
            "evidence": person.evidence,
        }
        return await self._raise(person, body, replacing, device)

    async def _raise(
        self, principal: SessionHolder, body: Body, replacing: str | None, device: str, ends: datetime | None = None
    ) -> NewSession:
        if replacing is not None:
            # Whoever knew the old token of this browser must not stay signed in beside the new session.
            await self._index.end(token_hash(replacing))
        await self._make_room(principal)
        token, now = new_token(self._random), self._clock()
        hashed, session = token_hash(token), SessionId(new_id(now, self._random))
        ends = now + self._limits.absolute if ends is None else ends
        for reader in reader_keys(principal):
            await self._expiries.book(ends, f"session|{hashed}|{reader}|{session}")
        place = places.session(hashed)
        stored: Body = {
            **body,
            "session": session,
            "created_at": instant_text(now),
            "seen_at": instant_text(now),
            "expires_at": instant_text(ends),
            "name": await self._seal(place, "name", principal.name),
            "device": await self._seal(place, "device", device),
        }
        await self._index.add(principal, session, hashed)
        await self._records.create(place.partition, place.id, stored)
        return NewSession(token=token, csrf=csrf_token(token), principal=principal, expires_at=ends)

    async def _make_room(self, principal: SessionHolder) -> None:
        """End the oldest, so that nobody has more than ``MAX_SESSIONS`` and can look through them."""
        entries = await self._index.of(principal)
        for entry in entries[: max(0, len(entries) - MAX_SESSIONS + 1)]:
            await self._index.end(entry.token_hash)

    async def _seal(self, place: Place, name: str, text: str) -> str:
        key = await self._keyring.current(PLATFORM)
        return seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random)

    async def principal_of(self, token: str) -> SessionHolder:
        """Who holds this token. Raises ``NotSignedInError`` when it is unknown, ended, idle too long or too old."""
        record = await self._raised(token_hash(token))
        fields, now = Fields(record.body), self._clock()
        if self._is_outdated(fields) or self._limits.is_over(fields, now=now):
            raise NotSignedInError
        if now - fields.instant("seen_at") >= self._limits.touch:
            await self._touch(record, now)
        return await self._principal(record)

    async def holder(self, token_hash: str) -> SessionHolder:
        """Who raised the session with a token of that hash, though it may have run out.

        For what a session began and may be finished after it. Raises ``NotSignedInError`` once somebody ended it.
        """
        record = await self._raised(token_hash)
        if self._is_outdated(Fields(record.body)):
            raise NotSignedInError
        return await self._principal(record)

    async def hold(self, token: str, until: datetime) -> None:
        """Remember at least until then who raised the session, though it may run out before.

        Raises ``NotSignedInError`` when it has ended.
        """
        hashed = token_hash(token)
        while True:
            record = await self._raised(hashed)
            fields = Fields(record.body)
            held = fields.optional_instant("held_until")
            if held is not None and held >= until:
                return
            later = until + HELD_LONGER
            for reader in readers_of(fields):
                await self._expiries.book(later, f"session|{hashed}|{reader}|{fields.text('session')}")
            try:
                await self._records.replace_if_match(record, {**record.body, "held_until": instant_text(later)})
            except RecordChangedError:
                continue  # Another request of the same session touched it.
            except RecordNotFoundError as fault:
                raise NotSignedInError from fault
            return

    async def attend(self, token_hash: str) -> None:
        """Take a request that is still under way for one that is made now; a session that has run out stays so.

        Raises ``NotSignedInError`` once somebody ended it.
        """
        record, now = await self._raised(token_hash), self._clock()
        fields = Fields(record.body)
        if not self._limits.is_over(fields, now=now) and now - fields.instant("seen_at") >= self._limits.touch:
            await self._touch(record, now)

    @property
    def attended_every(self) -> timedelta:
        """How often to ``attend`` to a request that takes long."""
        return self._limits.touch

    async def _raised(self, token_hash: str) -> Record:
        place = places.session(token_hash)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotSignedInError from fault

    def _is_outdated(self, fields: Fields) -> bool:
        """Whether it does not say all that is needed now: its holder signs in again.

        One from before the current pepper does not know its person's current pseudonym. One of a later pepper comes
        of an instance that was deployed already.
        """
        if is_of_older_version(fields):
            return True
        return fields.text("kind") == "person" and _pepper(fields) < self._pepper

    async def _principal(self, record: Record) -> SessionHolder:
        fields = Fields(record.body)
        if fields.text("kind") == "staff":
            staff = await self._staff(OrganisationId(fields.text("organisation")), StaffId(fields.text("staff")))
            methods, tenant = _methods(fields), fields.optional_text("tenant")
            is_done = await self._is_enough(staff.organisation, methods, tenant)
            return replace(
                staff,
                methods=methods,
                verified_at=fields.optional_instant("verified_at"),
                is_unfinished=_must_enrol(fields) or not is_done,
            )
        sealed = fields.text("name")
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        name = unseal_field(key, sealed, partition=record.partition, id=record.id, field="name")
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
        if state_of(fields.body) is not StaffState.ACTIVE:
            raise NotSignedInError
        sealed = fields.text("name")
        key = await self._keyring.of_version(organisation, sealed_field_key_version(sealed))
        name = unseal_field(key, sealed, partition=place.partition, id=place.id, field="name")
        try:
            role = Role(fields.text("role"))
        except ValueError as fault:
            raise IntegrityError from fault
        units = frozenset(UnitId(unit) for unit in fields.texts("units"))
        return Staff(organisation=organisation, staff=staff, role=role, units=units, name=name)

    async def end(self, token: str, principal: SessionHolder) -> None:
        """End the session of this token; nothing it opened stays open."""
        await self._audit.write(AuditEvent.SIGNED_OUT, log_of(principal), by=reader_key(principal))
        await self._index.end(token_hash(token))


def _pepper(fields: Fields) -> int:
    try:
        return subject_version(Subject(fields.text("subject")))
    except ValueError as fault:
        raise IntegrityError from fault


def _must_enrol(fields: Fields) -> bool:
    return fields.body.get("must_enrol") is not None and fields.fact("must_enrol")


def _methods(fields: Fields) -> frozenset[SignInMethod]:
    try:
        return frozenset(SignInMethod(word) for word in fields.texts("methods"))
    except ValueError as fault:
        raise IntegrityError from fault


def _assurance(fields: Fields) -> Assurance:
    try:
        return Assurance(fields.text("assurance"))
    except ValueError as fault:
        raise IntegrityError from fault
