"""Where a member's second factors are kept: read whole, changed by compare-and-set."""

from collections.abc import Callable

from shared.domain import places
from shared.domain.errors import RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.ports import Record, Records
from shared.domain.second_factors import Factors
from shared.services.deleting import delete

FactorChange = Callable[[Factors], Factors]
"""Gives what the factors become. Called again when somebody else changed them in between; may raise."""


class FactorRecords:
    """Reads and changes."""

    def __init__(self, *, records: Records) -> None:
        self._records = records

    async def of(self, organisation: OrganisationId, staff: StaffId) -> Factors:
        """The member's factors; none where there is no record."""
        record = await self._record(organisation, staff)
        return Factors() if record is None else Factors.of(record.body)

    async def has_any(self, organisation: OrganisationId, staff: StaffId) -> bool:
        """Whether the member is asked for more than a password."""
        return bool((await self.of(organisation, staff)).methods)

    async def change(self, organisation: OrganisationId, staff: StaffId, change: FactorChange) -> Factors:
        """What ``change`` makes of the factors, stored. Of two at once the second sees what the first has left."""
        place = places.second_factors(organisation, staff)
        while True:
            record = await self._record(organisation, staff)
            after = change(Factors() if record is None else Factors.of(record.body))
            try:
                if record is None:
                    await self._records.create(place.partition, place.id, after.body())
                else:
                    await self._records.replace_if_match(record, after.body())
            except (RecordExistsError, RecordChangedError, RecordNotFoundError):
                continue
            return after

    async def delete(self, organisation: OrganisationId, staff: StaffId) -> None:
        """Afterwards there are none. No error if there were none."""
        await delete(self._records, places.second_factors(organisation, staff))

    async def _record(self, organisation: OrganisationId, staff: StaffId) -> Record | None:
        place = places.second_factors(organisation, staff)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
