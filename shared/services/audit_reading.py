"""Reading an organisation's log: month by month, by its admins and auditors, and each reading stands in it.

Persons are told apart by a name that holds in this organisation alone: their pseudonym is the same everywhere, and two
logs beside each other would tell who deals with both.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId, is_id
from shared.domain.ports import Record, Records
from shared.domain.principals import Staff
from shared.services.auditing import Audit
from shared.services.client_records import ClientRecords
from shared.services.staff_records import StaffRecords

PAGE = 100

_ALIAS_CHARACTERS = 16
_OWN = {"event", "at", "by"}


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedEvent:
    """An event. ``by_name`` is the name of a member of staff who is known still, or of an API client."""

    event: str
    at: datetime
    by: str
    by_name: str | None = field(repr=False)
    ids: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogPage:
    """A run of events. ``continuation`` asks for the next."""

    events: tuple[LoggedEvent, ...]
    continuation: str | None


class AuditReading:
    """Shows events, and nothing that they are about."""

    def __init__(self, *, records: Records, staff: StaffRecords, clients: ClientRecords, audit: Audit) -> None:
        self._records = records
        self._staff = staff
        self._clients = clients
        self._audit = audit

    async def page(self, reader: Staff, month: datetime, *, continuation: str | None) -> LogPage:
        """Events of the reader's organisation in the month of that instant, oldest first."""
        organisation = reader.organisation
        await self._audit.write(AuditEvent.LOG_READ, organisation, by=reader.staff, month=f"{month:%Y%m}")
        partition = places.audit(organisation, month, "").partition
        page = await self._records.query(partition, limit=PAGE, continuation=continuation)
        names: dict[str, str] = {
            member.staff: (await self._staff.in_clear(organisation, member)).name
            for member in await self._staff.members(organisation)
        }
        names |= {client.client: client.name for client in await self._clients.all(organisation)}
        events = tuple(_event(organisation, record, names) for record in page.records)
        return LogPage(events=events, continuation=page.continuation)


def _event(organisation: OrganisationId, record: Record, names: Mapping[str, str]) -> LoggedEvent:
    fields = Fields(record.body)
    by = fields.text("by")
    ids = {name: value for name, value in record.body.items() if name not in _OWN and isinstance(value, str)}
    if len(ids) + len(_OWN) != len(record.body):
        raise IntegrityError
    return LoggedEvent(
        event=fields.text("event"),
        at=fields.instant("at"),
        by=reader_name(organisation, by),
        by_name=names.get(by),
        ids=ids,
    )


def reader_name(organisation: OrganisationId, by: str) -> str:
    """What an organisation may know of whoever did something: an id of its staff, ``system``, or a name of its own."""
    if is_id(by) or by.isalpha():
        return by
    return f"person-{token_hash(f'{organisation}|{by}')[:_ALIAS_CHARACTERS].lower()}"
