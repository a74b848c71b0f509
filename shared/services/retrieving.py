"""Opening messages and fetching files: may they, is it alive, audit first, then the keys, then content.

The beginning of a file is read and verified while the audit event is on its way to the store (ADR 0019); none of it,
nor of what the file is called or how long it is, is given out before the event is written, or at all when it cannot be.

A receipt is left last before the release: what could not be shown was not opened.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from shared.crypto.data_keys import unwrap_data_key, wrapped_key_version
from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.crypto.manifests import unseal_manifest
from shared.crypto.texts import unseal_text
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.byte_ranges import ByteRange
from shared.domain.content_checks import UNCHECKED, ContentChecks
from shared.domain.errors import NotFoundError
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.lifecycles import MessageState
from shared.domain.manifest import Manifest
from shared.domain.metrics import Counter, Metrics
from shared.domain.ports import Blobs, Clock, Records
from shared.domain.principals import ApiClient, Principal, reader_key
from shared.domain.retention import is_expired
from shared.domain.scopes import Scope
from shared.domain.threads import CHECKS_FIELD, FileState, Message, StoredFile
from shared.services.access import Access, OpenMessage, OpenThread, is_mine, may_see
from shared.services.auditing import Audit
from shared.services.keyring import Keyring
from shared.services.listing import each_record
from shared.services.part_reading import PartReader, SealedFile
from shared.services.receipts import Receipt, Receipts
from shared.services.storing import Storing, UnfinishedFile


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
    checks: ContentChecks


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedMessage:
    """A message in clear. ``unfinished`` are the files of a draft that still keep it from being sent."""

    message: MessageId
    thread: ThreadId
    text: str = field(repr=False)
    files: tuple[ShownFile, ...]
    unfinished: tuple[UnfinishedFile, ...]
    sent_at: datetime | None
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFiles:
    """The stored files of a message, in their order, each with its manifest. ``at``: sent then, or begun if a draft."""

    at: datetime
    files: tuple[tuple[FileId, Manifest], ...]


class FetchableFile:
    """A file whose manifest has verified, ready to be streamed. ``release`` runs once, before the very first piece.

    ``ranges`` are those that were wanted of it; none: the whole.
    """

    def __init__(
        self,
        *,
        manifest: Manifest,
        ranges: tuple[ByteRange, ...],
        reader: PartReader,
        release: Callable[[], Awaitable[None]],
    ) -> None:
        self.manifest = manifest
        self.ranges = ranges
        self._reader = reader
        self._release = release
        self._is_released = False
        self._begun: tuple[ByteRange, AsyncGenerator[bytes | bytearray, None], bytes | bytearray] | None = None

    @property
    def whole(self) -> ByteRange:
        return ByteRange(start=0, end=self.manifest.total_length)

    async def begin(self) -> None:
        """Read and verify the first piece of what is wanted, and keep it. Raises as ``PartReader.read``."""
        wanted = self.ranges[0] if self.ranges else self.whole
        pieces = self._reader.read(wanted)
        self._begun = wanted, pieces, await anext(pieces, b"")

    async def close(self) -> None:
        """Give up what was begun, for whoever does not read."""
        if self._begun is not None:
            await self._begun[1].aclose()

    async def read(self, wanted: ByteRange) -> AsyncGenerator[bytes | bytearray, None]:
        """The plaintext of ``wanted``; see ``PartReader.read``. At least one piece, empty when nothing is wanted.

        The receipt is left between the first piece's verification and its release.
        """
        begun, self._begun = self._begun, None
        if begun is not None and begun[0] != wanted:
            await begun[1].aclose()
            begun = None
        async with aclosing(self._reader.read(wanted) if begun is None else begun[1]) as pieces:
            first = await anext(pieces, b"") if begun is None else begun[2]
            del begun  # Else the first piece would stay as long as the last one.
            if not self._is_released:
                await self._release()
                self._is_released = True
            yield first
            del first
            async for piece in pieces:
                yield piece


class Retrieving:
    """Shows what principals may see."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        access: Access,
        keyring: Keyring,
        storing: Storing,
        receipts: Receipts,
        audit: Audit,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._access = access
        self._keyring = keyring
        self._storing = storing
        self._receipts = receipts
        self._audit = audit
        self._metrics = metrics
        self._clock = clock

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
        receipts = await self._receipts.of(opened.message) if opened.is_mine and _may_see_receipts(principal) else ()
        return _shown(opened.message, opened.room, receipts)

    async def open(self, principal: Principal, thread: ThreadId, message: MessageId) -> OpenedMessage:
        """The text and the list of files. Leaves a receipt when the other side opens. Raises ``NotFoundError``."""
        opened = await self._access.message(principal, thread, message)
        found = opened.message
        await self._log(AuditEvent.MESSAGE_OPENED, principal, found)
        if found.text is None or found.text_key is None:
            raise NotFoundError
        key = await self._keyring.of_version(found.organisation, wrapped_key_version(found.text_key))
        data_key = unwrap_data_key(key, found.text_key, thread=thread, file=message)
        stored = [file for _, file in await self._access.files(found)]
        files = [await self._described(file) for file in stored]
        unfinished = [await self._storing.unfinished(file) for file in stored]
        text = unseal_text(data_key, found.text, organisation=found.organisation, thread=thread, message=message)
        await self._receipts.leave(principal, opened, None)
        if not opened.is_mine:
            self._metrics.add(Counter.OPENED, side="unit" if opened.room.me is None else "person")
        return OpenedMessage(
            message=message,
            thread=thread,
            text=text,
            files=tuple(file for file in files if file is not None),
            unfinished=tuple(file for file in unfinished if file is not None),
            sent_at=found.sent_at,
            expires_at=found.expires_at,
        )

    async def describe_file(self, principal: Principal, thread: ThreadId, message: MessageId, file: FileId) -> Manifest:
        """What a stored file is called and how long it is. Leaves no receipt. Raises as ``fetch``."""
        opened, found = await self._stored(principal, thread, message, file)
        await self._log(AuditEvent.FILE_DESCRIBED, principal, opened.message, file=file)
        return (await self._manifest(found))[0]

    async def fetch(
        self,
        principal: Principal,
        thread: ThreadId,
        message: MessageId,
        file: FileId,
        *,
        wanted: Callable[[Manifest], tuple[ByteRange, ...]] | None = None,
    ) -> FetchableFile:
        """A stored file. Reading it leaves a receipt when the other side does.

        ``wanted`` tells the ranges that will be read at once, none for the whole: the first is begun. Raises
        ``NotFoundError``, ``KeyUnavailableError``, ``IntegrityError``, and what ``wanted`` raises, each once the audit
        event is written.
        """
        opened, found = await self._stored(principal, thread, message, file)
        noting = asyncio.create_task(self._log(AuditEvent.FILE_FETCHED, principal, opened.message, file=file))
        begun: FetchableFile | None = None
        try:
            try:
                begun = await self._fetchable(principal, opened, found, wanted)
                if wanted is not None:
                    await begun.begin()
            except Exception:
                await noting  # What is wrong tells something of the file; and a fault of the log goes before any other.
                raise
            await noting
        except BaseException:
            noting.cancel()
            await asyncio.gather(noting, return_exceptions=True)
            if begun is not None:
                await begun.close()
            raise
        return begun

    async def _fetchable(
        self,
        principal: Principal,
        opened: OpenMessage,
        found: StoredFile,
        wanted: Callable[[Manifest], tuple[ByteRange, ...]] | None,
    ) -> FetchableFile:
        manifest, data_key = await self._manifest(found)
        assert found.key is not None  # The manifest was unsealed with it.
        # The data key stays with the reader: who reads for long would outlast the end of the organisation's key.
        still = partial(self._keyring.of_version, found.organisation, wrapped_key_version(found.key))
        sealed = SealedFile(
            organisation=found.organisation,
            thread=found.thread,
            message=found.message,
            file=found.file,
            part_lengths=manifest.part_lengths,
        )
        return FetchableFile(
            manifest=manifest,
            ranges=() if wanted is None else wanted(manifest),
            reader=PartReader(blobs=self._blobs, file=sealed, data_key=data_key, still=still),
            release=partial(self._receipts.leave, principal, opened, found.file),
        )

    async def fetch_all(self, principal: Principal, thread: ThreadId, message: MessageId) -> StoredFiles:
        """What the stored files of a message are, for whoever goes on to ``fetch`` each.

        Raises ``NotFoundError``, also when there is none; ``KeyUnavailableError``, ``IntegrityError``.
        """
        opened = await self._access.message(principal, thread, message)
        found = opened.message
        await self._log(AuditEvent.FILES_FETCHED, principal, found)
        stored = [file for _, file in await self._access.files(found) if file.state is FileState.STORED]
        if not stored:
            raise NotFoundError
        files = tuple([(file.file, (await self._manifest(file))[0]) for file in stored])
        return StoredFiles(at=found.sent_at or found.created_at, files=files)

    async def _stored(
        self, principal: Principal, thread: ThreadId, message: MessageId, file: FileId
    ) -> tuple[OpenMessage, StoredFile]:
        opened, found = await self._access.message_and_file(principal, thread, message, file)
        if found.state is not FileState.STORED or found.manifest is None or found.key is None:
            raise NotFoundError
        return opened, found

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
            checks=await self._checks(file),
        )

    async def _checks(self, file: StoredFile) -> ContentChecks:
        if file.checks is None:
            return UNCHECKED
        place = places.file(file.thread, file.message, file.file)
        key = await self._keyring.of_version(file.organisation, sealed_field_key_version(file.checks))
        return ContentChecks.of(
            unseal_field(key, file.checks, partition=place.partition, id=place.id, field=CHECKS_FIELD)
        )

    async def _log(self, event: AuditEvent, principal: Principal, message: Message, **ids: str) -> None:
        """What is opened, fetched or asked about, each time, whoever does, before it is looked at."""
        ids |= {"thread": message.thread, "message": message.message}
        await self._audit.write(event, message.organisation, by=reader_key(principal), **ids)


def _may_see_receipts(principal: Principal) -> bool:
    return not isinstance(principal, ApiClient) or Scope.RECEIPTS_READ in principal.scopes


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
