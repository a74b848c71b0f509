"""That an organisation always has an admin, also when several give it up at the same moment.

Whoever is about to be none any more is written down first, in one record by compare-and-set; whoever comes next counts
them as gone already. What a crash leaves there makes the rule stricter and never milder, until it is done again.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.ports import Record, Records
from shared.domain.staff_members import check_admin_stays
from shared.services.staff_records import StaffRecords


class LastAdmin:
    """Lets admins give it up one after the other."""

    def __init__(self, *, records: Records, staff: StaffRecords) -> None:
        self._records = records
        self._staff = staff

    @asynccontextmanager
    async def giving_up(self, organisation: OrganisationId, staff: StaffId) -> AsyncIterator[None]:
        """Inside, ``staff`` may stop being an admin. Raises ``LastAdminError``."""
        await self._note(organisation, staff)
        yield
        await self._forget(organisation, staff)

    async def _note(self, organisation: OrganisationId, staff: StaffId) -> None:
        place = places.giving_up(organisation)
        while True:
            record = await self._record(organisation)
            noted = set() if record is None else set(Fields(record.body).texts("staff"))
            check_admin_stays(await self._staff.members(organisation), {staff, *(StaffId(other) for other in noted)})
            body = {"staff": sorted(noted | {staff})}
            with suppress(RecordChangedError, RecordExistsError, RecordNotFoundError):
                if record is None:
                    await self._records.create(place.partition, place.id, body)
                else:
                    await self._records.replace_if_match(record, body)
                return

    async def _forget(self, organisation: OrganisationId, staff: StaffId) -> None:
        while True:
            record = await self._record(organisation)
            if record is None:
                return
            left = sorted(set(Fields(record.body).texts("staff")) - {staff})
            with suppress(RecordChangedError):
                with suppress(RecordNotFoundError):
                    await self._records.replace_if_match(record, {"staff": left})
                return

    async def _record(self, organisation: OrganisationId) -> Record | None:
        place = places.giving_up(organisation)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
