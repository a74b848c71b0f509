"""The mail catcher as a process of its own, for tests and end-to-end runs.

::

    async with running_mail_catcher(tmp_path) as catcher:
        ...  # deliver to 127.0.0.1:catcher.smtp_port
        (mail,) = await catcher.mails()
"""

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx

ROOT = Path(__file__).resolve().parents[2]
STOP_SECONDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningMailCatcher:
    """A catcher that answers at ``url`` and takes mails at ``smtp_port``. ``data`` survives ``stop``."""

    process: subprocess.Popen[str]
    url: str
    smtp_port: int

    @classmethod
    def start(cls, data: Path) -> Self:
        """Start and wait until it is ready. Blocks for about a second."""
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "local.mail", "--end-with-parent"),
                *("--smtp-port", "0", "--http-port", "0", "--data", str(data)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        said = process.stdout.readline()
        found = re.fullmatch(r"mail catcher ready on (http://\S+), smtp 127\.0\.0\.1:(\d+)\n", said)
        assert found is not None, said
        return cls(process=process, url=found[1], smtp_port=int(found[2]))

    def stop(self) -> None:
        """End it. May be repeated."""
        self.process.terminate()
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(STOP_SECONDS)
        self.process.stdout.close()

    async def mails(self) -> list[dict[str, Any]]:
        """All mails, newest first, as ``local.mail.web`` describes them."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            mails: list[dict[str, Any]] = (await client.get("/mails")).raise_for_status().json()["mails"]
        return mails

    async def clear(self) -> None:
        """Delete all mails."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            (await client.delete("/mails")).raise_for_status()

    async def refuse(self, reply: str, *, count: int = 1, step: str = "recipient") -> None:
        """Give ``reply`` to the next ``count`` mails, at the "recipient" or the "content"."""
        async with httpx.AsyncClient(base_url=self.url) as client:
            wanted = {"reply": reply, "count": count, "step": step}
            (await client.put("/refusals", json=wanted)).raise_for_status()


@asynccontextmanager
async def running_mail_catcher(data: Path) -> AsyncIterator[RunningMailCatcher]:
    """``start`` and ``stop`` around a block, off the event loop."""
    catcher = await asyncio.to_thread(RunningMailCatcher.start, data)
    try:
        yield catcher
    finally:
        await asyncio.to_thread(catcher.stop)
