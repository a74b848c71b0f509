"""Off-boarding: destroying an organisation's keys, so that nothing of it can be read, whoever keeps copies.

Order: the log -> the mark that every instance looks at (``shared.services.custody``) -> the wraps of every version ->
the key in our vault, under which copies of those wraps could still be opened. Each step may be repeated; what is left
of the organisation goes with its own end, for which no key is needed.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import (
    ConflictError,
    KeyUnavailableError,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.ids import OrganisationId
from shared.domain.key_addresses import is_key_name
from shared.domain.ports import Clock, Keys, Record, Records
from shared.services.auditing import Audit
from shared.services.custody import Custodies, Custody, service_key_name
from shared.services.organisation_key_records import destroyed_body, is_destroyed, key_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Destruction:
    """What is gone and what is not.

    ``is_key_deleted``: the key in our vault unwraps nothing any more. ``recoverable_until``: before that instant
    somebody with the right to could bring it back. ``own_key``: the address of the key in the organisation's vault,
    which only the organisation can destroy.
    """

    versions: int
    is_key_deleted: bool
    recoverable_until: datetime | None
    own_key: str | None


class OffBoarding:
    """Destroys keys."""

    def __init__(self, *, records: Records, keys: Keys, custodies: Custodies, audit: Audit, clock: Clock) -> None:
        self._records = records
        self._keys = keys
        self._custodies = custodies
        self._audit = audit
        self._clock = clock

    async def destroy(self, organisation: OrganisationId, *, name: str) -> Destruction:
        """Destroy the keys of the organisation that is called ``name``, for ever. May be repeated until all is gone.

        Instances refuse the organisation from ``custody.FRESH`` after the mark at the latest. Raises
        ``NotFoundError``; ``ConflictError`` when it is called otherwise.
        """
        place = places.organisation(organisation)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        if Fields(record.body).text("name") != name:
            raise ConflictError
        await self._audit.write(AuditEvent.ORGANISATION_KEYS_DESTROYED, organisation, by="system")
        now = self._clock()

        def marked(custody: Custody) -> Custody:
            return custody if custody.destroyed_at is not None else replace(custody, destroyed_at=now)

        custody = await self._custodies.change(organisation, marked)
        versions = await self._shred_all(organisation)
        try:
            until = await self._keys.destroy(service_key_name(organisation))
            is_deleted = True
        except KeyUnavailableError:
            until, is_deleted = None, False  # Not ours to delete. Whoever may has to.
        return Destruction(
            versions=versions,
            is_key_deleted=is_deleted,
            recoverable_until=until,
            own_key=None if is_key_name(custody.key) else custody.key,
        )

    async def _shred_all(self, organisation: OrganisationId) -> int:
        """Again until none is left: a rotation that was under way may have added one."""
        shredded = 0
        while wraps := [each for each in await key_records(self._records, organisation) if not is_destroyed(each)]:
            for record in wraps:
                shredded += await self._shred(record)
        return shredded

    async def _shred(self, record: Record) -> bool:
        try:
            await self._records.replace_if_match(record, destroyed_body(self._clock()))
        except (RecordChangedError, RecordNotFoundError):
            return False  # Found again in the next round.
        return True
