"""Whether this machine's clock can be believed when something is to be deleted for ever."""

from datetime import timedelta
from typing import Final

from shared.domain.errors import ClockDisagreesError
from shared.domain.ports import Clock, EventLog, Records

BELIEVED_WITHIN: Final = timedelta(hours=1)
"""Longer than clocks that are kept differ and than an answer takes, and nothing against a year of keeping."""

DISAGREES_EVENT: Final = "clock.disagrees"


class Timekeeping:
    """Holds the machine's clock against the store's, which is kept by somebody else."""

    def __init__(self, *, records: Records, clock: Clock, log: EventLog) -> None:
        self._records = records
        self._clock = clock
        self._log = log

    async def check(self) -> None:
        """Return when both tell about the same time.

        Raises:
            ClockDisagreesError: They do not. Operators are told; which of the two is wrong nobody can say from here.
            DependencyError: The store does not say what time it is.
        """
        told = await self._records.now()
        ahead = self._clock() - told
        if abs(ahead) > BELIEVED_WITHIN:
            self._log(DISAGREES_EVENT, ahead_seconds=int(ahead.total_seconds()))
            raise ClockDisagreesError(ahead)
