"""A proxy that does to HTTP what networks and busy services do, by script: one fault per request, in order.

The adapters talk through it to the real stand-in, so that a fault meets the vendor's own client.
"""

import asyncio
import contextlib
import re
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Answer with ``status`` and do not ask the service."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """Ask the service, hand on ``after_bytes`` of what it answers (head included), then reset the connection.

    With 0 the answer is lost, although the request took effect.
    """

    after_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Hang:
    """Take the request and say nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slow:
    """Ask the service, wait, and hand its answer on in pieces with a wait of ``seconds`` between them."""

    seconds: float
    pieces: int = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class WrongEtag:
    """Ask the service and hand on its answer with an ETag that no record and no blob ever had, in a form it knows."""

    etag: str = "W/\"datetime'2001-01-01T00%3A00%3A00.0000000Z'\""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """``act``, which ends the process that asks, before the service is asked or, if ``landed``, after it has answered.

    It waits for a request whose method and path hold the words ``at``.
    """

    act: Callable[[], None]
    landed: bool
    at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """No fault."""


Fault: TypeAlias = Refuse | Cut | Hang | Slow | WrongEtag | Strike | Pass


@dataclass(slots=True)
class FaultProxy:
    """``faults`` are used up from the front; without one a request passes. ``requests`` are those seen; each sets ``arrived``."""

    target_port: int
    port: int = 0
    target_tls: ssl.SSLContext | None = None
    faults: list[Fault] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    """Of the same requests, whole and in lower case."""
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    is_left_out: Callable[[str], bool] = lambda _: False
    """Whether a request, by its method and path, passes without being seen and without using up a fault."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, one request: every answer closes."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
            if "100-continue" in headers.get("expect", ""):
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            request = lines[0].rsplit(" ", 1)[0]
            if self.is_left_out(request):
                await self._do(Pass(), lines, body, writer, reader)
                return
            self.requests.append(request)
            self.heads.append(head.decode("latin-1").lower())
            self.arrived.set()
            await self._do(self._next(request), lines, body, writer, reader)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    def _next(self, request: str) -> Fault:
        match self.faults:
            case [Strike(at=words), *_] if words not in request:
                return Pass()
            case [_, *_]:
                return self.faults.pop(0)
            case _:
                return Pass()

    async def _do(
        self,
        fault: Fault,
        lines: list[str],
        body: bytes,
        writer: asyncio.StreamWriter,
        reader: asyncio.StreamReader,
    ) -> None:
        match fault:
            case Refuse(status=status, headers=more):
                writer.write(_refusal(status, more))
                await writer.drain()
            case Cut(after_bytes=count):
                answer = await self._ask(lines, body)
                writer.write(answer[:count])
                await writer.drain()
                writer.transport.abort()
            case Hang():
                await reader.read()
            case Slow(seconds=seconds, pieces=pieces):
                answer = await self._ask(lines, body)
                size = -(-len(answer) // pieces)
                for start in range(0, len(answer), size):
                    await asyncio.sleep(seconds)
                    writer.write(answer[start : start + size])
                    await writer.drain()
            case WrongEtag(etag=etag):
                head, _, rest = (await self._ask(lines, body)).partition(b"\r\n\r\n")
                head = re.sub(rb"(?i)(\r\netag: )[^\r]*", rb"\g<1>" + etag.encode(), head)
                writer.write(head + b"\r\n\r\n" + rest)
                await writer.drain()
            case Strike(act=act, landed=landed):
                if landed:
                    await self._ask(lines, body)
                await asyncio.to_thread(act)
            case Pass():
                writer.write(await self._ask(lines, body))
                await writer.drain()

    async def _ask(self, lines: list[str], body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.target_port, ssl=self.target_tls)
        kept = [line for line in lines if line and not line.lower().startswith(("connection:", "expect:"))]
        writer.write("\r\n".join([*kept, "Connection: close", "", ""]).encode("latin-1") + body)
        try:
            return await reader.read()
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def _refusal(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [
        f"HTTP/1.1 {status} Refused",
        "Content-Length: 0",
        "Connection: close",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


@asynccontextmanager
async def fault_proxy(
    target_port: int, *, tls: tuple[ssl.SSLContext, ssl.SSLContext] | None = None
) -> AsyncIterator[FaultProxy]:
    """A proxy on a free port of 127.0.0.1 before a service on another.

    ``tls``: how it shows itself, and how it trusts the service; without, both sides are plain.
    """
    shown, trusted = tls or (None, None)
    proxy = FaultProxy(target_port, target_tls=trusted)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(proxy.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=shown)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
