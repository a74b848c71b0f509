"""Two deployments of real parts, and the command that moves one to the other, as an operator runs it.

The source keeps records in Table storage, the target in Cosmos DB; each has an Azurite, a vault and a host of its own.
A third vault is that of an organisation.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from local.children import Child
from local.demo import persons
from local.demo.client import Client
from local.node_process import ROOT
from local.ports import free_ports
from local.seed import ensure_stores, seed
from local.stack import RecordStore, Stack, running_stack, start_host
from shared.container import Container
from shared.domain.ids import OrganisationId, UnitId
from shared.domain.principals import Role
from shared.services.administering import NewStaff
from shared.settings import read_settings
from tests.support.key_vault import RunningKeyVault, sdk_client
from tests.support.memory_container import ask_for_a_password_alone
from tests.support.scene import accept_agreement

T = TypeVar("T")
PERSON = "199006022397"
PASSWORD = "tre röda hästar på taket 7"
SWEEPING = {
    "PIC_UNDO_SECONDS": "0",
    "PIC_RETENTION_SCHEDULE": "*/2 * * * * *",
    "PIC_RECOVERY_SCHEDULE": "*/2 * * * * *",
}


@dataclass
class Deployment:
    """A stack whose host may stand still."""

    stack: Stack
    host: Child | None = None

    def start(self) -> None:
        self.host = start_host(self.stack)

    def stop(self) -> None:
        if self.host is not None:
            self.host.stop()
            self.host = None

    def work(self, do: Callable[[Container], Awaitable[T]]) -> T:
        """Do something with the services, on the stack's own stores."""

        async def run() -> T:
            container = Container(read_settings(self.stack.environment))
            try:
                return await do(container)
            finally:
                await container.close()

        return asyncio.run(run())

    def person(self) -> Client:
        """A browser in which the person is signed in."""
        client = Client(self.stack.api_url)
        persons.sign_in(client, self.stack, PERSON)
        return client

    def staff(self, office: "Office") -> Client:
        """A browser in which the office's member of staff is signed in."""
        client = Client(self.stack.api_url)
        client.sign_in(office.address, PASSWORD)
        return client


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """An organisation with one unit and one member of staff."""

    organisation: OrganisationId
    unit: UnitId
    address: str

    def draft(self, staff: Client, text: str, **more: object) -> str:
        """A draft in a thread of its own; its path."""
        recipient = {"personal_number": PERSON, "mail_address": "mottagare@example.se"}
        new = {"unit": self.unit, "subject": "Beslut", "persons": [recipient]}
        thread = staff.ask("POST", "/api/v1/threads", expect=201, json=new)["thread"]
        messages = f"/api/v1/threads/{thread}/messages"
        return f"{messages}/{staff.ask('POST', messages, expect=201, json={'text': text, **more})['message']}"


async def make_office(container: Container, name: str) -> Office:
    """A new organisation of that name."""
    administering = container.administering
    organisation = await administering.create_organisation(name)
    unit = await administering.create_unit(organisation, "Mottagningen", mail_address=None)
    await accept_agreement(container, organisation)
    await ask_for_a_password_alone(container, organisation)
    address = f"{organisation}@example.se"
    new = NewStaff(name="Anna Exempel", mail_address=address, password=PASSWORD, role=Role.MEMBER, units=(unit,))
    await administering.add_staff(organisation, new)
    return Office(organisation=organisation, unit=unit, address=address)


@dataclass
class Deployments:
    """Source and target; ``own_key`` is the address of a key in the organisation's vault, which both may use."""

    source: Deployment
    target: Deployment
    own_key: str
    file: Path
    """The settings of the target."""
    left: list[str] = field(default_factory=list)

    def begin_move(self, *words: str, **target: str) -> subprocess.Popen[str]:
        """Start the command; ``target`` changes settings of the target."""
        self.file.touch(mode=0o600)
        values = {**self.target.stack.environment, **target}
        self.file.write_text(json.dumps({"IsEncrypted": False, "Values": values}), encoding="utf-8")
        command = [sys.executable, "-m", "shared.operations", "move", "--target", str(self.file), *words]
        return subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, **self.source.stack.environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def move(self, *words: str, **target: str) -> tuple[int, str]:
        """Run the command to its end; exit status, and what it says."""
        with self.begin_move(*words, **target) as process:
            said, _ = process.communicate(timeout=180)
        return process.returncode, said


@contextmanager
def two_deployments(data: Path) -> Iterator[Deployments]:
    """Both with their stores, the source seeded and its host running, the target empty and still."""
    with ExitStack() as running:
        own = RunningKeyVault.start(data / "own-vault")
        running.callback(own.stop)
        own_key = asyncio.run(_own_key(own))

        def stack(name: str, records: RecordStore, prepare: Callable[[dict[str, str]], None]) -> Stack:
            folder = data / name
            trusted = folder / "vaults.pem"

            def prepared(environment: dict[str, str]) -> None:
                ours = (folder / "key-vault" / "ca.pem").read_text()
                trusted.write_text(ours + own.ca_file.read_text())
                prepare(environment)

            overrides = {
                **SWEEPING,
                "PIC_KEY_VAULT_CA": str(trusted),
                "PIC_OWN_VAULTS": own.url.removeprefix("https://").rstrip("/"),
            }
            started = running.enter_context(
                running_stack(
                    ports=free_ports(),
                    data=folder,
                    records=records,
                    prepare=prepared,
                    overrides=overrides,
                    with_host=False,
                )
            )
            return started[0]

        source = Deployment(
            stack("source", "tables", lambda environment: (asyncio.run(seed(environment, data / "source")), None)[1])
        )
        target = Deployment(stack("target", "cosmos", lambda environment: asyncio.run(_ensure(environment))))
        for deployment in (source, target):
            running.callback(deployment.stop)
        source.start()
        yield Deployments(source=source, target=target, own_key=own_key, file=data / "target.json")


async def _own_key(vault: RunningKeyVault) -> str:
    async with sdk_client(vault) as client:
        await client.create_rsa_key("kommunen", size=2048)
    return f"{vault.url.rstrip('/')}/keys/kommunen"


async def _ensure(environment: dict[str, str]) -> None:
    settings = read_settings(environment)
    container = Container(settings)
    try:
        await ensure_stores(container, settings)
    finally:
        await container.close()
