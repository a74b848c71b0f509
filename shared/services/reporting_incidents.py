"""What an authority asks after an incident: who opened and fetched what, since when, of whom, and how it was sealed.

Facts of one organisation and a span of time, from its own audit log and from the records. It holds ids and pseudonyms;
names only where they are asked for, from the receipts, unsealed (GDPR articles 33 and 34). Persons are called as in
the organisation's own view of its log.
"""

from collections import Counter
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import PicError, RecordNotFoundError
from shared.domain.ids import MessageId, OrganisationId, ThreadId
from shared.domain.ports import Json, Records
from shared.domain.threads import Message, Thread
from shared.services.audit_reading import reader_name
from shared.services.auditing import Audit
from shared.services.custody import Custodies
from shared.services.listing import each_record
from shared.services.receipts import Receipts

OPENINGS = frozenset(
    event.value
    for event in (
        *(AuditEvent.MESSAGE_OPENED, AuditEvent.FILE_DESCRIBED, AuditEvent.FILE_FETCHED, AuditEvent.FILES_FETCHED),
    )
)
"""What shows content to somebody."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``openings`` in order of time; ``messages`` and ``persons`` that they concern, as far as these still exist."""

    organisation: OrganisationId
    since: datetime
    until: datetime
    events: Counter[str]
    openings: tuple[dict[str, Json], ...]
    messages: dict[str, dict[str, Json]]
    persons: int
    sealing: dict[str, Json]
    names: tuple[dict[str, Json], ...] = field(repr=False)

    def body(self) -> dict[str, Json]:
        """As JSON."""
        return {
            "organisation": self.organisation,
            "since": instant_text(self.since),
            "until": instant_text(self.until),
            "events": dict(sorted(self.events.items())),
            "openings": list(self.openings),
            "messages": self.messages,
            "persons_concerned": self.persons,
            "sealing": self.sealing,
            "names": list(self.names),
        }


class IncidentReporting:
    """Gathers the facts."""

    def __init__(self, *, records: Records, custodies: Custodies, receipts: Receipts, audit: Audit) -> None:
        self._records = records
        self._custodies = custodies
        self._receipts = receipts
        self._audit = audit

    async def report(
        self, organisation: OrganisationId, since: datetime, until: datetime, *, with_names: bool = False
    ) -> Report:
        """The facts of this span, both ends included. That they were gathered is audited, before."""
        for month in _months(since, until):
            await self._audit.write(AuditEvent.LOG_READ, organisation, by="system", month=f"{month:%Y%m}")
        events: Counter[str] = Counter()
        openings: list[dict[str, Json]] = []
        async for body in self._events(organisation, since, until):
            event = str(body["event"])
            events[event] += 1
            if event in OPENINGS:
                openings.append(body)
        openings.sort(key=lambda body: str(body["at"]))
        messages, persons, names = await self._concerned(openings, with_names=with_names)
        return Report(
            organisation=organisation,
            since=since,
            until=until,
            events=events,
            openings=tuple(openings),
            messages=messages,
            persons=persons,
            sealing=await self._sealing(organisation),
            names=names,
        )

    async def _events(
        self, organisation: OrganisationId, since: datetime, until: datetime
    ) -> AsyncGenerator[dict[str, Json], None]:
        for month in _months(since, until):
            async for record in each_record(self._records, places.audit(organisation, month, "").partition):
                if since <= Fields(record.body).instant("at") <= until:
                    by = reader_name(organisation, str(record.body["by"]))
                    yield {**record.body, "by": by}

    async def _concerned(
        self, openings: list[dict[str, Json]], *, with_names: bool
    ) -> tuple[dict[str, dict[str, Json]], int, tuple[dict[str, Json], ...]]:
        messages: dict[str, dict[str, Json]] = {}
        persons: set[str] = set()
        names: list[dict[str, Json]] = []
        for thread, message in dict.fromkeys((str(body["thread"]), str(body["message"])) for body in openings):
            found = await self._message(ThreadId(thread), MessageId(message))
            if found is None:
                messages[message] = {"thread": thread, "state": "gone"}
                continue
            messages[message] = {
                "thread": thread,
                "state": found.state.value,
                "created_at": instant_text(found.created_at),
                "expires_at": instant_text(found.expires_at),
                "files": len(found.files),
            }
            persons |= await self._recipients(ThreadId(thread))
            if with_names:
                names += await self._names(found)
        return messages, len(persons), tuple(names)

    async def _names(self, message: Message) -> list[dict[str, Json]]:
        try:
            receipts = await self._receipts.of(message)
        except PicError as fault:  # Its key is destroyed or taken back: then nobody can tell, and that is a fact.
            return [{"message": message.message, "fault": type(fault).__name__}]
        return [
            {
                "message": message.message,
                "file": receipt.file,
                "name": receipt.name,
                "kind": receipt.kind,
                "provider": receipt.provider,
                "assurance": receipt.assurance,
                "at": instant_text(receipt.at),
            }
            for receipt in receipts
        ]

    async def _message(self, thread: ThreadId, message: MessageId) -> Message | None:
        place = places.message(thread, message)
        try:
            return Message.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return None

    async def _recipients(self, thread: ThreadId) -> set[str]:
        place = places.thread(thread)
        try:
            found = Thread.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return set()
        return {person.recipient for person in found.participants}

    async def _sealing(self, organisation: OrganisationId) -> dict[str, Json]:
        """What article 34(3)(a) asks: whether what got out could be read."""
        start, end = places.organisation_key_range()
        partition = places.organisation(organisation).partition
        versions = [
            record.id.partition("|")[2] async for record in each_record(self._records, partition, start=start, end=end)
        ]
        custody = await self._custodies.read(organisation)
        return {
            "content": "Cobblestone-256, a data key for each text and file",
            "fields": "AES-256-GCM under the organisation key",
            "organisation_key_versions": list(versions),
            "key_encryption_key": custody.key,
            "is_destroyed": custody.destroyed_at is not None,
        }


def _months(since: datetime, until: datetime) -> list[datetime]:
    """A day in each month of the span."""
    found, at = [], since
    while (at.year, at.month) <= (until.year, until.month):
        found.append(at)
        at = at.replace(day=28) + 4 * _DAY
        at = at.replace(day=1)
    return found
