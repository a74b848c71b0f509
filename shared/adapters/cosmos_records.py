"""``Records`` on Azure Cosmos DB: one item a record, with ``/pk`` as the key of its partition.

The body is stored as one text and not as JSON of its own: Cosmos DB would make every number a double and limit the
depth. Nothing queries it, and the index leaves it out.

**Lost answers** are recognised as in ``table_records``: each write carries a write id, and a refused write looks
whether the record there is its own. The repetition of a delete whose answer was lost raises ``RecordNotFoundError``.

**Consistency.** Our instances share no session tokens, so with the account's default (Session) one of them might not
see what another has just written. The account must be set to Strong, or to BoundedStaleness in one region.
"""

import asyncio
import base64
import binascii
import contextlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from azure.core import MatchConditions
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.rest import AsyncHttpResponse, HttpRequest
from azure.cosmos import PartitionKey
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.cosmos.documents import ConnectionPolicy
from azure.cosmos.exceptions import (
    CosmosAccessConditionFailedError,
    CosmosResourceExistsError,
    CosmosResourceNotFoundError,
)

from shared.adapters.connections import CONNECT_SECONDS, SILENCE_SECONDS, Connections
from shared.adapters.http_dates import told_time
from shared.adapters.retries import BUDGET_SECONDS, PASSING, Retries, dependable
from shared.domain.errors import IntegrityError, RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ports import Body, Page, Record
from shared.domain.record_bodies import decode_body, encode_body
from shared.domain.record_keys import LARGEST_LIMIT, check_continuation, check_key, check_range

CONNECTIONS = 32
"""Records are most of what a request waits for; an instance serves some tens of requests at once."""

PLAIN_BYTES = 900_000
"""Bodies up to here are stored as readable text, which escaping at worst doubles; larger ones as base64, which adds a
third. Either way an item stays below the 2 MB that Cosmos DB takes."""

PAGE_BYTES = 4 * 1024 * 1024
"""Of bodies in a page: as much as the service puts into one answer."""

INDEXING_POLICY: dict[str, Any] = {
    "indexingMode": "consistent",
    "includedPaths": [{"path": "/id/?"}, {"path": "/pk/?"}],
    "excludedPaths": [{"path": "/*"}],
}
"""What ``query`` needs and nothing else: each indexed path costs request units on every write."""

_WRITE_ID_BYTES = 9
_RETRY_WITH = 449
"""Two writes met at the item; the service asks for a repetition."""


class CosmosRetries(Retries):
    """Ours in place of the client's own, which is handed two arguments that no transport knows."""

    passing = PASSING | {_RETRY_WITH}

    async def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        for note in ("request_params", "global_endpoint_manager", "timeout"):
            request.context.options.pop(note, None)
        return await super().send(request)

    async def _let_go(self, response: AsyncHttpResponse) -> None:
        """Nothing to do: this client reads every answer to its end, and its kind of answer cannot be closed."""


class CosmosRecords:
    """One container. ``credential`` is an identity, or the key of a local emulator."""

    def __init__(
        self,
        *,
        endpoint: str,
        credential: str | AsyncTokenCredential,
        database: str,
        container: str,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        policy: Any = ConnectionPolicy()
        policy.ConnectionRetryConfiguration = CosmosRetries(budget_seconds=budget_seconds)
        # The client's keyword for this takes 0 for "not given".
        policy.RetryOptions._max_retry_attempt_count = 0  # noqa: SLF001
        self._client = CosmosClient(
            endpoint,
            credential,
            connection_policy=policy,
            transport=Connections(limit=CONNECTIONS),
            connection_timeout=CONNECT_SECONDS,
            read_timeout=SILENCE_SECONDS,
            enable_compact_utf8_item_writes=True,
        )
        self._database = database
        self._container = container
        self._budget_seconds = budget_seconds
        self._opening = asyncio.Lock()
        self._opened: ContainerProxy | None = None

    async def ensure(self) -> None:
        """Make database and container if they are not there. For laptops and tests; in Azure the template does."""
        async with dependable(self._budget_seconds):
            await self._client.__aenter__()
            with contextlib.suppress(CosmosResourceExistsError):
                await self._client.create_database(self._database)
            with contextlib.suppress(CosmosResourceExistsError):
                await self._client.get_database_client(self._database).create_container(
                    self._container, PartitionKey("/pk"), indexing_policy=INDEXING_POLICY
                )

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        check_key(partition, id)
        async with dependable(self._budget_seconds):
            return _record(await self._item(partition, id))

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        check_key(partition, id)
        item = _to_item(partition, id, encode_body(body))
        async with dependable(self._budget_seconds):
            container = await self._open()
            try:
                return _record(await container.create_item(item))
            except CosmosResourceExistsError as exc:
                landed = await self._landed(item)
                if landed is None:
                    raise RecordExistsError from exc
                return landed

    async def replace_if_match(self, record: Record, body: Body) -> Record:
        check_key(record.partition, record.id)
        item = _to_item(record.partition, record.id, encode_body(body))
        async with dependable(self._budget_seconds):
            container = await self._open()
            try:
                written = await container.replace_item(
                    record.id, item, etag=record.etag, match_condition=MatchConditions.IfNotModified
                )
                return _record(written)
            except CosmosResourceNotFoundError as exc:
                raise _not_found(exc) from exc
            except CosmosAccessConditionFailedError as exc:
                landed = await self._landed(item)
                if landed is None:
                    raise RecordChangedError from exc
                return landed

    async def delete_if_match(self, record: Record) -> None:
        check_key(record.partition, record.id)
        async with dependable(self._budget_seconds):
            container = await self._open()
            try:
                await container.delete_item(
                    record.id, record.partition, etag=record.etag, match_condition=MatchConditions.IfNotModified
                )
            except CosmosResourceNotFoundError as exc:
                raise _not_found(exc) from exc
            except CosmosAccessConditionFailedError as exc:
                raise RecordChangedError from exc

    async def query(
        self,
        partition: str,
        *,
        start: str = "",
        end: str | None = None,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        check_key(partition)
        check_range(start, end, limit)
        text = "SELECT TOP @top * FROM c WHERE c.pk = @pk AND c.id >= @start"
        # One more than asked for tells whether there is a next page. The client's own token cannot: it is kept with
        # the client and not with the query, so that concurrent queries read each other's.
        parameters: list[dict[str, object]] = [
            {"name": "@top", "value": limit + 1},
            {"name": "@pk", "value": partition},
            {"name": "@start", "value": start},
        ]
        if end is not None:
            text += " AND c.id < @end"
            parameters.append({"name": "@end", "value": end})
        if continuation is not None:
            text += " AND c.id > @after"
            parameters.append({"name": "@after", "value": check_continuation(continuation)})
        records: list[Record] = []
        size_bytes = 0
        async with dependable(self._budget_seconds):
            container = await self._open()
            async for item in container.query_items(
                text + " ORDER BY c.id", parameters=parameters, partition_key=partition, max_item_count=limit + 1
            ):
                size_bytes += len(_to_bytes(item))
                if len(records) == limit or (records and size_bytes > PAGE_BYTES):
                    return Page(records=records, continuation=records[-1].id)
                records.append(_record(item))
        return Page(records=records, continuation=None)

    async def partitions(self, *, after: str = "") -> Sequence[str]:
        """``RecordsInventory``: the only query across partitions. The index on ``/pk`` answers it in order."""
        if after:
            check_key(after)
        found: dict[str, None] = {}
        async with dependable(self._budget_seconds):
            container = await self._open()
            items = container.query_items(
                "SELECT TOP @top c.pk FROM c WHERE c.pk > @after ORDER BY c.pk",
                parameters=[{"name": "@top", "value": LARGEST_LIMIT}, {"name": "@after", "value": after}],
                max_item_count=LARGEST_LIMIT,
            )
            async for item in items:
                found[str(item["pk"])] = None
        return tuple(found)

    async def now(self) -> datetime:
        """The ``Date`` of an answer ("Common Azure Cosmos DB REST response headers": of every answer)."""
        told: list[Mapping[str, str]] = []

        def keep(headers: Mapping[str, str], _: object) -> None:
            told.append(headers)

        async with dependable(self._budget_seconds):
            container = await self._open()
            await container.read(response_hook=keep)
        return told_time(told[-1])

    async def ping(self) -> None:
        with contextlib.suppress(RecordNotFoundError):
            await self.get("ping", "ping")

    async def _open(self) -> ContainerProxy:
        """The container, after the account and it have been read once."""
        if self._opened is None:
            async with self._opening:
                if self._opened is None:
                    await self._client.__aenter__()
                    container = self._client.get_database_client(self._database).get_container_client(self._container)
                    # Later calls would read it in passing, and a missing container would look like a missing record.
                    await container.read()
                    self._opened = container
        return self._opened

    async def _item(self, partition: str, id: str) -> Mapping[str, Any]:  # noqa: A002
        container = await self._open()
        try:
            return await container.read_item(id, partition)
        except CosmosResourceNotFoundError as exc:
            raise _not_found(exc) from exc

    async def _landed(self, item: Mapping[str, Any]) -> Record | None:
        """The record as it is, if it is what the write of ``item`` made."""
        try:
            found = await self._item(item["pk"], item["id"])
        except RecordNotFoundError:
            return None
        return _record(found) if found.get("write") == item["write"] else None


def _not_found(exc: CosmosResourceNotFoundError) -> Exception:
    """A 404 with a sub-status tells of a missing container or a replica that lags, not of the record."""
    return exc if exc.sub_status else RecordNotFoundError()


def _to_item(partition: str, id: str, encoded: bytes) -> dict[str, Any]:  # noqa: A002
    item = {"id": id, "pk": partition, "write": secrets.token_urlsafe(_WRITE_ID_BYTES)}
    if len(encoded) <= PLAIN_BYTES:
        return {**item, "body": encoded.decode()}
    return {**item, "packed": base64.b64encode(encoded).decode()}


def _to_bytes(item: Mapping[str, Any]) -> bytes | str:
    match item:
        case {"body": str(text)}:
            return text
        case {"packed": str(text)}:
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as exc:
                raise IntegrityError from exc
        case _:
            raise IntegrityError


def _record(item: Mapping[str, Any]) -> Record:
    return Record(partition=item["pk"], id=item["id"], body=decode_body(_to_bytes(item)), etag=item["_etag"])
