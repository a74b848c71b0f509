"""Uploads that end without a file: cancelled, overtaken by a ``send``, or past their time."""

from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import RecordChangedError, RecordNotFoundError
from shared.domain.ids import UploadId
from shared.domain.ports import Blobs, Records
from shared.domain.threads import FileState, StoredFile
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.uploads import Upload


class Abandoning:
    """Erases uploads."""

    def __init__(self, *, records: Records, blobs: Blobs, audit: Audit) -> None:
        self._records = records
        self._blobs = blobs
        self._audit = audit

    async def erase(self, upload: UploadId) -> None:
        """Destroy the key, the bytes and the records of an upload's file, in that order. May be repeated."""
        found = await self._find(upload)
        if found is None:
            return
        await delete(self._records, places.file(found.thread, found.message, found.file))
        await self._blobs.delete(found.blob)
        await self._audit.write(
            AuditEvent.UPLOAD_ABANDONED, found.organisation, by="system", upload=upload, thread=found.thread
        )
        await delete(self._records, places.upload(upload))

    async def expire(self, upload: UploadId) -> None:
        """What the sweep does with an upload whose time is over: the record goes; an unstored file goes with it.

        Whether it is stored, the file itself tells: a crash may have kept the upload from learning it.
        """
        found = await self._find(upload)
        if found is None:
            return
        if await self._drop_unstored(found):
            await self.erase(upload)
        else:
            await delete(self._records, places.upload(upload))

    async def _find(self, upload: UploadId) -> Upload | None:
        place = places.upload(upload)
        try:
            return Upload.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return None

    async def _drop_unstored(self, upload: Upload) -> bool:
        """Delete the file's record unless it is stored. Whether there is none any more."""
        place = places.file(upload.thread, upload.message, upload.file)
        while True:
            try:
                record = await self._records.get(place.partition, place.id)
                if StoredFile.of(record.body).state is FileState.STORED:
                    return False
                await self._records.delete_if_match(record)
            except RecordChangedError:
                continue  # Its last bytes may just have been stored.
            except RecordNotFoundError:
                pass
            return True
