"""What the services need from a scanner for malware, and what the settings say of it."""

from dataclasses import dataclass
from typing import Protocol

from shared.domain.content_checks import Scan


class RunningScan(Protocol):
    """One content on its way through a scanner, piece by piece and in constant memory. No method raises."""

    async def feed(self, data: bytes | bytearray) -> None:
        """The next bytes; returns when the scanner has taken them, or will take no more."""
        ...

    async def end(self) -> Scan:
        """The verdict on all that was fed. ``Scan.UNREACHABLE`` for whatever went wrong on the way."""
        ...

    async def close(self) -> None:
        """Give up or be done. May be repeated."""
        ...


class Scanner(Protocol):
    """Looks for malware."""

    async def begin(self) -> RunningScan:
        """Begin a scan. Does not raise: that nobody answers is the verdict of its ``end``."""
        ...

    async def ping(self) -> None:
        """Raises ``DependencyError``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanning:
    """A scanner, and whether a file has to have been scanned to be stored."""

    scanner: Scanner
    is_required: bool
