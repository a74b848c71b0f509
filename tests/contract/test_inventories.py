"""What ``RecordsInventory`` and ``BlobsInventory`` promise, on every adapter."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from azure.storage.blob.aio import ContainerClient

from local.azurite import Azurite
from local.cosmos import Cosmos
from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.cosmos_records import CosmosRecords
from shared.adapters.memory_blobs import MemoryBlobs
from shared.adapters.memory_records import MemoryRecords
from shared.adapters.table_records import TableRecords
from shared.domain.errors import DependencyError, IntegrityError, NotFoundError
from shared.domain.inventories import Block
from tests.support.record_stores import made, store

Records = MemoryRecords | TableRecords | CosmosRecords
Blobs = MemoryBlobs | BlockBlobs


@pytest.fixture(params=["memory", "tables", "cosmos"])
async def records(request: pytest.FixtureRequest) -> AsyncIterator[Records]:
    if request.param == "memory":
        yield MemoryRecords()
        return
    stand_in = request.getfixturevalue("azurite" if request.param == "tables" else "cosmos")
    port = stand_in.ports.table if request.param == "tables" else stand_in.port
    async with made(store(request.param, port)) as real:
        yield real


@pytest.fixture(params=["memory", "azurite"])
async def blobs(request: pytest.FixtureRequest) -> AsyncIterator[Blobs]:
    if request.param == "memory":
        yield MemoryBlobs()
        return
    azurite: Azurite = request.getfixturevalue("azurite")
    adapter = BlockBlobs(connection_string=azurite.connection_string, container=f"c{uuid4().hex}")
    await adapter.ensure()
    yield adapter
    await adapter.close()


async def fill(records: Records, places: list[tuple[str, str]]) -> None:
    """Empty records at these places, some at once."""
    for start in range(0, len(places), 50):
        await asyncio.gather(*(records.create(*place, {}) for place in places[start : start + 50]))


async def all_partitions(records: Records) -> list[str]:
    """Every answer in turn. Each begins after the last name of the one before."""
    found: list[str] = []
    while page := await records.partitions(after=found[-1] if found else ""):
        assert page[0] > (found[-1] if found else "")
        found += page
    return found


async def test_an_empty_store_holds_no_partition(records: Records) -> None:
    """And says so in one answer."""
    assert list(await records.partitions()) == []


async def test_each_partition_stands_once_in_the_order_of_code_points(records: Records) -> None:
    """Two such lists are compared by going along both at once, so they must be in one order in every store."""
    names = ["thread|a", "Thread|a", "a", "a|b", "a|1", "a-b", "a.b", "a_b", "Z", "0", "thread|a|b", "z" * 255]
    for name in names:
        for id in ("2", "1", "3"):  # noqa: A001
            await records.create(name, id, {})
    assert await all_partitions(records) == sorted(names)


async def test_a_partition_whose_last_record_is_deleted_is_gone(records: Records) -> None:
    """Nothing is left of it to move."""
    kept = await records.create("a", "1", {})
    gone = await records.create("b", "1", {})
    await records.delete_if_match(gone)
    assert list(await records.partitions()) == ["a"]
    await records.delete_if_match(kept)
    assert list(await records.partitions()) == []


async def test_a_partition_larger_than_an_answer_hides_no_other(records: Records) -> None:
    """Stores name a partition once for each record in it; what comes behind a large one is found all the same."""
    await fill(records, [("b", f"{number:05d}") for number in range(1003)])
    await fill(records, [("a", "1"), ("c", "1")])
    assert await all_partitions(records) == ["a", "b", "c"]


async def test_more_partitions_than_an_answer_holds_are_all_found(records: Records) -> None:
    """None twice, none left out."""
    names = [f"p|{number:05d}" for number in range(1005)]
    await fill(records, [(name, "1") for name in names])
    assert await all_partitions(records) == names


async def test_what_is_written_meanwhile_hides_nothing(records: Records) -> None:
    """Before the place reached and after it."""
    for name in ("b", "d", "f"):
        await records.create(name, "1", {})
    for name in ("a", "c", "e"):
        await records.create(name, "1", {})
    assert list(await records.partitions(after="b")) == ["c", "d", "e", "f"]
    assert list(await records.partitions(after="f")) == []


async def test_what_is_no_partition_is_refused(records: Records) -> None:
    """As everywhere."""
    with pytest.raises(ValueError, match="not a key"):
        await records.partitions(after="a/b")


async def test_a_missing_store_is_not_taken_for_an_empty_one(azurite: Azurite, cosmos: Cosmos) -> None:
    """A move into a table that is not there, or from one, must not look finished."""
    for kind, port in (("tables", azurite.ports.table), ("cosmos", cosmos.port)):
        records = store(kind, port)
        with pytest.raises(DependencyError):
            await records.partitions()
        await records.close()


async def test_blocks_stand_as_they_were_committed(blobs: Blobs) -> None:
    """In their order, one that stands twice included; what is staged since does not count."""
    await blobs.stage("a/b", "0001", b"second")
    await blobs.stage("a/b", "0000", b"first")
    await blobs.commit("a/b", ["0000", "0001", "0000"])
    await blobs.stage("a/b", "0007", b"late")
    first, second = Block(id="0000", size_bytes=5), Block(id="0001", size_bytes=6)
    assert tuple(await blobs.blocks("a/b")) == (first, second, first)


async def test_an_empty_blob_has_no_blocks_and_a_missing_one_is_not_found(blobs: Blobs) -> None:
    """An empty file has to arrive as well; what is merely staged is no file yet; what was deleted is none any more."""
    await blobs.commit("empty", [])
    assert tuple(await blobs.blocks("empty")) == ()
    await blobs.stage("staged", "0000", b"x")
    await blobs.stage("gone", "0000", b"x")
    await blobs.commit("gone", ["0000"])
    await blobs.delete("gone")
    for name in ("staged", "never", "gone"):
        with pytest.raises(NotFoundError):
            await blobs.blocks(name)


async def test_a_blob_that_is_not_made_of_blocks_is_not_ours(azurite: Azurite) -> None:
    """It would look empty, and its content would be lost without a word."""
    name = f"c{uuid4().hex}"
    adapter = BlockBlobs(connection_string=azurite.connection_string, container=name)
    await adapter.ensure()
    async with ContainerClient.from_connection_string(azurite.connection_string, name) as container:
        await container.upload_blob("foreign", b"content")
    with pytest.raises(IntegrityError):
        await adapter.blocks("foreign")
    await adapter.close()


async def test_a_missing_container_is_not_a_missing_blob(azurite: Azurite) -> None:
    """A fault of ours, not an answer."""
    adapter = BlockBlobs(connection_string=azurite.connection_string, container=f"c{uuid4().hex}")
    with pytest.raises(DependencyError):
        await adapter.blocks("a")
    await adapter.close()
