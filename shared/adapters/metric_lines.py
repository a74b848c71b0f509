"""Figures as lines of the log: one line a minute for each series that has changed, handed on by the Functions host.

An instance can be taken away at any time and nothing may run between requests, so the lines are written at the end of
a request or a job that finds a minute gone. What a figure already says by a line of its own is left out: the canonical
line of a request tells its route, its status and its time.
"""

import json
import logging
from collections.abc import Callable
from typing import Final

from shared.adapters.memory_metrics import MemoryMetrics
from shared.domain.metrics import Counter, Series, Timing

EVENT: Final = "metric"

EVERY_SECONDS: Final = 60.0
"""At most this often, and what is written then is what came meanwhile: a bound on both cost and loss."""

SAID_BY_REQUESTS: Final = frozenset({Counter.REQUESTS, Timing.REQUEST})

_log = logging.getLogger("pic.metrics")


class MetricLines:
    """Writes what was counted since it last did."""

    def __init__(self, metrics: MemoryMetrics, *, monotonic: Callable[[], float]) -> None:
        self._metrics = metrics
        self._monotonic = monotonic
        self._written_at = monotonic()

    def write_if_due(self) -> None:
        """Write once a minute has gone since the last time."""
        if self._monotonic() - self._written_at >= EVERY_SECONDS:
            self.write()

    def write(self) -> None:
        """Write now: at the end of a run that is the only one for hours, and of the process."""
        self._written_at = self._monotonic()
        for series in self._metrics.take():
            if series.figure not in SAID_BY_REQUESTS:
                _log.info(json.dumps(_line(series)))


def _line(series: Series) -> dict[str, object]:
    line: dict[str, object] = {"event": EVENT, "name": series.figure.value, **dict(series.labels)}
    line["count"] = series.count
    if isinstance(series.figure, Timing):
        line |= {"seconds": round(series.seconds, 3), "longest": round(series.longest, 3)}
    return line
