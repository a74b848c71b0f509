"""How far an upload is: its length, what has arrived, and which of its states may follow which.

Bytes are accepted only at the offset that stands in our record; the offset is never derived from the blob. What a
request may do to an upload is decided in ``shared.domain.tus``.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.domain.errors import ConflictError, TooLargeError


class UploadState(StrEnum):
    """``deferred`` while its length is not known; ``open`` while bytes are missing; ``full``; ``stored``: committed."""

    DEFERRED = "deferred"
    OPEN = "open"
    FULL = "full"
    STORED = "stored"


class UploadStep(StrEnum):
    """What can happen to an upload. ``grow``: some bytes came, or none; ``fill``: the last of them."""

    LEARN_LENGTH = "learn-length"
    GROW = "grow"
    FILL = "fill"
    STORE = "store"


UPLOAD_STEPS: Final = {
    (UploadState.DEFERRED, UploadStep.GROW): UploadState.DEFERRED,
    (UploadState.DEFERRED, UploadStep.LEARN_LENGTH): UploadState.OPEN,
    (UploadState.OPEN, UploadStep.GROW): UploadState.OPEN,
    (UploadState.OPEN, UploadStep.FILL): UploadState.FULL,
    (UploadState.FULL, UploadStep.GROW): UploadState.FULL,
    (UploadState.FULL, UploadStep.STORE): UploadState.STORED,
    (UploadState.STORED, UploadStep.GROW): UploadState.STORED,
    (UploadState.STORED, UploadStep.STORE): UploadState.STORED,
}


def next_upload_state(state: UploadState, step: UploadStep) -> UploadState:
    """The state after ``step``. Raises ``ConflictError`` when the table has no such step."""
    try:
        return UPLOAD_STEPS[state, step]
    except KeyError:
        raise ConflictError from None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedPart:
    """One sealed part that is staged: its block and its plaintext length in bytes."""

    block: str
    length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far an upload is. ``length`` is that of the plaintext in bytes, None until it is told.

    ``limit`` is the largest length that it may be told to have: what the organisation allowed when it began.
    """

    state: UploadState
    length: int | None
    limit: int
    parts: tuple[UploadedPart, ...]
    expires_at: datetime

    @classmethod
    def begun(cls, *, length: int | None, limit: int, expires_at: datetime) -> "Progress":
        """Of an upload of which nothing has arrived. An empty one is full."""
        nothing = cls(state=UploadState.DEFERRED, length=None, limit=limit, parts=(), expires_at=expires_at)
        return nothing if length is None else nothing.told(length).appended(())

    @property
    def offset(self) -> int:
        """Bytes that have arrived and will be kept (tus ``Upload-Offset``)."""
        return sum(part.length for part in self.parts)

    @property
    def bound(self) -> int:
        """What it may not grow beyond, in bytes: its length, or its limit until that is told."""
        return self.limit if self.length is None else self.length

    @property
    def is_whole(self) -> bool:
        """Whether every byte has arrived."""
        return self.state in {UploadState.FULL, UploadState.STORED}

    @property
    def size(self) -> int:
        """The length of an upload that has one. Raises ``ConflictError`` while it is not told."""
        if self.length is None:
            raise ConflictError
        return self.length

    def told(self, length: int) -> "Progress":
        """The progress once its length is known. Raises ``ConflictError`` when it was known before."""
        return replace(self, length=length, state=next_upload_state(self.state, UploadStep.LEARN_LENGTH))

    def appended(self, parts: tuple[UploadedPart, ...]) -> "Progress":
        """The progress after these parts. Raises ``TooLargeError`` past its bound."""
        grown = replace(self, parts=self.parts + parts)
        if grown.offset > self.bound:
            raise TooLargeError(self.bound)
        is_last = self.state is UploadState.OPEN and grown.offset == self.length
        return replace(grown, state=next_upload_state(self.state, UploadStep.FILL if is_last else UploadStep.GROW))

    def stored(self) -> "Progress":
        """The progress once the file is committed. Raises ``ConflictError`` while bytes are missing."""
        return replace(self, state=next_upload_state(self.state, UploadStep.STORE))
