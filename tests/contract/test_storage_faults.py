"""What the storage adapters make of a network and a service that misbehave: the real clients, scripted faults."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from uuid import uuid4

import pytest

from local.azurite import Azurite
from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.storage_queues import StorageQueues
from shared.crypto.parts import PartSealer, PartUnsealer
from shared.domain.deadlines import deadline
from shared.domain.errors import DependencyError, IntegrityError, NotFoundError
from tests.support.fault_proxy import Cut, FaultProxy, Hang, Pass, Refuse, fault_proxy

CONTENT = os.urandom(300_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A blob ``a`` of ``CONTENT``, reached through the proxy."""

    blobs: BlockBlobs
    proxy: FaultProxy


def through(azurite: Azurite, service_port: int, proxy_port: int) -> str:
    return azurite.connection_string.replace(f":{service_port}/", f":{proxy_port}/")


@pytest.fixture
async def case(azurite: Azurite) -> AsyncIterator[Case]:
    async with fault_proxy(azurite.ports.blob) as proxy:
        blobs = BlockBlobs(
            connection_string=through(azurite, azurite.ports.blob, proxy.port), container=f"c{uuid4().hex}"
        )
        await blobs.ensure()
        await blobs.stage("a", "0000", CONTENT)
        await blobs.commit("a", ["0000"])
        proxy.requests.clear()
        yield Case(blobs=blobs, proxy=proxy)
        await blobs.close()


async def test_four_refusals_of_a_write_are_absorbed_in_under_five_seconds(case: Case) -> None:
    """A store that moves a partition says 503 for a moment. The vendor's policy gives up after 88 s."""
    case.proxy.faults = [Refuse(status=503)] * 4
    began = time.monotonic()
    await case.blobs.stage("a", "0001", CONTENT)
    assert time.monotonic() - began < 5
    assert len(case.proxy.requests) == 5
    await case.blobs.commit("a", ["0000", "0001"])
    assert await case.blobs.read("a", 0, 1_000_000) == CONTENT + CONTENT


async def test_four_refusals_of_a_read_are_absorbed_in_under_five_seconds(case: Case) -> None:
    """The answer to a read is streamed, which is another path through the vendor's client."""
    case.proxy.faults = [Refuse(status=503), Refuse(status=500), Refuse(status=502), Refuse(status=504)]
    began = time.monotonic()
    assert await case.blobs.read("a", 0, 1_000_000) == CONTENT
    assert time.monotonic() - began < 5


async def test_a_429_is_repeated_after_what_it_asks_for(case: Case) -> None:
    """The vendor's policy gives up at once."""
    case.proxy.faults = [Refuse(status=429, headers={"Retry-After": "1"})]
    began = time.monotonic()
    assert await case.blobs.read("a", 0, 3) == CONTENT[:3]
    assert 1.0 <= time.monotonic() - began < 3.0


async def test_a_store_that_asks_to_wait_too_long_is_left_at_once(case: Case) -> None:
    """Waiting for longer than the caller does helps nobody."""
    case.proxy.faults = [Refuse(status=503, headers={"Retry-After": "60"})]
    began = time.monotonic()
    with pytest.raises(DependencyError):
        await case.blobs.read("a", 0, 3)
    assert time.monotonic() - began < 2.0


async def test_a_read_cut_in_its_middle_is_read_again(case: Case) -> None:
    """Twice; no byte is lost or doubled."""
    case.proxy.faults = [Cut(after_bytes=100_000), Cut(after_bytes=250_000)]
    assert await case.blobs.read("a", 0, 1_000_000) == CONTENT
    long = os.urandom(3_000_000)
    await case.blobs.stage("long", "0000", long)
    await case.blobs.commit("long", ["0000"])
    case.proxy.faults = [Cut(after_bytes=1_500_000), Cut(after_bytes=2_500_000)]
    assert await case.blobs.read("long", 0, 4_000_000) == long


async def test_what_is_handed_over_begins_anew_after_a_cut(case: Case) -> None:
    """What came before the cut does not count, and is not gone on with: it may be of another content."""
    case.proxy.faults = [Cut(after_bytes=100_000), Refuse(status=503), Cut(after_bytes=250_000)]
    attempts: list[list[bytes]] = []

    def begin() -> Callable[[bytes], None]:
        attempts.append([])
        return attempts[-1].append

    await case.blobs.read_into("a", 0, 1_000_000, begin)
    assert b"".join(attempts[-1]) == CONTENT
    assert all(CONTENT.startswith(b"".join(attempt)) for attempt in attempts)
    assert 2 <= len(attempts) <= 3  # What a store says when it refuses is no content.
    assert any(0 < len(b"".join(attempt)) < len(CONTENT) for attempt in attempts[:-1])


async def test_what_was_handed_over_does_not_count_when_nothing_is_there_any_more(case: Case) -> None:
    """The next attempt finds the blob shorter: what the first one took is of one that is no more."""
    case.proxy.faults = [Cut(after_bytes=250_000), Refuse(status=416)]
    attempts: list[list[bytes]] = []

    def begin() -> Callable[[bytes], None]:
        attempts.append([])
        return attempts[-1].append

    await case.blobs.read_into("a", 0, 1_000_000, begin)
    assert attempts[0]
    assert attempts[-1] == []


async def test_a_part_that_is_cut_on_its_way_is_unsealed_all_the_same(case: Case) -> None:
    """The unsealer with the real client, which gives it the beginning three times; and never a part of the part."""
    key, content = os.urandom(32), os.urandom(3_000_000)
    sealer = PartSealer(key, b"place")
    sealer.update(content)
    await case.blobs.stage("part", "0000", sealed := sealer.finalize())
    await case.blobs.commit("part", ["0000"])
    case.proxy.faults = [Cut(after_bytes=1_500_000), Cut(after_bytes=2_500_000)]
    unsealer = PartUnsealer(key, b"place", len(content))
    await case.blobs.read_into("part", 0, len(sealed), unsealer.begin)
    assert unsealer.finalize() == content
    case.proxy.faults = [Cut(after_bytes=2_500_000), Refuse(status=416)]
    unsealer = PartUnsealer(key, b"place", len(content))
    await case.blobs.read_into("part", 0, len(sealed), unsealer.begin)
    with pytest.raises(IntegrityError):
        unsealer.finalize()


async def test_a_read_that_is_always_cut_is_a_fault_never_a_short_answer(case: Case) -> None:
    """A short answer means the end of the blob."""
    case.proxy.faults = [Cut(after_bytes=100_000)] * 20
    with pytest.raises(DependencyError):
        await case.blobs.read("a", 0, 1_000_000)
    await case.blobs.stage("long", "0000", os.urandom(3_000_000))
    await case.blobs.commit("long", ["0000"])
    case.proxy.faults = [Cut(after_bytes=1_500_000)] * 20
    with pytest.raises(DependencyError):
        await case.blobs.read("long", 0, 4_000_000)


@pytest.mark.parametrize("fault", [Cut(), Cut(after_bytes=30)])
async def test_writes_whose_answer_is_lost_are_repeated(case: Case, fault: Cut) -> None:
    """They took effect the first time, and the second changes nothing."""
    case.proxy.faults = [fault, Pass(), fault, Pass(), fault, Pass()]
    await case.blobs.stage("b", "0000", b"content")
    await case.blobs.commit("b", ["0000"])
    assert await case.blobs.read("b", 0, 100) == b"content"
    case.proxy.faults = [fault, Pass(), fault, Pass()]
    await case.blobs.delete("b")
    with pytest.raises(NotFoundError):
        await case.blobs.read("b", 0, 1)


async def test_a_store_that_hangs_is_left_when_the_request_is_due(case: Case) -> None:
    """One deadline is handed down, and holds where no answer comes."""
    case.proxy.faults = [Hang()]
    began = time.monotonic()
    with deadline(began + 0.3), pytest.raises(DependencyError):
        await case.blobs.ping()
    assert time.monotonic() - began < 2.0


async def test_a_request_that_nobody_waits_for_stops(case: Case) -> None:
    """A cancelled download must not go on reading."""
    case.proxy.arrived.clear()
    case.proxy.faults = [Hang()]
    reading = asyncio.create_task(case.blobs.read("a", 0, 10))
    await case.proxy.arrived.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert await case.blobs.read("a", 0, 3) == CONTENT[:3]


@pytest.mark.parametrize("status", [401, 403, 404, 409, 501])
async def test_a_refusal_for_good_is_a_fault_at_once_and_never_not_found(case: Case, status: int) -> None:
    """A 404 that does not say that the blob is missing comes from something else on the way."""
    case.proxy.faults = [Refuse(status=status)] * 3
    for operation in (case.blobs.read("a", 0, 3), case.blobs.commit("a", ["0000"]), case.blobs.delete("a")):
        with pytest.raises(DependencyError, match=r"^$"):
            await operation
    assert len(case.proxy.requests) == 3
    assert await case.blobs.read("a", 0, 3) == CONTENT[:3]


async def test_a_missing_container_is_a_fault_never_not_found(azurite: Azurite) -> None:
    """A wrong setting must not look like deleted content."""
    blobs = BlockBlobs(connection_string=azurite.connection_string, container="not-there")
    for operation in (blobs.read("a", 0, 1), blobs.commit("a", []), blobs.delete("a"), blobs.ping()):
        with pytest.raises(DependencyError):
            await operation
    with pytest.raises(DependencyError):
        [name async for name in blobs.list("")]
    await blobs.close()


async def test_a_dead_store_is_a_fault_within_the_budget(azurite: Azurite) -> None:
    """Every method, and never longer than it may take."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dead_port = unused.getsockname()[1]
        blobs = BlockBlobs(
            connection_string=through(azurite, azurite.ports.blob, dead_port), container="c", budget_seconds=0.6
        )
        queues = StorageQueues(connection_string=through(azurite, azurite.ports.queue, dead_port), budget_seconds=0.6)
        for operation in (
            blobs.stage("a", "0000", b"x"),
            blobs.commit("a", []),
            blobs.read("a", 0, 1),
            blobs.delete("a"),
            blobs.ping(),
            queues.put("q", {"id": "1"}),
            queues.ping(),
        ):
            began = time.monotonic()
            with pytest.raises(DependencyError):
                await operation
            assert time.monotonic() - began < 1.5
        await blobs.close()
        await queues.close()


async def test_a_message_survives_refusals_and_a_lost_answer(azurite: Azurite) -> None:
    """At least once: after a lost answer it is there twice."""
    async with fault_proxy(azurite.ports.queue) as proxy:
        queues = StorageQueues(connection_string=through(azurite, azurite.ports.queue, proxy.port))
        queue = f"q{uuid4().hex}"
        await queues.ensure([queue])
        throttled = Refuse(status=429, headers={"Retry-After": "0"})
        proxy.faults = [Refuse(status=503), Refuse(status=503), throttled, Cut()]
        await queues.put(queue, {"id": "1"})
        await queues.close()
    assert len([request for request in proxy.requests if "/messages" in request]) == 5


async def test_no_content_name_or_key_reaches_the_log(case: Case, caplog: pytest.LogCaptureFixture) -> None:
    """The vendor's loggers show addresses and headers at INFO and below, whatever the rest of the process shows."""
    caplog.set_level("DEBUG")
    case.proxy.faults = [Refuse(status=503), Refuse(status=404)]
    with pytest.raises(DependencyError):
        await case.blobs.read("some-name", 0, 1)
    await case.blobs.stage("some-name", "0000", b"some-content")
    for telling in ("some-name", "some-content", "SharedKey", "devstoreaccount1"):
        assert telling not in caplog.text
