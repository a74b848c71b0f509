"""Organisation keys in memory: unwrapped by the vault once, kept for a bounded time, fetched once at a time.

So the load on the vault follows organisations and not files (design section 5). What a memory compromise could
expose is bounded by ``LIFETIME`` and ``MAX_KEYS``.
"""

import asyncio
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.crypto.organisation_keys import OrganisationKey, new_organisation_key
from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import IntegrityError, RecordExistsError, RecordNotFoundError
from shared.domain.ids import OrganisationId, RandomBytes
from shared.domain.ports import Clock, Keys, Records, WrappedKey
from shared.services.listing import every_record

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

    def __init__(self, *, records: Records, keys: Keys, clock: Clock, random: RandomBytes) -> None:
        self._records = records
        self._keys = keys
        self._clock = clock
        self._random = random
        self._cached: dict[tuple[OrganisationId, int], _Cached] = {}
        self._newest: dict[OrganisationId, tuple[int, datetime]] = {}
        self._flights: dict[tuple[OrganisationId, int], asyncio.Task[OrganisationKey]] = {}

    async def create(self, organisation: OrganisationId) -> None:
        """Make the organisation's KEK and first organisation key. Does nothing when they exist."""
        name = f"organisation-{organisation}"
        await self._keys.create(name)
        place = places.organisation_key(organisation, FIRST_VERSION)
        key = new_organisation_key(organisation, FIRST_VERSION, self._random)
        wrapped = await self._keys.wrap(name, key.secret)
        body = {
            "kek": wrapped.kek,
            "wrapped": wrapped.wrapped.hex(),
            "confirmation": key.confirmation(),
            "created_at": instant_text(self._clock()),
        }
        try:
            await self._records.create(place.partition, place.id, body)
        except RecordExistsError:
            return

    async def current(self, organisation: OrganisationId) -> OrganisationKey:
        """The key to seal new things with: the highest version there is.

        Raises ``IntegrityError`` when the organisation has no key, ``KeyUnavailableError``.
        """
        version, until = self._newest.get(organisation, (FIRST_VERSION, None))
        if until is None or self._clock() >= until:
            start, end = places.organisation_key_range()
            partition = places.organisation(organisation).partition
            versions = await every_record(self._records, partition, start=start, end=end)
            if not versions:
                raise IntegrityError
            version = int(versions[-1].id.rpartition("|")[2])
            self._newest[organisation] = (version, self._clock() + LIFETIME)
        return await self.of_version(organisation, version)

    async def of_version(self, organisation: OrganisationId, version: int) -> OrganisationKey:
        """The key of that version.

        Raises ``KeyUnavailableError`` when the vault refuses, ``IntegrityError`` when there is no such version.
        """
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

    def _drop_expired(self) -> None:
        now = self._clock()
        for wanted in [wanted for wanted, cached in self._cached.items() if now >= cached.until]:
            del self._cached[wanted]

    async def _unwrap(self, organisation: OrganisationId, version: int) -> OrganisationKey:
        place = places.organisation_key(organisation, version)
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError as fault:
            raise IntegrityError from fault
        try:
            wrapped = WrappedKey(kek=fields.text("kek"), wrapped=bytes.fromhex(fields.text("wrapped")))
        except ValueError:
            raise IntegrityError from None
        secret = await self._keys.unwrap(wrapped)
        key = OrganisationKey(organisation=organisation, version=version, secret=secret)
        key.confirm(fields.text("confirmation"))
        while len(self._cached) >= MAX_KEYS:
            del self._cached[next(iter(self._cached))]
        self._cached[organisation, version] = _Cached(key, self._clock() + LIFETIME)
        return key
