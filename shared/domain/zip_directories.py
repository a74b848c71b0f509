"""The directory of a ZIP archive, read from the end of the file: names and whether they are encrypted (APPNOTE 4.3).

Bounded by what it is given: a directory that does not fit in there is not read at all.
"""

import struct
from dataclasses import dataclass
from typing import Final

_END: Final = b"PK\x05\x06"
_END_LENGTH: Final = 22
_LOCATOR: Final = b"PK\x06\x07"
_LOCATOR_LENGTH: Final = 20
_END_64: Final = b"PK\x06\x06"
_END_64_LENGTH: Final = 56
_ENTRY: Final = b"PK\x01\x02"
_ENTRY_LENGTH: Final = 46
_ESCAPE: Final = 0xFFFFFFFF
_IS_ENCRYPTED: Final = 0x1
_IS_UTF_8: Final = 0x800
_UNICODE_PATH: Final = 0x7075


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """``names`` are all that a program may read as the entry's name: one, or two where an extra field has another."""

    names: tuple[str, ...]
    is_encrypted: bool


def zip_entries(tail: bytes) -> tuple[ZipEntry, ...] | None:
    """The entries of the archive that ends with ``tail``; None when there is no directory or it is not all there."""
    span = _directory_span(tail)
    if span is None:
        return None
    at, end = span
    found: list[ZipEntry] = []
    while at < end:
        if tail[at : at + 4] != _ENTRY or at + _ENTRY_LENGTH > end:
            return None
        flags = struct.unpack_from("<H", tail, at + 8)[0]
        name_length, extra_length, comment_length = struct.unpack_from("<HHH", tail, at + 28)
        name_end = at + _ENTRY_LENGTH + name_length
        extra_end = name_end + extra_length
        if extra_end + comment_length > end:
            return None
        name = _text(tail[at + _ENTRY_LENGTH : name_end], is_utf_8=bool(flags & _IS_UTF_8))
        other = _unicode_path(tail[name_end:extra_end])
        names = (name,) if other is None else (name, other)
        found.append(ZipEntry(names=names, is_encrypted=bool(flags & _IS_ENCRYPTED)))
        at = extra_end + comment_length
    return tuple(found)


def _directory_span(tail: bytes) -> tuple[int, int] | None:
    """Where in ``tail`` the directory starts and ends. The last record that fits counts, as for most programs."""
    end, size = len(tail), 0
    while True:
        end = tail.rfind(_END, 0, end)
        if end < 0:
            return None
        if end + _END_LENGTH > len(tail):
            continue
        size, _, comment = struct.unpack_from("<IIH", tail, end + 12)
        if end + _END_LENGTH + comment <= len(tail):
            break
    if size == _ESCAPE:
        end = end - _LOCATOR_LENGTH - _END_64_LENGTH
        locator = end + _END_64_LENGTH
        if end < 0 or tail[end : end + 4] != _END_64 or tail[locator : locator + 4] != _LOCATOR:
            return None
        size = struct.unpack_from("<Q", tail, end + 40)[0]
    return (end - size, end) if size <= end else None


def _text(name: bytes, *, is_utf_8: bool) -> str:
    """Old archives say nothing of their encoding. Both readings have the same ASCII, and that is what paths are of."""
    if is_utf_8:
        return name.decode("utf-8", "replace")
    try:
        return name.decode("utf-8")
    except UnicodeDecodeError:
        return name.decode("cp437")


def _unicode_path(extra: bytes) -> str | None:
    """The name in Info-ZIP's Unicode Path field, which wins over the entry's own in many programs."""
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _UNICODE_PATH:
            return extra[at + 9 : at + 4 + length].decode("utf-8", "replace")
        at += 4 + length
    return None
