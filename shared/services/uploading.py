"""Uploads: begun for a draft, appended at the stored offset, committed and sealed by the last byte.

What may be done to an upload is decided in ``shared.domain.tus``; this module does it.

Every step may be repeated. The offset lives in our record and moves by compare-and-set: of two requests at the same
offset one wins, the other gets a conflict and its blocks are never referenced.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from shared.crypto.data_keys import new_data_key, wrap_data_key
from shared.crypto.fields import seal_field
from shared.domain import places, retention, texts
from shared.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    OutOfTimeError,
    PicError,
    RecordChangedError,
    RecordNotFoundError,
    SourceCutError,
    TooLargeError,
)
from shared.domain.ids import FileId, MessageId, RandomBytes, ThreadId, UploadId, is_id, new_id
from shared.domain.lifecycles import MessageStep, next_message_state
from shared.domain.ports import Blobs, Clock, Record, Records
from shared.domain.principals import Principal, reader_key, reader_keys
from shared.domain.retention import is_expired
from shared.domain.threads import FileState, Message, Sealed, StoredFile, WrappedDataKey
from shared.domain.tus import Append, Content, Receive, Refused, decide
from shared.domain.tus_headers import Checksum
from shared.domain.upload_rule import Progress, UploadedPart, UploadState
from shared.services.abandoning import Abandoning
from shared.services.access import Access
from shared.services.attaching import MAX_FILES, attach
from shared.services.checking import Checking
from shared.services.checksums import verified
from shared.services.digests import RunningDigest, RunningDigests
from shared.services.endings import FileEnding
from shared.services.expiring import Expiries
from shared.services.handing_over import HandingOver
from shared.services.keyring import Keyring
from shared.services.part_writing import PartWriter
from shared.services.storing import Storing
from shared.services.upload_limits import UploadLimits
from shared.services.uploads import Granting, Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class NewUpload:
    """What the sender says of a file before its bytes. ``length`` in bytes, None if it is told later."""

    thread: ThreadId
    message: MessageId
    name: str = field(repr=False)
    media_type: str
    length: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Loaded:
    """An upload with its record and that of its message."""

    record: Record
    upload: Upload
    message: Record


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
        storing: Storing,
        abandoning: Abandoning,
        handing_over: HandingOver,
        digests: RunningDigests,
        checking: Checking,
        limits: UploadLimits,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._access = access
        self._keyring = keyring
        self._expiries = expiries
        self._storing = storing
        self._abandoning = abandoning
        self._handing_over = handing_over
        self._digests = digests
        self._checking = checking
        self._limits = limits
        self._clock = clock
        self._random = random

    async def begin(self, principal: Principal, new: NewUpload, *, right: Granting | None = None) -> Upload:
        """Begin an upload for a draft of the principal's side. An empty file is stored at once.

        ``right``: who has its token may finish the upload without a session; asked for when it is certain to begin.

        Raises ``NotFoundError``, ``NotSignedInError``, ``ConflictError`` (not a draft), ``InvalidInputError`` (name,
        media type, length, number of files), ``TooLargeError``.
        """
        if new.length is not None and new.length < 0:
            raise InvalidInputError("upload-length")
        _check_size(new.length, self._limits.most_bytes)
        name, media_type = texts.file_name(new.name), texts.media_type(new.media_type)
        opened = await self._access.message(principal, new.thread, new.message)
        if not opened.is_mine:
            raise NotFoundError
        next_message_state(opened.message.state, MessageStep.CHANGE)
        if len(opened.message.files) >= MAX_FILES:
            raise InvalidInputError("files")
        now, organisation = self._clock(), opened.message.organisation
        limit = await self._limits.of(organisation)
        _check_size(new.length, limit)
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
            progress=Progress.begun(length=new.length, limit=limit, expires_at=ends),
            created_at=now,
            right=None if right is None else await right(),
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
        try:
            await attach(self._records, opened.record, file)
        except (ConflictError, InvalidInputError):
            await self._abandoning.drop(FileEnding.of(begun))  # Nobody has been told of it: it has no bytes.
            raise
        if begun.progress.state is UploadState.FULL:
            return (await self._storing.store(record, begun))[1]
        return begun

    async def begin_with(
        self,
        principal: Principal,
        new: NewUpload,
        content: Content,
        body: AsyncIterator[bytes],
        *,
        right: Granting | None = None,
    ) -> Upload:
        """``begin``, and take the first bytes at once (tus, creation-with-upload).

        Raises what ``begin`` and ``append`` raise, and leaves nothing then: the sender knows of no upload to go on
        with, and one that nobody knows would keep the draft from being sent.
        """
        begun = await self.begin(principal, new, right=right)
        first = Append(offset=0, length=None, content=content)
        try:
            return await self.append(principal, begun.upload, first, body)
        except PicError:
            with suppress(PicError):  # It has ended by itself, or a store does not answer: a sweep takes it.
                await self.cancel(principal, begun.upload)
            raise

    async def find(self, principal: Principal, upload: UploadId) -> Upload:
        """The upload, if the principal began it and it is alive. Reads and stores none of it. Raises ``NotFoundError``.

        Whoever is told that every byte is there may rely on it and go: if nobody sends soon, a sweep stores the file.
        """
        found = (await self._load(principal, upload)).upload
        if found.progress.state is UploadState.FULL:
            await self._expiries.book(self._clock() + retention.FINISH_AFTER, f"upload|{upload}")
        return found

    async def append(
        self,
        principal: Principal,
        upload: UploadId,
        asked: Append,
        body: AsyncIterator[bytes],
    ) -> Upload:
        """Take the bytes that follow the offset; the last byte stores the file.

        Raises what ``tus.decide`` refuses; ``ConflictError`` also when another request was faster; ``TooLargeError``
        past the length; ``SourceCutError`` when the sender went away, and whatever ``body`` raises when its time was
        over (``OutOfTimeError``). After the last three, what arrived before counts, unless the request has a checksum:
        then nothing counts before all of it has come and matches. Raises ``ChecksumMismatchError``. An upload that
        grows beyond its limit while its length is not told has ended. ``OutOfTimeError`` also as ``Storing.store``.
        """
        loaded = await self._load(principal, upload)
        record, found = loaded.record, loaded.upload
        next_message_state(Message.of(loaded.message.body).state, MessageStep.CHANGE)
        decision = decide(asked, found.progress, now=self._clock())
        if isinstance(decision, Refused):
            if decision.ends_upload:
                await self._end(loaded, principal)
            raise decision.error()
        found = found.with_progress(decision.progress)
        data_key = await self._storing.data_key(StoredFile.of((await self._storing.file(found)).body))
        digest = self._digests.at(upload, asked.offset)
        writer = PartWriter(blobs=self._blobs, blob=found.blob, upload=found, data_key=data_key, random=self._random)
        length, announced = found.progress.length, asked.content.declared_bytes
        try:
            async with self._checking.beside(body, digest, length=length, announced=announced) as seen:
                parts, cut = await _received(writer, seen, decision, asked.content.checksum, digest)
        except TooLargeError:
            if decision.ends_when_exceeded:
                await self._end(loaded, principal)
            raise
        progress = found.progress.appended(parts)
        grown = found.with_progress(progress)
        try:
            record = await self._records.replace_if_match(record, grown.body())
        except RecordChangedError as fault:
            raise ConflictError from fault
        except RecordNotFoundError as fault:
            # It ended while bytes came in: what was staged since must not stay.
            await self._handing_over.hand_over(FileEnding.of(found))
            raise NotFoundError from fault
        self._digests.keep(upload, digest)
        if cut is not None:
            raise cut
        if progress.state is UploadState.FULL:
            return (await self._storing.store(record, grown))[1]
        return grown

    async def cancel(self, principal: Principal, upload: UploadId) -> None:
        """End an upload and what arrived (tus termination); a stored file leaves the draft.

        Raises ``NotFoundError``; ``ConflictError`` when the draft was sent.
        """
        await self._end(await self._load(principal, upload), principal)

    async def _end(self, loaded: _Loaded, principal: Principal) -> None:
        await self._abandoning.withdraw(loaded.message, FileEnding.of(loaded.upload), by=reader_key(principal))

    async def remove(self, principal: Principal, thread: ThreadId, message: MessageId, file: FileId) -> None:
        """Take a file, stored or not, out of a draft of the principal's side, whoever of that side brought it.

        So a file whose beginner never learnt of it (the answer was lost) does not keep the draft from being sent.
        Raises ``NotFoundError``; ``ConflictError`` when the draft was sent.
        """
        opened = await self._access.message(principal, thread, message)
        if not opened.is_mine:
            raise NotFoundError
        found = await self._access.file(opened, file)
        await self._abandoning.withdraw(opened.record, FileEnding.of(found), by=reader_key(principal))

    async def _load(self, principal: Principal, upload: UploadId) -> _Loaded:
        if not is_id(upload):
            raise NotFoundError
        place = places.upload(upload)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        found = Upload.of(record.body)
        if found.owner not in reader_keys(principal) or is_expired(found.progress.expires_at, now=self._clock()):
            raise NotFoundError
        # Who has left the unit since may not go on.
        opened = await self._access.message(principal, found.thread, found.message)
        if found.file not in opened.message.files:
            raise NotFoundError
        return _Loaded(record=record, upload=found, message=opened.record)


async def _received(
    writer: PartWriter,
    body: AsyncIterator[bytes],
    decision: Receive,
    checksum: Checksum | None,
    digest: RunningDigest,
) -> tuple[tuple[UploadedPart, ...], SourceCutError | OutOfTimeError | TooLargeError | None]:
    """The parts that a body came to, and why it is not all that was to come, if what came counts all the same."""
    cut: SourceCutError | OutOfTimeError | TooLargeError | None = None
    wanted = body if checksum is None else verified(body, checksum)
    try:
        try:
            await writer.write(wanted, at_most=decision.at_most, digest=digest)
        except (SourceCutError, OutOfTimeError, TooLargeError) as fault:
            is_over = isinstance(fault, TooLargeError) and decision.ends_when_exceeded
            if is_over or checksum is not None:
                raise
            cut = fault
        return await writer.finish(), cut
    except BaseException:
        await writer.abandon()
        raise


def _check_size(length: int | None, limit: int) -> None:
    if length is not None and length > limit:
        raise TooLargeError(limit)
