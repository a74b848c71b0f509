"""``Records`` in memory. It gives way to other tasks before each step, as a store over a network does."""

import asyncio
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import count

from shared.adapters.clocks import system_clock
from shared.domain.errors import RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ports import Body, Clock, Page, Record
from shared.domain.record_bodies import decode_body, encode_body
from shared.domain.record_keys import LARGEST_LIMIT, check_continuation, check_key, check_range

PAGE_BYTES = 4 * 1024 * 1024
"""Of bodies in a page. The real stores cut their answers there too, so a page may be shorter than its limit."""


class MemoryRecords:
    """One store."""

    def __init__(self) -> None:
        self._partitions: defaultdict[str, dict[str, tuple[bytes, str]]] = defaultdict(dict)
        self._etags = count(1)
        self.clock: Clock = system_clock

    async def close(self) -> None:
        """There is nothing to close."""

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        check_key(partition, id)
        await asyncio.sleep(0)
        return self._read(partition, id)

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        check_key(partition, id)
        encoded = encode_body(body)
        await asyncio.sleep(0)
        if id in self._partitions[partition]:
            raise RecordExistsError
        return self._write(partition, id, encoded)

    async def replace_if_match(self, record: Record, body: Body) -> Record:
        check_key(record.partition, record.id)
        encoded = encode_body(body)
        await asyncio.sleep(0)
        self._match(record)
        return self._write(record.partition, record.id, encoded)

    async def delete_if_match(self, record: Record) -> None:
        check_key(record.partition, record.id)
        await asyncio.sleep(0)
        self._match(record)
        del self._partitions[record.partition][record.id]

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
        after = "" if continuation is None else check_continuation(continuation)
        await asyncio.sleep(0)
        stored = self._partitions[partition]
        ids = sorted(stored)
        first = max(bisect_left(ids, start), bisect_right(ids, after))
        due = ids[first : None if end is None else bisect_left(ids, end)]
        page: list[Record] = []
        size_bytes = 0
        for found in due[:limit]:
            size_bytes += len(stored[found][0])
            if page and size_bytes > PAGE_BYTES:
                break
            page.append(self._read(partition, found))
        return Page(records=page, continuation=page[-1].id if len(page) < len(due) else None)

    async def partitions(self, *, after: str = "") -> Sequence[str]:
        """``RecordsInventory``."""
        if after:
            check_key(after)
        await asyncio.sleep(0)
        held = sorted(name for name, records in self._partitions.items() if records and name > after)
        return tuple(held[:LARGEST_LIMIT])

    async def now(self) -> datetime:
        return self.clock()

    async def ping(self) -> None:
        """Always answers."""

    def _read(self, partition: str, id: str) -> Record:  # noqa: A002
        if id not in self._partitions[partition]:
            raise RecordNotFoundError
        encoded, etag = self._partitions[partition][id]
        return Record(partition=partition, id=id, body=decode_body(encoded), etag=etag)

    def _write(self, partition: str, id: str, encoded: bytes) -> Record:  # noqa: A002
        self._partitions[partition][id] = (encoded, str(next(self._etags)))
        return self._read(partition, id)

    def _match(self, record: Record) -> None:
        if self._read(record.partition, record.id).etag != record.etag:
            raise RecordChangedError
