"""The units of an organisation: made, renamed and closed by its admins."""

from collections.abc import Collection
from dataclasses import dataclass

from shared.domain import places, texts
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.errors import ConflictError, NotFoundError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import OrganisationId, RandomBytes, UnitId, is_id, new_id
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.units import Unit
from shared.services.auditing import Audit
from shared.services.listing import every_record
from shared.services.staff_records import StaffRecords


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownUnit:
    """``members`` is how many serve it: of an open unit with none, nobody reads what arrives."""

    unit: Unit
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitChange:
    """What a unit is called and where its notices go, as it is to be."""

    name: str
    mail_address: str | None


class Units:
    """``by`` is the staff id of the admin, or ``system`` for an operator's command."""

    def __init__(
        self, *, records: Records, staff: StaffRecords, audit: Audit, clock: Clock, random: RandomBytes
    ) -> None:
        self._records = records
        self._staff = staff
        self._audit = audit
        self._clock = clock
        self._random = random

    async def shown(self, organisation: OrganisationId) -> tuple[ShownUnit, ...]:
        """All, by name; closed ones come last."""
        staff = await self._staff.members(organisation)
        shown = [
            ShownUnit(unit=unit, members=sum(member.serves(unit.unit) for member in staff))
            for unit in await self._all(organisation)
        ]
        return tuple(sorted(shown, key=lambda each: (not each.unit.is_open, each.unit.name.casefold())))

    async def create(self, organisation: OrganisationId, new: UnitChange, *, by: str) -> Unit:
        """Make one. Raises ``InvalidInputError`` (``name``, ``mail-address``)."""
        told = _checked(new)
        unit = UnitId(new_id(self._clock(), self._random))
        await self._audit.write(AuditEvent.UNIT_CREATED, organisation, by=by, unit=unit)
        place = places.unit(organisation, unit)
        record = await self._records.create(place.partition, place.id, {"unit": unit, **told})
        return Unit.of(record.body)

    async def change(self, organisation: OrganisationId, unit: UnitId, change: UnitChange, *, by: str) -> Unit:
        """Call it otherwise, or mail elsewhere. Raises ``NotFoundError``, ``InvalidInputError`` as ``create``."""
        told = _checked(change)
        while True:
            record = await self._record(organisation, unit)
            changed = [name for name, value in told.items() if record.body.get(name) != value]
            if not changed:
                return Unit.of(record.body)
            await self._audit.write(AuditEvent.UNIT_CHANGED, organisation, by=by, unit=unit, changed=" ".join(changed))
            try:
                return Unit.of((await self._records.replace_if_match(record, {**record.body, **told})).body)
            except RecordChangedError:
                continue

    async def close(self, organisation: OrganisationId, unit: UnitId, *, by: str) -> Unit:
        """Let no new thread begin here; who serves it still answers in those there are. Raises ``NotFoundError``."""
        while True:
            record = await self._record(organisation, unit)
            if not Unit.of(record.body).is_open:
                return Unit.of(record.body)
            await self._audit.write(AuditEvent.UNIT_CLOSED, organisation, by=by, unit=unit)
            closed = {**record.body, "closed_at": instant_text(self._clock())}
            try:
                return Unit.of((await self._records.replace_if_match(record, closed)).body)
            except RecordChangedError:
                continue

    async def check_open(self, organisation: OrganisationId, unit: UnitId) -> None:
        """Raises ``ConflictError`` for a closed unit, ``NotFoundError``."""
        if not Unit.of((await self._record(organisation, unit)).body).is_open:
            raise ConflictError

    async def all_exist(self, organisation: OrganisationId, units: Collection[UnitId]) -> bool:
        """Whether all of them are units of the organisation."""
        return set(units) <= {unit.unit for unit in await self._all(organisation)}

    async def open_among(self, organisation: OrganisationId, units: Collection[UnitId]) -> tuple[UnitId, ...]:
        """Those of them that new threads may begin in."""
        return tuple(unit.unit for unit in await self._all(organisation) if unit.is_open and unit.unit in units)

    async def _all(self, organisation: OrganisationId) -> list[Unit]:
        start, end = places.range_of("unit")
        found = await every_record(self._records, places.organisation(organisation).partition, start=start, end=end)
        return [Unit.of(record.body) for record in found]

    async def _record(self, organisation: OrganisationId, unit: UnitId) -> Record:
        if not is_id(unit):
            raise NotFoundError
        place = places.unit(organisation, unit)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault


def _checked(told: UnitChange) -> Body:
    address = None if told.mail_address is None else texts.mail_address(told.mail_address)
    return {"name": texts.name(told.name), "mail_address": address}
