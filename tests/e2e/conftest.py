"""A whole stack per module: real clients, emulators and the Functions host, on free ports, with data of its own."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.children import Child
from local.demo import persons
from local.demo.client import Client
from local.ports import free_ports
from local.seed import Seed, seed
from local.stack import Stack, running_stack, start_host

PERSON = "199006022397"
OFTEN = {"PIC_LIMIT_STAFF_PER_ACCOUNT_AND_NETWORK": "1000/60", "PIC_LIMIT_STAFF_PER_ACCOUNT": "1000/60"}
"""Each test signs in anew, from the same machine and as the same member."""


@dataclass
class Running:
    """A stack and what it was seeded with."""

    stack: Stack
    seeded: Seed
    host: Child

    def kill_host(self) -> None:
        """End the host as a power cut would, and start it again."""
        self.host.kill()
        self.host = start_host(self.stack)

    def staff(self) -> Client:
        """A browser in which the first member of staff is signed in."""
        client, member = Client(self.stack.api_url), self.seeded.staff[0]
        client.sign_in(member.mail_address, member.password)
        return client

    def person(self, number: str = PERSON) -> Client:
        """A browser in which this person is signed in."""
        client = Client(self.stack.api_url)
        persons.sign_in(client, self.stack, number)
        return client

    def draft(self, staff: Client, text: str = "Hej") -> str:
        """A draft in a thread of its own; its path."""
        recipient = {"personal_number": PERSON, "mail_address": "mottagare@example.se"}
        new = {"unit": self.seeded.unit, "subject": "Beslut", "persons": [recipient]}
        thread = staff.ask("POST", "/api/v1/threads", expect=201, json=new)["thread"]
        messages = f"/api/v1/threads/{thread}/messages"
        return f"{messages}/{staff.ask('POST', messages, expect=201, json={'text': text})['message']}"


@pytest.fixture(scope="module", params=["tables", "cosmos"])
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """On Table storage, and on Cosmos DB."""
    data: Path = tmp_path_factory.mktemp("stack")
    with running_stack(
        ports=free_ports(),
        data=data,
        records=request.param,
        prepare=lambda environment: asyncio.run(seed(environment, data)),
        overrides={"PIC_UNDO_SECONDS": "0", "PIC_RECOVERY_SCHEDULE": "*/2 * * * * *", **OFTEN},
        with_host=False,
    ) as (stack, seeded):
        started = Running(stack=stack, seeded=seeded, host=start_host(stack))
        try:
            yield started
        finally:
            started.host.stop()
