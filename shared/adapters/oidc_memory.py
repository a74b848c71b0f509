"""What a broker publishes of itself, remembered for a while and fetched once at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import Context
from typing import Final, Generic, TypeVar

from shared.adapters.oidc_http import seconds_left
from shared.domain.errors import ElectronicIdError, ElectronicIdFault

T = TypeVar("T")

LIFETIME_SECONDS: Final = 3600.0
"""How long a broker that withdraws a key may still be believed under it."""

AGAIN_SECONDS: Final = 30.0
"""At least between two fetches for something that was not there: strangers choose what is looked for."""


class Remembered(Generic[T]):
    """What ``fetch`` gave. ``now`` is in seconds of any steady clock."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], *, now: Callable[[], float]) -> None:
        self._fetch = fetch
        self._now = now
        self._value: T | None = None
        self._fetched_at = 0.0
        self._tried_at = 0.0
        self._flight: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """As remembered, or fetched when that is too old. Raises what ``fetch`` raises."""
        if self._value is not None and self._now() - self._fetched_at < LIFETIME_SECONDS:
            return self._value
        return await self._fly()

    async def again(self) -> T:
        """Fetched anew, unless that was done a moment ago."""
        if self._flight is None and self._value is not None and self._now() - self._tried_at < AGAIN_SECONDS:
            return self._value
        return await self._fly()

    async def _fly(self) -> T:
        if self._flight is None:
            # In a context of its own: the deadline of whoever came first is not that of the others.
            self._tried_at = self._now()
            self._flight = asyncio.create_task(self._land(), context=Context())
            self._flight.add_done_callback(self._clear)
        try:
            async with asyncio.timeout(max(0.0, seconds_left())):
                # A caller that leaves must not take the flight away from the others who wait for it.
                return await asyncio.shield(self._flight)
        except TimeoutError as exc:
            raise ElectronicIdError(ElectronicIdFault.UNREACHABLE) from exc

    async def _land(self) -> T:
        value = await self._fetch()
        self._value, self._fetched_at = value, self._now()
        return value

    def _clear(self, flight: "asyncio.Task[T]") -> None:
        self._flight = None
        if not flight.cancelled():
            flight.exception()  # Seen, also when everybody who waited for it has left.
