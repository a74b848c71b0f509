"""Second factors as people meet them: the portal in a real Chromium, with its virtual authenticator as the passkey.

Chromium comes from npm with the libraries that it needs (``@sparticuz/chromium``), so nothing has to be installed before.
"""

import asyncio
import json
import os
import shutil
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from functions.api import create_api
from local.node_process import ROOT
from local.ports import free_ports
from shared.crypto.one_time_codes import step_of
from shared.domain.organisation_settings import SecondFactor
from shared.domain.principals import Role
from shared.services.administering import NewStaff
from tests.support.memory_container import PASSWORD, MemoryContainer

HERE = Path(__file__).parent
ADDRESS = "medarbetare@example.com"
SECONDS = 200


@asynccontextmanager
async def portal() -> AsyncIterator[tuple[str, MemoryContainer]]:
    """The application on memory adapters, where browsers find it: passkeys need a name, and have none for 127.0.0.1."""
    port = free_ports().api
    address = f"http://localhost:{port}"
    container = MemoryContainer(PIC_PUBLIC_URL=address)
    await container.administering.prepare_platform()
    organisation = await container.administering.create_organisation("Exempelkommunen")
    unit = await container.administering.create_unit(organisation, "Mottagningen", mail_address=None)
    new = NewStaff(name="Anna Exempel", mail_address=ADDRESS, password=PASSWORD, role=Role.ADMIN, units=(unit,))
    await container.administering.add_staff(organisation, new)
    assert (await container.organisation_settings.of(organisation)).second_factor is SecondFactor.REQUIRED
    config = uvicorn.Config(create_api(container), host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn tells it by no other means
            await asyncio.sleep(0.05)
        yield address, container
    finally:
        server.should_exit = True
        await serving


async def driven(address: str, container: MemoryContainer, screenshots: str) -> Mapping[str, object]:
    """What the script saw. It asks for time to pass, and is told at which step of one-time codes the service then is."""
    node = shutil.which("node")
    assert node is not None, "Node.js is missing: see make setup"
    browser = ROOT / "build" / "chromium"
    browser.mkdir(parents=True, exist_ok=True)
    given = {"address": address, "mail": ADDRESS, "password": PASSWORD, "screenshots": screenshots}
    process = await asyncio.create_subprocess_exec(
        node,
        HERE / "second_factors.mjs",
        json.dumps(given),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(browser)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    seen: Mapping[str, object] = {}
    try:
        async with asyncio.timeout(SECONDS):
            while line := await process.stdout.readline():
                said = json.loads(line)
                if "pass" not in said:
                    seen = said
                    continue
                container.clock.move(seconds=said["pass"])
                process.stdin.write(f"{step_of(container.clock())}\n".encode())
            told = (await process.stderr.read()).decode()
            assert await process.wait() == 0, told
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return seen


@pytest.mark.timeout(SECONDS + 30)
async def test_a_member_sets_up_uses_and_removes_factors() -> None:
    """From the first sign-in, which opens nothing else, to a passkey that signs in alone; and no fault in the console."""
    async with portal() as (address, container):
        seen = await driven(address, container, os.environ.get("PIC_SCREENSHOTS", ""))
    assert seen == {
        "first": "#/factors",
        "elsewhere": "#/factors",
        "factors": ["Telefonen", "Datorn"],
        "codes": 10,
        "by code": "#/units",
        "by passkey alone": "#/units",
        "by password and passkey": "#/units",
        "by recovery code": "#/units",
        "after stepping up": ["Telefonen"],
        "removed passkey": "refused",
        "faults": [],
    }
