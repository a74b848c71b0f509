"""What it costs to be let in: a request of a member of staff beside one that asks nothing, on the memory adapters.

Both go through the whole application in this process, called as a server calls it, without a client, a network or a
store: what is measured is ours. Routing, context and headers are in both; in the one also session, member, the
organisation's rules, and what the route declares.
"""

import statistics
import time
from collections.abc import Mapping
from typing import Final

from starlette.types import Message, Scope

from tests.support.memory_container import MemoryContainer
from tests.support.world import World, world_on

PAIRS: Final = 15
REQUESTS: Final = 200
"""Of each kind in a pair: about a tenth of a second."""

MOST: Final = 3.0
"""``authorised_vs_noop``: beyond it, being let in would cost more than what is done afterwards."""

HOW: Final = {
    "authorised_vs_noop": f"median of {PAIRS} pairs, in turns, of {REQUESTS} requests each, called as a server calls "
    "the application, memory adapters: GET /api/v1/session by a member of staff / GET /health by nobody",
}


async def measure() -> dict[str, float]:
    """CPU milliseconds of each kind, and the median of the pairs' ratios."""
    async with world_on(MemoryContainer()) as world:
        staff = await world.staff()
        cookie = "; ".join(f"{name}={value}" for name, value in staff.cookies.items()).encode()
        authorised, noop = _get("/api/v1/session", cookie), _get("/health")
        await _cpu_ms(world, authorised)
        await _cpu_ms(world, noop)
        pairs = [(await _cpu_ms(world, authorised), await _cpu_ms(world, noop)) for _ in range(PAIRS)]
    return {
        "authorised_cpu_ms": statistics.median(ours for ours, _ in pairs),
        "noop_cpu_ms": statistics.median(noop for _, noop in pairs),
        "authorised_vs_noop": statistics.median(ours / noop for ours, noop in pairs),
    }


def over_limits(figures: Mapping[str, float]) -> list[str]:
    """One sentence if being let in costs too much."""
    return [f"authorised_vs_noop is above {MOST:g}"] if figures["authorised_vs_noop"] > MOST else []


def _get(path: str, cookie: bytes = b"") -> Scope:
    headers = [(b"host", b"portal.test"), *([(b"cookie", cookie)] if cookie else [])]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("127.0.0.1", 40000),
        "server": ("portal.test", 80),
    }


async def _cpu_ms(world: World, asked: Scope) -> float:
    """CPU of this process for one of these, in the mean of ``REQUESTS``. Raises ``RuntimeError`` for another answer."""
    statuses: set[int] = set()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    began = time.process_time()
    for _ in range(REQUESTS):
        await world.app({**asked, "state": {}}, receive, send)
    spent = time.process_time() - began
    if statuses != {200}:
        raise RuntimeError(f"answered {sorted(statuses)}")
    return spent / REQUESTS * 1000
