"""Whether two kinds of answers can be told apart by how long they take."""

import math
import random
import time
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Mapping, Sequence

Probe = Callable[[], Awaitable[None]]


async def measured(probes: Mapping[str, Probe], *, rounds: int, warm_up: int = 30) -> dict[str, list[float]]:
    """Seconds of each probe, ``rounds`` times, in an order that is drawn anew for each round.

    So whatever else the machine does falls on all of them alike.
    """
    found: dict[str, list[float]] = {name: [] for name in probes}
    order = list(probes)
    for number in range(warm_up + rounds):
        random.shuffle(order)
        for name in order:
            began = time.perf_counter()
            await probes[name]()
            took = time.perf_counter() - began
            if number >= warm_up:
                found[name].append(took)
    return found


def superiority(a: Sequence[float], b: Sequence[float]) -> float:
    """How often one of ``a`` takes longer than one of ``b``: Mann-Whitney's U over all pairs. 0.5: no telling."""
    ordered = sorted(b)
    wins = sum(bisect_left(ordered, each) + bisect_right(ordered, each) for each in a) / 2
    return wins / (len(a) * len(b))


def deviation(a: Sequence[float], b: Sequence[float]) -> float:
    """The standard deviation of ``superiority`` where there is no difference."""
    return math.sqrt((len(a) + len(b) + 1) / (12 * len(a) * len(b)))
