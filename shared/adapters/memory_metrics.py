"""Figures in the memory of this process: every series since it started, and what has come since it was last asked."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field

from shared.domain.metrics import BOUNDS_SECONDS, LABELS, Counter, Figure, Series, Timing, check


@dataclass(slots=True)
class _Tally:
    count: int = 0
    seconds: float = 0.0
    longest: float = 0.0
    classes: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_SECONDS) + 1))


_Key = tuple[Figure, tuple[str, ...]]


class MemoryMetrics:
    """Counts here. As many series as the closed sets of labels allow, so its memory is bounded."""

    def __init__(self) -> None:
        self._since_start: dict[_Key, _Tally] = {}
        self._fresh: dict[_Key, _Tally] = {}

    def add(self, counter: Counter, /, **labels: str) -> None:
        key = (counter, check(counter, labels))
        for tallies in (self._since_start, self._fresh):
            tallies.setdefault(key, _Tally()).count += 1

    def observe(self, timing: Timing, seconds: float, /, **labels: str) -> None:
        key, took = (timing, check(timing, labels)), max(seconds, 0.0)
        for tallies in (self._since_start, self._fresh):
            tally = tallies.setdefault(key, _Tally())
            tally.count += 1
            tally.seconds += took
            tally.longest = max(tally.longest, took)
            tally.classes[bisect_left(BOUNDS_SECONDS, took)] += 1

    def read(self) -> tuple[Series, ...]:
        """Everything since the start, in a fixed order."""
        return tuple(_series(self._since_start))

    def take(self) -> tuple[Series, ...]:
        """What has come since it was last taken."""
        taken, self._fresh = self._fresh, {}
        return tuple(_series(taken))


def _series(tallies: dict[_Key, _Tally]) -> Iterator[Series]:
    for (figure, values), tally in sorted(tallies.items()):
        yield Series(
            figure=figure,
            labels=tuple(zip(LABELS[figure], values, strict=True)),
            count=tally.count,
            seconds=tally.seconds,
            longest=tally.longest,
            classes=tuple(tally.classes),
        )
