"""Room for parts in memory: what all transfers of an instance may hold beyond what each of them needs to move at all.

A transfer alone runs several parts at once. Where many run, their parts would add up to more memory than the
instance has, and gain nothing, because the processor is busy anyway: then each goes on one part at a time.
"""

from typing import Final

PLACES: Final = 5
"""Of 8 MiB. One more than a single transfer takes, and keeps until its end: another one may run ahead, too."""


class PartRoom:
    """Counts places. Nobody waits for one: who gets none goes on with what it has."""

    def __init__(self, places: int = PLACES) -> None:
        self._free = places

    def take(self) -> bool:
        """Whether there was a free place, which is now the caller's until ``give``."""
        if self._free == 0:
            return False
        self._free -= 1
        return True

    def give(self, places: int = 1) -> None:
        """Give places back."""
        self._free += places


ROOM: Final = PartRoom()
"""That of this process: memory is shared by all that runs in it, whoever made it."""
