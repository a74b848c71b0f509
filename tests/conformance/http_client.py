"""The host's proxy and the client behind it: sends requests to the worker's port and watches memory meanwhile."""

import asyncio
import hashlib
import os
import random
import resource
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

CHUNK_BYTES = 262_144
KEPT_BYTES = 65_536
"""So much of an answer is reported as its text."""


class LeftError(Exception):
    """The client goes away in the middle of its own upload."""


class HttpClient:
    """Asks as a step says (see ``drive.py``). ``peak_bytes`` is the most that the process held while it did."""

    def __init__(self, uri: str) -> None:
        self._http = httpx.AsyncClient(base_url=uri, timeout=60, limits=httpx.Limits(max_connections=None))
        self.peak_bytes = resident_bytes()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._http.aclose()

    async def listening(self) -> None:
        """Return once the worker's web server takes connections."""
        for _ in range(100):
            try:
                await self._http.get("/", headers={"connection": "close"})  # no invocation id: 400 and no trace
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
            else:
                return

    async def ask(self, step: dict[str, Any], invocation: str) -> dict[str, Any]:
        """Send one request and read its answer, or leave where the step says so."""
        headers = {**step.get("headers", {}), "x-ms-invocation-id": invocation}
        size, leave_after = step.get("size"), step.get("leave_after")
        sent, received, kept, length = hashlib.sha256(), hashlib.sha256(), b"", 0
        content = step.get("text") if size is None else self._body(size, leave_after, sent)
        if size is not None:
            headers["content-length"] = str(size)
            leave_after = None
        answer: dict[str, Any] = {"is_whole": False}
        try:
            async with self._http.stream(step["method"], step["path"], headers=headers, content=content) as response:
                answer |= {"status": response.status_code, "headers": response.headers.multi_items()}
                async for piece in response.aiter_raw():
                    length += len(piece)
                    received.update(piece)
                    kept += piece[: KEPT_BYTES - len(kept)]
                    self._look()
                    if leave_after is not None and length >= leave_after:
                        break
                else:
                    answer["is_whole"] = True
        except (httpx.TransportError, LeftError) as broken:
            answer["broken"] = type(broken).__name__
        answer |= {"length": length, "sha256": received.hexdigest(), "sent_sha256": sent.hexdigest()}
        return answer | {"text": kept.decode(errors="replace")}

    async def _body(self, size: int, leave_after: int | None, digest: Any) -> AsyncIterator[bytes]:
        source = random.Random(size)  # noqa: S311  # content that neither repeats nor compresses
        for sent in range(0, size, CHUNK_BYTES):
            if leave_after is not None and sent >= leave_after:
                raise LeftError
            piece = source.randbytes(min(CHUNK_BYTES, size - sent))
            digest.update(piece)
            yield piece
            self._look()

    def _look(self) -> None:
        self.peak_bytes = max(self.peak_bytes, resident_bytes())


def resident_bytes() -> int:
    """What the process holds in memory now; where the system does not tell, the most it ever held."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
