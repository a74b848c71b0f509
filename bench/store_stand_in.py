"""An in-memory block-blob store that answers at once, so that what is measured is the client and not the store.

Speaks as much of the REST interface as the SDK and our adapter need: containers, put block, put block list, put blob,
get with a range, HEAD, DELETE, listing, service properties. Who asks is not checked. It runs in a process of its own,
with a thread for each connection: bytes come in by ``recv_into`` where they stay, and go out from there uncopied.
"""

import argparse
import re
import signal
import socket
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from local import children
from local.azurite import ACCOUNT, ACCOUNT_KEY
from local.ports import HOST

HEAD_BYTES = 64 * 1024
_BLOCK = re.compile(rb"<(?:Latest|Uncommitted|Committed)>([^<]+)</")
_PROPERTIES = b'<?xml version="1.0" encoding="utf-8"?><StorageServiceProperties></StorageServiceProperties>'
_ERROR = '<?xml version="1.0" encoding="utf-8"?><Error><Code>{0}</Code><Message>{0}</Message></Error>'


_LIST = (
    '<?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="http://127.0.0.1/" '
    'ContainerName="{}"><Blobs>{}</Blobs><NextMarker /></EnumerationResults>'
)
_LISTED = (
    "<Blob><Name>{}</Name><Properties><Content-Length>{}</Content-Length>"
    "<BlobType>BlockBlob</BlobType></Properties></Blob>"
)


@dataclass(slots=True)
class _Blob:
    """What is staged, and what was committed: blocks in their order, with their ids."""

    staged: dict[str, bytearray] = field(default_factory=dict)
    known: dict[str, bytearray] = field(default_factory=dict)
    blocks: list[bytearray] | None = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def length(self) -> int:
        return sum(map(len, self.blocks or ()))

    def cut(self, start: int, end: int) -> list[memoryview]:
        """The bytes ``start`` to ``end`` (excluded), as views."""
        found, at = [], 0
        for block in self.blocks or ():
            first, last = max(start - at, 0), min(end - at, len(block))
            if first < last:
                found.append(memoryview(block)[first:last])
            at += len(block)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytearray


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: list[memoryview] = field(default_factory=list)
    length: int | None = None


class Store:
    """All containers of the one account."""

    def __init__(self) -> None:
        self._containers: dict[str, dict[str, _Blob]] = {}
        self._lock = threading.Lock()

    def answer(self, request: _Request) -> _Answer:
        container, _, blob = request.path.removeprefix(f"/{ACCOUNT}").strip("/").partition("/")
        with self._lock:
            if not container:
                return _Answer(status=200, headers=_XML, body=[memoryview(_PROPERTIES)])
            if not blob:
                return self._of_container(request, container)
            if container not in self._containers:
                return _refusal(404, "ContainerNotFound")
            return self._of_blob(request, self._containers[container], blob)

    def _of_container(self, request: _Request, container: str) -> _Answer:
        if request.method == "PUT":
            if container in self._containers:
                return _refusal(409, "ContainerAlreadyExists")
            self._containers[container] = {}
            return _Answer(status=201, headers=_written())
        if container not in self._containers:
            return _refusal(404, "ContainerNotFound")
        if request.method == "DELETE":
            del self._containers[container]
            return _Answer(status=202)
        if request.query.get("comp") == "list":
            return _listing(self._containers[container], container, request.query.get("prefix", ""))
        return _Answer(status=200, headers=_written())

    def _of_blob(self, request: _Request, blobs: dict[str, _Blob], name: str) -> _Answer:
        if request.method == "PUT":
            return self._put(request, blobs.setdefault(name, _Blob()))
        blob = blobs.get(name)
        if blob is None or blob.blocks is None:
            return _refusal(404, "BlobNotFound")
        if request.method == "DELETE":
            del blobs[name]
            return _Answer(status=202)
        headers = {**blob.headers, "Accept-Ranges": "bytes", "Content-Type": "application/octet-stream"}
        if request.method == "HEAD":
            return _Answer(status=200, headers=headers, length=blob.length)
        return _read(request, blob, headers)

    def _put(self, request: _Request, blob: _Blob) -> _Answer:
        match request.query.get("comp"):
            case "block":
                blob.staged[request.query["blockid"]] = request.body
                return _Answer(status=201)
            case "blocklist":
                ids = [found.decode() for found in _BLOCK.findall(request.body)]
                known = blob.known | blob.staged
                if not known.keys() >= set(ids):
                    return _refusal(400, "InvalidBlockList")
                blob.known = {block: known[block] for block in ids}
                blob.blocks = [known[block] for block in ids]
                blob.staged = {}
            case None:
                blob.known, blob.staged, blob.blocks = {}, {}, [request.body]
            case _:
                return _refusal(501, "NotImplemented")
        metadata = {name: value for name, value in request.headers.items() if name.startswith("x-ms-meta-")}
        blob.headers = {**_written(), **metadata, "x-ms-blob-type": "BlockBlob"}
        return _Answer(status=201, headers=blob.headers)


_XML = {"Content-Type": "application/xml"}


def _written() -> dict[str, str]:
    return {"ETag": f'"0x{uuid.uuid4().hex[:15].upper()}"', "Last-Modified": formatdate(usegmt=True)}


def _refusal(status: int, code: str) -> _Answer:
    text = memoryview(_ERROR.format(code).encode())
    return _Answer(status=status, headers={**_XML, "x-ms-error-code": code}, body=[text])


def _listing(blobs: dict[str, _Blob], container: str, prefix: str) -> _Answer:
    """All names at once, as a single page, without the properties that nobody asks for."""
    shown = "".join(
        _LISTED.format(name, blob.length) for name, blob in sorted(blobs.items()) if name.startswith(prefix)
    )
    return _Answer(status=200, headers=_XML, body=[memoryview(_LIST.format(container, shown).encode())])


def _read(request: _Request, blob: _Blob, headers: dict[str, str]) -> _Answer:
    wanted = request.headers.get("x-ms-range") or request.headers.get("range")
    length = blob.length
    if wanted is None:
        return _Answer(status=200, headers=headers, body=blob.cut(0, length))
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    start, end = int(first), min(int(last) + 1 if last else length, length)
    if start >= length:
        return _refusal(416, "InvalidRange")
    return _Answer(
        status=206, headers={**headers, "Content-Range": f"bytes {start}-{end - 1}/{length}"}, body=blob.cut(start, end)
    )


class _Connection:
    """One client: requests one after the other until it closes."""

    def __init__(self, connection: socket.socket, store: Store) -> None:
        self._socket = connection
        self._store = store
        self._buffer = bytearray()

    def run(self) -> None:
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._socket:
            try:
                while (request := self._next()) is not None:
                    self._send(request, self._store.answer(request))
            except OSError:
                return  # The client has gone.

    def _next(self) -> _Request | None:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            data = self._socket.recv(HEAD_BYTES)
            if not data:
                return None
            self._buffer += data
        first, *lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        method, target, _ = first.split(" ")
        if headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        address = urlsplit(target)
        return _Request(
            method=method,
            path=unquote(address.path),
            query=dict(parse_qsl(address.query)),
            headers=headers,
            body=self._body(int(headers.get("content-length", "0"))),
        )

    def _body(self, length: int) -> bytearray:
        body = bytearray(length)
        begun = min(length, len(self._buffer))
        body[:begun] = self._buffer[:begun]
        del self._buffer[:begun]
        rest = memoryview(body)[begun:]
        while rest:
            count = self._socket.recv_into(rest)
            if not count:
                raise ConnectionError
            rest = rest[count:]
        return body

    def _send(self, request: _Request, answer: _Answer) -> None:
        length = sum(map(len, answer.body)) if answer.length is None else answer.length
        headers = {
            **answer.headers,
            "Content-Length": str(length),
            "x-ms-request-id": request.headers.get("x-ms-client-request-id", "none"),
            "x-ms-version": request.headers.get("x-ms-version", "2021-12-02"),
            "Date": formatdate(usegmt=True),
        }
        lines = [f"HTTP/1.1 {answer.status} Said", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
        head = "\r\n".join(lines).encode("latin-1")
        self._socket.sendmsg([head, *(answer.body[:1] if length < HEAD_BYTES else ())])
        for piece in answer.body[1:] if length < HEAD_BYTES else answer.body:
            self._socket.sendall(piece)


def serve(port: int) -> None:
    """Answer until SIGTERM."""
    store, listener = Store(), socket.create_server((HOST, port), backlog=128)
    print(f"ready on {HOST}:{listener.getsockname()[1]}", flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_Connection(connection, store).run, daemon=True).start()


def connection_string_of(endpoint: str) -> str:
    """For the SDK: the account of Azurite, at this endpoint."""
    return f"DefaultEndpointsProtocol=http;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};BlobEndpoint={endpoint}"


@contextmanager
def store_stand_in(log: Path) -> Iterator[str]:
    """A stand-in that runs beside the block; its endpoint for blobs."""
    child = children.start("the block-blob stand-in", "bench.store_stand_in", ["--port", "0"], log=log)
    try:
        yield f"http://{child.ready.rpartition(' ')[2]}/{ACCOUNT}"
    finally:
        child.stop()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.store_stand_in")
    parser.add_argument("--port", type=int, required=True)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    serve(parser.parse_args().port)
