"""Which files a message has: a set in the message's own record, so that one compare-and-set decides.

``send`` replaces that record too. So a file that joins or leaves a draft is ahead of a ``send`` or behind it and never
half of each, wherever a process dies; what a file's own record or blob looks like decides nothing about it.
"""

from collections.abc import Callable
from dataclasses import replace

from shared.domain.errors import ConflictError, InvalidInputError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import FileId
from shared.domain.lifecycles import MessageStep, next_message_state
from shared.domain.ports import Record, Records
from shared.domain.threads import Message

MAX_FILES = 100
"""Files in one message. Against messages as a means of denial of service (GlobaLeaks #3634)."""


async def attach(records: Records, draft: Record, file: FileId) -> None:
    """Let the draft of ``draft`` have the file.

    Raises ``ConflictError`` when it was sent or deleted meanwhile, ``InvalidInputError`` when it has no room.
    """

    def joined(files: frozenset[FileId]) -> frozenset[FileId]:
        if len(files) >= MAX_FILES:
            raise InvalidInputError("files")
        return files | {file}

    await _change(records, draft, joined)


async def detach(records: Records, draft: Record, file: FileId) -> None:
    """Let the draft of ``draft`` not have the file. Raises ``ConflictError`` when it was sent or deleted meanwhile."""
    await _change(records, draft, lambda files: files - {file})


async def _change(records: Records, record: Record, changed: Callable[[frozenset[FileId]], frozenset[FileId]]) -> None:
    while True:
        found = Message.of(record.body)
        next_message_state(found.state, MessageStep.CHANGE)
        files = changed(found.files)
        if files == found.files:
            return
        try:
            try:
                await records.replace_if_match(record, replace(found, files=files).body())
            except RecordChangedError:  # Another file of the same draft, most often.
                record = await records.get(record.partition, record.id)
            else:
                return
        except RecordNotFoundError as fault:
            raise ConflictError from fault
