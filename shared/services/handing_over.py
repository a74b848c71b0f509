"""What a request may not do itself: what it made unreadable is handed to the jobs, which alone delete content.

Booked before the request begins, put on the queue when it is done. The queue makes it quick; the booking makes it sure.
"""

from contextlib import suppress

from shared.domain.errors import DependencyError
from shared.domain.ports import Clock, Queues
from shared.domain.retention import FINISH_AFTER
from shared.services.endings import Ending
from shared.services.expiring import Expiries


class HandingOver:
    """Lets the jobs know what is left to be erased."""

    def __init__(self, *, expiries: Expiries, queues: Queues, queue: str, clock: Clock) -> None:
        self._expiries = expiries
        self._queues = queues
        self._queue = queue
        self._clock = clock

    async def book(self, ending: Ending) -> None:
        """To be called before anything goes: what a crash leaves half done a sweep finishes within hours."""
        await self._expiries.book(self._clock() + FINISH_AFTER, ending.booking)

    async def put(self, ending: Ending) -> None:
        """To be called when nobody can read it any more. It is booked, so a queue that fails only makes it later."""
        with suppress(DependencyError):
            await self._queues.put(self._queue, ending.ids)

    async def hand_over(self, ending: Ending) -> None:
        """Both, for bytes that came in after what they belonged to had ended."""
        await self.book(ending)
        await self.put(ending)
