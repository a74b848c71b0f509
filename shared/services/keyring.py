"""Organisation keys in memory: unwrapped by the vault once, kept for a bounded time, fetched once at a time.

So the load on the vault follows organisations and not files (design section 5). What a memory compromise could
expose is bounded by ``LIFETIME`` and ``MAX_KEYS``. Keys that are destroyed are refused sooner, see
``shared.services.custody``.
"""

import asyncio
from contextlib import suppress
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.crypto.organisation_keys import OrganisationKey, new_organisation_key
from shared.domain import places
from shared.domain.errors import IntegrityError, KeyDestroyedError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId, RandomBytes
from shared.domain.ports import Clock, Keys, Records
from shared.services.custody import Custodies, service_key_name
from shared.services.organisation_key_records import key_records, open_version, version_of, wrap_version

LIFETIME = timedelta(minutes=15)
"""How long an unwrapped key may be used before the vault is asked again: the delay of a revocation."""

MAX_KEYS = 500
"""Keys kept at once; the oldest goes first."""

FIRST_VERSION = 1


@dataclass(frozen=True, slots=True)
class _Cached:
    key: OrganisationKey
    until: datetime


class Keyring:
    """Gives organisation keys by version, and the current one for sealing."""

    def __init__(
        self, *, records: Records, keys: Keys, custodies: Custodies, clock: Clock, random: RandomBytes
    ) -> None:
        self._records = records
        self._keys = keys
        self._custodies = custodies
        self._clock = clock
        self._random = random
        self._cached: dict[tuple[OrganisationId, int], _Cached] = {}
        self._newest: dict[OrganisationId, tuple[int, datetime]] = {}
        self._flights: dict[tuple[OrganisationId, int], asyncio.Task[OrganisationKey]] = {}

    async def create(self, organisation: OrganisationId) -> None:
        """Make the organisation's KEK and first organisation key. Does nothing when they exist.

        Raises ``KeyUnavailableError``, and ``KeyDestroyedError`` for an organisation that has left.
        """
        entry = places.organisation_entry(organisation)
        with suppress(RecordExistsError):
            # First: there is no key that no rotation would find.
            await self._records.create(entry.partition, entry.id, {})
        # Written even though it says what no record would: it is read all the time, and a miss looks like a fault.
        custody = await self._custodies.change(organisation, lambda found: found)
        if custody.destroyed_at is not None:
            raise KeyDestroyedError
        name = service_key_name(organisation)
        await self._keys.create(name)
        place, now = places.organisation_key(organisation, FIRST_VERSION), self._clock()
        key = new_organisation_key(organisation, FIRST_VERSION, self._random)
        wrapped = await wrap_version(key, name, self._keys, created_at=now, now=now)
        with suppress(RecordExistsError):
            await self._records.create(place.partition, place.id, wrapped.body())

    async def current(self, organisation: OrganisationId) -> OrganisationKey:
        """The key to seal new things with: the highest version there is.

        Raises ``IntegrityError`` when the organisation has no key, ``KeyUnavailableError``.
        """
        version, until = self._newest.get(organisation, (FIRST_VERSION, None))
        if until is None or self._clock() >= until:
            await self._check(organisation)
            versions = await key_records(self._records, organisation)
            if not versions:
                raise IntegrityError
            version = version_of(versions[-1])
            self._newest[organisation] = (version, self._clock() + LIFETIME)
        return await self.of_version(organisation, version)

    async def of_version(self, organisation: OrganisationId, version: int) -> OrganisationKey:
        """The key of that version.

        Raises ``KeyUnavailableError`` when the vault refuses, ``KeyDestroyedError`` once they are destroyed,
        ``IntegrityError`` when there is no such version.
        """
        await self._check(organisation)
        wanted = (organisation, version)
        cached = self._cached.get(wanted)
        if cached is not None and self._clock() < cached.until:
            return cached.key
        self._drop_expired()
        flight = self._flights.get(wanted)
        if flight is None:
            # In a context of its own: the deadline of whoever came first is not that of the others.
            flight = asyncio.create_task(self._unwrap(organisation, version), context=Context())
            self._flights[wanted] = flight
            flight.add_done_callback(lambda _: self._flights.pop(wanted, None))
        # A caller that leaves must not take the flight away from the others who wait for it.
        return await asyncio.shield(flight)

    async def _check(self, organisation: OrganisationId) -> None:
        try:
            await self._custodies.check(organisation)
        except KeyDestroyedError:
            for wanted in [wanted for wanted in self._cached if wanted[0] == organisation]:
                del self._cached[wanted]
            raise

    def _drop_expired(self) -> None:
        now = self._clock()
        for wanted in [wanted for wanted, cached in self._cached.items() if now >= cached.until]:
            del self._cached[wanted]

    async def _unwrap(self, organisation: OrganisationId, version: int) -> OrganisationKey:
        place = places.organisation_key(organisation, version)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise IntegrityError from fault
        key = await open_version(organisation, record, self._keys)
        while len(self._cached) >= MAX_KEYS:
            del self._cached[next(iter(self._cached))]
        self._cached[organisation, version] = _Cached(key, self._clock() + LIFETIME)
        return key
