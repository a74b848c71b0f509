"""A store that answers one record at a time, as stores may: what reads only the first page shows it."""

from datetime import datetime

from shared.domain.ports import Body, Page, Record, Records


class ShortPages:
    """``Records`` with pages of one."""

    def __init__(self, inner: Records) -> None:
        self._inner = inner

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        return await self._inner.get(partition, id)

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        return await self._inner.create(partition, id, body)

    async def replace_if_match(self, record: Record, body: Body) -> Record:
        return await self._inner.replace_if_match(record, body)

    async def delete_if_match(self, record: Record) -> None:
        await self._inner.delete_if_match(record)

    async def query(
        self,
        partition: str,
        *,
        start: str = "",
        end: str | None = None,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        assert limit >= 1
        return await self._inner.query(partition, start=start, end=end, limit=1, continuation=continuation)

    async def now(self) -> datetime:
        return await self._inner.now()

    async def ping(self) -> None:
        await self._inner.ping()
