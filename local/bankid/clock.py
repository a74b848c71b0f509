"""The simulator's clock: the real one, and as far ahead of it as somebody has moved it."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Never goes back, except by ``reset``."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self._ahead

    def advance(self, ahead: timedelta) -> None:
        self._ahead += ahead

    def reset(self) -> None:
        self._ahead = timedelta()
