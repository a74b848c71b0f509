"""``Blobs`` and ``Archive`` on Azure block blobs.

Blocks and ranges, which are nearly all of the work, go by ``storage_requests``; the rest is the vendor's client.
"""

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobBlock, StorageErrorCode
from azure.storage.blob.aio import BlobClient, ContainerClient

from shared.adapters.blob_names import check_blob, check_block, check_blocks, check_range
from shared.adapters.connections import Connections
from shared.adapters.retries import BUDGET_SECONDS, StorageRetries, dependable
from shared.adapters.storage_authorising import authorising_of, of_blobs
from shared.adapters.storage_requests import PARTIAL, Answer, StorageRequests
from shared.domain.errors import ConflictError, DependencyError, IntegrityError, NotFoundError
from shared.domain.inventories import Block
from shared.domain.ports import Taking

CONNECTIONS = 32
"""A few uploads and downloads at once, each with several parts in flight. More would only queue in the network."""

VERSION: Final = {"x-ms-version": "2021-12-02"}
"""Of the REST interface, for what is asked without the vendor's client."""

_CREATED = 201
_RANGE_NOT_SATISFIABLE = 416


class BlockBlobs:
    """One container. Either ``connection_string``, or ``account_url`` with ``credential``.

    ``connections`` bounds the requests under way at once; ``budget_seconds`` each operation with its repeats.
    """

    def __init__(
        self,
        *,
        container: str,
        connection_string: str | None = None,
        account_url: str | None = None,
        credential: AsyncTokenCredential | None = None,
        connections: int = CONNECTIONS,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        pool = Connections(limit=connections)
        options: dict[str, Any] = {"transport": pool, "retry_policy": StorageRetries(budget_seconds=budget_seconds)}
        if connection_string is not None:
            self._container = ContainerClient.from_connection_string(connection_string, container, **options)
        elif account_url is not None:
            self._container = ContainerClient(account_url, container, credential=credential, **options)
        else:
            raise ValueError("connection_string or account_url")
        self._requests = StorageRequests(
            endpoint=self._container.url,
            authorising=authorising_of(connection_string, credential, text=of_blobs),
            connections=pool,
            budget_seconds=budget_seconds,
        )
        self._budget_seconds = budget_seconds

    async def ensure(self) -> None:
        """Make the container if there is none. For laptops and tests; in Azure the infrastructure makes it."""
        async with dependable(self._budget_seconds):
            try:
                await self._container.create_container()
            except ResourceExistsError:
                return

    async def close(self) -> None:
        """Close all connections."""
        await self._container.close()

    async def stage(self, blob: str, block: str, data: bytes | bytearray | memoryview) -> None:
        check_blob(blob)
        check_block(block, data)
        named = quote(base64.b64encode(block.encode()), safe="")
        query = f"comp=block&blockid={named}"
        async with dependable(self._budget_seconds):
            answer = await self._requests.ask("PUT", f"/{blob}", query=query, headers=VERSION, content=data)
        if answer.status != _CREATED:
            raise DependencyError

    async def commit(self, blob: str, blocks: Sequence[str]) -> None:
        check_blocks(blocks)
        client = self._blob(blob)
        async with dependable(self._budget_seconds):
            try:
                await client.commit_block_list([BlobBlock(block) for block in blocks])
            except HttpResponseError as exc:
                if _code(exc) == StorageErrorCode.INVALID_BLOCK_LIST:
                    raise NotFoundError from exc
                raise

    async def create(self, blob: str, content: bytes) -> None:
        """``Archive``. One request with ``If-None-Match: *``: a blob of several requests could be half there."""
        client = self._blob(blob)
        async with dependable(self._budget_seconds):
            try:
                await client.upload_blob(content, overwrite=False)
            except ResourceExistsError as exc:
                raise ConflictError from exc

    async def read(self, blob: str, offset: int, length: int) -> bytes | bytearray:
        return (await self._range(blob, offset, length)).body

    async def read_into(self, blob: str, offset: int, length: int, begin: Callable[[], Taking]) -> None:
        await self._range(blob, offset, length, begin)

    async def _range(self, blob: str, offset: int, length: int, begin: Callable[[], Taking] | None = None) -> Answer:
        check_blob(blob)
        check_range(offset, length)
        headers = {**VERSION, "x-ms-range": f"bytes={offset}-{offset + length - 1}"}
        async with dependable(self._budget_seconds):
            answer = await self._requests.ask("GET", f"/{blob}", headers=headers, begin=begin)
        match answer.status, answer.headers.get("x-ms-error-code"):
            case status, _ if status == PARTIAL:
                return answer
            case status, _ if status == _RANGE_NOT_SATISFIABLE:
                if begin is not None:
                    begin()  # An attempt before this one may have taken something.
                return replace(answer, body=b"")  # The error's own text is no content.
            case _, StorageErrorCode.BLOB_NOT_FOUND:
                raise NotFoundError
            case _:
                raise DependencyError

    async def delete(self, blob: str) -> None:
        client = self._blob(blob)
        async with dependable(self._budget_seconds):
            # Deleting says nothing of blocks that are staged beside the committed ones, and a blob that is merely
            # staged cannot be deleted at all. Committing nothing drops both kinds and leaves a blob to delete.
            await client.commit_block_list([])
            try:
                await client.delete_blob()
            except ResourceNotFoundError as exc:
                if _code(exc) != StorageErrorCode.BLOB_NOT_FOUND:
                    raise

    async def list(self, prefix: str) -> AsyncIterator[str]:
        pages = self._container.list_blobs(name_starts_with=prefix, include=["uncommittedblobs"]).by_page()
        while True:
            # Per page, so that the time a caller takes between two names does not count.
            async with dependable(self._budget_seconds):
                try:
                    names = [blob.name async for blob in await anext(pages)]
                except StopAsyncIteration:
                    return
            for name in names:
                yield name

    async def blocks(self, blob: str) -> Sequence[Block]:
        """``BlobsInventory``. A blob that is merely staged has no committed blocks, and neither has an empty one."""
        client = self._blob(blob)
        async with dependable(self._budget_seconds):
            try:
                committed, _ = await client.get_block_list("committed")
                if not committed and (await client.get_blob_properties()).size:
                    raise IntegrityError
            except ResourceNotFoundError as exc:
                if _code(exc) == StorageErrorCode.BLOB_NOT_FOUND:
                    raise NotFoundError from exc
                raise
        return tuple(Block(id=block.id, size_bytes=block.size or 0) for block in committed)

    async def ping(self) -> None:
        async with dependable(self._budget_seconds):
            await self._container.get_container_properties()

    def _blob(self, blob: str) -> BlobClient:
        check_blob(blob)
        return self._container.get_blob_client(blob)


def _code(exc: HttpResponseError) -> str | None:
    """The service's own word for what is wrong; the SDK adds it to errors of storage alone."""
    return getattr(exc, "error_code", None)
