"""`/admin`: the host's own addresses, all but the ping behind the master key.

- `POST /admin/functions/NAME`, JSON object, runs a timer function, or a queue function with `{"input": "the message"}`.
  202 at once; how the run ended stands in the log. Such a run neither looks at nor moves the timer's status.
- `GET /admin/host/status`: id, state, version, uptime.
- `GET` or `POST /admin/host/ping`: 200, no key.
"""

import json
import time
import uuid
from collections.abc import Iterable
from http import HTTPStatus

from starlette.types import Scope

from local.host.exchange import Exchange, answer, header
from local.host.functions import Function, HttpTrigger, QueueTrigger, TimerTrigger
from local.host.invoking import Invoker
from local.host.keys import KeyRing
from local.host.triggered import MessageMetadata, TriggeringMessage, TriggeringTimer

HOST_VERSION = "4.local"
_LARGEST_BODY_BYTES = 1 << 20  # A queue message has at most 64 KiB.


class Admin:
    """Answers everything below /admin and /runtime."""

    def __init__(self, *, functions: Iterable[Function], keys: KeyRing, invoker: Invoker, host_id: str) -> None:
        self._functions = {function.name.lower(): function for function in functions}
        self._keys = keys
        self._invoker = invoker
        self._host_id = host_id
        self._instance_id = uuid.uuid4().hex
        self._started = time.monotonic()
        self.state = "Running"

    async def serve(self, scope: Scope, exchange: Exchange, key: str | None) -> None:
        """Answer one request."""
        path = scope["path"].strip("/").split("/")
        match scope["method"], [part.lower() for part in path]:
            case (("GET" | "POST"), ["admin", "host", "ping"]):
                await answer(exchange.send, HTTPStatus.OK, body=b"{}")
            case _ if not self._keys.is_master(key):
                await answer(exchange.send, HTTPStatus.UNAUTHORIZED)
            case "GET", ["admin", "host", "status"]:
                await answer(exchange.send, HTTPStatus.OK, body=json.dumps(self._status()).encode())
            case "POST", ["admin", "functions", name]:
                await self._invoke(scope, exchange, name)
            case _:
                await answer(exchange.send, HTTPStatus.NOT_FOUND)

    def _status(self) -> dict[str, str | int]:
        return {
            "id": self._host_id,
            "state": self.state,
            "version": HOST_VERSION,
            "instanceId": self._instance_id,
            "processUptime": int((time.monotonic() - self._started) * 1000),
        }

    async def _invoke(self, scope: Scope, exchange: Exchange, name: str) -> None:
        function = self._functions.get(name)
        if function is None:
            await answer(exchange.send, HTTPStatus.NOT_FOUND)
            return
        if (header(scope, b"content-type") or "").partition(";")[0].strip().lower() != "application/json":
            await answer(exchange.send, HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
            return
        argument = _argument(function, await _read(exchange))
        if argument is None:
            await answer(exchange.send, HTTPStatus.BAD_REQUEST)
            return
        self._invoker.detach(self._invoker.attempt(function, argument))
        await answer(exchange.send, HTTPStatus.ACCEPTED)


async def _read(exchange: Exchange) -> bytes:
    """The body, or nothing when it is too long or does not come to its end."""
    body = bytearray()
    while len(body) <= _LARGEST_BODY_BYTES:
        message = await exchange.receive()
        if message["type"] == "http.disconnect":
            break
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)
    return b""


def _argument(function: Function, body: bytes) -> object:
    """What the function is called with; None when the body does not say, or the function is not of that kind."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    content = document.get("input", "") if isinstance(document, dict) else None
    if not isinstance(content, str):
        return None
    match function.trigger:
        case TimerTrigger():
            return TriggeringTimer(past_due=False)
        case QueueTrigger():
            identity = MessageMetadata(id=str(uuid.uuid4()), dequeue_count=1, pop_receipt="")
            return TriggeringMessage(content.encode(), identity)
        case HttpTrigger():
            return None
