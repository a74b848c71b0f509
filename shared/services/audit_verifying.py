"""Holds the copies of an audit log against each other, and the records against the copies.

The chain first: each copy must be there, be ours, and be the one that the next speaks of. Then period by period what
the records say now of that time: what was copied and is gone, what is changed, and what stands there and was never
copied. Memory follows the largest period, what was written late, and the number of certificates.
"""

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.domain.audit_copies import FIRST, NONE_BEFORE, AuditCopy
from shared.domain.errors import IntegrityError, NotFoundError
from shared.domain.ids import OrganisationId
from shared.domain.ports import Clock
from shared.services.audit_copying import LONGEST, AuditArchive
from shared.services.audit_spans import AuditSpans, months

LATE: Final = LONGEST + 2 * timedelta(hours=1)
"""A log whose copy ends longer ago is not being copied."""

Key = tuple[str, str]


@dataclass(slots=True, kw_only=True)
class Period:
    """What was found of a period. The lists hold places of records."""

    since: datetime
    until: datetime
    copied: int = 0
    missing: list[Key] = field(default_factory=list)
    changed: list[Key] = field(default_factory=list)
    extra: list[Key] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        return not (self.missing or self.changed or self.extra)


@dataclass(slots=True, kw_only=True)
class Verdict:
    """What was found of a log.

    ``broken``: numbers of copies that are not there, not ours, or not the ones that the next speaks of; nothing after
    the first of them is looked at. ``misplaced``: what lies in the log of a month without being of it. ``digest`` is
    of the last copy: whoever keeps it can tell later that the chain up to there is the same.
    """

    organisation: OrganisationId
    periods: list[Period] = field(default_factory=list)
    broken: list[int] = field(default_factory=list)
    misplaced: list[Key] = field(default_factory=list)
    copies: int = 0
    digest: str = NONE_BEFORE
    is_late: bool = False

    @property
    def is_good(self) -> bool:
        whole = all(period.is_whole for period in self.periods)
        return whole and not (self.broken or self.misplaced or self.is_late)


class AuditVerifying:
    """Compares, and changes nothing."""

    def __init__(self, *, spans: AuditSpans, archive: AuditArchive, clock: Clock) -> None:
        self._spans = spans
        self._archive = archive
        self._clock = clock

    async def verify_all(self) -> AsyncGenerator[Verdict, None]:
        """A verdict on every log, also on one that the records know nothing of any more."""
        known = await self._spans.logs()
        for organisation in [*known, *sorted(await self._archive.logs() - {*known})]:
            yield await self.verify(organisation)

    async def verify(self, organisation: OrganisationId) -> Verdict:
        """A verdict on one log."""
        verdict = Verdict(organisation=organisation)
        begins = until = await self._spans.begins(organisation, self._clock())
        comparing = _Comparing(spans=self._spans, organisation=organisation)
        async for copies in self._periods(organisation, verdict):
            if not verdict.periods and copies[0].since > begins:
                verdict.broken.append(FIRST)  # A chain that leaves out its beginning.
            verdict.periods.append(await comparing.compare(copies))
            until = verdict.periods[-1].until
        comparing.end()
        for month in months(begins, until):
            verdict.misplaced += [record.key async for record in self._spans.misplaced(organisation, month)]
        now = self._clock()
        verdict.is_late = now - (until if verdict.periods else await self._spans.begun(organisation, now)) > LATE
        return verdict

    async def _periods(self, organisation: OrganisationId, verdict: Verdict) -> AsyncGenerator[list[AuditCopy], None]:
        """The copies of each period. Ends where the chain is broken, which is noted."""
        last = await self._archive.last_number(organisation)
        parts: list[AuditCopy] = []
        before: AuditCopy | None = None
        for number in range(FIRST, last + 1):
            try:
                copy, digest = await self._archive.read(organisation, number)
            except (IntegrityError, NotFoundError):
                verdict.broken.append(number)
                return
            if copy.previous != verdict.digest or (before is not None and not _follows(copy, before)):
                verdict.broken.append(number - 1)
                return
            verdict.copies, verdict.digest, before = number, digest, copy
            parts.append(copy)
            if copy.is_last:
                yield parts
                parts = []


class _Comparing:
    """Compares period after period of one log."""

    def __init__(self, *, spans: AuditSpans, organisation: OrganisationId) -> None:
        self._spans = spans
        self._organisation = organisation
        self._late: dict[Key, tuple[bytes, Period]] = {}
        """What was not copied with its period: with a later one, or never."""
        self._certificates: set[Key] = set()
        """Copied ones. A crash in an erasure leaves two events that lead to one certificate."""

    async def compare(self, copies: Sequence[AuditCopy]) -> Period:
        """What the records say of the period of these copies."""
        copied = {record.key: record for copy in copies for record in copy.records}
        self._certificates.update(key for key in copied if key[0].startswith("certificate|"))
        period = Period(since=copies[0].since, until=copies[-1].until, copied=len(copied))
        seen: set[Key] = set()
        async for record in self._spans.entries(self._organisation, period.since, period.until):
            if record.key in copied:
                seen.add(record.key)
                if copied[record.key].line() != record.line() and record.key not in period.changed:
                    period.changed.append(record.key)
            elif record.key not in self._certificates:
                self._late.setdefault(record.key, (record.line(), period))
        for key in copied.keys() - seen:
            # Written late, so that it was found in its own period as not copied; or a certificate whose event is gone.
            found = self._late.pop(key, (None, period))[0]
            if found is None and (there := await self._spans.at(*key)) is not None:
                found = there.line()
            if found is None:
                period.missing.append(key)
            elif found != copied[key].line():
                period.changed.append(key)
        return period

    def end(self) -> None:
        """What was not copied with its own period, nor with any later one."""
        for key, (_, period) in self._late.items():
            period.extra.append(key)


def _follows(copy: AuditCopy, before: AuditCopy) -> bool:
    """Whether its period is the same one, or the one right after."""
    if before.is_last:
        return copy.since == before.until
    return (copy.since, copy.until) == (before.since, before.until)
