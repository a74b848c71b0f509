"""Range requests for bytes: what a header asks for (RFC 9110 section 14.1.2), bounded, and no byte twice."""

import re
from dataclasses import dataclass
from typing import Final

MAX_RANGES: Final = 16
"""Most ranges in one request. Each costs the store two reads; who asks for more gets the whole file (section 14.2)."""

JOINED_GAP_BYTES: Final = 256
"""Ranges this near become one: the lines between two parts of an answer are about as long (section 15.3.7.2)."""

_UNIT: Final = re.compile(r"bytes=(.*)", re.ASCII | re.IGNORECASE)
_SPEC: Final = re.compile(r"(\d{0,18})-(\d{0,18})", re.ASCII)
"""18 digits reach far beyond any file, and the conversion of a number stays cheap."""
_SPACE: Final = " \t"


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


def requested_ranges(header: str | None, *, total: int) -> tuple[ByteRange, ...]:
    """The ranges asked for, none of which meets another, in the order of the header; none for the whole file.

    A header that is malformed anywhere, in another unit, of longer numbers or of more than ``MAX_RANGES`` is ignored,
    as the RFC allows. Of several ranges those past the end are left out, and those that overlap or nearly touch are
    joined, where the first of them stood. Raises ``UnsatisfiableRangeError`` when all lie past the end.
    """
    found = _UNIT.fullmatch(header.strip(_SPACE)) if header else None
    if found is None:
        return ()
    specs = found[1].split(",", MAX_RANGES)
    # Empty elements of a list are read and mean nothing (section 5.6.1.2); they count, so that they are bounded.
    read = [_SPEC.fullmatch(spec) for spec in (part.strip(_SPACE) for part in specs) if spec]
    if len(specs) > MAX_RANGES or not read:
        return ()
    ranges: list[ByteRange] = []
    asks_for_end = False
    for spec in read:
        if spec is None or not any(spec.groups()) or _is_backwards(spec):
            return ()
        ranges += _resolved(spec, total)
        asks_for_end = asks_for_end or (_is_suffix(spec) and int(spec[2]) > 0)
    # The end of an empty file is satisfiable by the RFC, but a 206 cannot tell of no bytes: the whole of it, then.
    if not ranges and not asks_for_end:
        raise UnsatisfiableRangeError(total)
    return _joined(ranges)


def _is_suffix(spec: re.Match[str]) -> bool:
    return not spec[1]


def _is_backwards(spec: re.Match[str]) -> bool:
    return bool(spec[1] and spec[2]) and int(spec[2]) < int(spec[1])


def _resolved(spec: re.Match[str], total: int) -> list[ByteRange]:
    """The bytes of the file that ``spec`` means, if there are any."""
    if _is_suffix(spec):
        start, end = max(0, total - int(spec[2])), total
    else:
        start, end = int(spec[1]), min(total, int(spec[2]) + 1) if spec[2] else total
    return [ByteRange(start=start, end=end)] if start < end else []


def _joined(ranges: list[ByteRange]) -> tuple[ByteRange, ...]:
    places: list[tuple[int, ByteRange]] = []
    for place, one in sorted(enumerate(ranges), key=lambda item: item[1].start):
        if places and one.start <= places[-1][1].end + JOINED_GAP_BYTES:
            first, before = places[-1]
            joined = ByteRange(start=before.start, end=max(before.end, one.end))
            places[-1] = (min(first, place), joined)
        else:
            places.append((place, one))
    return tuple(one for _, one in sorted(places, key=lambda item: item[0]))
