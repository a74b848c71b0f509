"""A server and a client in one for tests of ASGI code: no sockets, every message in the test's hands."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

INVOCATION = "0f8fad5b-d9cb-469f-a165-70867728950e"
LEFT: Message = {"type": "http.disconnect"}


class Wire:
    """A server and a client at once: gives out what was put in, keeps what was sent, holds back when told to."""

    def __init__(self, method: str = "GET", **scope: Any) -> None:
        self.incoming: asyncio.Queue[Message] = asyncio.Queue()
        self.sent: list[Message] = []
        self.arrived = asyncio.Event()
        self.flowing = asyncio.Event()
        self.flowing.set()
        self.scope: Scope = {
            "type": "http",
            "method": method,
            "path": "/somewhere",
            "query_string": b"",
            "headers": [(b"x-ms-invocation-id", INVOCATION.encode())],
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            **scope,
        }

    def put(self, body: bytes = b"", *, more: bool = False) -> "Wire":
        self.incoming.put_nowait({"type": "http.request", "body": body, "more_body": more})
        return self

    def leave(self) -> None:
        self.incoming.put_nowait(LEFT)

    async def receive(self) -> Message:
        message = await self.incoming.get()
        if message is LEFT:
            self.incoming.put_nowait(LEFT)  # a client that left stays away
        return message

    async def send(self, message: Message) -> None:
        self.sent.append(message)
        self.arrived.set()
        await self.flowing.wait()

    async def begin(self, handler: Callable[[Request], Awaitable[Response]]) -> Response:
        return await handler(Request(self.scope, self.receive))

    async def call(self, handler: Callable[[Request], Awaitable[Response]]) -> "Wire":
        response = await self.begin(handler)
        await response(self.scope, self.receive, self.send)
        return self

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> bytes:
        return b"".join(message["body"] for message in self.sent[1:])

    @property
    def is_ended(self) -> bool:
        return bool(self.sent) and self.sent[-1].get("more_body") is False


def app_of(response: Response) -> ASGIApp:
    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await response(scope, receive, send)

    return api


async def chunks(count: int) -> AsyncIterator[bytes]:
    for number in range(count):
        yield b"%d" % number


async def endless() -> AsyncIterator[bytes]:
    while True:
        yield b"x"
