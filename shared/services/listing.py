"""All records of a range, page by page: what stores answer at once differs, and none of it may be missed."""

from shared.domain.ports import Record, Records


async def every_record(records: Records, partition: str, *, start: str = "", end: str | None = None) -> list[Record]:
    """Every record with ``start <= id < end``, ascending. For ranges that are bounded by what one thing can have."""
    found: list[Record] = []
    continuation: str | None = None
    while True:
        page = await records.query(partition, start=start, end=end, continuation=continuation)
        found += page.records
        continuation = page.continuation
        if continuation is None:
            return found
