"""The bytes of files that ended before their message did: the jobs' half of it.

It deletes content, so it runs in the jobs alone: off the queue at once, and by a sweep for what the queue has lost.
"""

from contextlib import suppress

from shared.domain import places
from shared.domain.errors import (
    ConflictError,
    ContentRefusedError,
    IntegrityError,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.ids import UploadId
from shared.domain.places import Place
from shared.domain.ports import Blobs, Clock, Record, Records
from shared.domain.retention import is_expired
from shared.domain.threads import FileState, StoredFile
from shared.domain.upload_rule import UploadState
from shared.services.abandoning import Abandoning
from shared.services.attaching import detach
from shared.services.deleting import delete
from shared.services.endings import FileEnding
from shared.services.storing import Storing
from shared.services.uploads import Upload


class Clearing:
    """Deletes what came of files that nothing has any more, and ends uploads whose time is over."""

    def __init__(
        self, *, records: Records, blobs: Blobs, abandoning: Abandoning, storing: Storing, clock: Clock
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._abandoning = abandoning
        self._storing = storing
        self._clock = clock

    async def clear(self, ending: FileEnding) -> None:
        """Delete the bytes of a file that has left its draft, and what a crash has kept of its records.

        Nothing happens to a file that a message has and that can be read: what was booked had not begun, or a ``send``
        was faster. May be repeated.
        """
        if await self._abandoning.holder(ending) is None:
            if await self._has_records(ending):
                await self._abandoning.drop(ending)
        elif await self._is_readable(ending):
            return
        await self._blobs.delete(ending.blob)

    async def _has_records(self, ending: FileEnding) -> bool:
        """Whether something is left that says of itself that it is this file's: ids of others lead to nothing."""
        file, upload = await self._record(ending.place), await self._record(places.upload(ending.upload))
        left = [] if file is None else [FileEnding.of(StoredFile.of(file.body))]
        left += [] if upload is None else [FileEnding.of(Upload.of(upload.body))]
        return ending in left

    async def _is_readable(self, ending: FileEnding) -> bool:
        record = await self._record(ending.place)
        return record is not None and StoredFile.of(record.body).key is not None

    async def expire(self, upload: UploadId) -> None:
        """What the sweep does with a booked upload. One of which every byte has arrived is stored.

        When its time is over, its record goes, and an unstored file with it. Whether it is stored, the file itself
        tells: a crash may have kept the upload from learning it.
        """
        place = places.upload(upload)
        record = await self._record(place)
        if record is None:
            return
        found = Upload.of(record.body)
        ending = FileEnding.of(found)
        holder = await self._abandoning.holder(ending)
        if found.progress.state is UploadState.FULL and holder is not None:
            # It ends meanwhile, its content is not taken, or the store has dropped its blocks.
            with suppress(NotFoundError, ContentRefusedError, IntegrityError):
                await self._storing.store(record, found)
        if not is_expired(found.progress.expires_at, now=self._clock()):
            return
        if await self._drop_unstored(ending, holder):
            await self._blobs.delete(ending.blob)  # Its key is gone. The record of the upload goes last: it leads here.
            await self._abandoning.drop(ending)
        else:
            await delete(self._records, place)

    async def _drop_unstored(self, ending: FileEnding, holder: Record | None) -> bool:
        """Delete the file's record unless the file is stored and a message has it. Whether it is gone."""
        while True:
            record = await self._record(ending.place)
            if record is None:
                break
            if holder is not None and StoredFile.of(record.body).state is FileState.STORED:
                return False
            with suppress(RecordChangedError, RecordNotFoundError):  # Its last bytes may just have been stored.
                await self._records.delete_if_match(record)
        if holder is not None:
            # A ``send`` refuses a file that is not stored, so this one was in nothing that was sent.
            with suppress(ConflictError):
                await detach(self._records, holder, ending.file)
        return True

    async def _record(self, place: Place) -> Record | None:
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
