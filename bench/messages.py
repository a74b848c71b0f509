"""Small messages of 10 KiB, one client: from the request to the answer."""

import statistics
import time
from collections.abc import Callable

from bench.service import Service

TEXT = "Mätning av ett meddelande. " * 380
"""About 10 KiB in UTF-8."""

WARM_UP = 20
ROUNDS = 200


def measure(service: Service) -> dict[str, float]:
    """Milliseconds to create a draft, and for the sender to open it, at the median and the 95th percentile."""
    messages = service.thread()
    drafts: list[str] = []
    create = _timed(lambda: drafts.append(service.draft(messages, TEXT)))
    waiting = iter(drafts)
    read = _timed(lambda: service.staff.ask("POST", f"{next(waiting)}/open"))
    return {
        "message_create_ms_p50": statistics.median(create),
        "message_create_ms_p95": _percentile_95(create),
        "message_read_ms_p50": statistics.median(read),
        "message_read_ms_p95": _percentile_95(read),
    }


def _timed(act: Callable[[], object]) -> list[float]:
    found: list[float] = []
    for _ in range(WARM_UP + ROUNDS):
        began = time.perf_counter()
        act()
        found.append((time.perf_counter() - began) * 1000)
    return found[WARM_UP:]


def _percentile_95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]
