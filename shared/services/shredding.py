"""Making a message unreadable: the mark and the end of the text's key in one write, then the files' keys.

From the mark on every reader is refused; once this returns, whoever has all records and all blobs reads nothing. It
deletes no content, so requests may do it; what is left is ``erasing``'s.
"""

from dataclasses import replace

from shared.domain.deletions import Deletion, DeletionKind
from shared.domain.errors import IntegrityError, RecordChangedError, RecordNotFoundError
from shared.domain.lifecycles import MessageState, MessageStep, next_message_state
from shared.domain.ports import Clock, Record, Records
from shared.domain.threads import Erasure, Message, StoredFile
from shared.services.access import Access
from shared.services.journaling import Journal


class Shredding:
    """Destroys the keys of messages."""

    def __init__(self, *, records: Records, access: Access, journal: Journal, clock: Clock) -> None:
        self._records = records
        self._access = access
        self._journal = journal
        self._clock = clock

    async def shred(self, record: Record, *, cause: str, by: str) -> tuple[Message, list[StoredFile]] | None:
        """The message of ``record``, marked, and its files, all of whose keys are destroyed now; None if it is gone.

        May be repeated; the first ``cause`` and the first ``by`` are what will be certified and logged.
        """
        marked = await self._mark(record, cause, by)
        if marked is None:
            return None
        message = Message.of(marked.body)
        await self._note(message)
        files = await self._access.kept_files(message)
        for file_record, file in files:
            await self._destroy_key(file_record, file)
        return message, [file for _, file in files]

    async def _note(self, message: Message) -> None:
        if message.erasure is None:
            raise IntegrityError
        deletion = Deletion(
            kind=DeletionKind.MESSAGE,
            organisation=message.organisation,
            thread=message.thread,
            message=message.message,
            item=None,
            cause=message.erasure.cause,
        )
        await self._journal.note(deletion)

    async def _mark(self, record: Record, cause: str, by: str) -> Record | None:
        """Mark the message and destroy its text key: from here on nobody can read it. None if it is gone."""
        while True:
            found = Message.of(record.body)
            if found.state is MessageState.ERASING:
                return record
            state = next_message_state(found.state, MessageStep.ERASE)
            files = len(await self._access.files(found))
            erasure = Erasure(at=self._clock(), cause=cause, files=files, by=by)
            marked = replace(found, state=state, text=None, text_key=None, erasure=erasure)
            try:
                try:
                    return await self._records.replace_if_match(record, marked.body())
                except RecordChangedError:
                    record = await self._records.get(record.partition, record.id)
            except RecordNotFoundError:
                return None

    async def _destroy_key(self, record: Record, file: StoredFile) -> None:
        while file.key is not None:
            try:
                try:
                    await self._records.replace_if_match(record, replace(file, key=None, manifest=None).body())
                except RecordChangedError:
                    record = await self._records.get(record.partition, record.id)
                    file = StoredFile.of(record.body)
                else:
                    return
            except RecordNotFoundError:
                return
