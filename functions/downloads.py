"""Files of a message: downloaded as attachments that no browser runs, whole or one range; taken out of a draft."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from functions.dependencies import Services, SignedIn
from shared.domain.byte_ranges import ByteRange, requested_range
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.manifest import Manifest

if TYPE_CHECKING:
    from shared.services.retrieving import FetchableFile

router = APIRouter(prefix="/api/v1", tags=["files"])

_ATTR_CHAR: Final = "!#$&+-.^_`|~"
"""Characters that RFC 8187 section 3.2.1 leaves as they are, besides letters and digits."""


def content_disposition(name: str) -> str:
    """An attachment by RFC 6266: an ASCII name for old clients, the real one by RFC 8187."""
    plain = "".join(c if c.isascii() and c.isprintable() and c not in '"\\%;' else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHAR)}"


def _headers(file: str, manifest: Manifest) -> dict[str, str]:
    return {
        "Content-Type": manifest.media_type,
        "Content-Disposition": content_disposition(manifest.name),
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
        "Accept-Ranges": "bytes",
        "ETag": f'"{file}"',
    }


async def _pieces(found: "FetchableFile", wanted: ByteRange) -> AsyncGenerator[bytes | memoryview, None]:
    async with aclosing(found.read(wanted)) as pieces:
        async for piece in pieces:
            yield memoryview(piece)


_PATH: Final = "/threads/{thread}/messages/{message}/files/{file}"


_CONTENT: Final[dict[str, object]] = {"content": {"application/octet-stream": {"schema": {}}}}


@router.get(
    _PATH,
    response_class=StreamingResponse,
    responses={
        200: {"description": "The whole file, as its own media type.", **_CONTENT},
        206: {"description": "The range.", **_CONTENT},
    },
)
async def download_file(  # noqa: PLR0917 - FastAPI passes by name
    request: Request, services: Services, principal: SignedIn, thread: str, message: str, file: str
) -> Response:
    """Fetch a file. Nothing is sent that has not been verified; a fault on the way breaks the connection.

    ``Range`` with one range is honoured (206), unless ``If-Range`` names another version.
    """
    found = await services.retrieving.fetch(principal, ThreadId(thread), MessageId(message), FileId(file))
    manifest, total = found.manifest, found.manifest.total_length
    headers = _headers(file, manifest)
    is_same = request.headers.get("if-range", headers["ETag"]) == headers["ETag"]
    part = requested_range(request.headers.get("range"), total=total) if is_same else None
    wanted = part or ByteRange(start=0, end=total)
    headers["Content-Length"] = str(wanted.length)
    if part is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{total}"
    pieces = _pieces(found, wanted)
    # The first piece before the headers: what is damaged or out of reach is then a problem and no broken answer.
    first = await anext(pieces, b"")

    async def body() -> AsyncGenerator[bytes | memoryview, None]:
        async with aclosing(pieces) as rest:
            yield first
            async for piece in rest:
                yield piece

    return StreamingResponse(body(), status_code=200 if part is None else 206, headers=headers)


@router.head(_PATH, response_class=Response)
async def describe_file(services: Services, principal: SignedIn, thread: str, message: str, file: str) -> Response:
    """The headers of a download without its content. Leaves no receipt."""
    manifest = await services.retrieving.describe_file(principal, ThreadId(thread), MessageId(message), FileId(file))
    return Response(headers={**_headers(file, manifest), "Content-Length": str(manifest.total_length)})


@router.delete(_PATH, status_code=204, response_class=Response)
async def delete_file(services: Services, principal: SignedIn, thread: str, message: str, file: str) -> Response:
    """Take a file out of a draft, whether or not it was fully uploaded."""
    await services.uploading.remove(principal, ThreadId(thread), MessageId(message), FileId(file))
    return Response(status_code=204)
