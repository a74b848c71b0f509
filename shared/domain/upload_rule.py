"""The rule of resumable uploads (tus 1.0, core protocol), without IO.

An upload knows its length and how much has arrived. Bytes are accepted only at the offset that stands in our
record; the offset is never derived from the blob. Everything else (who, where, sealing) is the service's.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from shared.domain.errors import ConflictError, InvalidInputError, NotFoundError, TooLargeError
from shared.domain.manifest import MAX_PARTS, PART_BYTES
from shared.domain.retention import is_expired


class UploadState(StrEnum):
    """``open`` while bytes are missing; ``full`` when all arrived; ``stored`` when the file is committed."""

    OPEN = "open"
    FULL = "full"
    STORED = "stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedPart:
    """One sealed part that is staged: its block and its plaintext length in bytes."""

    block: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an upload is. ``length`` is the declared length of the plaintext in bytes."""

    state: UploadState
    length: int
    parts: tuple[UploadedPart, ...]
    expires_at: datetime

    @property
    def offset(self) -> int:
        """Bytes that have arrived and will be kept (tus ``Upload-Offset``)."""
        return sum(part.length for part in self.parts)

    def begin_append(self, *, offset: int, declared_bytes: int | None, now: datetime) -> int:
        """How many bytes may follow now. ``declared_bytes`` is the Content-Length, None when unknown.

        Raises ``NotFoundError`` after expiry, ``ConflictError`` at any other offset than ours (tus: 409),
        ``TooLargeError`` when more is announced than is missing, ``InvalidInputError`` (``upload-parts``) when it came
        in so many small requests, each a part at least, that the rest does not fit in the parts that are left: it
        can only be given up and begun again.
        """
        if is_expired(self.expires_at, now=now):
            raise NotFoundError
        if offset != self.offset:
            raise ConflictError
        missing = self.length - self.offset
        if declared_bytes is not None and declared_bytes > missing:
            raise TooLargeError(self.length)
        if missing > (MAX_PARTS - len(self.parts)) * PART_BYTES:
            raise InvalidInputError("upload-parts")
        return missing

    def appended(self, parts: tuple[UploadedPart, ...]) -> "Progress":
        """The progress after these parts. Raises ``TooLargeError`` past the declared length."""
        grown = replace(self, parts=self.parts + parts)
        if grown.offset > self.length:
            raise TooLargeError(self.length)
        if self.state is UploadState.OPEN and grown.offset == self.length:
            return replace(grown, state=UploadState.FULL)
        return grown
