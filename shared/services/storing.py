"""The last step of an upload: commit its parts, seal the manifest into the file's record, mark the upload.

Each part of the step may be repeated, by whichever instance comes next.
"""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial

from shared.crypto.data_keys import unwrap_data_key, wrapped_key_version
from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.manifests import seal_manifest
from shared.domain import places
from shared.domain.content_checks import ContentChecks
from shared.domain.deadlines import Ticks, check_time
from shared.domain.errors import (
    ConflictError,
    DependencyError,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.ids import FileId, RandomBytes, UploadId
from shared.domain.manifest import Manifest
from shared.domain.ports import Blobs, Clock, Record, Records
from shared.domain.retention import FINISH_AFTER
from shared.domain.threads import CHECKS_FIELD, FileState, Sealed, StoredFile
from shared.services.checking import Checking
from shared.services.digests import RunningDigest, RunningDigests
from shared.services.endings import FileEnding
from shared.services.expiring import Expiries
from shared.services.handing_over import HandingOver
from shared.services.keyring import Keyring
from shared.services.part_reading import plaintext_from
from shared.services.uploads import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class UnfinishedFile:
    """A file of a draft that is not stored: ``received`` of ``length`` bytes have arrived, None if that is deferred."""

    file: FileId
    name: str = field(repr=False)
    length: int | None
    received: int


class Storing:
    """Turns a full upload into a stored file."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        keyring: Keyring,
        expiries: Expiries,
        handing_over: HandingOver,
        digests: RunningDigests,
        checking: Checking,
        clock: Clock,
        ticks: Ticks,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._keyring = keyring
        self._expiries = expiries
        self._handing_over = handing_over
        self._digests = digests
        self._checking = checking
        self._clock = clock
        self._ticks = ticks
        self._random = random

    async def store(self, record: Record, upload: Upload) -> tuple[Record, Upload]:
        """The upload's record and the upload, once its file is stored.

        Raises ``NotFoundError`` when it was erased, and ``ContentRefusedError`` when its content is not taken, which
        ends it. Raises ``OutOfTimeError`` when the deadline comes before the content is read that had to be: whoever
        asks this instance again goes on where that was, and if nobody does, a sweep stores the file.
        """
        file_record = await self.file(upload)
        if StoredFile.of(file_record.body).state is FileState.UPLOADING:
            await self._store_file(file_record, upload)
        done = upload.with_progress(upload.progress.stored())
        try:
            try:
                record = await self._records.replace_if_match(record, done.body())
            except RecordChangedError:  # Another request of this upload marked it.
                record = await self._records.get(record.partition, record.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        self._digests.forget(upload.upload)
        return record, done

    async def finish(self, file: StoredFile) -> None:
        """Store a file of which every byte has arrived; nothing to do if it is stored.

        Raises ``ConflictError`` while bytes are missing and when it ends meanwhile, ``OutOfTimeError`` as ``store``.
        """
        if file.state is FileState.STORED:
            return
        place = places.upload(UploadId(file.upload))
        try:
            record = await self._records.get(place.partition, place.id)
            upload = Upload.of(record.body)
            if not upload.progress.is_whole:
                raise ConflictError
            await self.store(record, upload)
        except (NotFoundError, RecordNotFoundError) as fault:
            raise ConflictError from fault

    async def unfinished(self, file: StoredFile) -> UnfinishedFile | None:
        """How far a file has come; None when it is stored, or ends just now."""
        if file.state is FileState.STORED:
            return None
        place = places.upload(UploadId(file.upload))
        try:
            upload = Upload.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return None
        return UnfinishedFile(
            file=file.file,
            name=await self._unsealed(upload, upload.name, "name"),
            length=upload.progress.length,
            received=upload.progress.offset,
        )

    async def file(self, upload: Upload) -> Record:
        """The record of the upload's file. Raises ``NotFoundError``."""
        place = places.file(upload.thread, upload.message, upload.file)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault

    async def data_key(self, file: StoredFile) -> bytes:
        """The file's data key. Raises ``NotFoundError`` when it is destroyed, ``KeyUnavailableError``."""
        if file.key is None:
            raise NotFoundError
        key = await self._keyring.of_version(file.organisation, wrapped_key_version(file.key))
        return unwrap_data_key(key, file.key, thread=file.thread, file=file.file)

    async def _store_file(self, record: Record, upload: Upload) -> None:
        file = StoredFile.of(record.body)
        data_key = await self.data_key(file)
        parts = upload.progress.parts
        await self._blobs.commit(upload.blob, [part.block for part in parts])
        digest = self._digests.at(upload.upload, upload.progress.size)
        if not digest.is_whole:
            digest = await self._digest_rest(upload, data_key)
        manifest = Manifest(
            name=await self._unsealed(upload, upload.name, "name"),
            media_type=await self._unsealed(upload, upload.media_type, "media_type"),
            part_lengths=tuple(part.length for part in parts),
            total_length=upload.progress.size,
            sha256=digest.digest(),
        )
        checks = await self._checking.check(
            upload,
            digest,
            name=manifest.name,
            media_type=manifest.media_type,
            plaintext=partial(plaintext_from, 0, self._blobs, upload, data_key, self._ticks),
        )
        sealed = seal_manifest(
            data_key,
            manifest,
            organisation=upload.organisation,
            thread=upload.thread,
            file=upload.file,
            random=self._random,
        )
        kept = await self._sealed(upload, checks)
        stored = replace(file, state=FileState.STORED, manifest=Sealed(sealed), checks=kept)
        try:
            await self._records.replace_if_match(record, stored.body())
        except (RecordChangedError, RecordNotFoundError) as fault:
            if await self._is_stored(upload):
                return  # Another request of this upload stored it with the same parts.
            # It was erased meanwhile; an empty file commits without any block.
            await self._handing_over.hand_over(FileEnding.of(upload))
            raise NotFoundError from fault

    async def _digest_rest(self, upload: Upload, data_key: bytes) -> RunningDigest:
        """The digest of all, from where this instance knows it to. Raises ``OutOfTimeError`` as ``store``."""
        await self._expiries.book(self._clock() + FINISH_AFTER, f"upload|{upload.upload}")
        digest, size = self._digests.longest(upload.upload), upload.progress.size
        try:
            async with (
                aclosing(plaintext_from(digest.length, self._blobs, upload, data_key, self._ticks)) as pieces,
                self._checking.beside(pieces, digest, length=size, announced=size) as seen,
            ):
                async for piece in seen:
                    await asyncio.to_thread(digest.update, piece)
        except DependencyError:
            # Not after a cancellation, which leaves a thread at the digest.
            self._digests.keep(upload.upload, digest)
            check_time(self._ticks)  # A store that was stopped by the deadline has not failed.
            raise
        self._digests.keep(upload.upload, digest)
        return digest

    async def _sealed(self, upload: Upload, checks: ContentChecks) -> Sealed:
        place = places.file(upload.thread, upload.message, upload.file)
        key = await self._keyring.current(upload.organisation)
        partition, name = place.partition, CHECKS_FIELD
        return Sealed(seal_field(key, checks.text(), partition=partition, id=place.id, field=name, random=self._random))

    async def _is_stored(self, upload: Upload) -> bool:
        try:
            file = StoredFile.of((await self.file(upload)).body)
        except NotFoundError:
            return False
        return file.state is FileState.STORED and file.key is not None

    async def _unsealed(self, upload: Upload, sealed: Sealed, field_name: str) -> str:
        place = places.upload(upload.upload)
        key = await self._keyring.of_version(upload.organisation, sealed_field_key_version(sealed))
        return unseal_field(key, sealed, partition=place.partition, id=place.id, field=field_name)
