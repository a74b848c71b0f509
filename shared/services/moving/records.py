"""Records on their way: every partition of either side, in order, each record compared before and after.

What is to be done is read off both sides each time: what is missing is created, what differs is replaced, what the
source has no more is removed. So a pass may be killed anywhere and repeated, and a pass after the source went on
working brings the target up to it.
"""

import asyncio
from collections.abc import AsyncGenerator

from shared.domain import places
from shared.domain.errors import (
    IntegrityError,
    KeyUnavailableError,
    NotFoundError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.moves import begins_again, begun_again, is_custody, is_organisation_key, kind_of, moves
from shared.domain.ports import Body, Record, Records
from shared.domain.record_bodies import encode_body
from shared.domain.threads import FileState, StoredFile
from shared.services.listing import each_record
from shared.services.moving.bounds import PARTITIONS_AT_ONCE, RECORDS_AT_ONCE, Bound
from shared.services.moving.keys import KeyMoving
from shared.services.moving.pairs import each_partition, paired
from shared.services.moving.report import Report
from shared.services.moving.sides import Side


class RecordMoving:
    """Copies records, and verifies them."""

    def __init__(self, *, source: Side, target: Side, keys: KeyMoving) -> None:
        self._source = source
        self._target = target
        self._keys = keys

    async def copy(self, report: Report) -> None:
        """Make the target's records those of the source."""
        await self._through(report, is_copying=True)

    async def verify(self, report: Report) -> None:
        """Read every record of both sides and tell each that is not as it should be. Changes nothing."""
        await self._through(report, is_copying=False)

    async def _through(self, report: Report, *, is_copying: bool) -> None:
        bound = Bound(PARTITIONS_AT_ONCE)
        both = paired(each_partition(self._source.partitions), each_partition(self._target.partitions), str)
        async with asyncio.TaskGroup() as group:
            async for source, target in both:
                name = source or target or ""
                if moves(name):
                    work = self._partition(report, name, source, target, is_copying=is_copying)
                    await bound.start(group, work)
                elif source is not None:
                    report.left_behind += 1

    async def _partition(
        self, report: Report, name: str, source: str | None, target: str | None, *, is_copying: bool
    ) -> None:
        work = self._copy if is_copying else self._verify
        records = paired(
            _records(self._source.records, source), _records(self._target.records, target), lambda record: record.id
        )
        bound = Bound(RECORDS_AT_ONCE)
        try:
            async with asyncio.TaskGroup() as group:
                async for pair in records:
                    await bound.start(group, work(report, *pair))
        except* IntegrityError:  # A page of it. The other partitions go on.
            report.fault(kind_of(name, ""), "unreadable", name)

    async def _copy(self, report: Report, source: Record | None, target: Record | None) -> None:
        kind = _kind(source, target)
        tally = report.kinds[kind]
        try:
            if source is None:
                assert target is not None
                await self._target.records.delete_if_match(target)
                tally.removed += 1
                return
            tally.found += 1
            tally.restarted += begins_again(source)
            if target is not None and await self._fits(source, target):
                return
            body = await self._moved(source, target)
            if target is None:
                await self._target.records.create(source.partition, source.id, body)
            else:
                await self._target.records.replace_if_match(target, body)
            tally.written += 1
        except (RecordExistsError, RecordChangedError, RecordNotFoundError):
            return  # A second run is at work as well. What is verified is what is there in the end.
        except KeyUnavailableError:
            report.fault(kind, "key unavailable", *_place(source, target))
        except IntegrityError:
            report.fault(kind, "unreadable", *_place(source, target))

    async def _verify(self, report: Report, source: Record | None, target: Record | None) -> None:
        kind, place = _kind(source, target), _place(source, target)
        if source is None:
            report.fault(kind, "not at the source", *place)
            return
        report.kinds[kind].found += 1
        try:
            if target is None:
                report.fault(kind, "missing", *place)
            elif not await self._fits(source, target):
                report.fault(kind, "differs", *place)
            elif not await self._has_content(source):
                report.fault(kind, "without content", *place)
            else:
                report.kinds[kind].verified += 1
        except KeyUnavailableError:
            report.fault(kind, "key unavailable", *place)
        except IntegrityError:
            report.fault(kind, "unreadable", *place)

    async def _fits(self, source: Record, target: Record) -> bool:
        if is_organisation_key(source):
            return await self._keys.fits(source, target)
        return encode_body(await self._moved(source, target)) == encode_body(target.body)

    async def _moved(self, source: Record, target: Record | None) -> Body:
        if is_organisation_key(source):
            return await self._keys.moved(source, target)
        if is_custody(source):
            return self._keys.custody_body(source.body)
        return begun_again(source.body) if begins_again(source) else source.body

    async def _has_content(self, source: Record) -> bool:
        """Whether the target has the blob that a stored file's record stands for."""
        if kind_of(source.partition, source.id) != "thread/file":
            return True
        file = StoredFile.of(source.body)
        if file.state is not FileState.STORED or file.key is None:
            return True
        try:
            await self._target.blocks.blocks(places.blob(file.organisation, file.thread, file.message, file.file))
        except NotFoundError:
            return False
        return True


async def _records(records: Records, partition: str | None) -> AsyncGenerator[Record, None]:
    if partition is not None:
        async for record in each_record(records, partition):
            yield record


def _kind(source: Record | None, target: Record | None) -> str:
    return kind_of(*_place(source, target))


def _place(source: Record | None, target: Record | None) -> tuple[str, str]:
    record = source or target
    assert record is not None
    return record.partition, record.id
