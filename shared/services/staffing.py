"""Who works for an organisation: invited, listed, given a role and units, and let go.

Who left can do nothing from the moment that their record says so: every request reads it, at every instance. What is
tidied up after that only leaves less behind.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from shared.crypto.fields import seal_field
from shared.crypto.pseudonyms import address_key
from shared.domain import places, texts
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.ids import OrganisationId, RandomBytes, StaffId, UnitId, new_id
from shared.domain.ports import Body, Clock, Json, Records
from shared.domain.principals import Role
from shared.domain.staff_members import LEFT_KEPT, MAX_UNITS, StaffMember, StaffState, unserved
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.last_admin import LastAdmin
from shared.services.staff_records import StaffRecords
from shared.services.units import Units

Ending = Callable[[OrganisationId, StaffId], Awaitable[None]]
"""Takes away what somebody who left signed in by. May be repeated."""


class Inviting(Protocol):
    """Mails invitations."""

    async def invite(self, organisation: OrganisationId, staff: StaffId) -> None:
        """Ask for the mail; again: another one, and the one before is void. Raises ``DependencyError``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMember:
    """Somebody to be invited."""

    name: str = field(repr=False)
    mail_address: str = field(repr=False)
    role: Role
    units: Collection[UnitId]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChange:
    """What is to change of a member; None stays as it is."""

    name: str | None = field(default=None, repr=False)
    role: Role | None = None
    units: Collection[UnitId] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMember:
    """A member in clear. ``mail_address`` is None for who has left."""

    staff: StaffId
    name: str = field(repr=False)
    mail_address: str | None = field(repr=False)
    role: Role
    units: tuple[UnitId, ...]
    state: StaffState
    created_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Changed:
    """A member after a change, and the units that nobody serves any more because of it."""

    member: ShownMember
    unserved: tuple[UnitId, ...]


class Staffing:
    """``by`` is the staff id of the admin, or ``system`` for an operator's command."""

    def __init__(
        self,
        *,
        records: Records,
        staff: StaffRecords,
        units: Units,
        last_admin: LastAdmin,
        keyring: Keyring,
        expiries: Expiries,
        audit: Audit,
        inviting: Inviting,
        endings: Sequence[Ending],
        address_pepper: bytes,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._staff = staff
        self._units = units
        self._last_admin = last_admin
        self._keyring = keyring
        self._expiries = expiries
        self._audit = audit
        self._inviting = inviting
        self._endings = tuple(endings)
        self._address_pepper = address_pepper
        self._clock = clock
        self._random = random

    async def list(self, organisation: OrganisationId) -> tuple[ShownMember, ...]:
        """Everybody, by name; those who have left come last."""
        shown = [await self._shown(organisation, member) for member in await self._staff.members(organisation)]
        return tuple(sorted(shown, key=lambda member: (member.state is StaffState.LEFT, member.name.casefold())))

    async def find(self, organisation: OrganisationId, staff: StaffId) -> ShownMember:
        """One of them. Raises ``NotFoundError``."""
        return await self._shown(organisation, StaffMember.of((await self._staff.of(organisation, staff)).body))

    async def invite(self, organisation: OrganisationId, new: NewMember, *, by: str) -> ShownMember:
        """Store somebody as invited and mail them.

        Raises ``InvalidInputError`` (``name``, ``mail-address``, ``unit``), ``ConflictError`` when the organisation has
        the address already. Whether another organisation has it, nobody learns: then the mail's link does not work.
        """
        name, address = texts.name(new.name), texts.mail_address(new.mail_address)
        units = await self._checked(organisation, new.units)
        now = self._clock()
        staff = StaffId(new_id(now, self._random))
        await self._check_address(organisation, address)
        await self._audit.write(AuditEvent.STAFF_INVITED, organisation, by=by, staff=staff, role=new.role.value)
        place = places.staff(organisation, staff)
        body: Body = {
            "staff": staff,
            "state": StaffState.INVITED.value,
            "role": new.role.value,
            "units": sorted(units),
            "name": await self._seal(organisation, staff, name, "name"),
            "mail_address": await self._seal(organisation, staff, address, "mail_address"),
            "created_at": instant_text(now),
        }
        # The member first: an address is never kept for nobody.
        written = await self._records.create(place.partition, place.id, body)
        await self._keep_address(organisation, address, staff)
        await self._inviting.invite(organisation, staff)
        return await self._shown(organisation, StaffMember.of(written.body))

    async def invite_again(self, organisation: OrganisationId, staff: StaffId, *, by: str) -> None:
        """Mail another invitation. Raises ``NotFoundError``, ``ConflictError`` for who is not invited any more."""
        member = StaffMember.of((await self._staff.of(organisation, staff)).body)
        if member.state is not StaffState.INVITED:
            raise ConflictError
        await self._audit.write(AuditEvent.STAFF_INVITED, organisation, by=by, staff=staff, role=member.role.value)
        await self._inviting.invite(organisation, staff)

    async def change(self, organisation: OrganisationId, staff: StaffId, change: MemberChange, *, by: str) -> Changed:
        """Another role, other units, another name; the next request of theirs sees it.

        Raises ``NotFoundError``, ``InvalidInputError`` (``name``, ``unit``), ``ConflictError`` for who has left,
        ``LastAdminError``.
        """
        before = StaffMember.of((await self._staff.of(organisation, staff)).body)
        name = None if change.name is None else texts.name(change.name)
        units = before.units if change.units is None else await self._checked(organisation, change.units)
        role = change.role or before.role
        differing = {"name": name is not None, "role": role is not before.role, "units": units != before.units}
        changed = [what for what, differs in differing.items() if differs]
        if before.state is StaffState.LEFT:
            raise ConflictError
        if not changed:
            return Changed(member=await self._shown(organisation, before), unserved=())
        told: dict[str, Json] = {"role": role.value, "units": sorted(units)}
        if name is not None:
            told["name"] = await self._seal(organisation, staff, name, "name")

        async def write() -> StaffMember:
            await self._audit.write(
                AuditEvent.STAFF_CHANGED, organisation, by=by, staff=staff, changed=" ".join(changed), role=role.value
            )
            return await self._staff.change(organisation, staff, lambda found: _of_active(found, told))

        if before.role is Role.ADMIN and role is not Role.ADMIN:
            async with self._last_admin.giving_up(organisation, staff):
                after = await write()
        else:
            after = await write()
        left = await self._tell_unserved(organisation, before.units)
        return Changed(member=await self._shown(organisation, after), unserved=left)

    async def leave(
        self, organisation: OrganisationId, staff: StaffId, *, successor: StaffId | None, by: str
    ) -> Changed:
        """Let somebody go, at once and everywhere; a successor serves their units from then on.

        May be repeated, and then finishes what was left undone. Their threads and drafts stay with the units. Raises
        ``NotFoundError``, ``InvalidInputError`` (``successor``) for somebody who cannot serve, ``LastAdminError``.
        """
        member = StaffMember.of((await self._staff.of(organisation, staff)).body)
        if successor is not None:
            await self._hand_over(organisation, member, successor, by=by)
        if member.role is Role.ADMIN and member.state is StaffState.ACTIVE:
            async with self._last_admin.giving_up(organisation, staff):
                member = await self._end(organisation, member, by=by)
        else:
            member = await self._end(organisation, member, by=by)
        left = await self._tell_unserved(organisation, member.units)
        member = await self._forget(organisation, member)
        return Changed(member=await self._shown(organisation, member), unserved=left)

    async def _hand_over(
        self, organisation: OrganisationId, member: StaffMember, successor: StaffId, *, by: str
    ) -> None:
        try:
            found = StaffMember.of((await self._staff.of(organisation, successor)).body)
        except NotFoundError:
            raise InvalidInputError("successor") from None
        can_serve = found.state is StaffState.ACTIVE and found.role is not Role.AUDITOR
        if not can_serve or successor == member.staff:
            raise InvalidInputError("successor")
        if member.units - found.units:
            await self.change(organisation, successor, MemberChange(units=found.units | member.units), by=by)

    async def _end(self, organisation: OrganisationId, member: StaffMember, *, by: str) -> StaffMember:
        """From the moment that this is written they can do nothing."""
        if member.state is StaffState.LEFT:
            return member
        now = self._clock()
        await self._audit.write(AuditEvent.STAFF_LEFT, organisation, by=by, staff=member.staff)
        await self._expiries.book(now + LEFT_KEPT, f"staff|{organisation}|{member.staff}")
        left: Body = {"state": StaffState.LEFT.value, "left_at": instant_text(now)}
        return await self._staff.change(organisation, member.staff, lambda _: left)

    async def _forget(self, organisation: OrganisationId, member: StaffMember) -> StaffMember:
        """Tidy up: what they signed in by goes, then the address that leads to it."""
        for ending in self._endings:
            await ending(organisation, member.staff)
        address = (await self._staff.in_clear(organisation, member)).mail_address
        if address is not None:
            key = address_key(address, self._address_pepper)
            await self._delete_if_theirs(organisation, member.staff, key)
            await delete(self._records, places.staff_address(organisation, key))
        gone: Body = {"mail_address": None, "units": []}
        return await self._staff.change(
            organisation, member.staff, lambda found: gone if found.mail_address or found.units else {}
        )

    async def _delete_if_theirs(self, organisation: OrganisationId, staff: StaffId, key: str) -> None:
        login = places.staff_login(key)
        try:
            fields = Fields((await self._records.get(login.partition, login.id)).body)
        except RecordNotFoundError:
            return
        if (fields.text("organisation"), fields.text("staff")) == (organisation, staff):
            await delete(self._records, login)

    async def _tell_unserved(self, organisation: OrganisationId, units: Collection[UnitId]) -> tuple[UnitId, ...]:
        found = unserved(await self._staff.members(organisation), await self._units.open_among(organisation, units))
        for unit in found:
            await self._audit.write(AuditEvent.UNIT_UNSERVED, organisation, by="system", unit=unit)
        return found

    async def _checked(self, organisation: OrganisationId, units: Collection[UnitId]) -> frozenset[UnitId]:
        if len(units) > MAX_UNITS or not await self._units.all_exist(organisation, units):
            raise InvalidInputError("unit")
        return frozenset(units)

    async def _check_address(self, organisation: OrganisationId, address: str) -> None:
        """Raises ``ConflictError`` when somebody of the organisation has it."""
        key = address_key(address, self._address_pepper)
        for place in (places.staff_login(key), places.staff_address(organisation, key)):
            with suppress(RecordNotFoundError):
                found = await self._records.get(place.partition, place.id)
                if found.body.get("organisation", organisation) == organisation:
                    raise ConflictError

    async def _keep_address(self, organisation: OrganisationId, address: str, staff: StaffId) -> None:
        """Raises ``ConflictError`` when somebody else was invited with it at the same moment."""
        place = places.staff_address(organisation, address_key(address, self._address_pepper))
        try:
            await self._records.create(place.partition, place.id, {"staff": staff})
        except RecordExistsError as fault:
            await delete(self._records, places.staff(organisation, staff))
            raise ConflictError from fault

    async def _seal(self, organisation: OrganisationId, staff: StaffId, text: str, name: str) -> str:
        place = places.staff(organisation, staff)
        key = await self._keyring.current(organisation)
        return seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random)

    async def _shown(self, organisation: OrganisationId, member: StaffMember) -> ShownMember:
        clear = await self._staff.in_clear(organisation, member)
        return ShownMember(
            staff=member.staff,
            name=clear.name,
            mail_address=clear.mail_address,
            role=member.role,
            units=tuple(sorted(member.units)),
            state=member.state,
            created_at=member.created_at,
            left_at=member.left_at,
        )


def _of_active(found: StaffMember, told: Body) -> Body:
    """What is written of somebody who has not left meanwhile. Raises ``ConflictError``."""
    if found.state is StaffState.LEFT:
        raise ConflictError
    return told
