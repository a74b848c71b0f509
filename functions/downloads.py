"""Files of a message: attachments that no browser runs, whole, in ranges or as one ZIP; and out of a draft again."""

import secrets
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette import types
from starlette.responses import Response, StreamingResponse

from functions.dependencies import Allowing, MessageReader, Sender, Services
from functions.problems import PRECONDITION_FAILED, RequestRefusedError
from functions.request_context import answering
from shared.domain import places
from shared.domain.byte_ranges import ByteRange, requested_ranges
from shared.domain.entity_tags import meets_if_match, meets_if_none_match, meets_if_range
from shared.domain.ids import FileId, MessageId, ThreadId, is_id
from shared.domain.manifest import Manifest
from shared.domain.places import Place
from shared.domain.principals import Person, Principal, Staff
from shared.domain.scopes import Scope

if TYPE_CHECKING:
    from shared.container import Container
    from shared.services.retrieving import FetchableFile

router = APIRouter(prefix="/api/v1", tags=["files"])

SENT_BYTES: Final = 512 * 1024
"""Handed to the server at once."""

Pieces = AsyncGenerator[bytes | memoryview, None]

_ATTR_CHAR: Final = "!#$&+-.^_`|~"
"""Characters that RFC 8187 section 3.2.1 leaves as they are, besides letters and digits."""

_BOUNDARY_BYTES: Final = 16
"""Of chance: no content holds the line that parts two ranges."""


def content_disposition(name: str) -> str:
    """An attachment by RFC 6266: an ASCII name for old clients, the real one by RFC 8187."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def _attachment(media_type: str, name: str) -> dict[str, str]:
    return {
        "Content-Type": media_type,
        "Content-Disposition": content_disposition(name),
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }


def _headers(file: str, manifest: Manifest) -> dict[str, str]:
    return {**_attachment(manifest.media_type, manifest.name), "Accept-Ranges": "bytes", "ETag": _tag(file)}


def _tag(file: str) -> str:
    """A file's one entity tag: what is stored under an id never changes."""
    return f'"{file}"'


def _field(request: Request, name: str) -> str | None:
    """All lines of a header as one list (RFC 9110 section 5.3), None without any."""
    lines = request.headers.getlist(name)
    return ", ".join(lines) if lines else None


def _is_wanted(request: Request, file: str) -> bool:
    """False when the client has this version. Raises ``RequestRefusedError`` when it wants another (section 13.2.2)."""
    if not meets_if_match(_field(request, "if-match"), tag=_tag(file)):
        raise RequestRefusedError(PRECONDITION_FAILED)
    return meets_if_none_match(_field(request, "if-none-match"), tag=_tag(file))


def _not_modified(file: str) -> Response:
    return Response(status_code=304, headers={"Accept-Ranges": "bytes", "ETag": _tag(file)})


def _cut(piece: bytes | bytearray) -> Iterator[memoryview]:
    """The server keeps a copy of what the socket does not take at once, so it is handed no more than this at a time."""
    view = memoryview(piece)
    return (view[start : start + SENT_BYTES] for start in range(0, max(len(view), 1), SENT_BYTES))


async def _viewed(pieces: AsyncGenerator[bytes | bytearray, None]) -> Pieces:
    async with aclosing(pieces) as read:
        async for piece in read:
            for view in _cut(piece):
                yield view


async def _several(found: "FetchableFile", parts: Sequence[tuple[bytes, ByteRange]], end: bytes) -> Pieces:
    for head, wanted in parts:
        before = head
        async with aclosing(found.read(wanted)) as pieces:
            async for piece in pieces:
                # Not before the content of the part has verified: the first one decides whether there is an answer.
                if before:
                    yield before
                    before = b""
                for view in _cut(piece):
                    yield view
    yield end


def _content_range(part: ByteRange, total: int) -> str:
    return f"bytes {part.start}-{part.end - 1}/{total}"


class _Download(StreamingResponse):
    """Ends its reading when it ends, however it ends: a client that leaves must not wait for the garbage collector."""

    def __init__(self, body: Pieces, *, status_code: int, headers: dict[str, str]) -> None:
        super().__init__(body, status_code=status_code, headers=headers)
        self._pieces = body

    async def __call__(self, scope: types.Scope, receive: types.Receive, send: types.Send) -> None:
        async with aclosing(self._pieces):
            await super().__call__(scope, receive, send)


async def _streamed(pieces: Pieces, status: int, headers: dict[str, str]) -> StreamingResponse:
    """The answer. Its first piece comes before its headers: what is damaged or out of reach is then a problem."""
    first = await anext(pieces, b"")

    async def body() -> Pieces:
        async with aclosing(pieces) as rest:
            yield first
            async for piece in rest:
                yield piece

    return _Download(body(), status_code=status, headers=headers)


def _records_of(parameters: Mapping[str, str]) -> tuple[Place, ...]:
    """What a route of a file looks at."""
    thread, message, file = (parameters[name] for name in ("thread", "message", "file"))
    if not (is_id(thread) and is_id(message) and is_id(file)):
        return ()
    at = ThreadId(thread), MessageId(message), FileId(file)
    return places.thread(at[0]), places.message(*at[:2]), places.file(*at)


_Reader = Annotated[Principal, Depends(Allowing(Staff, Person, scope=Scope.MESSAGES_READ, beside=_records_of))]

_PATH: Final = "/threads/{thread}/messages/{message}/files/{file}"

_CONTENT: Final[dict[str, object]] = {"content": {"application/octet-stream": {"schema": {}}}}
_NOT_MODIFIED: Final[dict[str, object]] = {"description": "``If-None-Match`` names the file as it is."}


@router.get(
    _PATH,
    response_class=StreamingResponse,
    responses={
        200: {"description": "The whole file, as its own media type.", **_CONTENT},
        206: {"description": "The range, or several as ``multipart/byteranges``.", **_CONTENT},
        304: _NOT_MODIFIED,
    },
)
async def download_file(  # noqa: PLR0917 - FastAPI passes by name
    request: Request, services: Services, principal: _Reader, thread: str, message: str, file: str
) -> Response:
    """Fetch a file. Nothing is sent that has not been verified; a fault, or 25 minutes, break the connection.

    ``Range`` is honoured for up to 16 ranges (206), unless ``If-Range`` names another version than ``ETag``; ranges
    that overlap or nearly touch come as one. A file never changes, so a broken download goes on with the same tag.
    """
    place = ThreadId(thread), MessageId(message), FileId(file)
    with answering(request):
        return await _answer(request, services, principal, place)


async def _answer(
    request: Request, services: "Container", principal: Principal, place: tuple[ThreadId, MessageId, FileId]
) -> Response:
    file = place[2]
    if not meets_if_none_match(_field(request, "if-none-match"), tag=_tag(file)) or "if-match" in request.headers:
        # Whoever may not see the file learns nothing of its versions.
        await services.retrieving.describe_file(principal, *place)
        if not _is_wanted(request, file):
            return _not_modified(file)
    asked = _field(request, "range") if meets_if_range(_field(request, "if-range"), tag=_tag(file)) else None
    found = await services.retrieving.fetch(
        principal, *place, wanted=lambda manifest: requested_ranges(asked, total=manifest.total_length)
    )
    total, media_type = found.manifest.total_length, found.manifest.media_type
    headers = _headers(file, found.manifest)
    match found.ranges:
        case ():
            headers["Content-Length"] = str(total)
            return await _streamed(_viewed(found.read(found.whole)), 200, headers)
        case (only,):
            headers |= {"Content-Length": str(only.length), "Content-Range": _content_range(only, total)}
            return await _streamed(_viewed(found.read(only)), 206, headers)
    boundary = secrets.token_hex(_BOUNDARY_BYTES)
    lines = f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: "
    texts = [f"{lines}{_content_range(part, total)}\r\n\r\n" for part in found.ranges]
    heads = [text.encode() for text in [texts[0], *(f"\r\n{text}" for text in texts[1:])]]
    end = f"\r\n--{boundary}--\r\n".encode()
    length = sum(map(len, heads)) + sum(part.length for part in found.ranges) + len(end)
    headers |= {"Content-Length": str(length), "Content-Type": f"multipart/byteranges; boundary={boundary}"}
    return await _streamed(_several(found, list(zip(heads, found.ranges, strict=True)), end), 206, headers)


@router.head(_PATH, response_class=Response, responses={304: _NOT_MODIFIED})
async def describe_file(  # noqa: PLR0917 - FastAPI passes by name
    request: Request, services: Services, principal: _Reader, thread: str, message: str, file: str
) -> Response:
    """The headers of a download without its content. Leaves no receipt."""
    manifest = await services.retrieving.describe_file(principal, ThreadId(thread), MessageId(message), FileId(file))
    if not _is_wanted(request, file):
        return _not_modified(file)
    return Response(headers={**_headers(file, manifest), "Content-Length": str(manifest.total_length)})


@router.get(
    "/threads/{thread}/messages/{message}/files.zip",
    response_class=StreamingResponse,
    responses={200: {"description": "The ZIP.", "content": {"application/zip": {"schema": {}}}}},
)
async def download_files(
    request: Request, services: Services, principal: MessageReader, thread: str, message: str
) -> Response:
    """Fetch all stored files of a message as one ZIP, made while it is sent: its length is known, its ranges are not.

    Each file leaves its own receipt. A fault on the way, or 25 minutes, break the connection.
    """
    with answering(request):
        bundle = await services.bundling.bundle(principal, ThreadId(thread), MessageId(message))
        headers = _attachment("application/zip", f"filer {bundle.at:%Y-%m-%d}.zip")
        headers |= {"Content-Length": str(bundle.length), "Accept-Ranges": "none"}
        return await _streamed(_viewed(bundle.read()), 200, headers)


@router.delete(_PATH, status_code=204, response_class=Response)
async def delete_file(services: Services, principal: Sender, thread: str, message: str, file: str) -> Response:
    """Take a file out of a draft, whether or not it was fully uploaded."""
    await services.uploading.remove(principal, ThreadId(thread), MessageId(message), FileId(file))
    return Response(status_code=204)
