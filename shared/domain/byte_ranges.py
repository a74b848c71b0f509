"""Range requests of one byte range (RFC 9110 section 14.1.2). Several ranges are answered with the whole file."""

import re
from dataclasses import dataclass

_ONE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


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

    A header that is malformed, in another unit or of several ranges is ignored, as the RFC allows.
    Raises ``UnsatisfiableRangeError``.
    """
    found = _ONE.fullmatch(header.replace(" ", "")) if header else None
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        suffix = int(last)
        if suffix == 0 or total == 0:
            raise UnsatisfiableRangeError(total)
        return ByteRange(start=max(0, total - suffix), end=total)
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= total:
        raise UnsatisfiableRangeError(total)
    return ByteRange(start=start, end=min(total, int(last) + 1) if last else total)
