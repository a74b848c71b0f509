"""A sealed upload with everything left out that could be left out: what a host can be held against.

A process that receives a body, digests it, seals it in parts and stages them in a store, with a thread for each step,
bare sockets, and buffers used again; no server, no framework, no sign-in, no records, no repeats. Two connections to
the store or one, pieces of 2 or of 8 MiB: no difference. It speaks to the stand-in only (block ids are plain), and
ends at the first fault.
"""

import argparse
import hashlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import Final
from urllib.parse import urlsplit

from local import children
from local.ports import HOST
from shared.crypto.parts import PART_BYTES, PartSealer, buffer_length

PIECE_BYTES: Final = 2 * 1024 * 1024
PIECES: Final = 6
PARTS: Final = 4
KEY: Final = bytes(32)
"""Always the same, so that whoever measures can look at what was stored."""

CONTEXT: Final = b"floor"
CONTAINER: Final = "floor"
BLOB: Final = "content"
_ANSWER: Final = "HTTP/1.1 204 Stored\r\nContent-Length: 0\r\nContent-SHA256: {}\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True, slots=True)
class _Piece:
    buffer: bytearray
    length: int

    @property
    def content(self) -> memoryview:
        return memoryview(self.buffer)[: self.length]


@dataclass(frozen=True, slots=True)
class _Part:
    number: int
    content: memoryview
    buffer: bytearray


class _Store:
    """One connection to the store."""

    def __init__(self, endpoint: str) -> None:
        address = urlsplit(endpoint)
        self._path = f"{address.path}/{CONTAINER}"
        self._socket = socket.create_connection((address.hostname, address.port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.put("?restype=container")

    def put(self, target: str, body: bytes | memoryview = b"") -> None:
        """Raises ``RuntimeError`` when the store refuses."""
        head = f"PUT {self._path}{target} HTTP/1.1\r\nHost: store\r\nContent-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode())
        self._socket.sendall(body)
        status = _head(self._socket)[0][0].split(b" ")[1]
        if status != b"201":
            raise RuntimeError(f"the store answered {status!r}")


class _Upload:
    """One upload: a thread for each step, a queue between two of them, None at the end of each."""

    def __init__(self, store: _Store, pieces: Sequence[bytearray], parts: Sequence[bytearray]) -> None:
        self._store = store
        self._pieces = pieces
        self._to_digest = SimpleQueue[_Piece | None]()
        self._to_seal = SimpleQueue[_Piece | None]()
        self._to_stage = SimpleQueue[_Part | None]()
        self._digested = SimpleQueue[_Piece]()
        self._sealed = SimpleQueue[_Piece]()
        self._free_parts = SimpleQueue[bytearray]()
        self._sha256 = hashlib.sha256()
        for part in parts:
            self._free_parts.put(part)

    def run(self, connection: socket.socket, length: int, begun: bytes) -> str:
        """From the first byte of the body until the store has all of it; the digest."""
        steps = [threading.Thread(target=step) for step in (self._digest, self._seal, self._stage)]
        for step in steps:
            step.start()
        for number, size in enumerate(_sizes(length, PIECE_BYTES)):
            piece = _Piece(self._buffer(number), size)
            _fill(connection, piece.content, begun)
            begun = b""
            self._to_digest.put(piece)
            self._to_seal.put(piece)
        self._to_digest.put(None)
        self._to_seal.put(None)
        for step in steps:
            step.join()
        blocks = "".join(f"<Latest>{_block(number)}</Latest>" for number, _ in enumerate(_sizes(length, PART_BYTES)))
        self._store.put(f"/{BLOB}?comp=blocklist", f"<BlockList>{blocks}</BlockList>".encode())
        return self._sha256.hexdigest()

    def _buffer(self, number: int) -> bytearray:
        """Of that piece. One that was used is free when both have had it, and both take them in order."""
        if number < len(self._pieces):
            return self._pieces[number]
        self._digested.get()
        return self._sealed.get().buffer

    def _digest(self) -> None:
        while (piece := self._to_digest.get()) is not None:
            self._sha256.update(piece.content)
            self._digested.put(piece)

    def _seal(self) -> None:
        sealer, buffer, number = None, bytearray(), 0
        while (piece := self._to_seal.get()) is not None:
            if sealer is None:  # A part is a whole number of pieces.
                buffer = self._free_parts.get()
                sealer = PartSealer(KEY, CONTEXT, buffer)
            sealer.update(piece.content)
            self._sealed.put(piece)
            if not sealer.room:
                self._to_stage.put(_Part(number, sealer.finalize(), buffer))
                sealer, number = None, number + 1
        if sealer is not None:
            self._to_stage.put(_Part(number, sealer.finalize(), buffer))
        self._to_stage.put(None)

    def _stage(self) -> None:
        while (part := self._to_stage.get()) is not None:
            self._store.put(f"/{BLOB}?comp=block&blockid={_block(part.number)}", part.content)
            self._free_parts.put(part.buffer)


def _block(number: int) -> str:
    return f"{number:06d}"


def _sizes(length: int, most: int) -> Iterator[int]:
    """Of the pieces that so many bytes come to."""
    return (min(most, length - start) for start in range(0, length, most))


def _fill(connection: socket.socket, view: memoryview, begun: bytes) -> None:
    view[: len(begun)] = begun
    rest = view[len(begun) :]
    while rest:
        count = connection.recv_into(rest)
        if not count:
            raise ConnectionError
        rest = rest[count:]


def serve(listener: socket.socket, endpoint: str) -> None:
    """Take one upload after the other. What it works with is allocated once."""
    assert PART_BYTES % PIECE_BYTES == 0
    threading.excepthook = _end
    store = _Store(endpoint)
    pieces = [bytearray(PIECE_BYTES) for _ in range(PIECES)]
    parts = [bytearray(buffer_length(PART_BYTES)) for _ in range(PARTS)]
    while True:
        connection, _ = listener.accept()
        with connection:
            lines, begun = _head(connection)
            length = next(int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length"))
            digest = _Upload(store, pieces, parts).run(connection, length, begun)
            connection.sendall(_ANSWER.format(digest).encode())


def _end(fault: threading.ExceptHookArgs) -> None:
    """A step that is missing would let the others wait for ever."""
    sys.__excepthook__(fault.exc_type, fault.exc_value or fault.exc_type(), fault.exc_traceback)
    os._exit(1)


def _head(connection: socket.socket) -> tuple[list[bytes], bytes]:
    """Its lines, and what came behind it."""
    data = b""
    while b"\r\n\r\n" not in data:
        received = connection.recv(64 * 1024)
        if not received:
            raise ConnectionError
        data += received
    head, _, rest = data.partition(b"\r\n\r\n")
    return head.split(b"\r\n"), rest


@contextmanager
def running(endpoint: str, log: Path) -> Iterator[int]:
    """It runs beside the block; its port."""
    child = children.start("the floor of uploads", "bench.upload_floor", [endpoint], log=log)
    try:
        yield int(child.ready.rpartition(":")[2])
    finally:
        child.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.upload_floor")
    parser.add_argument("endpoint")
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    arguments = parser.parse_args()
    with socket.create_server((HOST, 0)) as taking:
        print(f"ready on {HOST}:{taking.getsockname()[1]}", flush=True)
        serve(taking, arguments.endpoint)
