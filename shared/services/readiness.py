"""Whether everything this instance depends on answers, and how fast. No addresses, no secrets, no error texts."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from shared.domain.errors import PicError

TIMEOUT_SECONDS = 5.0
"""A dependency that takes longer counts as not ready."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyState:
    """One dependency. ``latency_ms`` is how long it took to answer or to fail."""

    name: str
    is_ready: bool
    latency_ms: float


class Readiness:
    """Asks all dependencies at once."""

    def __init__(self, *, dependencies: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        self._dependencies = dependencies

    async def check(self) -> tuple[DependencyState, ...]:
        """The state of each dependency, in the order of the container."""
        states = (self._state(name, ping) for name, ping in self._dependencies.items())
        return tuple(await asyncio.gather(*states))

    async def _state(self, name: str, ping: Callable[[], Awaitable[None]]) -> DependencyState:
        began = time.perf_counter()
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await ping()
        except (PicError, TimeoutError):
            is_ready = False
        else:
            is_ready = True
        return DependencyState(name=name, is_ready=is_ready, latency_ms=round((time.perf_counter() - began) * 1000, 1))
