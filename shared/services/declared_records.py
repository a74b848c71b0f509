"""Records that refuse what their declaration forbids: nothing personal is stored in clear, not even by mistake.

Every service writes through this. Reading is not looked at: what is stored has been judged.
"""

from datetime import datetime

from shared.domain.audit_events import AuditEvent
from shared.domain.ids import OrganisationId, is_id
from shared.domain.places import PLATFORM
from shared.domain.ports import Body, Page, Record, Records
from shared.domain.record_judgement import UndeclaredError, judge
from shared.domain.stored import types
from shared.services.auditing import Audit


class DeclaredRecords:
    """``Records`` in front of a store. ``audit`` writes to that store itself."""

    def __init__(self, *, store: Records, audit: Audit) -> None:
        types.load()
        self._store = store
        self._audit = audit

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002
        return await self._store.get(partition, id)

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        """As the port says. Raises ``UndeclaredError`` for a body that its declaration forbids, and writes nothing."""
        await self._judge(partition, id, body)
        return await self._store.create(partition, id, body)

    async def replace_if_match(self, record: Record, body: Body) -> Record:
        """As ``create``."""
        await self._judge(record.partition, record.id, body)
        return await self._store.replace_if_match(record, body)

    async def delete_if_match(self, record: Record) -> None:
        await self._store.delete_if_match(record)

    async def query(
        self,
        partition: str,
        *,
        start: str = "",
        end: str | None = None,
        limit: int = 100,
        continuation: str | None = None,
    ) -> Page:
        return await self._store.query(partition, start=start, end=end, limit=limit, continuation=continuation)

    async def now(self) -> datetime:
        return await self._store.now()

    async def ping(self) -> None:
        await self._store.ping()

    async def _judge(self, partition: str, id: str, body: Body) -> None:  # noqa: A002
        judgement = judge(partition, id, body)
        if judgement.flaws:
            raise UndeclaredError(judgement)
        for noticed in judgement.noticed:
            await self._audit.write(
                AuditEvent.PERSONAL_DATA_NOTICED,
                _owner(partition),
                by="system",
                record=judgement.name,
                field=noticed.field,
                kinds=" ".join(sorted(noticed.kinds)),
            )


def _owner(partition: str) -> OrganisationId:
    """Whose log tells of it: the organisation's where the partition names one."""
    begins, _, rest = partition.partition("|")
    named = rest.partition("|")[0]
    return OrganisationId(named) if begins == "organisation" and is_id(named) else PLATFORM
