"""What surrounds every request: an id, security headers, limits on bodies and time, and one canonical log line.

Plain ASGI, because bodies stream through it. The log line holds a constant event name and allow-listed fields, and
never a path, a query, an address or a name. A fault that nobody expected ends here: its text may quote input, so
neither the answer nor the log holds more of it than class names.
"""

import json
import logging
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.faults import names_of
from functions.time_limits import STREAMING, TimeLimits
from functions.waiting import Waiting
from shared.domain.deadlines import Deadline, deadline
from shared.domain.errors import OutOfTimeError
from shared.domain.ids import new_id
from shared.domain.reading_ahead import reading_ahead

JSON_BODY_MAX_BYTES: Final = 512 * 1024
"""A message text of 64 KiB, each character escaped in JSON (six bytes for one), with room to spare."""

_LENGTH_MAX_DIGITS: Final = 18
"""Of a ``Content-Length``: as many as surely fit a 64-bit number."""

_log = logging.getLogger("pic.request")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of a request. ``status`` is 0 where no answer began."""

    route: str
    status: int
    outcome: str
    seconds: float


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


def answering(request: Request) -> AbstractContextManager[Deadline]:
    """Inside, the deadline that other requests have as a whole: for what a stream does before its answer begins."""
    return deadline(float(request.state.until))


def has_arrived(request: Request) -> None:
    """The last byte of a long request is here: from now on its client, and all between us, wait for the answer."""
    within: Deadline = request.state.deadline
    within.shorten(time.monotonic() + float(request.state.limits.answer))


class BodyTooLargeError(Exception):
    """The body of a JSON request grew past ``JSON_BODY_MAX_BYTES`` while it was read."""


class RequestContext:
    """The outermost layer of the application.

    ``name_of`` gives the route's name for a scope, if it has one; ``headers_of`` what every answer of that route
    carries; ``too_large``, ``late`` and ``internal`` answer a body over the limit, one that does not come, and a fault
    nobody expected. ``count`` is told of every request when its line has been written.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        name_of: Callable[[Scope], str | None],
        headers_of: Callable[[str | None], Mapping[str, str]],
        too_large: ASGIApp,
        late: ASGIApp,
        internal: ASGIApp,
        count: Callable[[Scope, Answered], None],
        limits: TimeLimits,
    ) -> None:
        self._app = app
        self._name_of = name_of
        self._headers_of = headers_of
        self._too_large = too_large
        self._late = late
        self._internal = internal
        self._count = count
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, arrived = time.perf_counter(), time.monotonic()
        name = self._name_of(scope)
        request_id = new_id(datetime.now(UTC), secrets.token_bytes)
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        state["until"] = arrived + self._limits.request
        state["limits"] = self._limits
        own = {**SECURITY_HEADERS, **self._headers_of(name), "x-request-id": request_id}
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message["headers"])
                present = {key.lower() for key, _ in headers}
                headers += [(k.encode(), v.encode()) for k, v in own.items() if k.encode() not in present]
                message = {**message, "headers": headers}
            await send(message)

        outcome, fault, is_ours = "broken", None, True
        try:
            async with reading_ahead():
                with deadline(arrived + self._limits.whole(name)) as whole:
                    state["deadline"] = whole
                    until = arrived + self._limits.taking(name)
                    client = Waiting(receive, send_with_headers, until=until, whole=whole)
                    await self._served(name, scope, client.receive, client.send)
            outcome = str(state.get("outcome", "done"))
        except Exception as unexpected:
            # Starlette hides what broke an answer that had begun behind an error of its own.
            broke = unexpected.__cause__ or unexpected
            fault = names_of(broke)
            is_ours = not isinstance(broke, ClientDisconnect | OutOfTimeError)
            if status:
                raise  # Whoever serves us cuts the connection: an answer that ends here must not look whole.
            outcome = "internal"
            await self._internal(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - began
            done = Answered(route=name or "none", status=status, outcome=outcome, seconds=seconds)
            line: dict[str, object] = {
                "event": "request",
                "route": done.route,
                "method": scope["method"] if name else "none",
                "status": status,
                "outcome": outcome,
                "duration_ms": round(seconds * 1000, 1),
                "request_id": request_id,
            }
            if fault is not None:
                line["fault"] = fault
            _log.log(logging.ERROR if fault is not None and is_ours else logging.INFO, json.dumps(line))
            self._count(scope, done)

    async def _served(self, name: str | None, scope: Scope, receive: Receive, send: Send) -> None:
        if name in STREAMING:
            await self._app(scope, receive, send)
        else:
            await self._limited(scope, receive, send)

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        declared = next((value for key, value in scope["headers"] if key == b"content-length"), b"0")
        if not declared.isdigit() or len(declared) > _LENGTH_MAX_DIGITS or int(declared) > JSON_BODY_MAX_BYTES:
            await self._too_large(scope, receive, send)
            return
        taken = 0
        refusal: ASGIApp | None = None
        has_started = False

        async def receive_limited() -> Message:
            nonlocal taken, refusal
            try:
                message = await receive()
            except OutOfTimeError:
                refusal = self._late
                raise
            taken += len(message.get("body", b""))
            if taken > JSON_BODY_MAX_BYTES:
                refusal = self._too_large
                raise BodyTooLargeError
            return message

        async def send_noting(message: Message) -> None:
            nonlocal has_started
            if refusal is not None and not has_started:
                return  # FastAPI takes whatever interrupts its reading for a malformed body, and says so.
            has_started = True
            await send(message)

        try:
            await self._app(scope, receive_limited, send_noting)
        except (BodyTooLargeError, OutOfTimeError):
            if has_started or refusal is None:
                raise
        if refusal is not None and not has_started:
            await refusal(scope, receive, send)
