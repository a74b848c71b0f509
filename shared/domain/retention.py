"""How long things live, and in which bucket their end is booked.

``expires_at`` is set once, when a thing is created, is stored with it and is checked on every read; the sweep only
tidies up after that moment (gallring, three clocks). Buckets are one hour wide and split into shards so that one
busy hour does not load one partition.
"""

import hashlib
from datetime import UTC, datetime, timedelta

from shared.domain.errors import IntegrityError, InvalidInputError
from shared.domain.places import Place

CEILING_DAYS = 365
"""Nothing shared outlives this (product facts R16). Organisations may only shorten."""

UPLOAD_DAYS = 7
"""An upload that has not ended by then is abandoned. Azure drops uncommitted blocks after a week as well."""

UPLOAD_RIGHT = timedelta(hours=24)
"""How long a token opens the one upload it was made for: 5 GiB at half a megabit a second."""

FINISH_AFTER = timedelta(minutes=5)
"""When a sweep looks after what a party began to delete: later than any request that is still at it."""

SHARDS = 16


def expires_at(created_at: datetime, *, retention_days: int) -> datetime:
    """The end of something made at ``created_at``.

    Raises ``InvalidInputError("retention-days")`` outside 1..``CEILING_DAYS``.
    """
    if not 1 <= retention_days <= CEILING_DAYS:
        raise InvalidInputError("retention-days")
    return created_at + timedelta(days=retention_days)


def is_expired(expires_at: datetime, *, now: datetime) -> bool:
    """Whether the end has come. At the instant itself it has."""
    return now >= expires_at


def shard_of(item: str) -> int:
    """A stable shard for an item, spread evenly."""
    return hashlib.sha256(item.encode()).digest()[0] % SHARDS


BUCKET_INDEX = "expiry|index"
"""The partition whose entries ``hour|shard`` say which buckets were ever used."""


def bucket_partition(index_id: str) -> str:
    """The partition of the bucket that an index entry names."""
    return f"expiry|{index_id}"


def bucket(expires_at: datetime, item: str) -> Place:
    """The booking of ``item`` (kind and ids, joined by ``|``): hour bucket, and an id that sorts by instant."""
    end = expires_at.astimezone(UTC)
    return Place(
        bucket_partition(f"{end:%Y%m%d%H}|{shard_of(item):02d}"), f"{end:%Y%m%d%H%M%S}{end.microsecond:06d}|{item}"
    )


def due_at(booking: str) -> datetime:
    """When the booking with this id was due. Raises ``IntegrityError``."""
    try:
        return datetime.strptime(booking.partition("|")[0], "%Y%m%d%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        raise IntegrityError from None


def bucket_index(expires_at: datetime, item: str) -> Place:
    """The entry that says that this bucket exists, so that a sweep reads only buckets that were ever used."""
    return Place(BUCKET_INDEX, f"{expires_at.astimezone(UTC):%Y%m%d%H}|{shard_of(item):02d}")


def due_before(now: datetime) -> str:
    """Upper bound (exclusive) of the ids that are due inside a bucket."""
    end = now.astimezone(UTC) + timedelta(microseconds=1)
    return f"{end:%Y%m%d%H%M%S}{end.microsecond:06d}"
