"""The portal's files. Which there are is fixed when the application starts: no path of a request reaches the disk."""

import hashlib
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request
from starlette.responses import Response

from functions.dependencies import EVERYONE
from shared.domain.errors import NotFoundError

WEB: Final = Path(__file__).resolve().parent.parent / "web"
_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_FILES: Final = {path.name: (path.read_bytes(), _TYPES[path.suffix]) for path in WEB.iterdir() if path.suffix in _TYPES}
_HOME: Final = "index.html"

router = APIRouter(dependencies=[EVERYONE], include_in_schema=False)


def _answer(request: Request, name: str) -> Response:
    if name not in _FILES:
        raise NotFoundError
    content, media_type = _FILES[name]
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    # A gateway that compresses weakens the tag, and a cache may hold several (RFC 9110 section 13.1.2).
    known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


@router.get("/portal")
async def portal_home(request: Request) -> Response:
    """The portal's one page."""
    return _answer(request, _HOME)


@router.get("/portal/{path:path}")
async def portal(request: Request, path: str) -> Response:
    """A file of the portal."""
    return _answer(request, path or _HOME)
