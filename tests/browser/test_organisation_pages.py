"""The pages of an organisation in a real Chromium: its admin accepts, makes units, invites, lets go, decides, reads."""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn

from functions.api import create_api
from local.node_process import ROOT
from local.ports import free_ports
from shared.domain.principals import Role
from shared.services.administering import NewStaff
from tests.support.memory_container import PASSWORD, MemoryContainer, ask_for_a_password_alone

SCRIPT = Path(__file__).parent / "organisation.mjs"
ADDRESS = "admin@example.com"
SECONDS = 200


@asynccontextmanager
async def portal() -> AsyncIterator[str]:
    """The application on memory adapters, with an organisation that has accepted nothing yet."""
    port = free_ports().api
    address = f"http://localhost:{port}"
    container = MemoryContainer(PIC_PUBLIC_URL=address)
    container.clock.now = datetime.now(UTC)  # The browser's own month is asked for.
    await container.administering.prepare_platform()
    organisation = await container.administering.create_organisation("Exempelkommunen")
    await ask_for_a_password_alone(container, organisation)
    new = NewStaff(name="Anna Exempel", mail_address=ADDRESS, password=PASSWORD, role=Role.ADMIN, units=())
    await container.administering.add_staff(organisation, new)
    config = uvicorn.Config(create_api(container), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by no other means
            await asyncio.sleep(0.05)
        yield address
    finally:
        server.should_exit = True
        await serving


@pytest.mark.timeout(SECONDS + 30)
async def test_an_admin_runs_the_organisation() -> None:
    """Every page once, in both languages, wide and narrow: fields have names, nothing overflows, no fault is noted."""
    node = shutil.which("node")
    assert node is not None, "Node.js is missing: see make setup"
    browser = ROOT / "build" / "chromium"
    browser.mkdir(parents=True, exist_ok=True)
    async with portal() as address:
        screenshots = os.environ.get("PIC_SCREENSHOTS", "")
        given = {"address": address, "mail": ADDRESS, "password": PASSWORD, "screenshots": screenshots}
        process = await asyncio.create_subprocess_exec(
            node,
            SCRIPT,
            json.dumps(given),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "TMPDIR": str(browser)},
        )
        try:
            async with asyncio.timeout(SECONDS):
                told, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
    assert process.returncode == 0, said.decode()
    assert json.loads(told) == {"agreement": 1, "invited": 1, "left": 1, "log": 2, "security": 1, "faults": []}
