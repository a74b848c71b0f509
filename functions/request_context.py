"""What surrounds every request: an id, security headers, limits on bodies and time, and one canonical log line.

Plain ASGI, because bodies stream through it. The log line holds a constant event name and allow-listed fields, and
never a path, a query, an address or a name.
"""

import json
import logging
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.domain.deadlines import deadline
from shared.domain.ids import new_id

JSON_BODY_MAX_BYTES: Final = 256 * 1024
"""A message text of 64 KiB, escaped in JSON at its worst, with room to spare."""

REQUEST_SECONDS: Final = 25.0
"""Everything but a transfer of content answers within this: one deadline handed down to every adapter."""

STREAMING: Final = frozenset({"append_upload", "create_upload", "download_file"})
"""Routes that move content: no deadline as a whole, and no limit on bodies but the upload's own."""

_log = logging.getLogger("pic.request")

SECURITY_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}


def request_id_of(request: Request) -> str:
    """The id of this request, as in the header ``X-Request-Id`` of its answer."""
    return str(request.state.request_id)


class BodyTooLargeError(Exception):
    """The body of a JSON request grew past ``JSON_BODY_MAX_BYTES`` while it was read."""


class RequestContext:
    """The outermost layer of the application. ``name_of`` gives the route's name for a scope, if it has one."""

    def __init__(self, app: ASGIApp, *, name_of: Callable[[Scope], str | None], too_large: ASGIApp) -> None:
        self._app = app
        self._name_of = name_of
        self._too_large = too_large

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        name = self._name_of(scope)
        request_id = new_id(datetime.now(UTC), secrets.token_bytes)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                present = {key.lower() for key, _ in headers}
                own = {**SECURITY_HEADERS, "x-request-id": request_id}
                headers += [(k.encode(), v.encode()) for k, v in own.items() if k.encode() not in present]
                message = {**message, "headers": headers}
            await send(message)

        outcome = "broken"
        try:
            if name in STREAMING:
                await self._app(scope, receive, send_with_headers)
            else:
                with deadline(time.monotonic() + REQUEST_SECONDS):
                    await self._limited(scope, receive, send_with_headers)
            outcome = str(state.get("outcome", "done"))
        finally:
            line = {
                "event": "request",
                "route": name or "none",
                "method": scope["method"] if name else "none",
                "status": status,
                "outcome": outcome,
                "duration_ms": round((time.perf_counter() - began) * 1000, 1),
                "request_id": request_id,
            }
            _log.info(json.dumps(line))

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
        if not declared.isdigit() or int(declared) > JSON_BODY_MAX_BYTES:
            await self._too_large(scope, receive, send)
            return
        taken = 0
        has_started = False

        async def receive_limited() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > JSON_BODY_MAX_BYTES:
                raise BodyTooLargeError
            return message

        async def send_noting(message: Message) -> None:
            nonlocal has_started
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive_limited, send_noting)
        except BodyTooLargeError:
            if has_started:
                raise
            await self._too_large(scope, receive, send)
