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
from local.demo.stores import Kept, look
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
"""Where the append ends that is struck."""

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

TRIES = 3
"""To meet a point: which requests go at once differs, and so does their number."""

MISSED_SHARE = 4
"""A test may miss one point in so many: a request that came in the rehearsals, and in none of the tries any more."""

UNTIL_ABANDONED_SECONDS = 8 * 24 * 3600


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

    def sweep_later(self) -> None:
        """Sweep when abandoned uploads are over. No host is there: it knows buckets that are closed, and has timers."""
        self.running.host.kill()
        self.running.stack.move_clock(self.ahead_seconds + UNTIL_ABANDONED_SECONDS)
        try:
            asyncio.run(swept(self))
        finally:
            self.running.stack.move_clock(self.ahead_seconds)
            self.running.host = start_host(self.running.stack)

    def look(self) -> Kept:
        """Everything that the stores hold, committed or merely staged."""
        return look(replace(self.running.stack, environment=self.direct))


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

    @property
    def upload(self) -> str:
        return self.location.rpartition("/")[2]

    @property
    def thread(self) -> str:
        return self.message.split("/")[4]

    def blob(self, organisation: str) -> str:
        message = MessageId(self.message.split("/")[6])
        return places.blob(OrganisationId(organisation), ThreadId(self.thread), message, FileId(self.file))

    @classmethod
    def of(cls, running: Running, staff: Client, content: bytes) -> "Begun":
        message = running.draft(staff)
        location, file = staff.begin_upload(message, len(content), "dödad.bin")
        begun = cls(message, location, file)
        begun.append(staff, 0, content[:ACKNOWLEDGED])
        return begun

    def append(self, staff: Client, offset: int, content: bytes) -> None:
        headers = {**TUS, **TYPE, "Upload-Offset": str(offset)}
        staff.call("PATCH", self.location, expect=204, headers=headers, content=content)

    def offset(self, staff: Client) -> int:
        return int(staff.call("HEAD", self.location, expect=200, headers=TUS).headers["Upload-Offset"])


def rehearsed(struck: Struck, staff: Client, content: bytes) -> tuple[Begun, list[Point]]:
    """An upload of which all that is to be struck has come, and where the host may die while it takes that."""
    begun = Begun.of(struck.running, staff, content)
    struck.outlive_keys()
    struck.stores.forget()
    begun.append(staff, ACKNOWLEDGED, content[ACKNOWLEDGED:SIZE])
    points = struck.stores.points()
    assert any("/unwrapkey?" in request for request in struck.stores.seen)
    assert any("comp=blocklist" in request for request in struck.stores.seen) == (len(content) == SIZE)
    assert len([request for request in struck.stores.seen if "comp=block&" in request]) == 2
    return begun, points


def dies_at(struck: Struck, staff: Client, point: Point, begun: Begun, content: bytes) -> bool:
    """Whether the append met the point. The host is up again, and the append is not repeated."""
    struck.outlive_keys()
    struck.stores.aim(point, struck.running.host.kill)
    try:
        begun.append(staff, ACKNOWLEDGED, content[ACKNOWLEDGED:SIZE])
    except httpx.TransportError:
        struck.running.host = start_host(struck.running.stack)
        return True
    else:
        assert point.at >= len(struck.stores.seen), "a request was struck, and nothing died"
        return False
    finally:
        struck.stores.forget()


@pytest.mark.parametrize(
    ("length", "share", "shares"),
    [*((SIZE, share, SHARES) for share in range(SHARES)), (SIZE + MIB, 0, 2)],
    ids=[*(f"last-{share}" for share in range(SHARES)), "middle"],
)
def test_a_host_that_dies_anywhere_in_an_append_loses_nothing(
    struck: Struck, length: int, share: int, shares: int
) -> None:
    """Before and after every request: what was acknowledged is there, half a file is nowhere, the rest can follow."""
    running, content = struck.running, os.urandom(length)
    others = set(struck.look().blobs)
    with contextlib.closing(running.staff()) as staff:
        # What else the host does may come in between, so that a rehearsal sees more than the append asks for.
        rehearsals = [rehearsed(struck, staff, content) for _ in range(TRIES)]
        points = min((found for _, found in rehearsals), key=len)[share::shares]
        stored, abandoned = [begun for begun, _ in rehearsals], list[Begun]()
        for begun in stored:
            begun.append(staff, SIZE, content[SIZE:])
        outcomes: set[int] = set()
        missed: list[Point] = []
        for number, point in enumerate(points):
            for _ in range(TRIES):
                begun = Begun.of(running, staff, content)
                has_died = dies_at(struck, staff, point, begun, content)
                at = begun.offset(staff)
                outcomes.add(at)
                assert at in ({ACKNOWLEDGED, SIZE} if has_died else {SIZE})
                if at < length:
                    assert staff.ask("POST", f"{begun.message}/open")["files"] == []
                    staff.call("GET", begun.path, expect=404)
                    staff.call("POST", f"{begun.message}/send", expect=409)
                if at < length and number % 2:
                    abandoned.append(begun)  # Whoever sent it never comes back.
                else:
                    begun.append(staff, at, content[at:])
                    assert staff.download_sha256(begun.path) == (hashlib.sha256(content).hexdigest(), length)
                    stored.append(begun)
                if has_died:
                    break
            else:
                missed.append(point)
    assert len(missed) <= len(points) // MISSED_SHARE, missed
    assert outcomes == {ACKNOWLEDGED, SIZE}
    only_the_stored_are_left(struck, stored, abandoned, others)


@asynccontextmanager
async def past_the_proxies(struck: Struck) -> AsyncIterator[Container]:
    """An instance with nothing in memory, on the stores themselves."""
    container = Container(read_settings(struck.direct))
    try:
        yield container
    finally:
        await container.close()
        await asyncio.sleep(SETTLING_SECONDS)


def only_the_stored_are_left(struck: Struck, stored: list[Begun], abandoned: list[Begun], others: set[str]) -> None:
    """A week later: of each stored file a record, a key and a blob; of the abandoned ones nothing at all.

    ``others`` are the blobs that were there before.
    """

    def kinds(needle: str) -> set[str]:
        return {place.partition("|")[0] for place in kept.about(needle)}

    organisation = struck.running.seeded.organisation
    kept = struck.look()
    assert abandoned
    for begun in abandoned:
        assert kinds(begun.upload) == {"thread", "upload", "expiry"}, "what is left would be seen"
        assert begun.blob(organisation) in kept.blobs
    struck.sweep_later()
    kept = struck.look()
    for begun in abandoned:
        assert kept.about(begun.upload, begun.file) == []
    for begun in stored:
        assert kept.about(begun.upload) == [f"thread|{begun.thread}"], "the record of the file"
    assert set(kept.blobs) - others == {begun.blob(organisation) for begun in stored}


async def swept(struck: Struck) -> None:
    """What the timer of the retention does, from an instance of its own."""
    async with past_the_proxies(struck) as container:
        await container.retaining.sweep()


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
