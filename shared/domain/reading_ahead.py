"""Records that a request is sure to ask for, fetched at once: the way to the store is most of the time that it takes.

Nothing is decided here, and nothing outlives the request. A record that was fetched ahead is given to the first who
asks for it, who looks at it as at any other; it was read after the request began, so a revocation that was complete by
then is in it. Handed down through the context, as deadlines are.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from datetime import datetime

from shared.domain.places import Place
from shared.domain.ports import Body, Page, Record, Records

_begun: ContextVar[dict[Place, asyncio.Task[Record]] | None] = ContextVar("begun", default=None)


@asynccontextmanager
async def reading_ahead() -> AsyncIterator[None]:
    """One request: what it fetches ahead and nobody asks for is given up at its end."""
    begun: dict[Place, asyncio.Task[Record]] = {}
    token = _begun.set(begun)
    try:
        yield
    finally:
        _begun.reset(token)
        for task in begun.values():
            task.cancel()
        if begun:
            await asyncio.gather(*begun.values(), return_exceptions=True)


class RecordsAhead:
    """``Records`` of which some may be under way already."""

    def __init__(self, inner: Records) -> None:
        self._inner = inner

    def begin(self, places: Iterable[Place]) -> None:
        """Fetch these now. Does nothing outside of ``reading_ahead``."""
        begun = _begun.get()
        if begun is None:
            return
        for place in places:
            if place not in begun:
                begun[place] = asyncio.create_task(self._inner.get(place.partition, place.id))

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        begun = _begun.get()
        task = begun.pop(Place(partition, id), None) if begun else None
        if task is None:
            return await self._inner.get(partition, id)
        try:
            return await task
        finally:
            task.cancel()  # Whoever waited for it was cancelled, if it is not done.

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
        return await self._inner.query(partition, start=start, end=end, limit=limit, continuation=continuation)

    async def now(self) -> datetime:
        return await self._inner.now()

    async def ping(self) -> None:
        await self._inner.ping()
