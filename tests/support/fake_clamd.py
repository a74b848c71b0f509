"""A clamd that knows one virus: the test file of the antivirus makers. Speaks the protocol of the real one, and its faults."""

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}" + b"$EICAR-STANDARD-ANTIVIRUS" + b"-TEST-FILE!$H+H*"
"""In pieces, so that no scanner takes this file for it."""

Fault = Literal["", "silent", "cut", "error", "stalled", "nonsense"]


@dataclass(slots=True)
class FakeClamd:
    """``most_bytes`` is its StreamMaxLength. ``fault`` is what it does in place of a verdict; ``sizes`` what it was sent."""

    port: int = 0
    path: str = ""
    most_bytes: int = 1 << 30
    fault: Fault = ""
    sizes: list[int] = field(default_factory=list)
    largest_piece: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One command and its answer."""
        try:
            command = await reader.readuntil(b"\0")
            answer = b"PONG" if command == b"zPING\0" else await self._scanned(reader, writer)
            if answer:
                writer.write(answer + b"\0")
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def _scanned(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        size, seam, is_found = 0, b"", False
        if self.fault == "stalled":
            await asyncio.Event().wait()
        while length := struct.unpack(">I", await reader.readexactly(4))[0]:
            data = await reader.readexactly(length)
            self.largest_piece = max(self.largest_piece, length)
            size += length
            if self.fault == "cut":
                writer.transport.abort()
                return b""
            if size > self.most_bytes:
                return b"INSTREAM size limit exceeded. ERROR"
            is_found = is_found or EICAR in seam + data
            seam = (seam + data)[-len(EICAR) :]
        self.sizes.append(size)
        match self.fault:
            case "silent":
                await asyncio.Event().wait()
            case "error":
                return b"stream: Can't allocate memory ERROR"
            case "nonsense":
                return b"stream: OKAY"
            case _:
                return b"stream: Eicar-Signature FOUND" if is_found else b"stream: OK"
        return b""


@asynccontextmanager
async def fake_clamd(path: str = "") -> AsyncIterator[FakeClamd]:
    """On a free port of 127.0.0.1, or at the socket ``path``."""
    clamd = FakeClamd(path=path)
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(clamd.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if path:
        server = await asyncio.start_unix_server(accept, path)
    else:
        server = await asyncio.start_server(accept, "127.0.0.1", 0)
        clamd.port = server.sockets[0].getsockname()[1]
    try:
        yield clamd
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
