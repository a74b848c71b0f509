"""Codes on paper: for whoever has lost their second factor, and for whoever an administrator lets enrol anew.

A code has 120 random bits, and the store holds its SHA-256. ASVS 5.0, 6.5.2 takes a plain hash from 112 bits on; a
shorter code would need a slow one. Letters that look alike are read as one (Crockford's base 32), and neither case nor
the marks between the groups matter.
"""

import hashlib
import re
from typing import Final

from shared.domain.errors import FactorRefusedError
from shared.domain.ids import RandomBytes

CODES: Final = 10
"""In a set."""

CODE_BYTES: Final = 15
LONGEST_TYPED: Final = 64
"""Characters of what somebody typed that are looked at at all."""

_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_GROUP: Final = 4
_CHARACTERS: Final = CODE_BYTES * 8 // 5
_LOOK_ALIKES: Final = str.maketrans({"o": "0", "i": "1", "l": "1"})
_MARKS: Final = re.compile(r"[\s-]")
_CODE: Final = re.compile(rf"[{_ALPHABET}]{{{_CHARACTERS}}}")


def new_code(random: RandomBytes) -> str:
    """A fresh code as people read it: six groups of four."""
    number = int.from_bytes(random(CODE_BYTES), "big")
    text = "".join(_ALPHABET[(number >> shift) & 31] for shift in range(_CHARACTERS * 5 - 5, -1, -5))
    return "-".join(text[at : at + _GROUP] for at in range(0, _CHARACTERS, _GROUP))


def new_codes(random: RandomBytes) -> tuple[str, ...]:
    """A fresh set."""
    return tuple(new_code(random) for _ in range(CODES))


def code_hash(typed: str) -> str:
    """What the store knows a code by, however it was typed: 64 hex digits.

    Raises ``FactorRefusedError`` for a text that can be none of ours.
    """
    if len(typed) > LONGEST_TYPED:
        raise FactorRefusedError
    text = _MARKS.sub("", typed).lower().translate(_LOOK_ALIKES)
    if _CODE.fullmatch(text) is None:
        raise FactorRefusedError
    return hashlib.sha256(b"pic/recovery/v1:" + text.encode("ascii")).hexdigest()
