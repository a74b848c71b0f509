"""``Scanner`` by the protocol of clamd: the command ``INSTREAM``, over TCP or a socket of this machine.

Each piece goes out with its length before it; a length of zero ends the content, and one line answers
(docs.clamav.net, manual page clamd(8)). Nothing of the content is held here.
"""

import asyncio
import contextlib
import socket
import struct
from typing import Final

from shared.domain.content_checks import Scan
from shared.domain.errors import DependencyError

CONNECT_SECONDS: Final = 5.0

STEP_SECONDS: Final = 60.0
"""For the scanner to take a piece, and for its verdict after the last one. clamd stops its own search after 120 s."""

_LONGEST_ANSWER: Final = 4096
_LENGTH: Final = struct.Struct(">I")


class Clamd:
    """One clamd, at ``host`` and ``port`` of a private network (content goes there in clear) or at the socket ``path``.

    Each scan has a connection of its own.
    """

    def __init__(
        self,
        *,
        host: str = "",
        port: int = 0,
        path: str = "",
        connect_seconds: float = CONNECT_SECONDS,
        step_seconds: float = STEP_SECONDS,
    ) -> None:
        self._host = host
        self._port = port
        self._path = path
        self._connect_seconds = connect_seconds
        self._step_seconds = step_seconds

    async def begin(self) -> "ClamdScan":
        """A scan that has begun, or one that is over because nobody answers."""
        try:
            async with asyncio.timeout(self._connect_seconds):
                connection = await self._connected()
        except (OSError, TimeoutError):
            return ClamdScan(None, step_seconds=self._step_seconds)
        scan = ClamdScan(connection, step_seconds=self._step_seconds)
        await scan.send(b"zINSTREAM\0")
        return scan

    async def ping(self) -> None:
        """Raises ``DependencyError``."""
        try:
            async with asyncio.timeout(self._connect_seconds):
                connection = await self._connected()
                with contextlib.closing(connection):
                    await asyncio.get_running_loop().sock_sendall(connection, b"zPING\0")
                    answer = await _answer(connection)
        except (OSError, TimeoutError) as exc:
            raise DependencyError from exc
        if answer != b"PONG":
            raise DependencyError

    async def _connected(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        found = None
        if not self._path:
            found = (await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM))[0]
        connection = socket.socket(socket.AF_UNIX if found is None else found[0], socket.SOCK_STREAM)
        try:
            connection.setblocking(False)
            await loop.sock_connect(connection, self._path if found is None else found[4])
        except BaseException:
            connection.close()
            raise
        return connection


class ClamdScan:
    """One content on its way. Bare sockets: a stream would throw an answer away that came before a reset."""

    def __init__(self, connection: socket.socket | None, *, step_seconds: float) -> None:
        self._connection = connection
        self._step_seconds = step_seconds
        self._is_taking = connection is not None

    async def feed(self, data: bytes | bytearray) -> None:
        """Hand on the next bytes, as fast as the scanner takes them. Whatever goes wrong shows in ``end``."""
        if data and self._is_taking:
            await self.send(_LENGTH.pack(len(data)))
            await self.send(data)

    async def send(self, data: bytes | bytearray) -> None:
        if self._connection is None or not self._is_taking:
            return
        try:
            async with asyncio.timeout(self._step_seconds):
                await asyncio.get_running_loop().sock_sendall(self._connection, data)
        except (OSError, TimeoutError):
            self._is_taking = False  # It may have said why before it stopped taking.

    async def end(self) -> Scan:
        """The verdict on all that was fed."""
        await self.send(_LENGTH.pack(0))
        if self._connection is None:
            return Scan.UNREACHABLE
        try:
            async with asyncio.timeout(self._step_seconds if self._is_taking else 1.0):
                answer = await _answer(self._connection)
        except (OSError, TimeoutError):
            return Scan.UNREACHABLE
        return _verdict(answer, is_whole=self._is_taking)

    async def close(self) -> None:
        """Let go of the connection, wherever the scan stands."""
        self._is_taking = False
        if self._connection is not None:
            self._connection.close()
            self._connection = None


async def _answer(connection: socket.socket) -> bytes:
    """The line that the scanner answers, without its end; what there is of it when the connection ends before."""
    answer = b""
    while b"\0" not in answer and len(answer) < _LONGEST_ANSWER:
        data = await asyncio.get_running_loop().sock_recv(connection, _LONGEST_ANSWER)
        if not data:
            break
        answer += data
    return answer.partition(b"\0")[0]


def _verdict(answer: bytes, *, is_whole: bool) -> Scan:
    """Clean only where the scanner says so of all that there is; it may find something before the end."""
    if answer.endswith(b" FOUND"):
        return Scan.FOUND
    if b"size limit exceeded" in answer:
        return Scan.TOO_LARGE
    return Scan.CLEAN if is_whole and answer == b"stream: OK" else Scan.UNREACHABLE
