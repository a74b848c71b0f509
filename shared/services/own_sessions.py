"""One's own sessions: where one is signed in, and ending that from anywhere.

Nothing of a session is kept in memory between requests, so what is ended here opens nothing from that moment.
"""

from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.crypto.tokens import token_hash
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import NotFoundError, RecordNotFoundError
from shared.domain.ids import SessionId
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock, Record, Records
from shared.domain.principals import SessionHolder, reader_key
from shared.domain.sessions import SessionLimits
from shared.services.auditing import Audit, log_of
from shared.services.keyring import Keyring
from shared.services.session_index import SessionEntry, SessionIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSession:
    """One of one's own sessions. ``provider`` and ``assurance`` are None for staff."""

    session: SessionId
    kind: str
    provider: str | None
    assurance: str | None
    device: str = field(repr=False)
    created_at: datetime
    seen_at: datetime
    is_current: bool


class OwnSessions:
    """Shows and ends the sessions of whoever asks. ``here`` is the token of the session that asks."""

    def __init__(
        self,
        *,
        records: Records,
        index: SessionIndex,
        keyring: Keyring,
        audit: Audit,
        limits: SessionLimits,
        clock: Clock,
    ) -> None:
        self._records = records
        self._index = index
        self._keyring = keyring
        self._audit = audit
        self._limits = limits
        self._clock = clock

    async def list(self, principal: SessionHolder, *, here: str) -> tuple[ShownSession, ...]:
        """All that are alive, oldest first."""
        shown: list[ShownSession] = []
        for entry in await self._index.of(principal):
            record = await self._alive(entry)
            if record is not None:
                shown.append(await self._shown(entry, record, here))
        return tuple(shown)

    async def end(self, principal: SessionHolder, session: SessionId, *, here: str) -> bool:
        """End one. Returns whether it was the one that asks.

        Raises ``NotFoundError`` unless it is the principal's and alive.
        """
        entry = next((entry for entry in await self._index.of(principal) if entry.session == session), None)
        if entry is None or await self._alive(entry) is None:
            raise NotFoundError
        is_here = entry.token_hash == token_hash(here)
        if is_here:
            await self._audit.write(AuditEvent.SIGNED_OUT, log_of(principal), by=reader_key(principal))
        else:
            await self._audit.write(
                AuditEvent.SESSION_ENDED, log_of(principal), by=reader_key(principal), session=session
            )
        await self._index.end(entry.token_hash)
        return is_here

    async def end_all(self, principal: SessionHolder, *, here: str) -> None:
        """End every one, the one that asks last: whoever meets a fault can ask again."""
        await self._audit.write(AuditEvent.SIGNED_OUT_EVERYWHERE, log_of(principal), by=reader_key(principal))
        for entry in await self._index.of(principal):
            if entry.token_hash != token_hash(here):
                await self._index.end(entry.token_hash)
        await self._index.end(token_hash(here))

    async def _alive(self, entry: SessionEntry) -> Record | None:
        try:
            record = await self._records.get(entry.place.partition, entry.place.id)
        except RecordNotFoundError:
            return None
        return None if self._limits.is_over(Fields(record.body), now=self._clock()) else record

    async def _shown(self, entry: SessionEntry, record: Record, here: str) -> ShownSession:
        fields = Fields(record.body)
        sealed = fields.text("device")
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        return ShownSession(
            session=entry.session,
            kind=fields.text("kind"),
            provider=fields.optional_text("provider"),
            assurance=fields.optional_text("assurance"),
            device=unseal_field(key, sealed, partition=record.partition, id=record.id, field="device"),
            created_at=fields.instant("created_at"),
            seen_at=fields.instant("seen_at"),
            is_current=entry.token_hash == token_hash(here),
        )
