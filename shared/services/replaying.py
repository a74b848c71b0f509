"""After a restore: what has gone since is deleted once more, before the service opens.

A copy of the records from an earlier instant brings back messages that were erased, own copies, files of drafts and
sessions that had ended. In order: what the journal says -> what has expired -> every session -> blobs that no record
names. Each step may be repeated, so a run that was broken off is simply run again.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import assert_never

from shared.domain import places, retention
from shared.domain.audit_events import AuditEvent
from shared.domain.deletions import Deletion, DeletionKind
from shared.domain.errors import ConflictError, DependencyError, PicError, RecordNotFoundError
from shared.domain.ids import FileId, MessageId, SessionId, ThreadId
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Blobs, Record, Records
from shared.domain.threads import Message, StoredFile, Thread
from shared.services.abandoning import Abandoning
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.endings import FileEnding
from shared.services.erasing import Erasing
from shared.services.journaling import Journal
from shared.services.listing import each_record
from shared.services.retaining import Retaining


@dataclass(slots=True)
class Replay:
    """What one run found and did; with ``is_check`` what it would have done."""

    noted: int = 0
    back: int = 0
    settled: int = 0
    sessions: int = 0
    strays: int = 0
    faults: list[Exception] = field(default_factory=list)


class Replaying:
    """Deletes once more."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        journal: Journal,
        erasing: Erasing,
        abandoning: Abandoning,
        retaining: Retaining,
        audit: Audit,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._journal = journal
        self._erasing = erasing
        self._abandoning = abandoning
        self._retaining = retaining
        self._audit = audit

    async def replay(self, since: date, more: Iterable[Deletion] = (), *, is_check: bool = False) -> Replay:
        """Delete what went since that day, by the journal and by ``more``. One that fails does not keep the others.

        ``is_check`` only counts; ``settled`` then stays 0, because what has expired is refused to readers anyhow.
        """
        done = Replay()
        if not is_check:
            await self._audit.write(AuditEvent.DELETIONS_REPLAYED, PLATFORM, by="system", since=since.isoformat())
        async for deletion in self._journal.since(since):
            await self._replay(deletion, done, is_check=is_check)
        for deletion in more:
            await self._replay(deletion, done, is_check=is_check)
        if not is_check:
            try:
                done.settled = await self._retaining.sweep()
            except ExceptionGroup as faults:
                done.faults += faults.exceptions
            except DependencyError as fault:  # Also a clock that is not believed: what needs none goes on.
                done.faults.append(fault)
        await self._end_sessions(done, is_check=is_check)
        await self._drop_strays(done, is_check=is_check)
        return done

    async def _replay(self, deletion: Deletion, done: Replay, *, is_check: bool) -> None:
        done.noted += 1
        try:
            record = await self._message(deletion.thread, deletion.message)
            if record is not None and self._is_back(Message.of(record.body), deletion):
                done.back += 1
                if not is_check:
                    await self._delete(record, deletion)
        except (PicError, ExceptionGroup) as fault:
            done.faults.append(fault)

    @staticmethod
    def _is_back(message: Message, deletion: Deletion) -> bool:
        match deletion.kind:
            case DeletionKind.MESSAGE:
                return True
            case DeletionKind.FILE:
                return deletion.item in message.files
            case DeletionKind.COPY:
                return deletion.item not in message.hidden_for
            case _:
                assert_never(deletion.kind)

    async def _delete(self, record: Record, deletion: Deletion) -> None:
        match deletion.kind:
            case DeletionKind.MESSAGE:
                await self._erasing.erase(record, cause=deletion.cause, by="system")
            case DeletionKind.FILE:
                await self._withdraw(record, deletion)
            case DeletionKind.COPY:
                await self._hide(record, deletion)
            case _:
                assert_never(deletion.kind)

    async def _withdraw(self, draft: Record, deletion: Deletion) -> None:
        place = places.file(deletion.thread, deletion.message, FileId(str(deletion.item)))
        file = StoredFile.of((await self._records.get(place.partition, place.id)).body)
        # Sent in the copy, and therefore removed from the whole message later: then that is noted as well.
        with suppress(ConflictError):
            await self._abandoning.withdraw(draft, FileEnding.of(file), by="system")

    async def _hide(self, record: Record, deletion: Deletion) -> None:
        place = places.thread(deletion.thread)
        room = Thread.of((await self._records.get(place.partition, place.id)).body)
        for person in room.participants:
            if person.recipient == deletion.item:
                await self._retaining.hide(record, person.recipient, person.subjects)

    async def _end_sessions(self, done: Replay, *, is_check: bool) -> None:
        """Every session of the copy: which of them had ended since, nobody can tell any more."""
        async for index in each_record(self._records, retention.BUCKET_INDEX):
            async for booking in each_record(self._records, retention.bucket_partition(index.id)):
                kind, *ids = booking.id.partition("|")[2].split("|")
                if kind != "session" or not await self._is_there(places.session(ids[0])):
                    continue
                done.sessions += 1
                if not is_check:
                    await delete(self._records, places.session(ids[0]))
                    if len(ids) > 1:
                        await delete(self._records, places.session_entry(ids[1], SessionId(ids[2])))

    async def _drop_strays(self, done: Replay, *, is_check: bool) -> None:
        """Blobs of which the message, or the file in it, is not in the records: nobody has a key to them."""
        async for name in self._blobs.list(""):
            _, thread, message, file = name.split("/")
            if await self._is_there(places.file(ThreadId(thread), MessageId(message), FileId(file))):
                continue
            done.strays += 1
            if not is_check:
                await self._blobs.delete(name)

    async def _message(self, thread: ThreadId, message: MessageId) -> Record | None:
        place = places.message(thread, message)
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None

    async def _is_there(self, place: Place) -> bool:
        try:
            await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return False
        return True
