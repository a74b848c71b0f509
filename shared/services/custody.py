"""Custody of an organisation's keys: which key-encryption key wraps them, and whether they are destroyed.

One record per organisation; without one, the service's own vault holds the key. Every instance looks at it at most
``FRESH`` before it uses an organisation key, so a destruction reaches all of them within that time although they
keep unwrapped keys for longer. It fails closed: no record store, no key.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import KeyDestroyedError, RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId
from shared.domain.places import PLATFORM
from shared.domain.ports import Body, Clock, Record, Records

FRESH: Final = timedelta(seconds=1)
"""How old the look at the record may be: one small read per second, organisation and instance at most."""

MAX_LOOKS: Final = 2000
"""Looks that are remembered; beyond that, those that are too old are forgotten."""


def service_key_name(organisation: OrganisationId) -> str:
    """What the organisation's key is called in the service's own vault."""
    return f"organisation-{organisation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Custody:
    """``key`` is a name in the service's vault or an address in the organisation's own."""

    key: str
    destroyed_at: datetime | None = None

    def body(self) -> Body:
        destroyed_at = None if self.destroyed_at is None else instant_text(self.destroyed_at)
        return {"key": self.key, "destroyed_at": destroyed_at}

    @classmethod
    def of(cls, body: Body) -> "Custody":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        return cls(key=fields.text("key"), destroyed_at=fields.optional_instant("destroyed_at"))


class Custodies:
    """Reads, watches and changes custody."""

    def __init__(self, *, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._looks: dict[OrganisationId, tuple[Custody, datetime]] = {}
        self._flights: dict[OrganisationId, asyncio.Task[Custody]] = {}

    async def read(self, organisation: OrganisationId) -> Custody:
        """What holds now."""
        return (await self._read(organisation))[1]

    async def check(self, organisation: OrganisationId) -> None:
        """Return if the organisation's keys are not destroyed, as of ``FRESH`` ago or later.

        Raises ``KeyDestroyedError``, ``DependencyError``.
        """
        if organisation == PLATFORM:
            return  # Never destroyed, and asked for by every request.
        look = self._looks.get(organisation)
        if look is None or self._clock() >= look[1]:
            custody = await self._look(organisation)
        else:
            custody = look[0]
        if custody.destroyed_at is not None:
            raise KeyDestroyedError

    async def change(self, organisation: OrganisationId, change: Callable[[Custody], Custody]) -> Custody:
        """Write what ``change`` makes of the custody; called again when others wrote in between."""
        while True:
            record, custody = await self._read(organisation)
            changed = change(custody)
            try:
                if record is None:
                    place = places.custody(organisation)
                    await self._records.create(place.partition, place.id, changed.body())
                elif changed != custody:
                    await self._records.replace_if_match(record, changed.body())
            except (RecordChangedError, RecordExistsError, RecordNotFoundError):
                continue
            return changed

    async def _look(self, organisation: OrganisationId) -> Custody:
        flight = self._flights.get(organisation)
        if flight is None:
            # As for organisation keys: in a context of its own, and nobody who leaves takes it from the others.
            flight = asyncio.create_task(self._remember(organisation), context=Context())
            self._flights[organisation] = flight
            flight.add_done_callback(lambda _: self._flights.pop(organisation, None))
        return await asyncio.shield(flight)

    async def _remember(self, organisation: OrganisationId) -> Custody:
        until = self._clock() + FRESH  # Counted from before the reading: an answer may be long on its way.
        custody = await self.read(organisation)
        if len(self._looks) >= MAX_LOOKS:
            now = self._clock()
            self._looks = {known: look for known, look in self._looks.items() if now < look[1]}
        self._looks[organisation] = (custody, until)
        return custody

    async def _read(self, organisation: OrganisationId) -> tuple[Record | None, Custody]:
        place = places.custody(organisation)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None, Custody(key=service_key_name(organisation))
        return record, Custody.of(record.body)
