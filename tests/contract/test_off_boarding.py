"""Somebody kept a copy of every record and every blob: once an organisation's key is destroyed, none of it opens again.

On Azurite, on both stores of records, and with the vendor's client before the vault. The command is a process of its
own, as an operator runs it.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest
from azure.keyvault.keys.aio import KeyClient

from local.azurite import Azurite
from local.node_process import ROOT
from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import KeyDestroyedError, KeyUnavailableError
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId
from shared.services.custody import FRESH, service_key_name
from tests.support import scene as people
from tests.support.by_hand import obtainable, opened
from tests.support.canaries import hidden_in
from tests.support.copies import Copies, Stores, copied, lay
from tests.support.every_route import CALLS, Call, Scene
from tests.support.key_vault import RunningKeyVault, sdk_client
from tests.support.memory_container import MemoryContainer
from tests.support.stored_world import instance_on, settings_of
from tests.support.world import OTHER_PERSON, TOLVAN, Browser, world_on

LEAVING, STAYING = "Exempelkommunen", "Grannkommunen"
GONE = [410, 410]
TIMES = 50_000
BROKEN = 0
"""In place of a status: what was sent came in part."""

PLACES = ("subject", "text", "name", "content")
DELETES_LAST = {"GET": 0, "HEAD": 0, "OPTIONS": 0, "DELETE": 2}


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A message with a file. ``words`` stand in it and nowhere else."""

    path: str
    file: str
    words: dict[str, str]

    @property
    def thread(self) -> ThreadId:
        return ThreadId(self.path.split("/")[4])

    @property
    def content(self) -> bytes:
        """Long enough to be read in two pieces."""
        return (list(self.words.values())[3] * TIMES).encode()

    @classmethod
    async def by(cls, scene: Scene, person: str, mark: str) -> "Sent":
        words = {f"{place} {mark}": f"Zebrafinksson-{place}-{mark}" for place in PLACES}
        subject, text, name, content = words.values()
        thread = await scene.world.thread(scene.staff, person, subject=subject)
        path = await scene.world.draft(scene.staff, thread, text=text)
        file = await scene.world.upload(scene.staff, path, (content * TIMES).encode(), name=name)
        await scene.world.send(scene.staff, path)
        return cls(path=path, file=file, words=words)

    async def begun(self, house: "House") -> AsyncGenerator[bytes | bytearray, None]:
        """The person's download, of which nothing has been read."""
        world = house.leaving.world
        scene = people.Scene(container=house.container, organisation=world.organisation, unit=world.unit)
        message = MessageId(self.path.split("/")[6])
        found = await house.container.retrieving.fetch(scene.person(TOLVAN), self.thread, message, FileId(self.file))
        return found.read(found.whole)

    async def read(self, browser: Browser) -> list[int]:
        """Open the message and fetch the file; the statuses. What is answered with 200 holds what was sent."""
        _, text, _, _ = self.words.values()
        message = await browser.call("POST", f"{self.path}/open")
        file = await browser.call("GET", f"{self.path}/files/{self.file}")
        assert message.is_error or message.json()["text"] == text
        if not file.is_error and len(file.content) < len(self.content):
            assert self.content.startswith(file.content)
            return [message.status_code, BROKEN]  # As the keys went: here there is no connection to be seen breaking.
        assert file.is_error or file.content == self.content
        return [message.status_code, file.status_code]


@dataclass(frozen=True, kw_only=True)
class House:
    """Two organisations that sent the one before and the other after their keys were rotated, each to a person."""

    stores: Stores
    vault: RunningKeyVault
    container: MemoryContainer
    leaving: Scene
    staying: Scene
    left: tuple[Sent, Sent]
    kept: tuple[Sent, Sent]
    readers: tuple[Browser, Browser, Browser]
    """The leaving one's staff and API client, and the person they wrote to."""
    neighbour: Browser
    """The person whom the other one wrote to."""

    @property
    def organisation(self) -> OrganisationId:
        return self.leaving.world.organisation

    @property
    def words(self) -> dict[str, str]:
        return self.left[0].words | self.left[1].words

    def destroy(self) -> subprocess.CompletedProcess[str]:
        """By the command."""
        arguments = ["--organisation", self.organisation, "--yes-destroy", LEAVING]
        return subprocess.run(
            [sys.executable, "-m", "shared.operations", "destroy-organisation-key", *arguments],
            cwd=ROOT,
            env={**os.environ, **settings_of(self.stores, self.vault)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    async def read_by_all(self, sent: tuple[Sent, ...], *browsers: Browser) -> set[int]:
        return {status for each in sent for browser in browsers for status in await each.read(browser)}

    async def others_live_on(self) -> None:
        """Whatever store the application is on."""
        assert await self.read_by_all(self.kept, self.staying.staff, self.neighbour) == {200}

    async def every_answer(self) -> str:
        """Of every route of the product, for the first message, and of those that lead to it, for the second."""
        answers: list[str] = []
        for sent in self.left:
            about = replace(self.leaving, thread=sent.thread, delivered=sent.path, file=sent.file)
            calls = [call(about) for call in CALLS.values()]
            asked = [call for call in calls if sent is self.left[0] or sent.thread in call.path]
            for browser in self.readers:
                own = replace(browser, cookies=dict(browser.cookies))
                for call in sorted(asked, key=_deletes_last):
                    answer = await call.by(own)
                    answers.append(f"{call.path} {answer.headers} {answer.content.decode('latin-1')}")
        return "\n".join(answers)


def _deletes_last(call: Call) -> int:
    """A session or a message that is gone would answer for nothing more."""
    return DELETES_LAST.get(call.method, 1)


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningKeyVault]:
    """Of its own, because every key in it is tried; with purge protection, as in production."""
    running = RunningKeyVault.start(tmp_path_factory.mktemp("key-vault"))
    yield running
    running.stop()


@pytest.fixture(params=["tables", "cosmos"])
async def house(request: pytest.FixtureRequest, azurite: Azurite, vault: RunningKeyVault) -> AsyncIterator[House]:
    endpoint = request.getfixturevalue("cosmos").endpoint if request.param == "cosmos" else ""
    stores = Stores(records=request.param, connection_string=azurite.connection_string, cosmos_endpoint=endpoint)
    async with instance_on(stores, vault) as container, world_on(container) as world:
        leaving = await Scene.of(world)
        staying = await leaving.foreign()
        readers = (leaving.staff, await world.client(), await world.person(TOLVAN))
        neighbour = await world.person(OTHER_PERSON)
        first = [await Sent.by(leaving, TOLVAN, "old"), await Sent.by(staying, OTHER_PERSON, "their-old")]
        done = await container.rotating_keys.rotate_all(made_before=container.clock())
        assert (done.added, done.renewed) == (3, 3)
        async with instance_on(stores, vault) as later:
            world.app.state.container = later
            second = [await Sent.by(leaving, TOLVAN, "new"), await Sent.by(staying, OTHER_PERSON, "their-new")]
            await later.run_queues()
        world.app.state.container = container
        yield House(
            stores=stores,
            vault=vault,
            container=container,
            leaving=leaving,
            staying=staying,
            left=(first[0], second[0]),
            kept=(first[1], second[1]),
            readers=readers,
            neighbour=neighbour,
        )


async def test_no_copy_opens_by_any_route_or_by_hand(house: House) -> None:
    """Laid into stores of their own, what the command took away among them, and read by an instance that starts cold.

    What was stored afterwards opens not even with the key itself, should somebody recover it.
    """
    assert await house.read_by_all(house.left, *house.readers) == {200}
    before = await copied(house.stores)
    async with sdk_client(house.vault) as administrator:
        # With the key there it can be done: what fails below fails for the want of it.
        assert hidden_in(await by_hand(house, before, administrator), house.words) == set(house.words)

        assert (await asyncio.to_thread(house.destroy)).returncode == 0

        after = await copied(house.stores)
        everything = before.over(after)
        assert hidden_in(before.text() + after.text(), house.words) == set()
        assert await by_hand(house, everything, administrator) == ""
        async with laid(house, everything) as cold:
            assert await house.read_by_all(house.left, *house.readers) == {503}
            assert hidden_in(await house.every_answer(), house.words) == set()
            for version in (1, 2):
                with pytest.raises(KeyUnavailableError):
                    await cold.keyring.of_version(house.organisation, version)
            await house.others_live_on()
        async with laid(house, after):
            assert await house.read_by_all(house.left, house.readers[2]) == {410}
            await house.others_live_on()

        await administrator.recover_deleted_key(service_key_name(house.organisation))
        assert await by_hand(house, after, administrator) == ""
        assert hidden_in(await by_hand(house, before, administrator), house.words) == set(house.words)


async def by_hand(house: House, copies: Copies, administrator: KeyClient) -> str:
    """All of the leaving organisation that opens with what the vault gives."""
    return "\n".join(opened(copies, house.organisation, await obtainable(copies, administrator)))


@asynccontextmanager
async def laid(house: House, copies: Copies) -> AsyncIterator[MemoryContainer]:
    """The application, cold, on stores that hold these copies and nothing else."""
    stores, app = house.stores.others(), house.leaving.world.app
    async with instance_on(stores, house.vault) as cold:
        await lay(copies, stores)
        app.state.container = cold
        yield cold
        app.state.container = house.container


@pytest.mark.parametrize("house", ["tables"], indirect=True)
async def test_an_instance_that_holds_the_key_stops_within_a_second(house: House) -> None:
    """Asked all the time, while the command runs and after; a download that had begun gets no further piece."""
    first, person, answers = house.left[0], house.readers[2], []
    begun = await first.begun(house)
    beginning = await anext(begun)
    running = asyncio.create_task(asyncio.to_thread(house.destroy))
    while not running.done():
        answers.append((datetime.now(UTC), await first.read(person)))
    assert (await running).returncode == 0
    assert await first.read(person) == GONE
    custody = places.custody(house.organisation)
    record = await house.container.record_store.get(custody.partition, custody.id)
    destroyed_at = Fields(record.body).instant("destroyed_at")
    assert max(at for at, statuses in answers if statuses != GONE) < destroyed_at + FRESH
    assert answers[-1][1] == GONE, "before the command says that it is done"
    assert first.content.startswith(bytes(beginning))
    with pytest.raises(KeyDestroyedError):
        await anext(begun)
    await house.others_live_on()
