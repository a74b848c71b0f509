"""Published tus clients at a service that has no more time for them: over HTTP, with Azurite, each file comes whole.

The line is slow, and a request may bring bytes for 0.3 s. The service runs behind the bridge, as published,
with limits of its own that no setting could give it.
"""

import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from starlette.requests import Request
from starlette.types import Message, Receive, Scope, Send

from functions.api import create_api
from functions.bridge import bridge
from functions.time_limits import TimeLimits
from local.azurite import Azurite
from shared.adapters.block_blobs import BlockBlobs
from tests.clients.test_tus_clients import HERE, Sent, run
from tests.support import world as worlds
from tests.support.tus_wire import a_draft
from tests.support.world import Browser, World

MIB = 1024 * 1024
SIZE = 6 * MIB + 7
LIMITS = TimeLimits(transfer=20.3, closing=20.0)
LINE_BYTES = 8 * MIB
"""A second. What does not fit into the server's buffer waits at the client."""


@dataclass
class Service:
    """A running one, and what it answered to appends."""

    world: World
    browser: Browser
    draft: str
    url: str = ""
    answers: list[int] = field(default_factory=list)

    def job(self, file: Sent) -> dict[str, Any]:
        """What a client is given, but for its own options."""
        parts = self.draft.split("/")
        metadata = {
            "thread": parts[4],
            "message": parts[6],
            "filename": file.path.name,
            "filetype": "application/octet-stream",
        }
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.cookies.items())
        return {
            "endpoint": f"{self.url}/api/v1/uploads",
            "headers": {"Cookie": cookies, "X-CSRF-Token": self.browser.csrf},
            "files": [{"path": str(file.path), "metadata": metadata}],
        }

    async def assert_brought(self, file: Sent) -> None:
        """Whole, and in more requests than one, because the time of some was over."""
        opened = await self.browser.json("POST", f"{self.draft}/open")
        assert [found["sha256"] for found in opened["files"]] == [file.sha256]
        path = f"{self.draft}/files/{opened['files'][0]['file']}"
        assert hashlib.sha256((await self.browser.call("GET", path)).content).hexdigest() == file.sha256
        assert set(self.answers) == {503, 204}
        assert self.answers.count(503) >= 2

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As the worker does, over a slow line."""
        owed = 0.0

        async def slowly() -> Message:
            nonlocal owed
            await asyncio.sleep(owed)
            message = await receive()
            owed = len(message.get("body", b"")) / LINE_BYTES
            return message

        async def seen(message: Message) -> None:
            if scope["method"] == "PATCH" and message["type"] == "http.response.start":
                self.answers.append(message["status"])
            await send(message)

        handler = bridge(create_api(self.world.container, limits=LIMITS))
        response = await handler(Request(scope, slowly))
        await response(scope, slowly, seen)


@asynccontextmanager
async def listening(serve: Callable[[Scope, Receive, Send], Awaitable[None]]) -> AsyncIterator[str]:
    """Where ``serve`` answers."""
    server = uvicorn.Server(uvicorn.Config(serve, port=0, interface="asgi3", log_level="error", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by no other means
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


@pytest.fixture
async def service(azurite: Azurite) -> AsyncIterator[Service]:
    blobs = BlockBlobs(connection_string=azurite.connection_string, container=f"c{uuid4().hex}")
    await blobs.ensure()
    async with worlds.world() as world:
        world.container.blobs = blobs  # type: ignore[assignment]  # the real one
        browser, draft = await a_draft(world)
        made = Service(world, browser, draft)
        async with listening(made.serve) as made.url:
            yield made
    await blobs.close()


async def test_tus_js_client_goes_on(service: Service, tmp_path: Path) -> None:
    """In one request, as far as it is concerned: it asks for the offset and sends the rest, each time."""
    file = Sent.make(tmp_path, SIZE)
    await asyncio.to_thread(run, ["node", HERE / "tus_js.mjs"], {**service.job(file), "options": {}})
    await service.assert_brought(file)


async def test_uppy_goes_on(service: Service, tmp_path: Path) -> None:
    """It has tus-js-client inside and rules of its own for what is tried again."""
    file = Sent.make(tmp_path, SIZE)
    done = await asyncio.to_thread(run, ["node", HERE / "uppy.mjs"], {**service.job(file), "options": {}})
    assert done["failed"] == []
    await service.assert_brought(file)


async def test_tuspy_goes_on(service: Service, tmp_path: Path) -> None:
    """It tries nothing again by itself unless it is told how often."""
    file = Sent.make(tmp_path, SIZE)
    job = service.job(file)
    steps = [{"stop": SIZE, "chunk": SIZE, "is_checked": False, "retries": 20}]
    job["files"] = [{**entry, "steps": steps} for entry in job["files"]]
    await asyncio.to_thread(run, [sys.executable, HERE / "tuspy_client.py"], job)
    await service.assert_brought(file)
