"""The protocol of resumable uploads (tus 1.0) without IO: what a request asks for, and what is done about it.

Core, creation, creation-with-upload, creation-defer-length, checksum, expiration, termination. ``read`` turns the facts
of a request into what it asks for. ``decide`` holds that against how far the upload is. Both answer with one of a
closed union, in which ``Refused`` says why not; nothing else in the house knows these rules.

::

    an append meets                        decision
    no upload, or one whose end has come   Refused not-there
    another offset than ours               Refused offset              409, and the body is not read
    a length that differs from ours        Refused length-changed      a length is told once
    a length below what has arrived        Refused length-changed
    a length over the limit                Refused too-large, and the upload ends
    more announced than is missing         Refused too-large; with the length deferred, the upload ends
    more left than its last parts hold     Refused too-many-parts
    anything else                          Receive
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from shared.domain import tus_headers
from shared.domain.errors import ConflictError, InvalidInputError, NotFoundError, PicError, TooLargeError
from shared.domain.manifest import MAX_PARTS, PART_BYTES
from shared.domain.retention import is_expired
from shared.domain.tus_headers import CHECKSUMS, Checksum, UnknownChecksumError
from shared.domain.upload_rule import Progress

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination"
ALGORITHMS: Final = ",".join(CHECKSUMS)
CONTENT_TYPE: Final = "application/offset+octet-stream"

HEADERS: Final = (
    "tus-resumable",
    "content-type",
    "content-length",
    "upload-offset",
    "upload-length",
    "upload-defer-length",
    "upload-metadata",
    "upload-checksum",
    "upload-concat",
)
"""All that ``read`` looks at, in lower case."""


class Method(StrEnum):
    """What may be asked of uploads. ``X-HTTP-Method-Override`` is not heard: a proxy would not see what is done."""

    CREATE = "POST"
    ASK = "HEAD"
    APPEND = "PATCH"
    END = "DELETE"


class Reason(StrEnum):
    """Why a request is refused."""

    VERSION = "tus-version"
    CONTENT_TYPE = "content-type"
    CHECKSUM = "checksum-algorithm"
    HEADER = "header"
    NOT_THERE = "not-there"
    OFFSET = "offset"
    LENGTH_CHANGED = "length-changed"
    TOO_LARGE = "too-large"
    TOO_MANY_PARTS = "too-many-parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The body of a request. ``declared_bytes`` is its Content-Length, None when unknown."""

    declared_bytes: int | None
    checksum: Checksum | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Begin an upload. ``length`` None: it will be told later. ``content``: its first bytes come along."""

    length: int | None
    metadata: Mapping[str, str] = field(repr=False)
    content: Content | None


@dataclass(frozen=True, slots=True)
class Ask:
    """How far is it?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Append:
    """Take these bytes. ``length`` tells the length of the whole, once."""

    offset: int
    length: int | None
    content: Content


@dataclass(frozen=True, slots=True)
class End:
    """Give it up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Receive:
    """Take at most ``at_most`` bytes. ``progress``: how far the upload is, with its length if that is told now."""

    at_most: int
    progress: Progress

    @property
    def ends_when_exceeded(self) -> bool:
        """Whether a byte more ends the upload. One of a known length goes on: its sender knows what was wrong."""
        return self.progress.length is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Do nothing but say why. ``rule``: which header. ``ends_upload``: nothing can become of it any more."""

    reason: Reason
    rule: str = ""
    limit_bytes: int = 0
    ends_upload: bool = False

    def error(self) -> PicError:
        """For whoever answers by raising."""
        match self.reason:
            case Reason.NOT_THERE:
                return NotFoundError()
            case Reason.OFFSET:
                return ConflictError()
            case Reason.TOO_LARGE:
                return TooLargeError(self.limit_bytes)
            case Reason.LENGTH_CHANGED:
                return InvalidInputError("upload-length")
            case Reason.TOO_MANY_PARTS:
                return InvalidInputError("upload-parts")
            case Reason.VERSION | Reason.CONTENT_TYPE | Reason.CHECKSUM | Reason.HEADER:
                return InvalidInputError(self.rule)
            case _:
                assert_never(self.reason)


Asked: TypeAlias = Create | Ask | Append | End
Decision: TypeAlias = Receive | Refused


def version_fault(headers: Mapping[str, str]) -> Refused | None:
    """What is wrong with the version that a client speaks; it is asked first, and of every method but OPTIONS."""
    is_ours = headers.get("tus-resumable") == VERSION
    return None if is_ours else Refused(reason=Reason.VERSION, rule="tus-resumable")


def read(method: Method, headers: Mapping[str, str]) -> Asked | Refused:
    """What a request asks for. ``headers``: those of ``HEADERS`` that it has, repeated ones joined by commas."""
    fault = version_fault(headers)
    if fault is not None:
        return fault
    try:
        return _READERS[method](headers)
    except InvalidInputError as invalid:
        return Refused(reason=Reason.HEADER, rule=invalid.rule)
    except UnknownChecksumError:
        return Refused(reason=Reason.CHECKSUM, rule="upload-checksum")


def decide(asked: Append, progress: Progress | None, *, now: datetime) -> Decision:
    """What becomes of an append to an upload that is so far, None if there is none."""
    if progress is None or is_expired(progress.expires_at, now=now):
        return Refused(reason=Reason.NOT_THERE)
    if asked.offset != progress.offset:
        return Refused(reason=Reason.OFFSET)
    told = _told(asked.length, progress)
    if isinstance(told, Refused):
        return told
    missing = told.bound - told.offset
    declared = asked.content.declared_bytes
    if declared is not None and declared > missing:
        return Refused(reason=Reason.TOO_LARGE, limit_bytes=told.bound, ends_upload=told.length is None)
    if missing > (MAX_PARTS - len(told.parts)) * PART_BYTES:
        return Refused(reason=Reason.TOO_MANY_PARTS)
    return Receive(at_most=missing, progress=told)


def _told(length: int | None, progress: Progress) -> Progress | Refused:
    """With the length that a request tells. To tell the same again is to repeat a request, and changes nothing."""
    if length is None or length == progress.length:
        return progress
    if progress.length is not None or length < progress.offset:
        return Refused(reason=Reason.LENGTH_CHANGED)
    if length > progress.limit:
        return Refused(reason=Reason.TOO_LARGE, limit_bytes=progress.limit, ends_upload=True)
    return progress.told(length)


def _create(headers: Mapping[str, str]) -> Create | Refused:
    if "upload-concat" in headers:
        # Not offered. Taken for an ordinary upload, each part would be a file of the draft.
        raise InvalidInputError("upload-concat")
    deferred = headers.get("upload-defer-length")
    if deferred is not None and (deferred != "1" or "upload-length" in headers):
        raise InvalidInputError("upload-length")
    length = None if deferred else tus_headers.whole(headers.get("upload-length", ""), "upload-length")
    content = _content(headers)
    if not _is_content(headers):
        if content.declared_bytes:
            return Refused(reason=Reason.CONTENT_TYPE)
        return Create(length=length, metadata=_metadata(headers), content=None)
    return Create(length=length, metadata=_metadata(headers), content=content)


def _metadata(headers: Mapping[str, str]) -> Mapping[str, str]:
    return tus_headers.metadata(headers.get("upload-metadata", ""))


def _append(headers: Mapping[str, str]) -> Append | Refused:
    if not _is_content(headers):
        return Refused(reason=Reason.CONTENT_TYPE)
    length = headers.get("upload-length")
    return Append(
        offset=tus_headers.whole(headers.get("upload-offset", ""), "upload-offset"),
        length=None if length is None else tus_headers.whole(length, "upload-length"),
        content=_content(headers),
    )


def _content(headers: Mapping[str, str]) -> Content:
    declared, checksum = headers.get("content-length"), headers.get("upload-checksum")
    return Content(
        declared_bytes=None if declared is None else tus_headers.whole(declared, "content-length"),
        checksum=None if checksum is None else tus_headers.checksum(checksum),
    )


def _is_content(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").partition(";")[0].strip() == CONTENT_TYPE


_READERS: Final[Mapping[Method, Callable[[Mapping[str, str]], Asked | Refused]]] = {
    Method.CREATE: _create,
    Method.ASK: lambda _: Ask(),
    Method.APPEND: _append,
    Method.END: lambda _: End(),
}
