"""Opening messages and fetching files: may they, is it alive, receipt and audit first, then the keys, then content."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.data_keys import unwrap_data_key, wrapped_key_version
from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.manifests import unseal_manifest
from shared.crypto.texts import unseal_text
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import NotFoundError
from shared.domain.ids import FileId, MessageId, RandomBytes, ThreadId
from shared.domain.lifecycles import MessageState
from shared.domain.manifest import Manifest
from shared.domain.ports import Blobs, Clock, Record, Records
from shared.domain.principals import Person, Principal, Staff, reader_key
from shared.domain.retention import is_expired
from shared.domain.threads import FileState, Message, StoredFile
from shared.services.access import Access, OpenMessage, OpenThread, is_mine, may_see
from shared.services.auditing import Audit
from shared.services.entries import write_entries
from shared.services.keyring import Keyring
from shared.services.listing import each_record, every_record
from shared.services.part_reading import PartReader, SealedFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """That somebody first opened a message (``file`` None) or fetched a file. ``name`` as at their sign-in."""

    kind: str
    name: str = field(repr=False)
    file: FileId | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownMessage:
    """A message without its content. Receipts are shown to the author's side only."""

    message: MessageId
    thread: ThreadId
    state: MessageState
    is_mine: bool
    from_unit: bool
    created_at: datetime
    sent_at: datetime | None
    expires_at: datetime
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownFile:
    """A file as its manifest describes it. ``sha256`` is of the plaintext, hex."""

    file: FileId
    name: str = field(repr=False)
    media_type: str
    length: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMessage:
    """A message in clear."""

    message: MessageId
    thread: ThreadId
    text: str = field(repr=False)
    files: tuple[ShownFile, ...]
    sent_at: datetime | None
    expires_at: datetime


class FetchableFile:
    """A file whose manifest has verified, ready to be streamed."""

    def __init__(self, *, manifest: Manifest, reader: PartReader) -> None:
        self.manifest = manifest
        self._reader = reader

    def read(self, wanted: ByteRange) -> AsyncGenerator[bytes | bytearray, None]:
        """The plaintext of ``wanted``; see ``PartReader.read``."""
        return self._reader.read(wanted)


class Retrieving:
    """Shows what principals may see."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        access: Access,
        keyring: Keyring,
        audit: Audit,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._access = access
        self._keyring = keyring
        self._audit = audit
        self._clock = clock
        self._random = random

    async def list(self, principal: Principal, thread: ThreadId) -> tuple[ShownMessage, ...]:
        """The messages of a thread that the principal may see, oldest first. Raises ``NotFoundError``."""
        room = await self._access.thread(principal, thread)
        start, end = places.range_of("message")
        now, shown = self._clock(), []
        async for record in each_record(self._records, places.thread(thread).partition, start=start, end=end):
            message = Message.of(record.body)
            if may_see(message, room) and not is_expired(message.expires_at, now=now):
                shown.append(_shown(message, room, ()))
        return tuple(shown)

    async def describe(self, principal: Principal, thread: ThreadId, message: MessageId) -> ShownMessage:
        """A message without its content; its receipts, for the author's side. Raises ``NotFoundError``."""
        opened = await self._access.message(principal, thread, message)
        receipts = await self._receipts(opened.message) if opened.is_mine else ()
        return _shown(opened.message, opened.room, receipts)

    async def open(self, principal: Principal, thread: ThreadId, message: MessageId) -> OpenedMessage:
        """The text and the list of files. Leaves a receipt when the other side opens. Raises ``NotFoundError``."""
        opened = await self._access.message(principal, thread, message)
        found = opened.message
        await self._leave_receipt(principal, opened, None)
        if found.text is None or found.text_key is None:
            raise NotFoundError
        key = await self._keyring.of_version(found.organisation, wrapped_key_version(found.text_key))
        data_key = unwrap_data_key(key, found.text_key, thread=thread, file=message)
        files = [await self._described(file) for _, file in await self._access.files(found)]
        text = unseal_text(data_key, found.text, organisation=found.organisation, thread=thread, message=message)
        return OpenedMessage(
            message=message,
            thread=thread,
            text=text,
            files=tuple(file for file in files if file is not None),
            sent_at=found.sent_at,
            expires_at=found.expires_at,
        )

    async def fetch(
        self, principal: Principal, thread: ThreadId, message: MessageId, file: FileId, *, leave_receipt: bool
    ) -> FetchableFile:
        """A stored file. ``leave_receipt`` is False when only its description is asked for (HEAD).

        Raises ``NotFoundError``, ``KeyUnavailableError``, ``IntegrityError``.
        """
        opened = await self._access.message(principal, thread, message)
        found = await self._access.file(opened, file)
        if found.state is not FileState.STORED or found.manifest is None or found.key is None:
            raise NotFoundError
        if leave_receipt:
            await self._leave_receipt(principal, opened, file)
        manifest, data_key = await self._manifest(found)
        sealed = SealedFile(
            organisation=found.organisation,
            thread=thread,
            message=message,
            file=file,
            part_lengths=manifest.part_lengths,
        )
        return FetchableFile(manifest=manifest, reader=PartReader(blobs=self._blobs, file=sealed, data_key=data_key))

    async def _manifest(self, file: StoredFile) -> tuple[Manifest, bytes]:
        if file.key is None or file.manifest is None:
            raise NotFoundError
        key = await self._keyring.of_version(file.organisation, wrapped_key_version(file.key))
        data_key = unwrap_data_key(key, file.key, thread=file.thread, file=file.file)
        manifest = unseal_manifest(
            data_key, file.manifest, organisation=file.organisation, thread=file.thread, file=file.file
        )
        return manifest, data_key

    async def _described(self, file: StoredFile) -> ShownFile | None:
        if file.state is not FileState.STORED or file.key is None:
            return None
        manifest, _ = await self._manifest(file)
        return ShownFile(
            file=file.file,
            name=manifest.name,
            media_type=manifest.media_type,
            length=manifest.total_length,
            sha256=manifest.sha256.hex(),
        )

    async def _leave_receipt(self, principal: Principal, opened: OpenMessage, file: FileId | None) -> None:
        """Audit every opening; the first of each reader by the other side is a receipt as well. Before any content."""
        message = opened.message
        ids = {"thread": message.thread, "message": message.message}
        event = AuditEvent.MESSAGE_OPENED if file is None else AuditEvent.FILE_FETCHED
        ids |= {} if file is None else {"file": file}
        await self._audit.write(event, message.organisation, by=reader_key(principal), **ids)
        if opened.is_mine:
            return
        place = places.receipt(message.thread, message.message, file or "text", reader_key(principal))
        key = await self._keyring.current(message.organisation)
        name = seal_field(
            key, principal.name, partition=place.partition, id=place.id, field="name", random=self._random
        )
        body = {"kind": _kind(principal), "name": name, "file": file, "at": instant_text(self._clock())}
        await write_entries(self._records, message, {place: body})

    async def _receipts(self, message: Message) -> tuple[Receipt, ...]:
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
            kind=fields.text("kind"), name=name, file=None if file is None else FileId(file), at=fields.instant("at")
        )


def _kind(principal: Principal) -> str:
    match principal:
        case Staff():
            return "staff"
        case Person():
            return "person"


def _shown(message: Message, room: OpenThread, receipts: tuple[Receipt, ...]) -> ShownMessage:
    return ShownMessage(
        message=message.message,
        thread=message.thread,
        state=message.state,
        is_mine=is_mine(message, room),
        from_unit=message.author.is_unit,
        created_at=message.created_at,
        sent_at=message.sent_at,
        expires_at=message.expires_at,
        receipts=receipts,
    )
