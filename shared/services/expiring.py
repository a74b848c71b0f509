"""Booking the end of things, before they exist: nothing is ever stored that no sweep would find."""

from collections import OrderedDict
from datetime import datetime

from shared.domain import retention
from shared.domain.errors import RecordExistsError
from shared.domain.places import Place
from shared.domain.ports import Records

_KNOWN_BUCKETS = 4096
"""Bucket index entries remembered as written, so that the common booking costs one write."""


class Expiries:
    """Books items (kind and ids joined by ``|``) into expiry buckets."""

    def __init__(self, *, records: Records) -> None:
        self._records = records
        self._known: OrderedDict[Place, None] = OrderedDict()

    async def book(self, expires_at: datetime, item: str) -> None:
        """Let the sweep find ``item`` at ``expires_at``. Booking the same twice is one booking."""
        index = retention.bucket_index(expires_at, item)
        if index not in self._known:
            await self._create(index)
            self._known[index] = None
            while len(self._known) > _KNOWN_BUCKETS:
                self._known.popitem(last=False)
        await self._create(retention.bucket(expires_at, item))

    def forget(self) -> None:
        """Take no bucket for known any more: a sweep has closed one. It matters when a clock goes back afterwards."""
        self._known.clear()

    async def _create(self, place: Place) -> None:
        try:
            await self._records.create(place.partition, place.id, {})
        except RecordExistsError:
            return
