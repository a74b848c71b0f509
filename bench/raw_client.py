"""An HTTP client that costs next to nothing, so that what is measured is the host.

In use the client runs on another machine; on a bench of two cores every cycle of it is taken from the service.
Bodies go out by ``sendfile`` and come in through one reused buffer.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BUFFER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A status, the headers (lower case), and how many bytes of body came."""

    status: int
    headers: Mapping[str, str]
    length: int


def send_file(port: int, method: str, path: str, headers: Mapping[str, str], file: Path) -> Answer:
    """Send the whole file as the body."""
    with socket.create_connection(("127.0.0.1", port)) as connection, file.open("rb") as content:
        head = {**headers, "Content-Length": str(file.stat().st_size)}
        connection.sendall(_request(port, method, path, head))
        connection.sendfile(content)
        return _answer(connection)


def fetch(port: int, path: str, headers: Mapping[str, str]) -> Answer:
    """Fetch and drop the body."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_request(port, "GET", path, headers))
        return _answer(connection)


class KeptConnection:
    """A connection that stays open from one request to the next, as a browser's does."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._connection = socket.create_connection(("127.0.0.1", port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def close(self) -> None:
        self._connection.close()

    def fetch(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Fetch an answer that tells its length, and drop its body. Raises ``ConnectionError`` when it ends early."""
        self._connection.sendall(_request(self._port, "GET", path, {"Connection": "keep-alive", **headers}))
        status, found, length = _head(self._connection, bytearray(BUFFER_BYTES))
        while length < int(found["content-length"]):
            received = len(self._connection.recv(BUFFER_BYTES))
            if not received:
                raise ConnectionError("the host closed the connection within its answer")
            length += received
        return Answer(status=status, headers=found, length=length)


def first_byte(port: int, path: str, headers: Mapping[str, str]) -> float:
    """Fetch until the first byte of the body is here, then hang up; seconds, the connection included."""
    began = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(_request(port, "GET", path, headers))
        head = b""
        while not head.partition(b"\r\n\r\n")[2]:
            received = connection.recv(BUFFER_BYTES)
            if not received:
                raise ConnectionError("the host closed the connection before its first byte")
            head += received
        seconds = time.perf_counter() - began
    if b" 200 " not in head.partition(b"\r\n")[0]:
        raise RuntimeError(f"the download began with {head[:20]!r}")
    return seconds


def _request(port: int, method: str, path: str, headers: Mapping[str, str]) -> bytes:
    head = {"Host": f"127.0.0.1:{port}", "Connection": "close", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _answer(connection: socket.socket) -> Answer:
    buffer = bytearray(BUFFER_BYTES)
    status, headers, length = _head(connection, buffer)
    while received := connection.recv_into(buffer):
        length += received
    return Answer(status=status, headers=headers, length=length)


def _head(connection: socket.socket, buffer: bytearray) -> tuple[int, dict[str, str], int]:
    """Status, headers (lower case), and how many bytes of the body came along."""
    head = b""
    while b"\r\n\r\n" not in head:
        received = connection.recv_into(buffer)
        if not received:
            raise ConnectionError("the host closed the connection before its answer")
        head += bytes(buffer[:received])
    head, _, rest = head.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(first.split()[1]), headers, len(rest)
