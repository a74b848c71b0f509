"""Files that end before their message does: given up, taken out of the draft, overtaken by a ``send``, out of time.

That a file leaves its draft is decided by one compare-and-set (``attaching``). What is left of it is erased after
that, and may be erased by whoever comes next.
"""

from contextlib import suppress
from dataclasses import dataclass

from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.deletions import Deletion, DeletionKind
from shared.domain.errors import (
    ConflictError,
    ContentRefusedError,
    IntegrityError,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId, UploadId
from shared.domain.lifecycles import MessageStep, next_message_state
from shared.domain.places import Place
from shared.domain.ports import Blobs, Clock, Record, Records
from shared.domain.retention import FINISH_AFTER, is_expired
from shared.domain.threads import FileState, Message, StoredFile
from shared.domain.upload_rule import UploadState
from shared.services.attaching import detach
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.expiring import Expiries
from shared.services.journaling import Journal
from shared.services.storing import Storing
from shared.services.uploads import Upload


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """All ids of a file that ends, by which its records and its blob are found, whichever of them are left."""

    organisation: OrganisationId
    thread: ThreadId
    message: MessageId
    file: FileId
    upload: UploadId

    @classmethod
    def of(cls, file: Upload | StoredFile) -> "Ending":
        return cls(
            organisation=file.organisation,
            thread=file.thread,
            message=file.message,
            file=file.file,
            upload=UploadId(file.upload),
        )

    @property
    def place(self) -> Place:
        return places.file(self.thread, self.message, self.file)

    @property
    def blob(self) -> str:
        return places.blob(self.organisation, self.thread, self.message, self.file)


class Abandoning:
    """Takes files out of drafts and erases what came of them."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        storing: Storing,
        expiries: Expiries,
        journal: Journal,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._storing = storing
        self._expiries = expiries
        self._journal = journal
        self._audit = audit
        self._clock = clock

    async def withdraw(self, draft: Record, ending: Ending, *, by: str) -> None:
        """Take a file out of the draft of ``draft``, whatever has arrived of it, and erase it.

        Raises ``ConflictError`` when the draft was sent or deleted: then nothing has happened to the file.
        """
        found = Message.of(draft.body)
        next_message_state(found.state, MessageStep.CHANGE)
        # Booked first: what a crash leaves half erased is finished within hours and not at the message's own end.
        item = f"file|{ending.thread}|{ending.message}|{ending.file}|{ending.upload}"
        await self._expiries.book(self._clock() + FINISH_AFTER, item)
        await self._journal.note(
            Deletion(
                kind=DeletionKind.FILE,
                organisation=ending.organisation,
                thread=ending.thread,
                message=ending.message,
                item=ending.file,
                cause="withdrawn",
            )
        )
        ids = {"thread": ending.thread, "message": ending.message, "file": ending.file}
        await self._audit.write(AuditEvent.FILE_REMOVED, ending.organisation, by=by, **ids)
        await detach(self._records, draft, ending.file)
        await self.erase(ending)

    async def refuse(self, upload: Upload) -> None:
        """End an upload whose content is not taken: its file leaves the draft, and nothing of it stays."""
        ending = Ending.of(upload)
        holder = await self._holder(ending)
        if holder is None:
            await self.erase(ending)
        else:
            await self.withdraw(holder, ending, by="system")

    async def finish(self, thread: ThreadId, message: MessageId, file: FileId, upload: UploadId) -> None:
        """What the sweep does some time after a ``withdraw``: if the file left its draft, what a crash kept goes."""
        record = await self._record(places.message(thread, message))
        if record is None:
            return
        found = Message.of(record.body)
        if file in found.files:
            return
        ending = Ending(organisation=found.organisation, thread=thread, message=message, file=file, upload=upload)
        if await self._record(ending.place) or await self._record(places.upload(upload)):
            await self.erase(ending)
        else:
            await self._blobs.delete(ending.blob)

    async def erase(self, ending: Ending) -> None:
        """Destroy the key, the bytes and the records of a file, in that order. May be repeated."""
        await delete(self._records, ending.place)
        await self._blobs.delete(ending.blob)
        ids = {"upload": ending.upload, "thread": ending.thread}
        await self._audit.write(AuditEvent.UPLOAD_ABANDONED, ending.organisation, by="system", **ids)
        await delete(self._records, places.upload(ending.upload))

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
        ending = Ending.of(found)
        holder = await self._holder(ending)
        if found.progress.state is UploadState.FULL and holder is not None:
            # It ends meanwhile, its content is not taken, or the store has dropped its blocks.
            with suppress(NotFoundError, ContentRefusedError, IntegrityError):
                await self._storing.store(record, found)
        if not is_expired(found.progress.expires_at, now=self._clock()):
            return
        if await self._drop_unstored(ending, holder):
            await self.erase(ending)
        else:
            await delete(self._records, place)

    async def _holder(self, ending: Ending) -> Record | None:
        """The record of the message that has the file, if there is one."""
        record = await self._record(places.message(ending.thread, ending.message))
        return record if record is not None and ending.file in Message.of(record.body).files else None

    async def _drop_unstored(self, ending: Ending, holder: Record | None) -> bool:
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
