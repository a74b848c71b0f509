"""Kill -9 of the host at every point where an append or a commit waits: nothing acknowledged is lost, nothing else shows.

The moments that a seed chooses are in ``test_kills``; here each request to the stores or the vault is one moment, and
each that writes another one (``tests.support.strikes``). ``test_kills_of_rotations`` has every moment of a rotation;
here the host itself dies while its timer is at it.
"""

import asyncio
import contextlib
import hashlib
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from local.azurite import Ports
from local.demo.client import Client
from local.ports import free_ports
from local.seed import Seed, seed
from local.stack import running_stack, start_host
from shared.container import Container
from shared.domain import places
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId
from shared.domain.places import PLATFORM
from shared.services.custody import service_key_name
from shared.settings import read_settings
from tests.e2e.conftest import Running
from tests.support.key_versions import rewind, wraps
from tests.support.strikes import Point, Stores, stores_behind

MIB = 1024 * 1024
ACKNOWLEDGED = MIB
SIZE = 9 * MIB + 5
TUS = {"Tus-Resumable": "1.0.0"}
TYPE = {"Content-Type": "application/offset+octet-stream"}
SETTLING_SECONDS = 0.05
"""For connections that are closed: they end in the loop's next turns."""

A_YEAR_ON_SECONDS = 366 * 24 * 3600
NEVER = "0 0 0 1 1 *"
KEYS_GONE_SECONDS = 16 * 60
"""After that an instance has to ask the vault again, and a session is still alive."""

SHARES = 4
"""Tests that share the points of an append, so that each stays short."""


@dataclass
class Struck:
    """A stack whose host reaches its blobs, queues, records and keys by way of ``stores``."""

    running: Running
    stores: Stores
    direct: dict[str, str]
    """Settings that go past the proxies of the stores."""
    ahead_seconds: int = 0

    def outlive_keys(self) -> None:
        """Let the time pass for which an instance keeps keys in memory; it is never taken back."""
        self.ahead_seconds += KEYS_GONE_SECONDS
        self.running.stack.move_clock(self.ahead_seconds)


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    data: Path = tmp_path_factory.mktemp("stack")
    ports = free_ports()
    account = Ports(blob=ports.blob, queue=ports.queue, table=ports.table)
    quiet = {"PIC_UNDO_SECONDS": "0", "PIC_RECOVERY_SCHEDULE": NEVER, "PIC_RETENTION_SCHEDULE": NEVER}
    with ExitStack() as proxies:

        def prepare(environment: dict[str, str]) -> tuple[Seed, Stores]:
            # Before the seed: a wrap names the key by the address at which the vault was asked.
            stores = proxies.enter_context(stores_behind(account, ports.key_vault, data / "key-vault"))
            return asyncio.run(seed({**environment, "PIC_KEY_VAULT_URL": stores.vault_url}, data)), stores

        with running_stack(ports=ports, data=data, prepare=prepare, overrides=quiet, with_host=False) as made:
            stack, (seeded, stores) = made
            direct = {**stack.environment, "PIC_KEY_VAULT_URL": stores.vault_url}
            by_proxy = replace(stack, environment={**direct, "PIC_STORAGE": stores.account})
            running = Running(stack=by_proxy, seeded=seeded, host=start_host(by_proxy))
            try:
                yield Struck(running=running, stores=stores, direct=direct)
            finally:
                running.host.stop()


@dataclass(frozen=True)
class Begun:
    """An upload of which the first mebibyte is acknowledged."""

    message: str
    location: str
    file: str

    @property
    def path(self) -> str:
        return f"{self.message}/files/{self.file}"

    @classmethod
    def of(cls, running: Running, staff: Client, content: bytes) -> "Begun":
        message = running.draft(staff)
        location, file = staff.begin_upload(message, SIZE, "dödad.bin")
        begun = cls(message, location, file)
        begun.append(staff, 0, content[:ACKNOWLEDGED])
        return begun

    def append(self, staff: Client, offset: int, content: bytes) -> None:
        headers = {**TUS, **TYPE, "Upload-Offset": str(offset)}
        staff.call("PATCH", self.location, expect=204, headers=headers, content=content)

    def offset(self, staff: Client) -> int:
        return int(staff.call("HEAD", self.location, expect=200, headers=TUS).headers["Upload-Offset"])


def rehearsed(struck: Struck, staff: Client, content: bytes) -> list[Point]:
    """Where the host may die while it takes the rest of an upload and stores the file."""
    begun = Begun.of(struck.running, staff, content)
    struck.outlive_keys()
    struck.stores.forget()
    begun.append(staff, ACKNOWLEDGED, content[ACKNOWLEDGED:])
    points = struck.stores.points()
    assert any("/unwrapkey?" in request for request in struck.stores.seen)
    assert any("comp=blocklist" in request for request in struck.stores.seen)
    assert len([request for request in struck.stores.seen if "comp=block&" in request]) == 2
    return points


@pytest.mark.parametrize("share", range(SHARES))
def test_a_host_that_dies_anywhere_in_an_append_loses_nothing(struck: Struck, share: int) -> None:
    """Before and after every request: what was acknowledged is there, half a file is nowhere, the rest can follow."""
    running, content = struck.running, os.urandom(SIZE)
    staff = running.staff()
    points = rehearsed(struck, staff, content)[share::SHARES]
    stored: set[str] = set()
    outcomes: set[int] = set()
    deaths = 0
    for number, point in enumerate(points):
        begun = Begun.of(running, staff, content)
        struck.outlive_keys()
        struck.stores.aim(point, running.host.kill)
        try:
            begun.append(staff, ACKNOWLEDGED, content[ACKNOWLEDGED:])
        except httpx.TransportError:
            deaths += 1
            running.host = start_host(running.stack)
        else:
            # Which requests go at once differs, and so does their number: a point is missed only beyond the last one.
            assert point.at >= len(struck.stores.seen), "a request was struck, and nothing died"
        struck.stores.forget()
        at = begun.offset(staff)
        outcomes.add(at)
        assert at in {ACKNOWLEDGED, SIZE}
        if at == ACKNOWLEDGED:
            assert staff.ask("POST", f"{begun.message}/open")["files"] == []
            staff.call("GET", begun.path, expect=404)
            staff.call("POST", f"{begun.message}/send", expect=409)
            if number % 2:
                continue  # Whoever sent it never comes back.
        begun.append(staff, at, content[at:])
        assert staff.download_sha256(begun.path) == (hashlib.sha256(content).hexdigest(), SIZE)
        stored.add(begun.path)
    assert deaths > len(points) / 2, "most points were met"
    assert outcomes == {ACKNOWLEDGED, SIZE}
    staff.close()
    asyncio.run(nothing_else_is_left(struck, stored))


@asynccontextmanager
async def past_the_proxies(struck: Struck) -> AsyncIterator[Container]:
    """An instance with nothing in memory, on the stores themselves."""
    container = Container(read_settings(struck.direct))
    try:
        yield container
    finally:
        await container.close()
        await asyncio.sleep(SETTLING_SECONDS)


async def nothing_else_is_left(struck: Struck, stored: set[str]) -> None:
    """A week later: of these drafts the blobs of the stored files, and no block, record or key of the others."""
    struck.running.stack.move_clock(struck.ahead_seconds + 8 * 24 * 3600)
    async with past_the_proxies(struck) as container:
        await container.retaining.sweep()
        organisation = OrganisationId(struck.running.seeded.organisation)
        left = {name async for name in container.blobs.list("")}
        kept = set()
        for path in stored:
            _, _, _, _, thread, _, message, _, file = path.split("/")
            kept.add(places.blob(organisation, ThreadId(thread), MessageId(message), FileId(file)))
            found = await container.records.query(places.thread(ThreadId(thread)).partition, start="file|", end="file}")
            assert [record.id for record in found.records] == [
                places.file(ThreadId(thread), MessageId(message), FileId(file)).id
            ]
        assert kept <= left
        for name in left - kept:  # Of the rehearsal, and of the other shares of these points.
            assert await container.blobs.read(name, 0, 1), "staged and never committed"
    struck.running.stack.move_clock(struck.ahead_seconds)


def owners(struck: Struck) -> tuple[OrganisationId, OrganisationId]:
    """Whose keys the timer rotates."""
    return PLATFORM, OrganisationId(struck.running.seeded.organisation)


async def are_rotated(struck: Struck) -> bool:
    """Whether there are two versions of each key, under the current key-encryption key, and both open."""
    async with past_the_proxies(struck) as container:
        for owner in owners(struck):
            current = (await container.keys.describe(service_key_name(owner))).kek
            if await wraps(container.records, owner) != [current, current]:
                return False
            for version in (1, 2):
                await container.keyring.of_version(owner, version)
        return True


async def rewind_all(struck: Struck) -> None:
    async with past_the_proxies(struck) as container:
        for owner in owners(struck):
            await rewind(container.record_store, owner)


def test_a_host_that_dies_while_its_timer_rotates_completes_it_at_the_next_time(struck: Struck) -> None:
    """After each kind of thing that it changes or has unwrapped, a year on. What was written before stays readable."""
    running, stores = struck.running, struck.stores
    staff = running.staff()
    message = running.draft(staff, text="Före")

    def begin() -> None:
        url = f"{running.stack.api_url}/admin/functions/rotate_keys"
        httpx.post(url, headers={"x-functions-key": running.stack.master_key}, json={}).raise_for_status()

    def until(happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 30
        while not happened():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    log = running.stack.data / "logs" / "host.log"
    running.stack.move_clock(A_YEAR_ON_SECONDS)
    for kind in ("POST /devstoreaccount1/", "/rotate?", "/unwrapkey?", "PUT /devstoreaccount1/"):
        asyncio.run(rewind_all(struck))
        stores.aim_after(kind, running.host.kill)
        with contextlib.suppress(httpx.TransportError):  # It may die before its answer is out.
            begin()
        until(lambda: running.host.process.poll() is not None)
        running.host = start_host(running.stack)
        begin()
        until(lambda: "rotation.completed" in log.read_text())
        assert asyncio.run(are_rotated(struck))
        renewed = [request for request in stores.seen if "/rotate?" in request]
        assert len(renewed) == len(owners(struck)), "by both hosts together"
    running.stack.move_clock(struck.ahead_seconds)
    assert staff.ask("POST", f"{message}/open")["text"] == "Före"
    staff.close()
