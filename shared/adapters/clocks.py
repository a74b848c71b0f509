"""Clocks: the system's, and one that a laptop's stack can move to see a year pass."""

from datetime import UTC, datetime, timedelta
from pathlib import Path


def system_clock() -> datetime:
    """Now, aware UTC."""
    return datetime.now(UTC)


class MovableClock:
    """The system's clock plus the whole seconds that stand in a file; local environment only (settings refuse else)."""

    def __init__(self, file: str) -> None:
        self._file = Path(file)
        self._read_at: float | None = None
        self._offset = timedelta()

    def __call__(self) -> datetime:
        try:
            changed = self._file.stat().st_mtime
        except FileNotFoundError:
            return system_clock()
        if changed != self._read_at:
            self._offset = timedelta(seconds=int(self._file.read_text(encoding="ascii") or "0"))
            self._read_at = changed
        return system_clock() + self._offset
