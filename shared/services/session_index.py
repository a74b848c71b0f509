"""Which sessions somebody has: an entry for each, under every key that the reader is known by.

An entry is written before its session, and removed after it and only by whoever removed it. So every session is on the
list, also one that comes to be while its owner signs out everywhere; an entry of none is skipped until the sweep.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from shared.domain import places
from shared.domain.bodies import Fields
from shared.domain.errors import RecordExistsError, RecordNotFoundError
from shared.domain.ids import SessionId
from shared.domain.places import Place
from shared.domain.ports import Records
from shared.domain.principals import SessionHolder, reader_keys
from shared.services.deleting import delete
from shared.services.listing import every_record


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionEntry:
    """``place`` is where the session itself lies; it names the hash of its token and never leaves the service."""

    session: SessionId
    token_hash: str = field(repr=False)

    @property
    def place(self) -> Place:
        return places.session(self.token_hash)


class SessionIndex:
    """Lists sessions, and ends each together with its entries."""

    def __init__(self, *, records: Records) -> None:
        self._records = records

    async def add(self, principal: SessionHolder, session: SessionId, token_hash: str) -> None:
        """Let the principal find the session."""
        for reader in reader_keys(principal):
            entry = places.session_entry(reader, session)
            with suppress(RecordExistsError):
                await self._records.create(entry.partition, entry.id, {"token_hash": token_hash})

    async def of(self, principal: SessionHolder) -> tuple[SessionEntry, ...]:
        """All of the principal's, oldest first. Some may have run out, be gone, or not be there yet."""
        found: dict[str, SessionEntry] = {}
        for reader in reader_keys(principal):
            found |= {entry.session: entry for entry in await self._under(reader)}
        return tuple(found[session] for session in sorted(found))

    async def _under(self, reader: str) -> tuple[SessionEntry, ...]:
        start, end = places.range_of("session")
        found = await every_record(self._records, places.session_entries(reader), start=start, end=end)
        return tuple(_entry(record.id.partition("|")[2], Fields(record.body)) for record in found)

    async def end_all(self, reader: str, *, but: str | None = None) -> None:
        """End every session of the reader of this key; that of the token with the hash ``but`` goes on."""
        for entry in await self._under(reader):
            if entry.token_hash != but:
                await self.end(entry.token_hash)

    async def end(self, token_hash: str) -> None:
        """End the session of that token, whoever's it is. No error if there is none."""
        place = places.session(token_hash)
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return
        await delete(self._records, place)
        session = fields.optional_text("session")
        if session is not None:
            for reader in readers_of(fields):
                await delete(self._records, places.session_entry(reader, SessionId(session)))


def _entry(session: str, fields: Fields) -> SessionEntry:
    return SessionEntry(session=SessionId(session), token_hash=fields.text("token_hash"))


def readers_of(fields: Fields) -> tuple[str, ...]:
    """Whose the stored session is: every key that its entries lie under."""
    if fields.text("kind") == "staff":
        return (fields.text("staff"),)
    return (fields.text("subject"), *fields.texts("former"))
