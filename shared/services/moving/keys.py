"""Organisation keys on their way: unwrapped by the source's vault, wrapped by the target's, and tried there.

The organisation key itself stays the same, and with it all that it wraps and seals. An organisation that holds its
key-encryption key in a vault of its own goes on doing so, with the same key or the one that ``own_keys`` names in its
place. What is destroyed stays destroyed, and what is half destroyed arrives destroyed.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId
from shared.domain.key_addresses import is_key_name
from shared.domain.ports import Body, Clock, Record
from shared.domain.record_bodies import encode_body
from shared.services.custody import Custodies, Custody, service_key_name
from shared.services.moving.sides import Side
from shared.services.organisation_key_records import (
    destroyed_body,
    is_destroyed,
    open_version,
    read_version,
    wrap_version,
)

_OF_THE_WRAP: Final = frozenset({"kek", "wrapped", "wrapped_at"})


class KeyMoving:
    """Says what a key's record must be at the target, and whether it is."""

    def __init__(self, *, source: Side, target: Side, clock: Clock, own_keys: Mapping[str, str]) -> None:
        self._source = source
        self._target = target
        self._clock = clock
        self._own_keys = own_keys
        self._custodies = Custodies(records=source.records, clock=clock)
        self._keks: dict[str, str] = {}
        self._making = asyncio.Lock()

    def custody_body(self, body: Body) -> Body:
        """What the target says of an organisation's custody."""
        key = body.get("key")
        return {**body, "key": self._own_keys.get(key, key)} if isinstance(key, str) else body

    async def fits(self, source: Record, target: Record) -> bool:
        """Whether ``target`` holds the same key under the right key-encryption key, and the target's vault opens it.

        Raises ``KeyUnavailableError`` when that vault refuses, ``IntegrityError`` for a source that cannot be read.
        """
        organisation, custody = await self._custody(source)
        if self._is_over(source, custody):
            return encode_body(self._remains(source, custody)) == encode_body(target.body)
        if is_destroyed(target) or _without_wrap(source.body) != _without_wrap(target.body):
            return False
        kek = await self._kek(custody)
        try:
            if read_version(organisation, target).wrapped.kek != kek:
                return False
            await open_version(organisation, target, self._target.keys)
        except IntegrityError:
            return False
        return True

    async def moved(self, source: Record, target: Record | None) -> Body:
        """The record for the target, of which ``target`` is what is there.

        Raises ``KeyUnavailableError`` when either vault refuses, ``IntegrityError`` when the key is not of its place.
        """
        organisation, custody = await self._custody(source)
        if self._is_over(source, custody):
            if target is not None and not is_destroyed(target):
                # It was destroyed after it had been moved. Here, too, the vault's key goes, and first.
                await self._target.keys.destroy(service_key_name(organisation))
            return self._remains(source, custody)
        found = read_version(organisation, source)
        key = await open_version(organisation, source, self._source.keys)
        await self._make(custody)
        wrapped = await wrap_version(
            key, custody.key, self._target.keys, created_at=found.created_at, now=self._clock()
        )
        return {**source.body, **{name: value for name, value in wrapped.body().items() if name in _OF_THE_WRAP}}

    async def _custody(self, source: Record) -> tuple[OrganisationId, Custody]:
        """As the target has it."""
        organisation = OrganisationId(source.partition.partition("|")[2])
        found = await self._custodies.read(organisation)
        return organisation, Custody.of(self.custody_body(found.body()))

    def _is_over(self, source: Record, custody: Custody) -> bool:
        return is_destroyed(source) or custody.destroyed_at is not None

    def _remains(self, source: Record, custody: Custody) -> Body:
        if is_destroyed(source) or custody.destroyed_at is None:
            return source.body
        return destroyed_body(custody.destroyed_at)

    async def _make(self, custody: Custody) -> None:
        """See that the target's vault has the key. A key in a vault of the organisation is for the organisation."""
        async with self._making:
            if custody.key not in self._keks and is_key_name(custody.key):
                await self._target.keys.create(custody.key)
        await self._kek(custody)

    async def _kek(self, custody: Custody) -> str:
        if custody.key not in self._keks:
            self._keks[custody.key] = (await self._target.keys.describe(custody.key)).kek
        return self._keks[custody.key]


def _without_wrap(body: Body) -> bytes:
    return encode_body({name: body[name] for name in sorted(body) if name not in _OF_THE_WRAP})
