"""What a log holds of a span of time: its events, and the certificates of the erasures among them.

Ids of events begin with their time, of one form or the other (``new_id``, ``places.minute_id``), so a span is two id
ranges in each month that it touches. A certificate lies under the id of its message, and an event of its erasure
comes right before it: that event is the way to it. Spans begin and end with whole minutes.
"""

from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

from shared.domain import places
from shared.domain.audit_copies import CopiedRecord
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import IntegrityError, RecordNotFoundError
from shared.domain.ids import OrganisationId, first_id, made_at
from shared.domain.places import PLATFORM
from shared.domain.ports import Records
from shared.services.listing import each_record
from shared.services.organisation_key_records import organisations_with_keys

MINUTE = timedelta(minutes=1)

_MINUTES_BEGIN = "1"
"""Ids of a minute begin with the year; ids of the other form with 0, for the next thousand years."""


class AuditSpans:
    """Reads logs by time."""

    def __init__(self, *, records: Records) -> None:
        self._records = records

    async def logs(self) -> list[OrganisationId]:
        """Every organisation that has a log, and the platform."""
        found = [organisation async for organisation in organisations_with_keys(self._records)]
        return [PLATFORM, *(organisation for organisation in found if organisation != PLATFORM)]

    async def begins(self, organisation: OrganisationId, now: datetime) -> datetime:
        """The first instant of the month in which the log began. Raises ``IntegrityError``."""
        return _month(await self.begun(organisation, now))

    async def begun(self, organisation: OrganisationId, now: datetime) -> datetime:
        """When the log began: with the organisation, and for the platform with the oldest of them.

        Raises ``IntegrityError`` for an organisation whose id is none.
        """
        known = [organisation] if organisation != PLATFORM else (await self.logs())[1:]
        try:
            return min((made_at(each) for each in known), default=now)
        except ValueError:
            raise IntegrityError from None

    async def events(
        self, organisation: OrganisationId, since: datetime, until: datetime
    ) -> AsyncGenerator[CopiedRecord, None]:
        """The events with ``since <= time < until``."""
        for month in months(since, until):
            partition = places.audit(organisation, month, "").partition
            for start, end in (
                (first_id(since), first_id(until)),
                (places.minute_id(since, ""), places.minute_id(until, "")),
            ):
                async for record in each_record(self._records, partition, start=start, end=end):
                    yield CopiedRecord.of(record)

    async def entries(
        self, organisation: OrganisationId, since: datetime, until: datetime
    ) -> AsyncGenerator[CopiedRecord, None]:
        """The events, and after each erasure the certificate of its message where there is one by now."""
        async for event in self.events(organisation, since, until):
            yield event
            certificate = await self._certificate(organisation, event)
            if certificate is not None:
                yield certificate

    async def misplaced(self, organisation: OrganisationId, month: datetime) -> AsyncGenerator[CopiedRecord, None]:
        """What lies in the log of a month without being of that month: nothing of ours does."""
        partition = places.audit(organisation, month, "").partition
        after = _next_month(month)
        for start, end in (
            ("", first_id(month)),
            (first_id(after), _MINUTES_BEGIN),
            (_MINUTES_BEGIN, places.minute_id(month, "")),
            (places.minute_id(after, ""), None),
        ):
            async for record in each_record(self._records, partition, start=start, end=end):
                yield CopiedRecord.of(record)

    async def at(self, partition: str, id: str) -> CopiedRecord | None:  # noqa: A002
        """What lies at that place now."""
        try:
            return CopiedRecord.of(await self._records.get(partition, id))
        except RecordNotFoundError:
            return None

    async def _certificate(self, organisation: OrganisationId, event: CopiedRecord) -> CopiedRecord | None:
        message = event.body.get("message")
        if event.body.get("event") != AuditEvent.MESSAGE_ERASED or not isinstance(message, str):
            return None
        # It lies in the month in which the erasure began, the event in the one in which it ended.
        written = datetime.strptime(event.partition.rpartition("|")[2], "%Y%m")  # noqa: DTZ007 - a month of a partition
        for month in (written, written - timedelta(days=1)):
            place = places.certificate(organisation, month, message)
            found = await self.at(place.partition, place.id)
            if found is not None:
                return found
        return None


def months(since: datetime, until: datetime) -> list[datetime]:
    """The first instant of each month that ``since <= time < until`` touches."""
    found, at = [], _month(since)
    while at < until:
        found.append(at)
        at = _next_month(at)
    return found


def whole_minute(at: datetime) -> datetime:
    """The minute that the instant is in."""
    return at.replace(second=0, microsecond=0)


def _month(at: datetime) -> datetime:
    return whole_minute(at).replace(day=1, hour=0, minute=0)


def _next_month(at: datetime) -> datetime:
    return (at.replace(day=1) + timedelta(days=32)).replace(day=1)
