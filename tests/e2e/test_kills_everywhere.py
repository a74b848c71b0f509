"""Kill -9 at every point where an append, a commit or a rotation waits: nothing acknowledged is lost, nothing else shows.

The moments that a seed chooses are in ``test_kills``; here each request to the stores is one moment, and each that
writes another one (``tests.support.strikes``).
"""

import asyncio
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from local.demo.client import Client
from local.node_process import ROOT
from local.ports import free_ports
from local.seed import seed
from local.stack import running_stack, start_host
from shared.container import Container
from shared.domain import places
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId
from shared.services.custody import service_key_name
from shared.services.organisation_key_records import key_records, read_version
from shared.settings import read_settings
from tests.e2e.conftest import Running
from tests.support.strikes import Point, Stores, stores_behind

MIB = 1024 * 1024
ACKNOWLEDGED = MIB
SIZE = 9 * MIB + 5
TUS = {"Tus-Resumable": "1.0.0"}
TYPE = {"Content-Type": "application/offset+octet-stream"}
NEVER = "0 0 0 1 1 *"
SHARES = 4
"""Tests that share the points of an append, so that each stays short."""


@dataclass(frozen=True)
class Struck:
    """A stack whose host reaches its blobs and records by way of ``stores``."""

    running: Running
    stores: Stores
    direct: dict[str, str]
    """Settings that go past the proxies."""


@pytest.fixture(scope="module")
def struck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Struck]:
    data: Path = tmp_path_factory.mktemp("stack")
    ports = free_ports()
    quiet = {"PIC_UNDO_SECONDS": "0", "PIC_RECOVERY_SCHEDULE": NEVER, "PIC_RETENTION_SCHEDULE": NEVER}
    with (
        running_stack(
            ports=ports,
            data=data,
            prepare=lambda environment: asyncio.run(seed(environment, data)),
            overrides=quiet,
            with_host=False,
        ) as (stack, seeded),
        stores_behind(ports) as stores,
    ):
        account = stores.connection_string(ports, stack.environment["PIC_STORAGE"])
        by_proxy = replace(stack, environment={**stack.environment, "PIC_STORAGE": account})
        running = Running(stack=by_proxy, seeded=seeded, host=start_host(by_proxy))
        try:
            yield Struck(running=running, stores=stores, direct=stack.environment)
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
    struck.stores.forget()
    begun.append(staff, ACKNOWLEDGED, content[ACKNOWLEDGED:])
    points = struck.stores.points()
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


async def nothing_else_is_left(struck: Struck, stored: set[str]) -> None:
    """A week later: of these drafts the blobs of the stored files, and no block, record or key of the others."""
    container = Container(read_settings(struck.direct))
    struck.running.stack.move_clock(8 * 24 * 3600)
    try:
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
    finally:
        struck.running.stack.move_clock(0)
        await container.close()


async def an_organisation(struck: Struck, name: str) -> OrganisationId:
    container = Container(read_settings(struck.direct))
    try:
        organisation = await container.administering.create_organisation(name)
        await container.administering.create_unit(organisation, "Mottagningen", mail_address=None)
        return organisation
    finally:
        await container.close()


async def is_readable(struck: Struck, organisation: OrganisationId) -> list[str]:
    """Every version of its key opens, for an instance that has nothing in memory. The KEK that each lies under."""
    container = Container(read_settings(struck.direct))
    try:
        records = await key_records(container.records, organisation)
        for record in records:
            version = read_version(organisation, record).version
            assert (await container.keyring.of_version(organisation, version)).version == version
        return [read_version(organisation, record).wrapped.kek for record in records]
    finally:
        await container.close()


async def current_kek(struck: Struck, organisation: OrganisationId) -> str:
    container = Container(read_settings(struck.direct))
    try:
        return (await container.keys.describe(service_key_name(organisation))).kek
    finally:
        await container.close()


def now() -> str:
    """As text, a moment after whatever was made before."""
    return (datetime.now(UTC) + timedelta(milliseconds=1)).isoformat()


class Rotation:
    """The command, as a process of its own, by way of the proxies."""

    def __init__(self, struck: Struck, organisation: OrganisationId, instant: str) -> None:
        arguments = ["rotate-keys", "--organisation", organisation, "--made-before", instant]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "shared.operations", *arguments],
            cwd=ROOT,
            env={**os.environ, **struck.running.stack.environment},
            stdout=subprocess.DEVNULL,
        )

    def status(self) -> int:
        return self.process.wait(60)


def test_a_rotation_that_dies_anywhere_leaves_everything_readable(struck: Struck) -> None:
    """Before and after every request to the records; the vault is asked between those. A repeat completes it."""
    rehearsal = asyncio.run(an_organisation(struck, "Prov"))
    struck.stores.forget()
    assert Rotation(struck, rehearsal, now()).status() == 0
    points = struck.stores.points()
    assert len(points) > 8
    deaths = 0
    for point in points:
        organisation, instant = asyncio.run(an_organisation(struck, "Exempel")), now()
        dying: list[Rotation] = []
        struck.stores.aim(point, lambda dying=dying: dying[0].process.kill())  # type: ignore[misc]
        dying.append(Rotation(struck, organisation, instant))
        deaths += dying[0].status() != 0
        struck.stores.forget()
        asyncio.run(is_readable(struck, organisation))
        assert Rotation(struck, organisation, instant).status() == 0
        assert asyncio.run(is_readable(struck, organisation)) == [asyncio.run(current_kek(struck, organisation))] * 2
    assert deaths == len(points)
