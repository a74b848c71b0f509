"""The buckets of tokens that all instances share: one record each, in a partition of its own, by compare-and-set."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import (
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
    TooManyRequestsError,
)
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.rate_limits import Bucket, Limit
from shared.services.deleting import delete
from shared.services.expiring import Expiries

TRIES: Final = 12
"""Of one draw. An instance has one draw under way for a bucket, so it loses a try only to another instance."""

CONTENDED_SECONDS: Final = 1
"""When to come back if all tries were lost: a moment later the others have what they wanted."""

KEPT: Final = timedelta(hours=1)
"""How long a bucket is kept at least. A full one says nothing, and goes with the next sweep."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """What a draw gave. Without ``tokens`` there will be one at ``next_at``.

    ``record`` is the bucket as it was seen: the next draw may begin with it and save the reading.
    """

    tokens: int
    next_at: datetime
    record: Record | None


class Buckets:
    """Draws tokens, and lets go of buckets that are full."""

    def __init__(self, *, records: Records, expiries: Expiries, clock: Clock) -> None:
        self._records = records
        self._expiries = expiries
        self._clock = clock

    async def draw(self, key: str, limit: Limit, *, wanted: int = 1, seen: Record | None = None) -> Draw:
        """Up to ``wanted`` tokens of the bucket ``key``.

        A bucket that was seen empty is empty, whatever others did since: they only take. So it is not read again.

        Raises ``TooManyRequestsError`` when others wrote in between every time, ``DependencyError``.
        """
        record = seen
        for _ in range(TRIES):
            record = record or await self._find(key)
            now = self._clock()
            bucket = Bucket(limit=limit, full_at=None if record is None else _full_at(record))
            tokens = min(wanted, bucket.tokens(now))
            if not tokens:
                return Draw(tokens=0, next_at=bucket.next_token_at(now), record=record)
            left = bucket.taken(tokens, now)
            assert left.full_at is not None
            try:
                stored = await self._store(key, record, {"full_at": instant_text(left.full_at)}, left.full_at)
            except (RecordChangedError, RecordExistsError, RecordNotFoundError):
                record = None
            else:
                return Draw(tokens=tokens, next_at=left.next_token_at(now), record=stored)
        raise TooManyRequestsError(CONTENDED_SECONDS)

    async def has_token(self, key: str, limit: Limit) -> bool:
        """Whether a draw would give any now. Takes none."""
        record = await self._find(key)
        return Bucket(limit=limit, full_at=None if record is None else _full_at(record)).tokens(self._clock()) > 0

    async def settle(self, key: str) -> None:
        """The sweep comes by: drop the bucket if it is full, or book it again."""
        record = await self._find(key)
        if record is None:
            return
        try:
            if self._clock() >= _full_at(record):
                await self._records.delete_if_match(record)
                return
        except RecordNotFoundError:
            return
        except RecordChangedError:
            pass  # Somebody took a token just now.
        await self._book(key, _full_at(record))

    async def drop(self, key: str) -> None:
        """Let the bucket be full. No error if it is; its booking finds nothing then."""
        place = places.rate_limit(key)
        await delete(self._records, place)

    async def _find(self, key: str) -> Record | None:
        place = places.rate_limit(key)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None

    async def _store(self, key: str, record: Record | None, body: Body, full_at: datetime) -> Record:
        if record is not None:
            return await self._records.replace_if_match(record, body)
        await self._book(key, full_at)
        place = places.rate_limit(key)
        return await self._records.create(place.partition, place.id, body)

    async def _book(self, key: str, full_at: datetime) -> None:
        await self._expiries.book(max(full_at, self._clock() + KEPT), f"limit|{key}")


def _full_at(record: Record) -> datetime:
    return Fields(record.body).instant("full_at")
