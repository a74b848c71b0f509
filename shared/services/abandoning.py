"""Files that end before their message does: given up, taken out of the draft, overtaken by a ``send``, refused.

That a file leaves its draft is decided by one compare-and-set (``attaching``). After that its key and its records go,
by whoever comes next, and its bytes are handed to the jobs (``clearing``): requests delete no content.
"""

from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.deletions import Deletion, DeletionKind
from shared.domain.errors import RecordNotFoundError
from shared.domain.lifecycles import MessageStep, next_message_state
from shared.domain.ports import Record, Records
from shared.domain.threads import Message
from shared.services.attaching import detach
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.endings import FileEnding
from shared.services.handing_over import HandingOver
from shared.services.journaling import Journal
from shared.services.uploads import Upload


class Abandoning:
    """Takes files out of drafts and makes them unreadable."""

    def __init__(self, *, records: Records, handing_over: HandingOver, journal: Journal, audit: Audit) -> None:
        self._records = records
        self._handing_over = handing_over
        self._journal = journal
        self._audit = audit

    async def withdraw(self, draft: Record, ending: FileEnding, *, by: str) -> None:
        """Take a file out of the draft of ``draft``, whatever has arrived of it, and make it unreadable.

        Raises ``ConflictError`` when the draft was sent or deleted: then nothing has happened to the file.
        """
        found = Message.of(draft.body)
        next_message_state(found.state, MessageStep.CHANGE)
        await self._handing_over.book(ending)
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
        await self.drop(ending)
        await self._handing_over.put(ending)

    async def refuse(self, upload: Upload) -> None:
        """End an upload whose content is not taken: its file leaves the draft, and nobody can read it."""
        ending = FileEnding.of(upload)
        holder = await self.holder(ending)
        if holder is None:
            await self._handing_over.book(ending)
            await self.drop(ending)
            await self._handing_over.put(ending)
        else:
            await self.withdraw(holder, ending, by="system")

    async def drop(self, ending: FileEnding) -> None:
        """Destroy the key and the records of a file, in that order. May be repeated."""
        await delete(self._records, ending.place)
        ids = {"upload": ending.upload, "thread": ending.thread}
        await self._audit.write(AuditEvent.UPLOAD_ABANDONED, ending.organisation, by="system", **ids)
        await delete(self._records, places.upload(ending.upload))

    async def holder(self, ending: FileEnding) -> Record | None:
        """The record of the message that has the file, if there is one."""
        place = places.message(ending.thread, ending.message)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
        return record if ending.file in Message.of(record.body).files else None
