"""A deployment goes round through every kind of store, and comes back as it was."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from itertools import pairwise
from uuid import uuid4

import pytest

from local.azurite import Azurite
from local.cosmos import Cosmos
from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.memory_blobs import MemoryBlobs
from shared.adapters.memory_keys import MemoryKeys
from shared.adapters.memory_records import MemoryRecords
from shared.domain.moves import is_organisation_key
from shared.domain.ports import MAX_BODY_BYTES, Body, Record
from shared.services.listing import every_record
from shared.services.moving.deployment import Moving
from shared.services.moving.marker import Origin
from shared.services.moving.pairs import each_partition
from shared.services.moving.sides import Side
from tests.support.record_stores import made, store
from tests.support.scene import Scene

CONTENT = bytes(range(256)) * 40_000
"""More than one part."""

EVERY_VALUE: Body = {
    "float": 1.0,
    "whole": 1,
    "beyond": 2**80,
    "none": None,
    "text": 'å "\\ \x00 \u2028 \U0001f512',
    "list": [[], {}],
}


@pytest.fixture
async def source() -> Scene:
    """With records of every size and kind of value, and blobs of none, one and several blocks."""
    scene = await Scene.make()
    staff = await scene.staff()
    await scene.sent(staff, await scene.thread(staff), CONTENT, b"")
    records = scene.container.record_store
    await records.create("something|1", "values", EVERY_VALUE)
    await records.create("something|1", "largest", {"text": "å" * ((MAX_BODY_BYTES - 11) // 2)})
    for number in range(120):
        await records.create("something|2", f"{number:05d}", {"number": number})
    return scene


def side(records: object, blobs: object, keys: MemoryKeys) -> Side:
    """One side of adapters that are there."""
    return Side(records=records, partitions=records, blobs=blobs, blocks=blobs, keys=keys)  # type: ignore[arg-type]


@asynccontextmanager
async def real_side(kind: str, port: int, azurite: Azurite) -> AsyncIterator[Side]:
    """A side in stores of its own."""
    blobs = BlockBlobs(connection_string=azurite.connection_string, container=f"c{uuid4().hex}")
    await blobs.ensure()
    try:
        async with made(store(kind, port)) as records:
            yield side(records, blobs, MemoryKeys())
    finally:
        await blobs.close()


async def everything(at: Side) -> list[Record]:
    """Every record but the marker's."""
    names = [name async for name in each_partition(at.partitions) if name != "move"]
    return [record for name in names for record in await every_record(at.records, name)]


async def move(source: Side, target: Side, name: str) -> None:
    """To the end; nothing may be wrong."""
    told: list[str] = []
    moving = Moving(
        source=source,
        target=target,
        origin=Origin(source=name, checks={}),
        clock=lambda: datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
    )
    await moving.begin({})
    copied = await moving.copy(told.append)
    assert (await moving.copy(told.append)).changes == 0
    verified = await moving.verify(told.append, is_removing=False)
    assert (told, copied.faults, verified.faults, copied.changes) == ([], 0, 0, verified.items)
    await moving.complete(verified)


async def test_it_comes_back_as_it_was(source: Scene, azurite: Azurite, cosmos: Cosmos) -> None:
    """From memory to tables, to Cosmos DB, to tables again and back: each store both as a source and as a target."""
    first = side(source.container.record_store, source.container.blobs, source.container.keys)
    async with AsyncExitStack() as stores:
        sides = [first]
        for kind, port in (("tables", azurite.ports.table), ("cosmos", cosmos.port), ("tables", azurite.ports.table)):
            sides.append(await stores.enter_async_context(real_side(kind, port, azurite)))
        records, blobs = MemoryRecords(), MemoryBlobs()
        last = side(records, blobs, MemoryKeys())
        sides.append(last)
        for number, (here, there) in enumerate(pairwise(sides)):
            await move(here, there, str(number))
    before = {(each.partition, each.id): each for each in await everything(first)}
    after = {(each.partition, each.id): each for each in await everything(last)}
    assert before.keys() == after.keys()
    for place, record in before.items():
        if not is_organisation_key(record):
            assert repr(after[place].body) == repr(record.body)
    assert blobs._content == source.container.blobs._content
    assert blobs._blocks == source.container.blobs._blocks
    assert len(blobs._content) == 2
