"""A restore on real stores: tables and blobs of Azurite, put back to an earlier copy, and the deletions replayed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from uuid import uuid4

from local.azurite import Azurite
from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.table_records import TableRecords
from shared.domain.ports import Body
from tests.support.memory_container import MemoryContainer
from tests.support.record_stores import store as record_store
from tests.support.world import World, world_on

CONTENT = b"%PDF-1.7 hemligt" * 1000

Copy = dict[tuple[str, str], Body]


class OnAzurite(MemoryContainer):
    """Records, content and the journal in Azurite; the rest in memory."""

    def __init__(self, azurite: Azurite) -> None:
        super().__init__()
        self._azurite = azurite

    @cached_property
    def record_store(self) -> TableRecords:  # type: ignore[override]  # another adapter of the same port
        store = record_store("tables", self._azurite.ports.table)
        assert isinstance(store, TableRecords)
        return store

    @cached_property
    def blobs(self) -> BlockBlobs:  # type: ignore[override]
        return self._container()

    @cached_property
    def journal_blobs(self) -> BlockBlobs:  # type: ignore[override]
        return self._container()

    def _container(self) -> BlockBlobs:
        return BlockBlobs(connection_string=self._azurite.connection_string, container=f"c{uuid4().hex}")


@asynccontextmanager
async def on_azurite(azurite: Azurite) -> AsyncIterator[World]:
    container = OnAzurite(azurite)
    stores = (container.record_store, container.blobs, container.journal_blobs)
    for store in stores:
        await store.ensure()
    async with world_on(container) as made:
        yield made
    for store in stores:
        await store.close()


async def copy_of(records: TableRecords) -> Copy:
    """Everything, as a backup would hold it."""
    found: Copy = {}
    after = ""
    while partitions := await records.partitions(after=after):
        for partition in partitions:
            continuation: str | None = None
            while True:
                page = await records.query(partition, limit=1000, continuation=continuation)
                found |= {(record.partition, record.id): record.body for record in page.records}
                continuation = page.continuation
                if continuation is None:
                    break
        after = partitions[-1]
    return found


async def put_back(records: TableRecords, copied: Copy) -> None:
    """The records are as they were, and nothing that came later is there."""
    for partition, id_ in await copy_of(records):
        await records.delete_if_match(await records.get(partition, id_))
    for (partition, id_), body in copied.items():
        await records.create(partition, id_, body)


async def test_deleted_messages_do_not_come_back_with_the_records(azurite: Azurite) -> None:
    """They do, until the replay: then they are gone with their text, and what was kept opens with its file."""
    async with on_azurite(azurite) as made:
        container = made.container
        assert isinstance(container, OnAzurite)
        staff = await made.staff()
        thread = await made.thread(staff)
        paths = []
        for _ in range(3):
            path = await made.draft(staff, thread)
            await made.upload(staff, path, CONTENT)
            await made.send(staff, path)
            paths.append(path)
        erased, hidden, kept = paths
        person = await made.person()
        copied, since = await copy_of(container.record_store), container.clock().date()

        assert (await staff.call("DELETE", erased)).status_code == 204
        assert (await person.call("DELETE", hidden)).status_code == 204
        await put_back(container.record_store, copied)
        assert (await staff.json("POST", f"{erased}/open"))["text"] == "Hej"  # what a restore does
        assert (await person.call("GET", "/api/v1/session")).status_code == 200

        done = await container.replaying.replay(since)
        assert (done.back, done.faults) == (2, [])
        assert (await person.call("GET", "/api/v1/session")).status_code == 401
        staff, person = await made.staff(), await made.person()
        assert (await staff.call("GET", erased)).status_code == 404
        assert (await person.call("POST", f"{hidden}/open")).status_code == 404
        (file,) = (await person.json("POST", f"{kept}/open"))["files"]
        assert (await person.call("GET", f"{kept}/files/{file['file']}")).content == CONTENT
        again = await container.replaying.replay(since, is_check=True)
        assert (again.back, again.strays) == (0, 0)
