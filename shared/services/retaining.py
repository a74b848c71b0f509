"""Gallring: what has reached its end goes, keys first; what a party deletes goes the same way.

Order (design section 4): mark and destroy the wrapped keys in one write -> delete blobs -> delete what else stands
about the message -> certificate -> delete the message's own record. Each step is found again after a crash, because
the message's record goes last and the booking in the expiry bucket after it.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from shared.domain import places, retention
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.errors import (
    IntegrityError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.ids import MessageId, ThreadId, UploadId
from shared.domain.lifecycles import MessageState, MessageStep, next_message_state
from shared.domain.places import Place
from shared.domain.ports import Blobs, Body, Clock, Record, Records
from shared.domain.principals import Principal, reader_key
from shared.domain.retention import is_expired
from shared.domain.threads import Message, StoredFile, Thread
from shared.services.abandoning import Abandoning
from shared.services.access import Access
from shared.services.auditing import Audit
from shared.services.deleting import delete

METHOD = "wrapped keys destroyed; blobs and records deleted"


class Retaining:
    """Deletes messages, threads, uploads, sessions and orders when their time is over or a party says so."""

    def __init__(
        self,
        *,
        records: Records,
        blobs: Blobs,
        access: Access,
        abandoning: Abandoning,
        audit: Audit,
        clock: Clock,
    ) -> None:
        self._records = records
        self._blobs = blobs
        self._access = access
        self._abandoning = abandoning
        self._audit = audit
        self._clock = clock

    async def delete_message(self, principal: Principal, thread: ThreadId, message: MessageId) -> None:
        """A party deletes: the author's side for everyone, a recipient the own copy. Raises ``NotFoundError``."""
        opened = await self._access.message(principal, thread, message)
        if opened.is_mine:
            await self._erase(opened.record, cause="party", by=reader_key(principal))
            return
        me = opened.room.me
        if me is None:
            await self._erase(opened.record, cause="party", by=reader_key(principal))
            return
        await self._audit.write(
            AuditEvent.COPY_DELETED,
            opened.message.organisation,
            by=reader_key(principal),
            thread=thread,
            message=message,
        )
        record = opened.record
        while True:
            found = Message.of(record.body)
            hidden = replace(found, hidden_for=found.hidden_for | {me.recipient})
            try:
                await self._records.replace_if_match(record, hidden.body())
            except RecordChangedError:
                record = await self._records.get(record.partition, record.id)
                continue
            except RecordNotFoundError:
                pass
            break
        await delete(self._records, places.mailbox(me.subject, message))

    async def sweep(self) -> int:
        """Delete everything that is due, however late this runs. Returns how many bookings were settled.

        One item that fails does not keep the others alive: it stays booked and its error is raised at the end.
        """
        now = self._clock()
        settled, faults = 0, []
        for index in await self._all("expiry|index", end=f"{now:%Y%m%d%H}}}"):
            hour, _, shard = index.id.partition("|")
            partition = f"expiry|{hour}|{shard}"
            for booking in await self._all(partition, end=retention.due_before(now)):
                try:
                    await self._settle(booking.id.partition("|")[2], now)
                except Exception as fault:  # noqa: BLE001 - the rest must still go; raised below as a group
                    faults.append(fault)
                    continue
                await self._drop(booking)
                settled += 1
            # Nothing can be booked in an hour that is over, so an empty bucket of the past has no further use.
            if hour < f"{now:%Y%m%d%H}" and not (await self._records.query(partition, limit=1)).records:
                await self._drop(index)
        if faults:
            raise ExceptionGroup("bookings that could not be settled", faults)
        return settled

    async def _settle(self, item: str, now: datetime) -> None:
        kind, _, rest = item.partition("|")
        match kind:
            case "message":
                thread, _, message = rest.partition("|")
                await self._expire_message(ThreadId(thread), MessageId(message), now)
            case "thread":
                await self._expire_thread(ThreadId(rest), now)
            case "upload":
                await self._abandoning.expire(UploadId(rest))
            case "session":
                await delete(self._records, places.session(rest))
            case "order":
                await delete(self._records, places.order(rest))
            case _:
                raise IntegrityError

    async def _expire_message(self, thread: ThreadId, message: MessageId, now: datetime) -> None:
        place = places.message(thread, message)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            record = None
        if record is not None and is_expired(Message.of(record.body).expires_at, now=now):
            await self._erase(record, cause="expired", by="system")
        await self._expire_thread(thread, now)

    async def _erase(self, record: Record, *, cause: str, by: str) -> None:
        marked = await self._shred(record)
        if marked is None:
            return
        found = Message.of(marked.body)
        unreadable_at = self._clock()
        files = await self._access.files(found)
        blobs = [places.blob(f.organisation, f.thread, f.message, f.file) for _, f in files]
        for file_record, file in files:
            await self._shred_file(file_record, file)
        for blob in blobs:
            await self._blobs.delete(blob)
        await self._prove_gone(found)
        await self._delete_entries(found, files)
        await self._audit.write(
            AuditEvent.MESSAGE_ERASED, found.organisation, by=by, thread=found.thread, message=found.message
        )
        await self._certify(found, files=len(files), cause=cause, unreadable_at=unreadable_at)
        await delete(self._records, places.message(found.thread, found.message))

    async def _shred(self, record: Record) -> Record | None:
        """Mark the message and destroy its text key: from here on nobody can read it."""
        while True:
            found = Message.of(record.body)
            if found.state is MessageState.ERASING:
                return record
            state = next_message_state(found.state, MessageStep.ERASE)
            erased = replace(found, state=state, text=None, text_key=None)
            try:
                return await self._records.replace_if_match(record, erased.body())
            except RecordChangedError:
                record = await self._records.get(record.partition, record.id)
            except RecordNotFoundError:
                return None

    async def _shred_file(self, record: Record, file: StoredFile) -> None:
        while file.key is not None:
            try:
                await self._records.replace_if_match(record, replace(file, key=None, manifest=None).body())
            except RecordChangedError:
                record = await self._records.get(record.partition, record.id)
                file = StoredFile.of(record.body)
            except RecordNotFoundError:
                return
            else:
                return

    async def _prove_gone(self, message: Message) -> None:
        """Read back: no blob of the message is left. Raises ``IntegrityError``, so that no certificate is written."""
        prefix = f"{message.organisation}/{message.thread}/{message.message}/"
        async for _ in self._blobs.list(prefix):
            raise IntegrityError

    async def _delete_entries(self, message: Message, files: Sequence[tuple[Record, StoredFile]]) -> None:
        room = await self._room(message.thread)
        if room is not None:
            for person in room.participants:
                await delete(self._records, places.mailbox(person.subject, message.message))
        pending = places.pending(retention.shard_of(message.message), message.thread, message.message)
        await delete(self._records, pending)
        partition = places.thread(message.thread).partition
        for kind in ("receipt", "notice"):
            start, end = places.range_of(f"{kind}|{message.message}")
            for record in await self._all(partition, start=start, end=end):
                await self._drop(record)
        for record, file in files:
            await delete(self._records, places.upload(UploadId(file.upload)))
            await delete(self._records, Place(record.partition, record.id))

    async def _certify(self, message: Message, *, files: int, cause: str, unreadable_at: datetime) -> None:
        now = self._clock()
        place = places.certificate(message.organisation, now, message.message)
        body: Body = {
            "message": message.message,
            "files": files,
            "cause": cause,
            "method": METHOD,
            "proof": "no blob under the message's prefix",
            "created_at": instant_text(message.created_at),
            "expires_at": instant_text(message.expires_at),
            "unreadable_at": instant_text(unreadable_at),
            "deleted_at": instant_text(now),
        }
        try:
            await self._records.create(place.partition, place.id, body)
        except RecordExistsError:
            return  # Certified before a crash.

    async def _expire_thread(self, thread: ThreadId, now: datetime) -> None:
        """Delete a thread whose end has come and whose messages are all gone."""
        room = await self._room(thread)
        if room is None or not is_expired(room.expires_at, now=now):
            return
        partition = places.thread(thread).partition
        start, end = places.range_of("message")
        if (await self._records.query(partition, start=start, end=end, limit=1)).records:
            return  # The booking of its last message comes back here.
        await self._audit.write(AuditEvent.THREAD_ERASED, room.organisation, by="system", thread=thread)
        await delete(self._records, places.outbox(room.unit, thread))
        await delete(self._records, places.thread(thread))

    async def _room(self, thread: ThreadId) -> Thread | None:
        place = places.thread(thread)
        try:
            return Thread.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return None

    async def _all(self, partition: str, *, start: str = "", end: str | None = None) -> list[Record]:
        found: list[Record] = []
        continuation: str | None = None
        while True:
            page = await self._records.query(partition, start=start, end=end, continuation=continuation)
            found += page.records
            continuation = page.continuation
            if continuation is None:
                return found

    async def _drop(self, record: Record) -> None:
        try:
            await self._records.delete_if_match(record)
        except RecordNotFoundError:
            return
        except RecordChangedError:
            await delete(self._records, Place(record.partition, record.id))
