"""Looking into the stores themselves, past the API: what is kept of a thread, and what is left of it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from azure.cosmos.aio import CosmosClient
from azure.data.tables.aio import TableServiceClient
from azure.storage.blob.aio import BlobServiceClient

from local.stack import Stack
from shared.container import Container
from shared.domain import places
from shared.domain.ids import ThreadId
from shared.settings import read_settings

KEPT_WITHOUT_CONTENT: Final = ("audit|", "certificate|")
"""Partitions that outlive a message by design: who did what when, and proof that it was deleted. Ids only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Everything that the stores hold: (partition, raw record) pairs, and names of blobs with what is only staged."""

    records: list[tuple[str, str]]
    blobs: list[str]

    def about(self, *needles: str) -> list[str]:
        """Partitions and blobs that mention one of these, apart from what is kept by design."""
        records = [
            partition
            for partition, raw in self.records
            if not partition.startswith(KEPT_WITHOUT_CONTENT) and any(n in raw or n in partition for n in needles)
        ]
        return records + [blob for blob in self.blobs if any(needle in blob for needle in needles)]

    def holds(self, needle: str) -> bool:
        """Whether any record at all mentions this."""
        return any(needle in raw for _, raw in self.records)


def look(stack: Stack) -> Kept:
    """Read all records and list all blobs, through the plain SDKs and not through our adapters."""
    return asyncio.run(_look(stack))


async def _look(stack: Stack) -> Kept:
    environment = stack.environment
    if environment["PIC_RECORDS"] == "cosmos":
        records = [record async for record in _cosmos_records(environment)]
    else:
        records = [record async for record in _table_records(environment)]
    async with BlobServiceClient.from_connection_string(environment["PIC_STORAGE"]) as service:
        container = service.get_container_client(environment["PIC_BLOB_CONTAINER"])
        blobs = [blob.name async for blob in container.list_blobs(include=["uncommittedblobs", "deleted", "versions"])]
    return Kept(records=records, blobs=blobs)


async def _table_records(environment: dict[str, str]) -> AsyncIterator[tuple[str, str]]:
    async with TableServiceClient.from_connection_string(environment["PIC_STORAGE"]) as service:
        async for entity in service.get_table_client(environment["PIC_TABLE"]).list_entities():
            yield entity["PartitionKey"], " ".join(_text(value) for value in entity.values())


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


async def _cosmos_records(environment: dict[str, str]) -> AsyncIterator[tuple[str, str]]:
    async with CosmosClient(
        environment["PIC_COSMOS_ENDPOINT"], environment["PIC_COSMOS_KEY"], enable_endpoint_discovery=False
    ) as client:
        container = client.get_database_client(environment["PIC_COSMOS_DATABASE"]).get_container_client(
            environment["PIC_COSMOS_CONTAINER"]
        )
        async for document in container.query_items("SELECT * FROM c"):
            yield document["pk"], json.dumps(document, ensure_ascii=False)


def wrapped_keys(stack: Stack, thread: str) -> list[str]:
    """The wrapped data keys of a thread's messages and files, as they stand in the records now."""
    return asyncio.run(_wrapped_keys(stack, thread))


async def _wrapped_keys(stack: Stack, thread: str) -> list[str]:
    async with _container(stack) as container:
        page = await container.records.query(places.thread(ThreadId(thread)).partition)
        found = (record.body.get(name) for record in page.records for name in ("key", "text_key"))
        return [key for key in found if isinstance(key, str)]


@asynccontextmanager
async def _container(stack: Stack) -> AsyncIterator[Container]:
    container = Container(read_settings(stack.environment))
    try:
        yield container
    finally:
        await container.close()
