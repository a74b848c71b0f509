"""The journal of deletions: written before each, to another store than the records, and read after a restore.

Records that are restored to an earlier instant know nothing of what was deleted since, and neither do the certificates
among them. Blobs cannot be restored, so notes beside the content are still there.
"""

from collections.abc import AsyncGenerator
from datetime import date, timedelta

from shared.domain.deletions import Deletion, day_prefix, note_name, noted
from shared.domain.ports import Blobs, Clock

OVERLAP = timedelta(days=1)
"""Read before the day that is asked for: a deletion is noted under the day on which it began."""


class Journal:
    """Notes deletions."""

    def __init__(self, *, blobs: Blobs, clock: Clock) -> None:
        self._blobs = blobs
        self._clock = clock

    async def note(self, deletion: Deletion) -> None:
        """To be called before anything goes. May be repeated."""
        await self._blobs.commit(note_name(deletion, self._clock()), [])

    async def since(self, day: date) -> AsyncGenerator[Deletion, None]:
        """Everything that was noted since the day before ``day``. Raises ``IntegrityError`` for a note that is none."""
        at, last = day - OVERLAP, self._clock().date() + OVERLAP
        while at <= last:
            async for name in self._blobs.list(day_prefix(at)):
                yield noted(name)
            at += timedelta(days=1)
