"""Uploads by the tus protocol 1.0 (core, creation, creation-with-upload not, termination).

``Upload-Metadata`` of a creation names ``thread``, ``message``, ``filename`` and optionally ``filetype``. The offset
of a broken upload is asked for with HEAD, and the upload goes on from there.
"""

import base64
from typing import TYPE_CHECKING, Final

from fastapi import APIRouter, Depends, Request, Response

from functions.dependencies import EVERYONE, Services, SignedIn, body_of, container_of
from functions.problems import TUS_VERSION, UNSUPPORTED_TYPE, RequestRefusedError
from shared.domain.errors import InvalidInputError
from shared.domain.ids import MessageId, ThreadId, UploadId

if TYPE_CHECKING:
    from shared.services.uploads import Upload

VERSION: Final = "1.0.0"
HEADERS: Final = {"tus-resumable": VERSION}
"""In every answer, errors too (tus, Tus-Resumable)."""

OFFSET_TYPE: Final = "application/offset+octet-stream"
MAX_METADATA: Final = 8 * 1024
"""Characters of ``Upload-Metadata``: four ids and names, in base64."""


async def _check_version(request: Request) -> None:
    if request.headers.get("tus-resumable") != VERSION:
        raise RequestRefusedError(TUS_VERSION, {"Tus-Version": VERSION})


TUS = Depends(_check_version)
router = APIRouter(prefix="/api/v1", tags=["uploads"])


def _takes(*headers: str, body: bool = False) -> dict[str, object]:
    """For the description: these headers are read by hand, because tus says how they may be wrong."""
    names = ("Tus-Resumable", *headers)
    parameters = [{"name": name, "in": "header", "required": True, "schema": {"type": "string"}} for name in names]
    content = {"requestBody": {"required": True, "content": {OFFSET_TYPE: {"schema": {}}}}} if body else {}
    return {"parameters": parameters, **content}


def _whole(request: Request, header: str) -> int:
    text = request.headers.get(header, "")
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:  # noqa: PLR2004 - digits of a 64-bit number
        raise InvalidInputError(header)
    return int(text)


def _metadata(request: Request) -> dict[str, str]:
    """The pairs of ``Upload-Metadata`` (tus, creation): key, space, base64 of UTF-8."""
    header = request.headers.get("upload-metadata", "")
    if len(header) > MAX_METADATA:
        raise InvalidInputError("upload-metadata")
    found: dict[str, str] = {}
    for pair in filter(None, (pair.strip() for pair in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            text = base64.b64decode(value.strip(), validate=True).decode("utf-8")
        except ValueError as fault:  # not base64, not ASCII, or not UTF-8 inside
            raise InvalidInputError("upload-metadata") from fault
        if not key or key in found:
            raise InvalidInputError("upload-metadata")
        found[key] = text
    return found


def _headers(upload: "Upload") -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.progress.offset),
        "Upload-Expires": upload.progress.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }


@router.options("/uploads", status_code=204, dependencies=[EVERYONE])
async def upload_options(request: Request) -> Response:
    """What this server understands of tus, and the largest file it takes."""
    limit = container_of(request).settings.upload_max_bytes
    headers = {
        "Tus-Version": VERSION,
        "Tus-Extension": "creation,expiration,termination",
        "Tus-Max-Size": str(limit),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "/uploads",
    status_code=201,
    dependencies=[TUS],
    response_class=Response,
    openapi_extra=_takes("Upload-Length", "Upload-Metadata"),
)
async def create_upload(request: Request, services: Services, principal: SignedIn) -> Response:
    """Begin an upload for a draft (tus, creation). ``Location`` is where its bytes go."""
    from shared.services.uploading import NewUpload  # noqa: PLC0415  # comes with its service

    metadata = _metadata(request)
    upload = await services.uploading.begin(
        principal,
        NewUpload(
            thread=ThreadId(metadata.get("thread", "")),
            message=MessageId(metadata.get("message", "")),
            name=metadata.get("filename", ""),
            media_type=metadata.get("filetype") or "application/octet-stream",
            length=_whole(request, "upload-length"),
        ),
    )
    headers = {**_headers(upload), "Location": f"/api/v1/uploads/{upload.upload}", "Upload-File": upload.file}
    return Response(status_code=201, headers=headers)


@router.head("/uploads/{upload}", dependencies=[TUS], response_class=Response, openapi_extra=_takes())
async def upload_offset(services: Services, principal: SignedIn, upload: str) -> Response:
    """How many bytes have arrived and are kept (tus, HEAD). When that is all, sending the draft stores the file."""
    found = await services.uploading.find(principal, UploadId(upload))
    return Response(headers={**_headers(found), "Upload-Length": str(found.progress.length)})


@router.patch(
    "/uploads/{upload}",
    status_code=204,
    dependencies=[TUS],
    response_class=Response,
    openapi_extra=_takes("Upload-Offset", body=True),
)
async def append_upload(request: Request, services: Services, principal: SignedIn, upload: str) -> Response:
    """Take the bytes from ``Upload-Offset`` on (tus, PATCH). The last byte stores the file; may be repeated empty."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != OFFSET_TYPE:
        raise RequestRefusedError(UNSUPPORTED_TYPE)
    grown = await services.uploading.append(
        principal,
        UploadId(upload),
        offset=_whole(request, "upload-offset"),
        declared_bytes=_whole(request, "content-length") if "content-length" in request.headers else None,
        body=body_of(request),
    )
    return Response(status_code=204, headers=_headers(grown))


@router.delete(
    "/uploads/{upload}", status_code=204, dependencies=[TUS], response_class=Response, openapi_extra=_takes()
)
async def cancel_upload(services: Services, principal: SignedIn, upload: str) -> Response:
    """Give an upload up; what arrived is deleted (tus, termination)."""
    await services.uploading.cancel(principal, UploadId(upload))
    return Response(status_code=204)
