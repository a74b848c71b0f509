"""One HTTP request and its answer, with what Azure's front end does to both: body limit and time limit.

Past a limit the front end answers itself and the function is left with a client that has gone: its `receive` reports a
disconnect and what it still sends is dropped. The function is not cancelled, as it is not in Azure.

- Body limit (FUNCTIONS_REQUEST_BODY_SIZE_LIMIT): 413 at once, and the connection closed, when Content-Length says so;
  when a chunked body turns out longer, 413 in the middle of it, unless the answer has already begun: then the client
  is cut off.
- Time to the first byte: Azure's load balancer gives up after about 230 s without an answer. Here: 504.
"""

import asyncio
from http import HTTPStatus

from starlette.types import Message, Receive, Scope, Send


class Exchange:
    """Wraps the two channels of an ASGI request; nothing is buffered, so back-pressure passes through both."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, body_limit_bytes: int) -> None:
        self._receive = receive
        self._send = send
        self._remaining = body_limit_bytes
        self._deadline: asyncio.TimerHandle | None = None
        self._late_answer: asyncio.Task[None] | None = None
        self.has_started = False
        self.is_refused = False
        declared = header(scope, b"content-length")
        self.is_too_large = declared is not None and declared.isdigit() and int(declared) > body_limit_bytes

    async def receive(self) -> Message:
        """The next piece of the body, or a disconnect."""
        if self.is_refused:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._remaining -= len(message.get("body", b""))
            if self._remaining < 0:
                await self.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
                return {"type": "http.disconnect"}
        return message

    async def send(self, message: Message) -> None:
        """Pass a piece of the function's answer on."""
        if self.is_refused:
            return
        if not self.has_started:
            self.has_started = True
            self._stop_clock()
        await self._send(message)
        # The server takes and drops everything once the client has gone, without ever waiting: a handler that produces
        # without waiting either would hold the loop for ever, and never be told.
        await asyncio.sleep(0)

    def start_clock(self, seconds: float) -> None:
        """From now on the answer must begin within so many seconds."""
        self._deadline = asyncio.get_running_loop().call_later(seconds, self._too_late)

    def finish(self) -> None:
        """The function has ended; no limit applies any more."""
        self._stop_clock()

    async def refuse(self, status: HTTPStatus) -> None:
        """Answer in the function's place, or cut the client off when its own answer has begun."""
        self._stop_clock()
        self.is_refused = True
        if not self.has_started:
            self.has_started = True
            # The rest of the body is not wanted: close instead of reading it to find the next request.
            await answer(self._send, status, [(b"connection", b"close")])

    def _too_late(self) -> None:
        if not self.has_started:
            # Both marks are set before anything is awaited, so that the function cannot begin to answer in between.
            self.has_started = self.is_refused = True
            gone = answer(self._send, HTTPStatus.GATEWAY_TIMEOUT, [(b"connection", b"close")])
            self._late_answer = asyncio.get_running_loop().create_task(gone)

    def _stop_clock(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


async def answer(
    send: Send, status: HTTPStatus, headers: list[tuple[bytes, bytes]] | None = None, body: bytes | None = None
) -> None:
    """Send a whole answer of the host's own; its text is the status and says nothing else."""
    content = status.phrase.encode() if body is None else body
    kind = b"text/plain; charset=utf-8" if body is None else b"application/json"
    await send(
        {
            "type": "http.response.start",
            "status": status.value,
            "headers": [
                (b"content-type", kind),
                (b"content-length", str(len(content)).encode()),
                *(headers or []),
            ],
        }
    )
    await send({"type": "http.response.body", "body": content, "more_body": False})


def header(scope: Scope, name: bytes) -> str | None:
    """The first header of this name (lower case)."""
    for key, value in scope["headers"]:
        if key == name:
            return bytes(value).decode("latin-1")
    return None
