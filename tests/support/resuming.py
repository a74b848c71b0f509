"""Clients that take up a broken download: the programs people use, and what a browser asks for.

``curl`` and ``wget`` are run where they are installed. Where one is not, a stand-in makes the same requests: ``Range``
from the length of what is there, and a fresh start if the answer is not a 206 that begins there. ``browser`` is always
a stand-in: the same with ``If-Range``, by the tag of the first answer, as Chromium (``tests.support.chromium``) sends it.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Final

import httpx

CLIENTS: Final = ("curl", "wget", "stand-in", "browser")

_ARGUMENTS: Final = {
    "curl": ("--silent", "--show-error", "--fail", "--noproxy", "*", "--continue-at", "-", "--max-time", "60"),
    "wget": ("--quiet", "--no-proxy", "--continue", "--tries=1", "--timeout=60"),
}
_OUTPUT: Final = {"curl": "--output", "wget": "--output-document"}


class ResumingClient:
    """Downloads ``url`` into ``into``, going on where it broke off."""

    def __init__(self, name: str, url: str, cookie: str, into: Path) -> None:
        self._name = name
        self._url = url
        self._cookie = cookie
        self._into = into
        self._tag = ""

    async def run(self) -> bool:
        """Try once. Whether the client says that it has the whole file."""
        program = shutil.which(self._name) if self._name in _ARGUMENTS else None
        if program is None:
            return await self._stand_in()
        arguments = [*_ARGUMENTS[self._name], "--header", f"Cookie: {self._cookie}", _OUTPUT[self._name]]
        process = await asyncio.create_subprocess_exec(program, *arguments, str(self._into), self._url)
        return await process.wait() == 0

    async def _stand_in(self) -> bool:
        held = self._into.stat().st_size if self._into.exists() else 0
        headers = {"Cookie": self._cookie}
        if held:
            headers["Range"] = f"bytes={held}-"
            if self._name == "browser":
                headers["If-Range"] = self._tag
        async with (
            httpx.AsyncClient(trust_env=False, timeout=60) as client,
            client.stream("GET", self._url, headers=headers) as answer,
        ):
            if answer.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
                return answer.headers["content-range"] == f"bytes */{held}"
            goes_on = answer.headers.get("content-range", "").startswith(f"bytes {held}-")
            self._tag = answer.headers["etag"]
            with self._into.open("ab" if goes_on else "wb") as file:
                try:
                    async for piece in answer.aiter_raw():
                        file.write(piece)
                except httpx.RemoteProtocolError:
                    return False
        return True
