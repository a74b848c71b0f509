"""An ASGI application around the RP API that writes down each request and what became of it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.bankid.records import RecordedRequest, Records, without_secrets
from local.bankid.rp import BODY_BYTES, PEER_STATE, PREFIX
from local.bankid.server import TLS_VERSION_STATE

Members = dict[str, object]


@dataclass(slots=True)
class Recorder:
    """Outermost: it sees what was sent, and what was answered after all faults, also if it was lost on the way."""

    application: ASGIApp
    records: Records
    clock: Callable[[], datetime]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        at = self.clock()
        asked, answered = bytearray(), bytearray()
        status = 0

        async def hear() -> Message:
            message = await receive()
            if len(asked) <= BODY_BYTES:
                asked.extend(message.get("body", b""))
            return message

        async def tell(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            answered.extend(message.get("body", b""))
            await send(message)

        try:
            await self.application(scope, hear, tell)
        finally:
            self.records.add(_recorded(scope, at, _object(asked), status, _object(answered)))


def _recorded(scope: Scope, at: datetime, asked: Members, status: int, answered: Members) -> RecordedRequest:
    ref = asked.get("orderRef", answered.get("orderRef"))
    is_cancel = scope["path"] == f"{PREFIX}cancel"
    is_no_more = answered.get("status") in ("complete", "failed") or (is_cancel and status == HTTPStatus.OK)
    return RecordedRequest(
        at=at,
        verb=scope["method"],
        path=scope["path"],
        content_type=Headers(scope=scope).get("content-type", ""),
        tls_version=str(scope["state"][TLS_VERSION_STATE]),
        fingerprint=hashlib.sha256(scope["state"][PEER_STATE]).hexdigest(),
        body=without_secrets(asked),
        status=status,
        order=ref if isinstance(ref, str) else None,
        ended=is_no_more or answered.get("details") == "No such order",
    )


def _object(raw: bytearray) -> Members:
    try:
        content = json.loads(raw.decode())
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
