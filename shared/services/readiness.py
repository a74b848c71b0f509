"""Whether everything this instance depends on answers, and how fast. No addresses, no secrets, no error texts."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

TIMEOUT_SECONDS: Final = 5.0
"""A dependency that takes longer counts as not ready."""

SHARED_SECONDS: Final = 3.0
"""How long one answer serves everybody who asks: the route is open, and each check asks six dependencies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DependencyState:
    """One dependency. ``latency_ms`` is how long it took to answer or to fail.

    ``certificate_days`` is how long our own certificate towards it lasts; None where there is none, or none to see.
    """

    name: str
    is_ready: bool
    latency_ms: float
    certificate_days: int | None = None


class Readiness:
    """Asks all dependencies at once, and once for all who ask at the same time.

    ``certificate_days`` tells of those by whom we are known by a certificate; at 0 they are not ready.
    """

    def __init__(
        self,
        *,
        dependencies: Mapping[str, Callable[[], Awaitable[None]]],
        certificate_days: Mapping[str, Callable[[], Awaitable[int | None]]] = MappingProxyType({}),
    ) -> None:
        self._dependencies = dependencies
        self._certificate_days = certificate_days
        self._answer: tuple[DependencyState, ...] = ()
        self._answered_at = float("-inf")
        self._turn = asyncio.Lock()

    async def check(self) -> tuple[DependencyState, ...]:
        """The state of each dependency, in the order of the container, at most ``SHARED_SECONDS`` old."""
        async with self._turn:
            if time.monotonic() - self._answered_at >= SHARED_SECONDS:
                states = (self._state(name, ping) for name, ping in self._dependencies.items())
                self._answer = tuple(await asyncio.gather(*states))
                self._answered_at = time.monotonic()
            return self._answer

    async def _state(self, name: str, ping: Callable[[], Awaitable[None]]) -> DependencyState:
        began = time.perf_counter()
        days = None
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                if name in self._certificate_days:
                    days = await self._certificate_days[name]()
                await ping()
        except Exception:  # noqa: BLE001 - a client that cannot even be made, for want of a certificate, is not ready
            is_ready = False
        else:
            is_ready = days != 0
        latency_ms = round((time.perf_counter() - began) * 1000, 1)
        return DependencyState(name=name, is_ready=is_ready, latency_ms=latency_ms, certificate_days=days)
