"""Copies the audit logs, and the certificates of deletion, to where nobody can change them.

Where a log was left is read off its last copy, so nothing can be lost beside it and a restore of the records changes
nothing. A copy is one request that succeeds whole or not at all, and its number can be taken once: a run may crash
anywhere, be repeated, and meet another. What is written late, with a time that was copied before, comes with the next.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.domain.audit_copies import (
    FIRST,
    MOST_BYTES,
    MOST_RECORDS,
    NONE_BEFORE,
    AuditCopy,
    CopiedRecord,
    copy_name,
    copy_prefix,
    digest_of,
    number_of,
    parse_copy,
)
from shared.domain.errors import ConflictError
from shared.domain.ids import OrganisationId
from shared.domain.metrics import Metrics, Timing
from shared.domain.ports import Archive, Clock
from shared.services.audit_spans import AuditSpans, whole_minute

SETTLING: Final = timedelta(minutes=15)
"""How old an event is before it is copied: longer than any write lasts, and than clocks of instances differ."""
LOOKING_BACK: Final = timedelta(hours=2)
"""How far before a period events are looked for that were written late, or under the time at which an hour began that
they stand for (``Audit.write_as``)."""
LONGEST: Final = timedelta(days=1)
"""The longest period that is read at once, and the longest in which a quiet log gets no copy."""
MOST_PERIODS: Final = 62
"""Of one log in one run. What is left waits for the next."""
AT_ONCE: Final = 8
"""Logs that are copied at the same time: copying is mostly waiting."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCopy:
    """The last copy of a log and its digest."""

    copy: AuditCopy
    digest: str


@dataclass(slots=True, kw_only=True)
class CopyRun:
    """What a run did."""

    logs: int = 0
    blobs: int = 0
    records: int = 0
    faults: list[Exception] = field(default_factory=list, repr=False)


class AuditArchive:
    """Reads and writes copies."""

    def __init__(self, *, archive: Archive) -> None:
        self._archive = archive

    async def logs(self) -> set[OrganisationId]:
        """Every log of which there is a copy."""
        return {OrganisationId(name.partition("/")[0]) async for name in self._archive.list("")}

    async def last_number(self, organisation: OrganisationId) -> int:
        """The highest number of a log's copies; 0 where there is none."""
        last = FIRST - 1
        async for name in self._archive.list(copy_prefix(organisation)):
            last = max(last, number_of(name))
        return last

    async def read(self, organisation: OrganisationId, number: int) -> tuple[AuditCopy, str]:
        """A copy and its digest. Raises ``NotFoundError``; ``IntegrityError`` for a blob that is not that copy."""
        content = bytes(await self._archive.read(copy_name(organisation, number), 0, MOST_BYTES))
        return parse_copy(organisation, number, content), digest_of(content)

    async def last(self, organisation: OrganisationId) -> LastCopy | None:
        """The last copy of a log, None before the first."""
        number = await self.last_number(organisation)
        if number < FIRST:
            return None
        copy, digest = await self.read(organisation, number)
        return LastCopy(copy=copy, digest=digest)

    async def write(self, copy: AuditCopy) -> LastCopy:
        """Raises ``ConflictError`` where that number is taken."""
        content = copy.encoded()
        await self._archive.create(copy_name(copy.organisation, copy.number), content)
        return LastCopy(copy=copy, digest=digest_of(content))


class AuditCopying:
    """Copies what is older than ``SETTLING`` and has not been copied."""

    def __init__(self, *, spans: AuditSpans, archive: AuditArchive, metrics: Metrics, clock: Clock) -> None:
        self._spans = spans
        self._archive = archive
        self._metrics = metrics
        self._clock = clock

    async def copy_all(self) -> CopyRun:
        """Copy every log. One that fails does not keep the others from it: ``faults`` holds what went wrong."""
        run = CopyRun()
        waiting = await self._spans.logs()

        async def work() -> None:
            while waiting:
                await self._copy(waiting.pop(), run)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(AT_ONCE, len(waiting))):
                group.create_task(work())
        return run

    async def _copy(self, organisation: OrganisationId, run: CopyRun) -> None:
        run.logs += 1
        try:
            until = await self.copy(organisation, run)
        except Exception as fault:  # noqa: BLE001 - whatever is wrong with one log, the others are copied
            run.faults.append(fault)
            return
        self._metrics.observe(Timing.AUDIT_COPY, (self._clock() - until).total_seconds())

    async def copy(self, organisation: OrganisationId, run: CopyRun) -> datetime:
        """Copy one log. Gives the instant up to which nothing is left to copy.

        Raises ``IntegrityError`` where a copy that is there already is none of ours.
        """
        now = self._clock()
        settled = whole_minute(now - SETTLING)
        last = await self._archive.last(organisation)
        seen = await self._spans.begins(organisation, now) if last is None else _whole_until(last)
        if last is not None and seen > settled:
            return await self._catch_up_with_the_clock(last, settled, run)
        back = (seen if last is None else last.copy.seen) - LOOKING_BACK
        known = set() if last is None else await self._known(last.copy, back)
        stored = seen
        for period in range(1, MOST_PERIODS + 1):
            # What a crash has left half done is finished as it was begun.
            is_open = last is not None and not last.copy.is_last
            until = last.copy.until if last is not None and is_open else min(seen + LONGEST, settled)
            if until <= seen:
                break
            parts = _Parts(
                organisation=organisation,
                archive=self._archive,
                since=stored,
                until=until,
                was_seen=back + LOOKING_BACK,
                seen=until,
                last=last,
            )
            try:
                async for entry in self._spans.entries(organisation, back, until):
                    if entry.key not in known:
                        known.add(entry.key)
                        await parts.add(entry)
                is_due = until - stored >= LONGEST and (until == settled or period == MOST_PERIODS)
                if parts.is_begun or is_open or is_due:
                    await parts.end()
                    stored = until
            except ConflictError:
                return stored  # Another run is at it. What it leaves is for the next.
            finally:
                run.blobs += parts.blobs
                run.records += parts.records
            last, seen, back = parts.last, until, until - LOOKING_BACK
        return seen

    async def _catch_up_with_the_clock(self, last: LastCopy, settled: datetime, run: CopyRun) -> datetime:
        """Copy what is missing before ``settled``, where a clock was ahead and the last period ends later than that.

        What was written since has the time of a period that is copied already: it comes as written late, in a period
        of no length. Such a one is also written when the clock is first seen to be back, to tell later runs how far
        back they have to look.
        """
        copy, end = last.copy, last.copy.until
        while copy.since > settled and copy.number > FIRST:
            copy, _ = await self._archive.read(copy.organisation, copy.number - 1)
        is_news = last.copy.seen > settled
        since = (min(copy.since, settled) if is_news else last.copy.seen) - LOOKING_BACK
        known = await self._known(last.copy, since)
        parts = _Parts(
            organisation=copy.organisation,
            archive=self._archive,
            since=end,
            until=end,
            was_seen=since + LOOKING_BACK,
            seen=settled,
            last=last,
        )
        try:
            async for entry in self._spans.entries(copy.organisation, since, settled):
                if entry.key not in known:
                    known.add(entry.key)
                    await parts.add(entry)
            if parts.is_begun or (is_news and last.copy.seen - settled > LOOKING_BACK):
                await parts.end()
        except ConflictError:
            return since
        finally:
            run.blobs += parts.blobs
            run.records += parts.records
        return settled

    async def _known(self, copy: AuditCopy, since: datetime) -> set[tuple[str, str]]:
        """What was copied of the time since that instant: it stands in the copies of periods that end later."""
        known: set[tuple[str, str]] = set()
        while copy.until > since:
            known.update(record.key for record in copy.records)
            if copy.number == FIRST:
                break
            copy, _ = await self._archive.read(copy.organisation, copy.number - 1)
        return known


@dataclass(slots=True, kw_only=True)
class _Parts:
    """The copies of one period, written one after the other as they fill up. Raises ``ConflictError``."""

    organisation: OrganisationId
    archive: AuditArchive
    since: datetime
    until: datetime
    was_seen: datetime
    seen: datetime
    """Up to when the log has been looked through with the last part, and before."""
    last: LastCopy | None
    blobs: int = 0
    records: int = 0
    _waiting: list[CopiedRecord] = field(default_factory=list)

    @property
    def is_begun(self) -> bool:
        """Whether there is anything to write, or a part was."""
        return bool(self._waiting or self.blobs)

    async def add(self, record: CopiedRecord) -> None:
        """One more record of the period."""
        if len(self._waiting) == MOST_RECORDS:
            await self._write(is_last=False)
        self._waiting.append(record)

    async def end(self) -> None:
        """The period is whole."""
        await self._write(is_last=True)

    async def _write(self, *, is_last: bool) -> None:
        copy = AuditCopy(
            organisation=self.organisation,
            number=FIRST if self.last is None else self.last.copy.number + 1,
            previous=NONE_BEFORE if self.last is None else self.last.digest,
            since=self.since,
            until=self.until,
            seen=self.seen if is_last else self.was_seen,
            is_last=is_last,
            records=tuple(self._waiting),
        )
        self.last = await self.archive.write(copy)
        self.blobs += 1
        self.records += len(self._waiting)
        self._waiting.clear()


def _whole_until(last: LastCopy) -> datetime:
    """Up to when a log is copied whole."""
    return last.copy.until if last.copy.is_last else last.copy.since
