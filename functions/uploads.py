"""Uploads by the tus protocol 1.0. What the protocol says is ``shared.domain.tus``; here it meets HTTP.

``Upload-Metadata`` of a creation names ``thread``, ``message``, ``filename`` and optionally ``filetype``. The offset
of a broken upload is asked for with HEAD, and the upload goes on from there.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Annotated, Final

from fastapi import APIRouter, Depends, Query, Request, Response

from functions.dependencies import EVERYONE, SESSION_COOKIE, Sender, Services
from functions.problems import CHECKSUM_ALGORITHM, TUS_VERSION, UNSUPPORTED_TYPE, RequestRefusedError
from functions.request_context import answering
from functions.upload_access import UPLOAD_TOKEN_HEADER, Uploader, attended_body, attending, principal_or_nobody
from shared.crypto.tokens import token_hash
from shared.domain import tus
from shared.domain.ids import MessageId, ThreadId, UploadId
from shared.domain.principals import ApiClient

if TYPE_CHECKING:
    from shared.services.uploads import Upload

HEADERS: Final = {"tus-resumable": tus.VERSION}
"""In every answer, errors too (tus, Tus-Resumable)."""


def _facts(request: Request) -> dict[str, str]:
    return {name: ",".join(found) for name in tus.HEADERS if (found := request.headers.getlist(name))}


def _refuse(refused: tus.Refused) -> Exception:
    match refused.reason:
        case tus.Reason.VERSION:
            return RequestRefusedError(TUS_VERSION, {"Tus-Version": tus.VERSION})
        case tus.Reason.CONTENT_TYPE:
            return RequestRefusedError(UNSUPPORTED_TYPE)
        case tus.Reason.CHECKSUM:
            return RequestRefusedError(CHECKSUM_ALGORITHM, {"Tus-Checksum-Algorithm": tus.ALGORITHMS})
        case _:
            return refused.error()


def _asked(request: Request, method: tus.Method) -> tus.Asked:
    asked = tus.read(method, _facts(request))
    if isinstance(asked, tus.Refused):
        raise _refuse(asked)
    return asked


async def _check_version(request: Request) -> None:
    fault = tus.version_fault(_facts(request))
    if fault is not None:
        raise _refuse(fault)


TUS = Depends(_check_version)
router = APIRouter(prefix="/api/v1", tags=["uploads"])


def _takes(*required: str, optional: tuple[str, ...] = (), body: bool | None = None) -> dict[str, object]:
    """For the description: these headers are read by hand, because tus says how they may be wrong."""
    names = [(name, True) for name in ("Tus-Resumable", *required)] + [(name, False) for name in optional]
    parameters = [
        {"name": name, "in": "header", "required": needed, "schema": {"type": "string"}} for name, needed in names
    ]
    if body is None:
        return {"parameters": parameters}
    return {
        "parameters": parameters,
        "requestBody": {"required": body, "content": {tus.CONTENT_TYPE: {"schema": {}}}},
    }


def _headers(upload: "Upload") -> dict[str, str]:
    return {
        "Upload-Offset": str(upload.progress.offset),
        "Upload-Expires": upload.progress.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT"),
    }


@router.options("/uploads", status_code=204, dependencies=[EVERYONE])
async def upload_options(
    request: Request,
    services: Services,
    thread: Annotated[str | None, Query(description="Tell the limit of its organisation.")] = None,
) -> Response:
    """What this server understands of tus, and the largest file it takes: from whoever asks, in that thread."""
    principal = await principal_or_nobody(request)
    limit = await services.upload_limits.shown_to(principal, None if thread is None else ThreadId(thread))
    headers = {
        "Tus-Version": tus.VERSION,
        "Tus-Extension": tus.EXTENSIONS,
        "Tus-Checksum-Algorithm": tus.ALGORITHMS,
        "Tus-Max-Size": str(limit),
    }
    return Response(status_code=204, headers=headers)


@router.post(
    "/uploads",
    status_code=201,
    dependencies=[TUS],
    response_class=Response,
    openapi_extra=_takes(
        "Upload-Metadata", optional=("Upload-Length", "Upload-Defer-Length", "Upload-Checksum"), body=False
    ),
)
async def create_upload(request: Request, services: Services, principal: Sender) -> Response:
    """Begin an upload for a draft, with its first bytes if there is a body (tus, creation and creation-with-upload).

    ``Location`` is where its bytes go. ``Upload-Token`` may take the place of the session in the requests of this
    upload, for a day: see the documentation of uploads. API clients get none: they ask for another access token.
    """
    from shared.services.uploading import NewUpload  # noqa: PLC0415  # comes with its service

    asked = _asked(request, tus.Method.CREATE)
    assert isinstance(asked, tus.Create)
    new = NewUpload(
        thread=ThreadId(asked.metadata.get("thread", "")),
        message=MessageId(asked.metadata.get("message", "")),
        name=asked.metadata.get("filename", ""),
        media_type=asked.metadata.get("filetype") or "application/octet-stream",
        length=asked.length,
    )
    session = None if isinstance(principal, ApiClient) else request.cookies[SESSION_COOKIE]
    right = None if session is None else services.upload_rights.offer(session)
    granted = None if right is None else right.granted
    if asked.content is None:
        with answering(request):
            upload = await services.uploading.begin(principal, new, right=granted)
    else:
        attend = attending(request, principal, None if session is None else token_hash(session))
        body: AsyncIterator[bytes] = attended_body(request, attend)
        upload = await services.uploading.begin_with(principal, new, asked.content, body, right=granted)
    headers = {
        **_headers(upload),
        "Location": f"/api/v1/uploads/{upload.upload}",
        "Upload-File": upload.file,
        **({} if right is None else {UPLOAD_TOKEN_HEADER: right.token}),
    }
    return Response(status_code=201, headers=headers)


@router.head("/uploads/{upload}", dependencies=[TUS], response_class=Response, openapi_extra=_takes())
async def upload_offset(services: Services, principal: Uploader, upload: str) -> Response:
    """How many bytes have arrived and are kept (tus, HEAD). When that is all, sending the draft stores the file."""
    found = await services.uploading.find(principal, UploadId(upload))
    length = found.progress.length
    told = {"Upload-Defer-Length": "1"} if length is None else {"Upload-Length": str(length)}
    return Response(headers={**_headers(found), **told})


@router.patch(
    "/uploads/{upload}",
    status_code=204,
    dependencies=[TUS],
    response_class=Response,
    openapi_extra=_takes("Upload-Offset", optional=("Upload-Length", "Upload-Checksum"), body=True),
)
async def append_upload(request: Request, services: Services, principal: Uploader, upload: str) -> Response:
    """Take the bytes from ``Upload-Offset`` on (tus, PATCH). The last byte stores the file; may be repeated empty.

    A request that brings bytes for longer than 23 minutes, or whose file takes longer than three to be stored, is
    answered with 503 and ``Retry-After``: what arrived counts, and the upload goes on from there.
    """
    asked = _asked(request, tus.Method.APPEND)
    assert isinstance(asked, tus.Append)
    session = None if isinstance(principal, ApiClient) else request.state.attended
    body = attended_body(request, attending(request, principal, session))
    grown = await services.uploading.append(principal, UploadId(upload), asked, body)
    return Response(status_code=204, headers=_headers(grown))


@router.delete(
    "/uploads/{upload}", status_code=204, dependencies=[TUS], response_class=Response, openapi_extra=_takes()
)
async def cancel_upload(services: Services, principal: Sender, upload: str) -> Response:
    """Give an upload up; what arrived is deleted (tus, termination)."""
    await services.uploading.cancel(principal, UploadId(upload))
    return Response(status_code=204)
