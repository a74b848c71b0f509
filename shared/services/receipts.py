"""Receipts: that someone of the other side opened a message, or fetched a file, for the first time."""

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import RecordNotFoundError
from shared.domain.ids import FileId, RandomBytes
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.principals import ApiClient, Person, Principal, Staff, reader_keys
from shared.domain.threads import Message
from shared.services.access import OpenMessage
from shared.services.entries import write_entries
from shared.services.keyring import Keyring
from shared.services.listing import every_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That somebody first opened a message (``file`` None) or fetched a file. ``name`` as at their sign-in.

    ``provider`` and ``assurance`` tell which e-ID a person signed in with and its level; None for staff and clients.
    """

    kind: str
    name: str = field(repr=False)
    file: FileId | None
    at: datetime
    provider: str | None
    assurance: str | None


class Receipts:
    """Leaves receipts and shows them."""

    def __init__(self, *, records: Records, keyring: Keyring, clock: Clock, random: RandomBytes) -> None:
        self._records = records
        self._keyring = keyring
        self._clock = clock
        self._random = random

    async def leave(self, principal: Principal, opened: OpenMessage, file: FileId | None) -> None:
        """Leave one unless there is one of this reader, or the reader is of the author's side.

        To be called when it is certain that something can be released, and before it is. Raises ``NotFoundError``
        when the message was erased meanwhile.
        """
        if opened.is_mine:
            return
        message = opened.message
        here, *formerly = [
            places.receipt(message.thread, message.message, file or "text", reader) for reader in reader_keys(principal)
        ]
        # A rotation of the pepper writes the new one before it deletes the old one, so the old ones come first.
        for place in formerly:
            with suppress(RecordNotFoundError):
                await self._records.get(place.partition, place.id)
                return
        key = await self._keyring.current(message.organisation)
        name = seal_field(key, principal.name, partition=here.partition, id=here.id, field="name", random=self._random)
        body: Body = {"name": name, "file": file, "at": instant_text(self._clock()), **_sign_in(principal)}
        await write_entries(self._records, message, {here: body})

    async def of(self, message: Message) -> tuple[Receipt, ...]:
        """All receipts of a message."""
        start, end = places.range_of(f"receipt|{message.message}")
        records = await every_record(self._records, places.thread(message.thread).partition, start=start, end=end)
        return tuple([await self._receipt(message, record) for record in records])

    async def _receipt(self, message: Message, record: Record) -> Receipt:
        fields = Fields(record.body)
        sealed = fields.text("name")
        key = await self._keyring.of_version(message.organisation, sealed_field_key_version(sealed))
        name = unseal_field(key, sealed, partition=record.partition, id=record.id, field="name")
        file = fields.optional_text("file")
        return Receipt(
            kind=fields.text("kind"),
            name=name,
            file=None if file is None else FileId(file),
            at=fields.instant("at"),
            provider=fields.optional_text("provider"),
            assurance=fields.optional_text("assurance"),
        )


def _sign_in(principal: Principal) -> Body:
    """How the reader was known, so that a receipt can be traced to the proof of the sign-in as long as that is kept."""
    match principal:
        case Staff():
            return {"kind": "staff"}
        case ApiClient():
            return {"kind": "client"}
        case Person():
            return {
                "kind": "person",
                "provider": principal.provider,
                "assurance": principal.assurance.value,
                "evidence": principal.evidence,
            }
