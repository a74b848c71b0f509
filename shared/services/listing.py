"""All records of a range, page by page: what stores answer at once differs, and none of it may be missed."""

from collections.abc import AsyncGenerator

from shared.domain.ports import Record, Records


async def each_record(
    records: Records, partition: str, *, start: str = "", end: str | None = None
) -> AsyncGenerator[Record, None]:
    """Every record with ``start <= id < end``, ascending, holding one page at a time.

    Records that were yielded may be deleted or replaced meanwhile: the next page begins after the last id.
    """
    continuation: str | None = None
    while True:
        page = await records.query(partition, start=start, end=end, continuation=continuation)
        for record in page.records:
            yield record
        continuation = page.continuation
        if continuation is None:
            return


async def every_record(records: Records, partition: str, *, start: str = "", end: str | None = None) -> list[Record]:
    """``each_record`` as a list. For ranges that are bounded by what one thing can have."""
    return [record async for record in each_record(records, partition, start=start, end=end)]
