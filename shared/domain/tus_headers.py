"""The headers of tus 1.0 as values: each has one spelling, and whatever is not of it is refused.

Repeated headers reach this joined by commas (RFC 9110 section 5.3), so that a number that is said twice is none.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol

from shared.domain.errors import InvalidInputError

MAX_DIGITS: Final = 18
"""Of a number of bytes: as many as surely fit a signed 64-bit number."""

MAX_METADATA: Final = 8 * 1024
"""Characters of ``Upload-Metadata``: four ids and names, in base64."""

CHECKSUMS: Final[Mapping[str, int]] = MappingProxyType({"sha1": 20, "sha256": 32, "sha512": 64, "md5": 16})
"""What ``Upload-Checksum`` may be made by, and the bytes of it. tus asks for SHA-1 at least.

They find slips on the way; it is the seals that keep attackers out.
"""

_KEY: Final = re.compile(r"[!-+\--~]+")  # visible ASCII without commas and spaces (tus, Upload-Metadata)


class Digesting(Protocol):
    """A running digest, as ``hashlib`` has them."""

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """What the bytes of one request must digest to. ``algorithm`` is one of ``CHECKSUMS``."""

    algorithm: str
    digest: bytes = field(repr=False)

    def begun(self) -> Digesting:
        """A digest of no bytes yet."""
        return hashlib.new(self.algorithm, usedforsecurity=False)


class UnknownChecksumError(Exception):
    """The checksum is made by an algorithm that is not offered."""


def whole(text: str, rule: str) -> int:
    """A number of bytes in ASCII digits. Raises ``InvalidInputError`` with ``rule``."""
    if not (text.isascii() and text.isdecimal()) or len(text) > MAX_DIGITS:
        raise InvalidInputError(rule)
    return int(text)


def metadata(text: str) -> Mapping[str, str]:
    """The pairs of ``Upload-Metadata`` (tus, creation): key, space, base64 of UTF-8; a key alone has an empty value.

    Raises ``InvalidInputError``.
    """
    if len(text) > MAX_METADATA:
        raise InvalidInputError("upload-metadata")
    found: dict[str, str] = {}
    for pair in filter(None, (pair.strip(" \t") for pair in text.split(","))):
        key, _, value = pair.partition(" ")
        if _KEY.fullmatch(key) is None or key in found:
            raise InvalidInputError("upload-metadata")
        try:
            found[key] = _unpacked(value.strip(" \t")).decode("utf-8")
        except ValueError as fault:
            raise InvalidInputError("upload-metadata") from fault
    return found


def checksum(text: str) -> Checksum:
    """``Upload-Checksum`` (tus, checksum): algorithm, space, base64 of the digest.

    Raises ``InvalidInputError``, ``UnknownChecksumError``.
    """
    algorithm, _, packed = text.partition(" ")
    if re.fullmatch(r"[a-z0-9-]{1,32}", algorithm) is None:
        raise InvalidInputError("upload-checksum")
    if algorithm not in CHECKSUMS:
        raise UnknownChecksumError
    try:
        digest = _unpacked(packed)
    except ValueError as fault:
        raise InvalidInputError("upload-checksum") from fault
    if len(digest) != CHECKSUMS[algorithm]:
        raise InvalidInputError("upload-checksum")
    return Checksum(algorithm=algorithm, digest=digest)


def _unpacked(text: str) -> bytes:
    """Base64 as by RFC 4648 section 4, padded. Raises ``ValueError``, also for what is not ASCII."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode("ascii") != text:  # bits after the last byte, or padding where none belongs
        raise ValueError
    return found
