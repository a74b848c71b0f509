"""``Records`` on Azure Table storage: one entity a record, one request an operation.

**Lost answers.** A request whose answer is lost is repeated, and the repetition meets its own effect: a create finds
the record, a replace finds it changed. Each write therefore carries a random write id that is stored with the record;
when a write is refused, the adapter looks whether the record there is its own, and if so the write has succeeded. A
delete leaves nothing to recognise: if its answer is lost, the repetition finds no record and the caller gets
``RecordNotFoundError``, as if somebody else had deleted it.

What is done with one record goes by ``storage_requests``; queries, and making the table, by the vendor's client.
"""

import contextlib
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceExistsError
from azure.data.tables import TableEntity
from azure.data.tables.aio import TableClient

from shared.adapters.connections import Connections
from shared.adapters.entity_bodies import LARGEST_ENTITY_BYTES, entity_bytes, from_properties, to_properties
from shared.adapters.entity_requests import ANY_WAY, error_code, read_entity, written_entity
from shared.adapters.http_dates import told_time
from shared.adapters.retries import BUDGET_SECONDS, StorageRetries, dependable
from shared.adapters.storage_authorising import authorising_of, of_tables
from shared.adapters.storage_requests import Answer, StorageRequests
from shared.domain.errors import (
    DependencyError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
    TooLargeError,
)
from shared.domain.ports import MAX_BODY_BYTES, Body, Page, Record
from shared.domain.record_bodies import decode_body, encode_body
from shared.domain.record_keys import LARGEST_LIMIT, check_continuation, check_key, check_range

CONNECTIONS = 32
"""Records are most of what a request waits for; an instance serves some tens of requests at once."""

_EXISTS = "EntityAlreadyExists"
_CHANGED = frozenset({"UpdateConditionNotSatisfied", "ConditionNotMet"})
_GONE = frozenset({"ResourceNotFound", "EntityNotFound"})
"""Error codes of the service. A missing table has another one than a missing entity: that is a fault of ours."""

_OK = 200
_WRITTEN = frozenset({201, 204})

_WRITE = "write"
"""The property that holds the write id."""

_WRITE_ID_BYTES = 9


class TableRecords:
    """One table. Either ``connection_string``, or ``endpoint`` with ``credential``."""

    def __init__(
        self,
        *,
        table: str,
        connection_string: str | None = None,
        endpoint: str | None = None,
        credential: AsyncTokenCredential | None = None,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        pool = Connections(limit=CONNECTIONS)
        options: dict[str, Any] = {
            "transport": pool,
            "retry_total": 0,
            "per_call_policies": [StorageRetries(budget_seconds=budget_seconds)],
        }
        if connection_string is not None:
            self._table = TableClient.from_connection_string(connection_string, table, **options)
        elif endpoint is not None:
            self._table = TableClient(endpoint, table, credential=credential, **options)
        else:
            raise ValueError("connection_string or endpoint")
        self._requests = StorageRequests(
            endpoint=self._table.url,
            authorising=authorising_of(connection_string, credential, text=of_tables),
            connections=pool,
            budget_seconds=budget_seconds,
        )
        self._name = table
        self._budget_seconds = budget_seconds

    async def ensure(self) -> None:
        """Make the table if it is not there. For laptops and tests; in Azure the infrastructure makes it."""
        async with dependable(self._budget_seconds):
            with contextlib.suppress(ResourceExistsError):
                await self._table.create_table()

    async def close(self) -> None:
        """Close all connections."""
        await self._table.close()

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        check_key(partition, id)
        async with dependable(self._budget_seconds):
            return (await self._found(partition, id))[0]

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        check_key(partition, id)
        encoded = encode_body(body)
        entity, write = _entity(partition, id, encoded)
        async with dependable(self._budget_seconds):
            # The service would send all of the entity back.
            answer = await self._ask("POST", f"/{self._name}", entity, {"Prefer": "return-no-content"})
            if answer.status not in _WRITTEN:
                if error_code(answer) != _EXISTS:
                    raise DependencyError
                landed = await self._landed(partition, id, write)
                if landed is None:
                    raise RecordExistsError
                return landed
        return Record(partition=partition, id=id, body=decode_body(encoded), etag=_etag(answer))

    async def replace_if_match(self, record: Record, body: Body) -> Record:
        check_key(record.partition, record.id)
        encoded = encode_body(body)
        entity, write = _entity(record.partition, record.id, encoded)
        async with dependable(self._budget_seconds):
            answer = await self._ask("PUT", self._at(record.partition, record.id), entity, {"If-Match": record.etag})
            if answer.status not in _WRITTEN:
                code = error_code(answer)
                if code in _GONE:
                    raise RecordNotFoundError
                if code not in _CHANGED:
                    raise DependencyError
                landed = await self._landed(record.partition, record.id, write)
                if landed is None:
                    raise RecordChangedError
                return landed
        return Record(partition=record.partition, id=record.id, body=decode_body(encoded), etag=_etag(answer))

    async def delete_if_match(self, record: Record) -> None:
        check_key(record.partition, record.id)
        async with dependable(self._budget_seconds):
            at = self._at(record.partition, record.id)
            answer = await self._ask("DELETE", at, None, {"If-Match": record.etag})
        if answer.status in _WRITTEN:
            return
        code = error_code(answer)
        if code in _CHANGED:
            raise RecordChangedError
        if code in _GONE:
            raise RecordNotFoundError
        raise DependencyError

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
        conditions = ["PartitionKey eq @partition", "RowKey ge @start"]
        parameters = {"partition": partition, "start": start}
        if end is not None:
            conditions.append("RowKey lt @end")
            parameters["end"] = end
        if continuation is not None:
            conditions.append("RowKey gt @after")
            parameters["after"] = check_continuation(continuation)
        async with dependable(self._budget_seconds):
            # The type that the client declares for its pages lacks their token.
            pages: Any = self._table.query_entities(
                " and ".join(conditions), parameters=parameters, results_per_page=limit
            ).by_page()
            async for page in pages:
                records = [_record(entity) async for entity in page]
                has_more = pages.continuation_token is not None
                # At the border of one of its servers the service may answer an empty page that has a next one.
                if records or not has_more:
                    return Page(records=records, continuation=records[-1].id if has_more else None)
        return Page(records=(), continuation=None)

    async def partitions(self, *, after: str = "") -> Sequence[str]:
        """``RecordsInventory``: each answer is what one page of entities names."""
        if after:
            check_key(after)
        async with dependable(self._budget_seconds):
            pages: Any = self._table.query_entities(
                "PartitionKey gt @after",
                parameters={"after": after},
                select=["PartitionKey"],
                results_per_page=LARGEST_LIMIT,
            ).by_page()
            async for page in pages:
                names = [str(entity["PartitionKey"]) async for entity in page]
                if names:
                    return tuple(dict.fromkeys(names))
        return ()

    async def now(self) -> datetime:
        """The ``Date`` of an answer ("Status and error codes" of the REST reference: of every answer)."""
        async with dependable(self._budget_seconds):
            answer = await self._ask("GET", self._at("ping", "ping"), None, {})
            if answer.status != _OK and error_code(answer) not in _GONE:
                raise DependencyError
        return told_time(answer.headers)

    async def ping(self) -> None:
        with contextlib.suppress(RecordNotFoundError):
            await self.get("ping", "ping")

    async def _found(self, partition: str, id: str) -> tuple[Record, str]:  # noqa: A002
        """A record and the id of the write that made it. Raises ``RecordNotFoundError``."""
        answer = await self._ask("GET", self._at(partition, id), None, {})
        if answer.status != _OK:
            raise RecordNotFoundError if error_code(answer) in _GONE else DependencyError
        properties = read_entity(answer)
        body = decode_body(from_properties(properties))
        return Record(partition=partition, id=id, body=body, etag=_etag(answer)), str(properties.get(_WRITE))

    async def _landed(self, partition: str, id: str, write: str) -> Record | None:  # noqa: A002
        """The record as it is, if it is what the write ``write`` made."""
        try:
            record, made_by = await self._found(partition, id)
        except RecordNotFoundError:
            return None
        return record if made_by == write else None

    def _at(self, partition: str, id: str) -> str:  # noqa: A002
        """Keys hold nothing that ends a text in OData (``check_key``)."""
        return f"/{self._name}(PartitionKey='{quote(partition, safe='')}',RowKey='{quote(id, safe='')}')"

    async def _ask(
        self, method: str, path: str, entity: Mapping[str, bytes | bool | str] | None, more: Mapping[str, str]
    ) -> Answer:
        headers = {**ANY_WAY, **more}
        if entity is None:
            return await self._requests.ask(method, path, headers=headers)
        headers["Content-Type"] = "application/json"
        return await self._requests.ask(method, path, headers=headers, content=written_entity(entity))


def _entity(partition: str, id: str, encoded: bytes) -> tuple[dict[str, bytes | bool | str], str]:  # noqa: A002
    write = secrets.token_urlsafe(_WRITE_ID_BYTES)
    properties: dict[str, bytes | bool | str] = {**to_properties(encoded), _WRITE: write}
    # What Azure refuses, Azurite takes: an entity over the limit must not pass here either.
    if entity_bytes(partition, id, properties) > LARGEST_ENTITY_BYTES:
        raise TooLargeError(MAX_BODY_BYTES)
    return {"PartitionKey": partition, "RowKey": id, **properties}, write


def _record(entity: TableEntity) -> Record:
    etag = entity.metadata["etag"]
    assert etag is not None
    return Record(
        partition=entity["PartitionKey"],
        id=entity["RowKey"],
        body=decode_body(from_properties(entity)),
        etag=etag,
    )


def _etag(answer: Answer) -> str:
    try:
        return answer.headers["ETag"]
    except KeyError as exc:
        raise DependencyError from exc
