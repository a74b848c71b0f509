"""One copy of a deployment in a process of its own: ours, or the plain SDKs'. Prints its figures as JSON.

``python -m bench.move_worker ours|sdk``, with the settings of both sides in the environment, as JSON under ``SOURCE``
and ``TARGET``. The clock starts after all imports, with the stores made.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncIterator, Mapping
from typing import Final

import psutil
from azure.data.tables.aio import TableClient
from azure.storage.blob.aio import ContainerClient, StorageStreamDownloader

from bench.service import peak_bytes
from shared.clients import Clients
from shared.move_sides import side_of
from shared.operations.move import checks_of
from shared.operations.move_settings import source_digest
from shared.services.moving.bounds import BLOBS_AT_ONCE, PARTITIONS_AT_ONCE
from shared.services.moving.deployment import Moving
from shared.services.moving.marker import Origin
from shared.settings import read_settings

MIB: Final = 1024 * 1024
BLOCK_BYTES: Final = 8 * MIB


async def ours(source: Mapping[str, str], target: Mapping[str, str]) -> dict[str, float]:
    """A pass, and the verification of everything."""
    ends = [Clients(read_settings(each)) for each in (source, target)]
    origin = Origin(source=source_digest(ends[0].settings), checks=checks_of(ends[0].settings))
    moving = Moving(source=side_of(ends[0]), target=side_of(ends[1]), origin=origin, clock=ends[0].clock)
    await moving.begin(checks_of(ends[1].settings))
    began = time.perf_counter()
    copied = await moving.copy(print)
    copy_seconds = time.perf_counter() - began
    verified = await moving.verify(print, is_removing=False)
    seconds = time.perf_counter() - began
    for each in ends:
        await each.close()
    if copied.faults or verified.faults or verified.items != copied.changes:
        raise RuntimeError("the move went wrong")
    return {"items": verified.items, "copy_seconds": copy_seconds, "seconds": seconds}


async def sdk(source: Mapping[str, str], target: Mapping[str, str]) -> dict[str, float]:
    """Every entity and every blob, as many at once, nothing verified and no key wrapped."""
    tables = [TableClient.from_connection_string(each["PIC_STORAGE"], each["PIC_TABLE"]) for each in (source, target)]
    containers = [
        ContainerClient.from_connection_string(
            each["PIC_STORAGE"],
            each["PIC_BLOB_CONTAINER"],
            max_block_size=BLOCK_BYTES,
            max_single_put_size=BLOCK_BYTES,
            max_single_get_size=BLOCK_BYTES,
            max_chunk_get_size=BLOCK_BYTES,
        )
        for each in (source, target)
    ]
    items = 0
    began = time.perf_counter()
    records, blobs = asyncio.Semaphore(PARTITIONS_AT_ONCE), asyncio.Semaphore(BLOBS_AT_ONCE)

    async def write(entity: Mapping[str, object]) -> None:
        try:
            await tables[1].create_entity(dict(entity))
        finally:
            records.release()

    async def copy(name: str) -> None:
        try:
            content = await containers[0].download_blob(name)
            await containers[1].upload_blob(name, _pieces(content), length=content.size)
        finally:
            blobs.release()

    async with asyncio.TaskGroup() as group:
        async for entity in tables[0].list_entities():
            await records.acquire()
            group.create_task(write(entity))
            items += 1
        async for blob in containers[0].list_blobs():
            await blobs.acquire()
            group.create_task(copy(blob.name))
            items += 1
    seconds = time.perf_counter() - began
    for table, container in zip(tables, containers, strict=True):
        await table.close()
        await container.close()
    return {"items": items, "copy_seconds": seconds, "seconds": seconds}


async def _pieces(content: StorageStreamDownloader[bytes]) -> AsyncIterator[bytes]:
    async for piece in content.chunks():
        yield piece


async def _run(what: str) -> None:
    source, target = json.loads(os.environ["SOURCE"]), json.loads(os.environ["TARGET"])
    figures = await (ours if what == "ours" else sdk)(source, target)
    print(json.dumps({**figures, "peak_mib": peak_bytes(psutil.Process()) / MIB}))


if __name__ == "__main__":
    asyncio.run(_run(sys.argv[1]))
