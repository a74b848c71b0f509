"""Identifiers: what each names, how one is made, and which texts count as one.

Ids are time-ordered and random, never sequential and never personal (design section 6). The form is a ULID
(48 bits of milliseconds, 80 random bits) in lower-case Crockford base 32: 26 characters of ``[0-9a-z]``, so that
no id can hold the separator ``|`` of keys and sealing contexts.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NewType

OrganisationId = NewType("OrganisationId", str)
UnitId = NewType("UnitId", str)
StaffId = NewType("StaffId", str)
ThreadId = NewType("ThreadId", str)
MessageId = NewType("MessageId", str)
FileId = NewType("FileId", str)
UploadId = NewType("UploadId", str)
FactorId = NewType("FactorId", str)
ClientId = NewType("ClientId", str)
SessionId = NewType("SessionId", str)
"""What a session is called on the wire. Says nothing of its token."""

Subject = NewType("Subject", str)
"""The keyed pseudonym of a personal number: ``s<pepper version>-<hex>``. Never the number, never reversible
without the pepper."""

RandomBytes = Callable[[int], bytes]
"""Returns that many bytes from a cryptographically secure source."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_FORM = re.compile(r"[0-7][0-9a-hjkmnp-tv-z]{25}")


def new_id(now: datetime, random: RandomBytes) -> str:
    """A fresh id. ``now`` is aware UTC; ids made in later milliseconds sort after earlier ones."""
    # Whole numbers: a timestamp in floating point puts some instants into the millisecond before their own.
    number = ((now - _EPOCH) // timedelta(milliseconds=1) << 80) | int.from_bytes(random(10), "big")
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


def first_id(at: datetime) -> str:
    """The first of all ids that can be made at that millisecond: a bound of ranges, and no id of anything."""
    return new_id(at, bytes)


def made_at(text: str) -> datetime:
    """When the id was made, to the millisecond. Raises ``ValueError`` for what is no id, or of no year that we know."""
    if not is_id(text):
        raise ValueError("no id")
    number = 0
    for character in text:
        number = number << 5 | _ALPHABET.index(character)
    try:
        return _EPOCH + timedelta(milliseconds=number >> 80)
    except OverflowError:
        raise ValueError("no instant") from None


def is_id(text: str) -> bool:
    """Whether ``text`` has the one form of an id. Says nothing of whether it names anything."""
    return _FORM.fullmatch(text) is not None
