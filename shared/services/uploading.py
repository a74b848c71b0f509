"""Uploads: begun for a draft, appended at the stored offset, committed and sealed by the last byte.

Every step may be repeated. The offset lives in our record and moves by compare-and-set: of two requests at the same
offset one wins, the other gets a conflict and its blocks are never referenced.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

from shared.crypto.data_keys import new_data_key, unwrap_data_key, wrap_data_key, wrapped_key_version
from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.manifests import seal_manifest
from shared.domain import places, retention, texts
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
    SourceCutError,
    TooLargeError,
)
from shared.domain.ids import FileId, MessageId, RandomBytes, ThreadId, UploadId, is_id, new_id
from shared.domain.lifecycles import MessageState, MessageStep, next_message_state
from shared.domain.manifest import Manifest
from shared.domain.ports import Blobs, Clock, Record, Records
from shared.domain.principals import Principal, reader_key
from shared.domain.retention import is_expired
from shared.domain.threads import FileState, Message, Sealed, StoredFile, WrappedDataKey
from shared.domain.upload_rule import Progress, UploadState
from shared.services.access import Access
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.digests import RunningDigests
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.part_reading import whole_digest
from shared.services.part_writing import PartWriter
from shared.services.uploads import Upload

MAX_FILES = 100
"""Files in one message. Against messages as a means of denial of service (GlobaLeaks #3634)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """What the sender says of a file before its bytes. ``length`` in bytes."""

    thread: ThreadId
    message: MessageId
    name: str = field(repr=False)
    media_type: str
    length: int


class Uploading:
    """Receives files for drafts."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        access: Access,
        keyring: Keyring,
        expiries: Expiries,
        audit: Audit,
        max_bytes: int,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._access = access
        self._keyring = keyring
        self._expiries = expiries
        self._audit = audit
        self._max_bytes = max_bytes
        self._clock = clock
        self._random = random
        self._digests = RunningDigests()

    @property
    def max_bytes(self) -> int:
        """The largest file, shown before an upload begins (tus ``Tus-Max-Size``)."""
        return self._max_bytes

    async def begin(self, principal: Principal, new: NewUpload) -> Upload:
        """Begin an upload for a draft of the principal's side. An empty file is stored at once.

        Raises ``NotFoundError``, ``ConflictError`` (not a draft), ``InvalidInputError`` (name, media type, length,
        number of files), ``TooLargeError``.
        """
        if new.length < 0:
            raise InvalidInputError("upload-length")
        if new.length > self._max_bytes:
            raise TooLargeError(self._max_bytes)
        name, media_type = texts.file_name(new.name), texts.media_type(new.media_type)
        opened = await self._access.message(principal, new.thread, new.message)
        if not opened.is_mine:
            raise NotFoundError
        next_message_state(opened.message.state, MessageStep.CHANGE)
        if len(await self._access.files(opened.message)) >= MAX_FILES:
            raise InvalidInputError("files")
        now, organisation = self._clock(), opened.message.organisation
        key = await self._keyring.current(organisation)
        upload, file = UploadId(new_id(now, self._random)), FileId(new_id(now, self._random))
        place = places.upload(upload)

        def seal(text: str, of: str) -> Sealed:
            return Sealed(seal_field(key, text, partition=place.partition, id=place.id, field=of, random=self._random))

        ends = min(now + timedelta(days=retention.UPLOAD_DAYS), opened.message.expires_at)
        begun = Upload(
            upload=upload,
            organisation=organisation,
            thread=new.thread,
            message=new.message,
            file=file,
            owner=reader_key(principal),
            name=seal(name, "name"),
            media_type=seal(media_type, "media_type"),
            progress=Progress(
                state=UploadState.OPEN if new.length else UploadState.FULL,
                length=new.length,
                parts=(),
                expires_at=ends,
            ),
            created_at=now,
        )
        stored = StoredFile(
            file=file,
            message=new.message,
            thread=new.thread,
            organisation=organisation,
            state=FileState.UPLOADING,
            upload=upload,
            key=WrappedDataKey(
                wrap_data_key(key, new_data_key(self._random), thread=new.thread, file=file, random=self._random)
            ),
            manifest=None,
        )
        await self._expiries.book(ends, f"upload|{upload}")
        record = await self._records.create(place.partition, place.id, begun.body())
        file_place = places.file(new.thread, new.message, file)
        await self._records.create(file_place.partition, file_place.id, stored.body())
        await self._hold_draft(opened.record, upload)
        if begun.progress.state is UploadState.FULL:
            return await self._store(record, begun)
        return begun

    async def _hold_draft(self, message: Record, upload: UploadId) -> None:
        """Touch the draft, so that a ``send`` that did not see this file loses its compare-and-set.

        Raises ``ConflictError`` when the draft was sent, recalled or changed meanwhile; the upload is undone.
        """
        try:
            await self._records.replace_if_match(message, message.body)
        except (RecordChangedError, RecordNotFoundError) as fault:
            await self.erase(upload)
            raise ConflictError from fault

    async def find(self, principal: Principal, upload: UploadId) -> Upload:
        """The upload, if the principal began it and it is alive. Raises ``NotFoundError``."""
        return (await self._load(principal, upload))[1]

    async def append(
        self,
        principal: Principal,
        upload: UploadId,
        *,
        offset: int,
        declared_bytes: int | None,
        body: AsyncIterator[bytes],
    ) -> Upload:
        """Take the bytes that follow ``offset``; the last byte stores the file.

        Raises ``NotFoundError``; ``ConflictError`` at another offset than the stored one, or when another request
        was faster; ``TooLargeError`` past the declared length; ``SourceCutError`` when the sender went away. After
        the last two, what arrived before counts.
        """
        record, found = await self._load(principal, upload)
        await self._still_a_draft(found)
        missing = found.progress.begin_append(offset=offset, declared_bytes=declared_bytes, now=self._clock())
        data_key = await self._data_key(await self._file(found), found)
        digest = self._digests.at(upload, offset)
        writer = PartWriter(blobs=self._blobs, blob=_blob(found), upload=found, data_key=data_key, random=self._random)
        cut: SourceCutError | TooLargeError | None = None
        try:
            try:
                await writer.write(body, at_most=missing, digest=digest)
            except (SourceCutError, TooLargeError) as fault:
                cut = fault
            parts = await writer.finish()
        except BaseException:
            await writer.abandon()
            raise
        progress = found.progress.appended(parts)
        grown = found.with_progress(progress)
        try:
            record = await self._records.replace_if_match(record, grown.body())
        except RecordChangedError as fault:
            raise ConflictError from fault
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        self._digests.keep(upload, digest)
        if cut is not None:
            raise cut
        if progress.state is UploadState.FULL:
            return await self._store(record, grown)
        return grown

    async def cancel(self, principal: Principal, upload: UploadId) -> None:
        """End an upload and drop what arrived (tus termination). Raises ``NotFoundError``, ``ConflictError``."""
        _, found = await self._load(principal, upload)
        await self._still_a_draft(found)
        await self.erase(upload)

    async def store_full(self, upload: UploadId) -> None:
        """Finish an upload whose last bytes arrived before a crash. Does nothing for any other."""
        place = places.upload(upload)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return
        found = Upload.of(record.body)
        if found.progress.state is UploadState.FULL and not is_expired(found.progress.expires_at, now=self._clock()):
            await self._store(record, found)

    async def erase(self, upload: UploadId) -> None:
        """Destroy the key, the bytes and the records of an upload's file, in that order. May be repeated."""
        place = places.upload(upload)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return
        found = Upload.of(record.body)
        file_place = places.file(found.thread, found.message, found.file)
        await delete(self._records, file_place)
        await self._blobs.delete(_blob(found))
        await self._audit.write(
            AuditEvent.UPLOAD_ABANDONED, found.organisation, by="system", upload=upload, thread=found.thread
        )
        await delete(self._records, place)
        self._digests.forget(upload)

    async def expire(self, upload: UploadId) -> None:
        """What the sweep does with an upload whose time is over: the record goes; an unstored file goes with it."""
        place = places.upload(upload)
        try:
            found = Upload.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return
        if found.progress.state is UploadState.STORED:
            await delete(self._records, place)
        else:
            await self.erase(upload)

    async def _load(self, principal: Principal, upload: UploadId) -> tuple[Record, Upload]:
        if not is_id(upload):
            raise NotFoundError
        place = places.upload(upload)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        found = Upload.of(record.body)
        if found.owner != reader_key(principal) or is_expired(found.progress.expires_at, now=self._clock()):
            raise NotFoundError
        if found.progress.state is UploadState.FULL:
            found = await self._store(record, found)
            record = await self._records.get(place.partition, place.id)
        return record, found

    async def _still_a_draft(self, upload: Upload) -> None:
        place = places.message(upload.thread, upload.message)
        try:
            message = Message.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        if message.state is not MessageState.DRAFT:
            raise ConflictError
        if is_expired(message.expires_at, now=self._clock()):
            raise NotFoundError

    async def _file(self, upload: Upload) -> Record:
        place = places.file(upload.thread, upload.message, upload.file)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault

    async def _data_key(self, file_record: Record, upload: Upload) -> bytes:
        wrapped = StoredFile.of(file_record.body).key
        if wrapped is None:
            raise NotFoundError
        key = await self._keyring.of_version(upload.organisation, wrapped_key_version(wrapped))
        return unwrap_data_key(key, wrapped, thread=upload.thread, file=upload.file)

    async def _store(self, record: Record, upload: Upload) -> Upload:
        """Commit the blob, seal the manifest into the file's record, and mark the upload: repeatable at each step."""
        file_record = await self._file(upload)
        file = StoredFile.of(file_record.body)
        if file.state is FileState.UPLOADING:
            data_key = await self._data_key(file_record, upload)
            parts = upload.progress.parts
            await self._blobs.commit(_blob(upload), [part.block for part in parts])
            digest = self._digests.at(upload.upload, upload.progress.length)
            manifest = Manifest(
                name=await self._unsealed(upload, upload.name, "name"),
                media_type=await self._unsealed(upload, upload.media_type, "media_type"),
                part_lengths=tuple(part.length for part in parts),
                total_length=upload.progress.length,
                sha256=digest.digest() if digest.is_whole else await whole_digest(self._blobs, upload, data_key),
            )
            sealed = seal_manifest(
                data_key,
                manifest,
                organisation=upload.organisation,
                thread=upload.thread,
                file=upload.file,
                random=self._random,
            )
            stored = replace(file, state=FileState.STORED, manifest=Sealed(sealed))
            try:
                await self._records.replace_if_match(file_record, stored.body())
            except RecordChangedError:
                pass  # Another request of this upload stored it with the same parts.
            except RecordNotFoundError as fault:
                raise NotFoundError from fault
        done = upload.with_progress(replace(upload.progress, state=UploadState.STORED))
        try:
            await self._records.replace_if_match(record, done.body())
        except RecordChangedError:
            pass
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        self._digests.forget(upload.upload)
        return done

    async def _unsealed(self, upload: Upload, sealed: Sealed, field_name: str) -> str:
        place = places.upload(upload.upload)
        key = await self._keyring.of_version(upload.organisation, sealed_field_key_version(sealed))
        return unseal_field(key, sealed, partition=place.partition, id=place.id, field=field_name)


def _blob(upload: Upload) -> str:
    return places.blob(upload.organisation, upload.thread, upload.message, upload.file)
