"""What a thief or a backup keeps of a deployment: every record and every blob, raw, by the vendors' own clients.

None of our adapters takes part, neither in copying nor in laying copies into other stores.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from local import cosmos
from shared.adapters.entity_bodies import from_properties
from shared.domain.places import Place

DATABASE = "copies"
AT_ONCE = 8
PIECE_BYTES = 512 * 1024
"""What aiohttp sends at once without a warning."""

CONTAINERS = ("PIC_BLOB_CONTAINER", "PIC_JOURNAL_CONTAINER", "PIC_AUDIT_CONTAINER")


def _own_name() -> str:
    return f"c{uuid4().hex}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stores:
    """A table or a container of Cosmos DB (``records``), and blob containers, with names of their own."""

    records: str
    connection_string: str
    cosmos_endpoint: str
    name: str = field(default_factory=_own_name)

    @property
    def environment(self) -> dict[str, str]:
        """The settings that lead here."""
        is_cosmos = self.records == "cosmos"
        return {
            "PIC_RECORDS": self.records,
            "PIC_STORAGE": self.connection_string,
            "PIC_TABLE": self.name,
            "PIC_COSMOS_ENDPOINT": self.cosmos_endpoint if is_cosmos else "",
            "PIC_COSMOS_KEY": cosmos.KEY if is_cosmos else "",
            "PIC_COSMOS_DATABASE": DATABASE,
            "PIC_COSMOS_CONTAINER": self.name,
            **{name: f"{self.name}{number}" for number, name in enumerate(CONTAINERS)},
        }

    def others(self) -> "Stores":
        """Stores of the same kind in which nothing is."""
        return Stores(
            records=self.records, connection_string=self.connection_string, cosmos_endpoint=self.cosmos_endpoint
        )

    @asynccontextmanager
    async def cosmos(self) -> AsyncIterator[ContainerProxy]:
        async with CosmosClient(self.cosmos_endpoint, cosmos.KEY, enable_endpoint_discovery=False) as client:
            yield client.get_database_client(DATABASE).get_container_client(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """Records as the store gives them, and the blobs of each of ``CONTAINERS``."""

    records: Mapping[Place, Mapping[str, Any]]
    blobs: Mapping[str, Mapping[str, bytes]]

    def over(self, later: "Copies") -> "Copies":
        """What stands here, and of ``later`` what stands in no place of these."""
        return Copies(
            records={**later.records, **self.records},
            blobs={name: {**later.blobs[name], **held} for name, held in self.blobs.items()},
        )

    def bodies(self) -> Iterator[tuple[Place, dict[str, Any]]]:
        """Every record as what it says."""
        for place, raw in self.records.items():
            yield place, json.loads(raw["body"] if "body" in raw else from_properties(raw))

    def text(self) -> str:
        """All of it, byte by byte."""
        records = [f"{place} {_text(value)}" for place, raw in self.records.items() for value in raw.values()]
        blobs = [f"{name} {_text(held)}" for kept in self.blobs.values() for name, held in kept.items()]
        return "\n".join([*records, *blobs])


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


async def copied(stores: Stores) -> Copies:
    """All there is in the stores now."""
    if stores.records == "cosmos":
        async with stores.cosmos() as container:
            items = [item async for item in container.query_items("SELECT * FROM c")]
        records = {Place(item["pk"], item["id"]): _own_members(item) for item in items}
    else:
        async with TableServiceClient.from_connection_string(stores.connection_string) as tables:
            entities = [dict(entity) async for entity in tables.get_table_client(stores.name).list_entities()]
        records = {Place(entity["PartitionKey"], entity["RowKey"]): entity for entity in entities}
    blobs: dict[str, dict[str, bytes]] = {}
    async with _blob_service(stores) as service:
        for name in CONTAINERS:
            held = service.get_container_client(stores.environment[name])
            names = [blob.name async for blob in held.list_blobs(include=["deleted", "versions"])]
            blobs[name] = {blob: await (await held.download_blob(blob)).readall() for blob in names}
    return Copies(records=records, blobs=blobs)


async def lay(copies: Copies, stores: Stores) -> None:
    """Put them into empty stores, which are there already."""
    if stores.records == "cosmos":
        async with stores.cosmos() as container:
            await _each(copies.records.values(), lambda item: container.create_item(dict(item)))
    else:
        async with TableServiceClient.from_connection_string(stores.connection_string) as tables:
            table = tables.get_table_client(stores.name)
            await _each(copies.records.values(), lambda entity: table.create_entity(dict(entity)))
    async with _blob_service(stores) as service:
        for name, kept in copies.blobs.items():
            held = service.get_container_client(stores.environment[name])
            for blob, content in kept.items():
                await held.upload_blob(blob, content)


def _blob_service(stores: Stores) -> BlobServiceClient:
    return BlobServiceClient.from_connection_string(
        stores.connection_string, max_single_put_size=PIECE_BYTES, max_block_size=PIECE_BYTES
    )


async def _each(items: Iterable[Mapping[str, Any]], do: Callable[[Mapping[str, Any]], Awaitable[object]]) -> None:
    """Several at once: one after the other they would take a second."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(item: Mapping[str, Any]) -> None:
        async with room:
            await do(item)

    async with asyncio.TaskGroup() as tasks:
        for item in items:
            tasks.create_task(one(item))


def _own_members(item: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the service adds and writes anew."""
    return {name: value for name, value in item.items() if not name.startswith("_")}
