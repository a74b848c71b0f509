"""The simulator's clock: the real one, as far ahead of it as somebody has moved it, and as wrong as it was set."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Never goes back, except by ``skew`` and ``reset``."""

    def __init__(self) -> None:
        self._ahead = timedelta()
        self._skew = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead + self._skew

    def advance(self, ahead: timedelta) -> None:
        self._ahead += ahead

    def skew(self, by: timedelta) -> None:
        """BankID's clock against everybody else's; positive is fast. Replaces an earlier one."""
        self._skew = by

    def reset(self) -> None:
        self._ahead = self._skew = timedelta()
