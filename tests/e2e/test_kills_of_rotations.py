"""Kill -9 at every request that a rotation of keys makes, to the records and to the vault: all stays readable.

By the command and by the function of the timer, each a process of its own. Afterwards the same run completes what was
begun, and one more finds nothing to do.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from azure.keyvault.keys.aio import KeyClient

from local.azurite import Azurite
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId
from shared.domain.places import PLATFORM
from shared.domain.principals import Staff
from shared.services.custody import service_key_name
from shared.services.organisation_key_records import key_records, version_of
from tests.support.copies import Stores
from tests.support.forks import TIMER, Forks, forks
from tests.support.key_vault import RunningKeyVault, sdk_client
from tests.support.key_versions import rewind, wraps
from tests.support.memory_container import MemoryContainer
from tests.support.scene import Instance, Scene, accept_agreement
from tests.support.stored_world import instance_on, settings_of
from tests.support.strikes import Stores as Struck
from tests.support.strikes import is_read, stores_behind

TEXT, CONTENT = "Hej", b"Beslut om insats"
KILLED = -9
A_YEAR_ON_SECONDS = 366 * 24 * 3600
RUNS = (("rotate-keys",), (TIMER, "rotate_keys"))
KINDS = {"GET /keys/", "/rotate?", "/unwrapkey?", "GET /devstore", "POST /devstore", "PUT /devstore"}
"""What a rotation asks of the vault and of the records: all of it is met."""


@dataclass(frozen=True, kw_only=True)
class House:
    """The platform and an organisation, which has sent a message with a file; and processes to rotate their keys."""

    struck: Struck
    environment: dict[str, str]
    """Settings that lead by way of the proxies."""
    forks: Forks
    clock: Path
    scene: Scene
    administrator: KeyClient
    staff: Staff
    thread: ThreadId
    message: MessageId
    file: FileId

    @classmethod
    async def made(cls, container: MemoryContainer, **more: Any) -> "House":
        administering = container.administering
        await administering.prepare_platform()
        organisation = await administering.create_organisation("Exempelkommunen")
        await accept_agreement(container, organisation)
        unit = await administering.create_unit(organisation, "Mottagningen", mail_address=None)
        scene = Scene(container=container, organisation=organisation, unit=unit)
        staff = await scene.staff()
        thread = await scene.thread(staff)
        message = await scene.draft(staff, thread, text=TEXT)
        file = await scene.upload(staff, thread, message, CONTENT)
        await scene.send(staff, thread, message)
        return cls(scene=scene, staff=staff, thread=thread, message=message, file=file, **more)

    @property
    def organisation(self) -> OrganisationId:
        return self.scene.organisation

    def run(self, *arguments: str) -> int:
        """A year on."""
        self.clock.write_text(str(A_YEAR_ON_SECONDS), encoding="ascii")
        return self.forks.run(arguments, {**self.environment, "PIC_CLOCK_FILE": str(self.clock)})

    async def draft(self) -> MessageId:
        """Another message, by an instance that has nothing in memory, after what there is has been read by it."""
        cold = await self.readable()
        return (await cold.sending.draft(self.staff, self.thread, text=TEXT, retention_days=30)).message

    async def readable(self, *others: MessageId) -> Instance:
        """What was sent before any rotation opens with nothing in memory, and these do."""
        cold = self.scene.instance()
        for message in (self.message, *others):
            assert (await cold.retrieving.open(self.staff, self.thread, message)).text == TEXT
        found = await cold.retrieving.fetch(self.staff, self.thread, self.message, self.file)
        assert b"".join([bytes(piece) async for piece in found.read(found.whole)]) == CONTENT
        for record in await key_records(cold.records, self.organisation):
            await cold.keyring.of_version(self.organisation, version_of(record))
        return cold

    async def keks(self) -> tuple[str, set[str]]:
        """The current version of a key-encryption key, and all there are."""
        name = service_key_name(self.organisation)
        listed = self.administrator.list_properties_of_key_versions(name)
        return (await self.administrator.get_key(name)).id, {each.id async for each in listed}


@pytest.fixture(scope="module")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def house(
    runner: asyncio.Runner, azurite: Azurite, key_vault: RunningKeyVault, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    port = urlsplit(key_vault.url).port
    assert port is not None
    stores = Stores(records="tables", connection_string=azurite.connection_string, cosmos_endpoint="")
    with stores_behind(azurite.ports, port, key_vault.data) as struck, forks() as warm:
        vault = replace(key_vault, url=struck.vault_url)
        opened = AsyncExitStack()

        async def made() -> House:
            return await House.made(
                await opened.enter_async_context(instance_on(stores, vault)),
                administrator=await opened.enter_async_context(sdk_client(vault)),
                struck=struck,
                environment=settings_of(replace(stores, connection_string=struck.account), vault),
                forks=warm,
                clock=tmp_path_factory.mktemp("clock") / "clock",
            )

        async def closed() -> None:
            await opened.aclose()
            await asyncio.sleep(0.1)  # Connections end in the loop's next turns.

        yield runner.run(made())
        runner.run(closed())


def test_a_rotation_that_dies_anywhere_is_completed_by_the_next(runner: asyncio.Runner, house: House) -> None:
    """A year on, for all that have keys; those of the platform have just been rotated.

    The command and the timer make the same requests, so they take turns: at one the command dies and the timer
    completes it, at the next the timer dies.
    """
    assert house.run("rotate-keys", "--organisation", PLATFORM) == 0
    records = house.scene.container.record_store
    rehearsals: list[list[str]] = []
    for words in RUNS:
        runner.run(rewind(records, house.organisation))
        rehearsals.append(rehearsed(house, words))
    points = house.struck.points()
    assert rehearsals[0] == rehearsals[1]
    assert {word for request in rehearsals[0] for word in KINDS if word in request} == KINDS
    _, versions = runner.run(house.keks())
    for number, point in enumerate(points):
        runner.run(rewind(records, house.organisation))
        former, dying, next_one = versions, RUNS[number % 2], RUNS[(number + 1) % 2]
        house.struck.aim(point, house.forks.kill)
        assert house.run(*dying) == KILLED
        house.struck.forget()
        between = runner.run(house.draft())
        assert house.run(*next_one) == 0
        runner.run(house.readable(between))
        current, versions = runner.run(house.keks())
        assert versions - former == {current}, "one more, whenever it died"
        assert runner.run(wraps(records, house.organisation)) == [current, current]
    for words in RUNS:
        assert all(is_read(request) for request in rehearsed(house, words)), "nothing is left to be done"


def rehearsed(house: House, words: Sequence[str]) -> list[str]:
    """The requests of a run that nothing disturbs, without the names of versions."""
    house.struck.forget()
    assert house.run(*words) == 0
    return [re.sub("/[0-9a-f]{32}", "", request) for request in house.struck.seen]
