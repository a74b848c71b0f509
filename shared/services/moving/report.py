"""What a move did and found: counts for each kind; what is wrong is told item by item as it is met."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Tell: TypeAlias = Callable[[str], None]
"""Takes one line for whoever runs the move: a fixed word and where it is, never what stands there."""


@dataclass(slots=True)
class Tally:
    """Of one kind. ``found``: how many the source has. ``restarted``: uploads that begin again at the target."""

    found: int = 0
    written: int = 0
    removed: int = 0
    restarted: int = 0
    verified: int = 0
    faults: int = 0


@dataclass(slots=True, kw_only=True)
class Report:
    """Of one pass. ``left_behind``: partitions that do not move."""

    tell: Tell = field(repr=False)
    kinds: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    left_behind: int = 0

    def fault(self, kind: str, word: str, *where: str) -> None:
        """Count and tell something that is not as it should be."""
        self.kinds[kind].faults += 1
        self.tell(f"{word}: {' '.join(where)}")

    @property
    def faults(self) -> int:
        return sum(tally.faults for tally in self.kinds.values())

    @property
    def items(self) -> int:
        """Items that the source has and that move."""
        return sum(tally.found for tally in self.kinds.values())

    @property
    def changes(self) -> int:
        """What had to be written or removed: 0 when nothing has changed since the pass before."""
        return sum(tally.written + tally.removed for tally in self.kinds.values())
