"""Range requests of one byte range (RFC 9110 section 14.1.2). Several ranges are answered with the whole file."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII | re.IGNORECASE)
"""18 digits reach far beyond any file, and the conversion of a number stays cheap."""


class UnsatisfiableRangeError(Exception):
    """No byte of the file is asked for (416). The one argument is the length of the file in bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ByteRange:
    """``start`` (inclusive) to ``end`` (exclusive), in bytes of the plaintext."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def requested_range(header: str | None, *, total: int) -> ByteRange | None:
    """The range asked for, or None for the whole file.

    A header that is malformed, in another unit, of several ranges or of longer numbers is ignored, as the RFC allows.
    Raises ``UnsatisfiableRangeError``.
    """
    found = _ONE.fullmatch(header.strip(" \t")) if header else None
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        suffix = int(last)
        if suffix == 0:
            raise UnsatisfiableRangeError(total)
        if total == 0:
            return None  # Satisfiable by the RFC, but a 206 cannot tell of no bytes.
        return ByteRange(start=max(0, total - suffix), end=total)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= total:
        raise UnsatisfiableRangeError(total)
    return ByteRange(start=start, end=min(total, int(last) + 1) if last else total)
