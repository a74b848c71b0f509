"""At most so many at once: whoever starts one more waits for a free place, so that nothing piles up in memory."""

import asyncio
from collections.abc import Coroutine
from typing import Final

PARTITIONS_AT_ONCE: Final = 8
"""Partitions under way: for each a page of either side is in memory, 4 MiB at most."""

RECORDS_AT_ONCE: Final = 16
"""Of one partition. Most partitions hold fewer; a month of the log holds many."""

BLOBS_AT_ONCE: Final = 8

CONTENT_AT_ONCE: Final = 4
"""Blocks in memory at once, 8 MiB each, and as many of the other side while two are compared."""


class Bound:
    """Starts tasks in a group."""

    def __init__(self, limit: int) -> None:
        self._places = asyncio.Semaphore(limit)

    async def start(self, group: asyncio.TaskGroup, work: Coroutine[None, None, None]) -> None:
        """Start ``work`` as soon as there is a place for it."""
        try:
            await self._places.acquire()
        except BaseException:
            work.close()
            raise
        group.create_task(work).add_done_callback(lambda _: self._places.release())
