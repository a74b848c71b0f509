"""Chromium without a window, driven by its own protocol over a WebSocket, for what only a browser does."""

import asyncio
import contextlib
import re
import shutil
import signal
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import aiohttp

PROGRAM: Final = shutil.which("chromium")
_ARGUMENTS: Final = (
    "--headless",
    "--no-sandbox",  # Tests run as root in containers, and only our own pages are opened.
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
)
PATIENCE_SECONDS: Final = 120


class Chromium:
    """A running browser with a profile of its own. ``downloads`` is where its downloads go."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, downloads: Path) -> None:
        self.downloads = downloads
        self._socket = socket
        self._sent = 0
        self._events: list[dict[str, Any]] = []

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Raises ``RuntimeError`` when the browser refuses."""
        self._sent += 1
        await self._socket.send_json({"id": self._sent, "method": method, "params": parameters})
        while True:
            message: dict[str, Any] = await self._socket.receive_json(timeout=PATIENCE_SECONDS)
            if message.get("id") != self._sent:
                self._events.append(message)
            elif "error" in message:
                raise RuntimeError(message["error"])
            else:
                return message["result"]  # type: ignore[no-any-return]

    async def download(self, url: str) -> tuple[str, Path]:
        """Open ``url``, which is a download: how it ended (``completed``, ``canceled``), and the file."""
        await self.command(
            "Browser.setDownloadBehavior", behavior="allow", downloadPath=str(self.downloads), eventsEnabled=True
        )
        await self.command("Target.createTarget", url=url)
        name = ""
        while True:
            waiting = self._events.pop(0) if self._events else None
            event = waiting or await self._socket.receive_json(timeout=PATIENCE_SECONDS)
            told = event.get("params", {})
            if event.get("method") == "Browser.downloadWillBegin":
                name = told["suggestedFilename"]
            elif event.get("method") == "Browser.downloadProgress" and told["state"] != "inProgress":
                return told["state"], self.downloads / name


@asynccontextmanager
async def chromium() -> AsyncIterator[Chromium]:
    """A browser, ended and forgotten afterwards. Asked for only where ``PROGRAM`` is there."""
    assert PROGRAM is not None
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        arguments = [*_ARGUMENTS, f"--user-data-dir={folder}/profile", "about:blank"]
        process = await asyncio.create_subprocess_exec(
            PROGRAM, *arguments, stdout=DEVNULL, stderr=PIPE, start_new_session=True
        )
        try:
            async with aiohttp.ClientSession() as session, session.ws_connect(await _address(process)) as socket:
                yield Chromium(socket, Path(folder) / "downloads")
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(signal.SIGKILL)
            await process.communicate()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        async for line in process.stderr:
            found = re.search(rb"ws://\S+", line)
            if found is not None:
                return found[0].decode()
    raise RuntimeError("Chromium ended before it listened")
