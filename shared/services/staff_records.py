"""The stored members of an organisation: found by id, listed, and changed by compare-and-set."""

from collections.abc import Callable
from dataclasses import dataclass, field

from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.domain import places
from shared.domain.errors import NotFoundError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import OrganisationId, StaffId, is_id
from shared.domain.ports import Body, Record, Records
from shared.domain.staff_members import StaffMember
from shared.services.keyring import Keyring
from shared.services.listing import every_record


@dataclass(frozen=True, slots=True, kw_only=True)
class ClearNames:
    """What is sealed of a member, in clear."""

    name: str = field(repr=False)
    mail_address: str | None = field(repr=False)


class StaffRecords:
    """Reads and writes them. Fields that this version does not know are kept as they are."""

    def __init__(self, *, records: Records, keyring: Keyring) -> None:
        self._records = records
        self._keyring = keyring

    async def of(self, organisation: OrganisationId, staff: StaffId) -> Record:
        """Raises ``NotFoundError``, also for an id of another organisation."""
        if not is_id(staff):
            raise NotFoundError
        place = places.staff(organisation, staff)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault

    async def all(self, organisation: OrganisationId) -> list[Record]:
        """Everybody who is or was there, oldest first."""
        start, end = places.range_of("staff")
        return await every_record(self._records, places.organisation(organisation).partition, start=start, end=end)

    async def members(self, organisation: OrganisationId) -> list[StaffMember]:
        """``all``, read."""
        return [StaffMember.of(record.body) for record in await self.all(organisation)]

    async def change(
        self, organisation: OrganisationId, staff: StaffId, changes: Callable[[StaffMember], Body]
    ) -> StaffMember:
        """Write what ``changes`` gives over what is stored; nothing is written for nothing.

        ``changes`` may be called more than once. Raises ``NotFoundError``.
        """
        while True:
            record = await self.of(organisation, staff)
            changed = changes(StaffMember.of(record.body))
            if not changed:
                return StaffMember.of(record.body)
            try:
                written = await self._records.replace_if_match(record, {**record.body, **changed})
            except RecordChangedError:
                continue
            except RecordNotFoundError as fault:
                raise NotFoundError from fault
            return StaffMember.of(written.body)

    async def in_clear(self, organisation: OrganisationId, member: StaffMember) -> ClearNames:
        """Name and address."""
        place = places.staff(organisation, member.staff)

        async def unsealed(sealed: str, name: str) -> str:
            key = await self._keyring.of_version(organisation, sealed_field_key_version(sealed))
            return unseal_field(key, sealed, partition=place.partition, id=place.id, field=name)

        address = None if member.mail_address is None else await unsealed(member.mail_address, "mail_address")
        return ClearNames(name=await unsealed(member.name, "name"), mail_address=address)
