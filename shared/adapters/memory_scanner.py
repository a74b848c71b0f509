"""``Scanner`` in memory: it knows one thing to look for, and fails when it is told to."""

from shared.domain.content_checks import Scan
from shared.domain.errors import DependencyError

KNOWN = b"a word that this scanner takes for malware"


class MemoryScanner:
    """``is_down``, ``breaks`` (how many of the next scans) and ``most_bytes`` are a test's to set.

    ``begun`` counts the scans, ``scans`` those that were asked for their verdict.
    """

    def __init__(self) -> None:
        self.is_down = False
        self.most_bytes: int | None = None
        self.breaks = 0
        self.begun = 0
        self.scans = 0

    async def begin(self) -> "MemoryScan":
        self.begun += 1
        return MemoryScan(self)

    async def ping(self) -> None:
        if self.is_down:
            raise DependencyError


class MemoryScan:
    """One content, kept whole."""

    def __init__(self, scanner: MemoryScanner) -> None:
        self._scanner = scanner
        self._content = b""

    async def feed(self, data: bytes | bytearray) -> None:
        self._content += data

    async def end(self) -> Scan:
        self._scanner.scans += 1
        self._scanner.breaks -= 1
        if self._scanner.is_down or self._scanner.breaks >= 0:
            return Scan.UNREACHABLE
        if self._scanner.most_bytes is not None and len(self._content) > self._scanner.most_bytes:
            return Scan.TOO_LARGE
        return Scan.FOUND if KNOWN in self._content else Scan.CLEAN

    async def close(self) -> None:
        """There is nothing to close."""
