"""Members of staff with the login that their address leads to: what choosing a password begins with."""

from dataclasses import dataclass, field

from shared.crypto.pseudonyms import address_key
from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import NotFoundError, RecordNotFoundError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.ports import Records
from shared.domain.staff_members import StaffMember, StaffState
from shared.services.staff_records import StaffRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberLogin:
    """Somebody who may sign in, or will once they have chosen a password. ``login`` is the key of their address."""

    organisation: OrganisationId
    staff: StaffId
    state: StaffState
    login: str
    name: str = field(repr=False)
    mail_address: str = field(repr=False)


class MemberLogins:
    """Finds members, by their id or by their address."""

    def __init__(self, *, records: Records, staff: StaffRecords, address_pepper: bytes) -> None:
        self._records = records
        self._staff = staff
        self._address_pepper = address_pepper

    async def of(self, organisation: OrganisationId, staff: StaffId) -> MemberLogin:
        """Raises ``NotFoundError``, also for somebody who has left."""
        member = StaffMember.of((await self._staff.of(organisation, staff)).body)
        if member.state is StaffState.LEFT:
            raise NotFoundError
        clear = await self._staff.in_clear(organisation, member)
        if clear.mail_address is None:
            raise NotFoundError
        return MemberLogin(
            organisation=organisation,
            staff=staff,
            state=member.state,
            login=address_key(clear.mail_address, self._address_pepper),
            name=clear.name,
            mail_address=clear.mail_address,
        )

    async def with_login(self, login: str) -> MemberLogin:
        """Whoever signs in with the address of this key. Raises ``NotFoundError``."""
        place = places.staff_login(login)
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        return await self.of(OrganisationId(fields.text("organisation")), StaffId(fields.text("staff")))
