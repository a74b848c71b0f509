"""Gallring: what has reached its end goes; what a party deletes goes the same way.

Everything with an end is booked in an expiry bucket before it exists. A sweep settles the bookings that are due and
drops each only when its thing is gone, so a crash anywhere leaves work for the next sweep and nothing else.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from shared.domain import places, retention
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.deletions import Deletion, DeletionKind
from shared.domain.errors import IntegrityError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import MessageId, OrganisationId, SessionId, StaffId, Subject, ThreadId, UploadId
from shared.domain.lifecycles import MessageState
from shared.domain.metrics import Metrics, Timing
from shared.domain.places import Place
from shared.domain.ports import Clock, Record, Records
from shared.domain.principals import Person, Principal, reader_key
from shared.domain.retention import is_expired
from shared.domain.staff_members import StaffState, state_of
from shared.domain.threads import Message, Participant, Thread
from shared.services.access import Access, OpenMessage
from shared.services.auditing import Audit
from shared.services.buckets import Buckets
from shared.services.clearing import Clearing
from shared.services.credentials import Credentials
from shared.services.deleting import delete
from shared.services.endings import FileEnding, MessageEnding
from shared.services.erasing import Erasing
from shared.services.expiring import Expiries
from shared.services.handing_over import HandingOver
from shared.services.journaling import Journal
from shared.services.listing import each_record
from shared.services.shredding import Shredding
from shared.services.timekeeping import Timekeeping

SETTLED_AT_ONCE: Final = 8
"""Bookings settled at the same time: a message takes about 20 calls, each of which waits for a store."""

LATE_BOOKING: Final = timedelta(hours=1)
"""How long after an hour has ended a booking in it may still be on its way: longer than any request lasts."""

_SINGLE_RECORDS: Final[Mapping[str, Callable[[str], Place]]] = {
    "order": places.order,
    "return": places.sign_in_return,
    "redirect": places.redirect,
    "second-step": places.second_step,
    "challenge": places.challenge,
    "evidence": places.evidence,
    "token": places.client_token,
    "assertion": places.client_assertion,
    "idempotency": places.idempotency,
}
"""Kinds that are one record each, and nothing else."""


@dataclass(slots=True)
class _Sweep:
    """What one sweep has done so far."""

    settled: int = 0
    faults: list[Exception] = field(default_factory=list)


class Retaining:
    """Deletes messages, threads, uploads, sessions and orders when their time is over or a party says so."""

    def __init__(
        self,
        *,
        records: Records,
        access: Access,
        erasing: Erasing,
        shredding: Shredding,
        clearing: Clearing,
        handing_over: HandingOver,
        expiries: Expiries,
        buckets: Buckets,
        credentials: Credentials,
        journal: Journal,
        audit: Audit,
        metrics: Metrics,
        timekeeping: Timekeeping,
        clock: Clock,
    ) -> None:
        self._records = records
        self._access = access
        self._erasing = erasing
        self._shredding = shredding
        self._clearing = clearing
        self._handing_over = handing_over
        self._expiries = expiries
        self._buckets = buckets
        self._credentials = credentials
        self._journal = journal
        self._audit = audit
        self._metrics = metrics
        self._timekeeping = timekeeping
        self._clock = clock

    async def delete_message(self, principal: Principal, thread: ThreadId, message: MessageId) -> None:
        """A party deletes: the author's side and the unit for everyone, a person the own copy.

        Raises ``NotFoundError``.
        """
        opened = await self._access.message(principal, thread, message)
        me = opened.room.me
        if isinstance(principal, Person) and me is not None and not opened.is_mine:
            await self._hide(opened, principal, me)
            return
        ending = MessageEnding(thread=thread, message=message)
        await self._handing_over.book(ending)
        await self._shredding.shred(opened.record, cause="party", by=reader_key(principal))
        await self._handing_over.put(ending)

    async def finish(self, ending: MessageEnding) -> None:
        """What the jobs do once a party has deleted. Nothing happens to a message that nobody has begun to delete."""
        await self._expire_message(ending.thread, ending.message, self._clock())

    async def _hide(self, opened: OpenMessage, principal: Person, me: Participant) -> None:
        """Delete a person's own copy: the entry in the mailbox first, so that all of it can be repeated."""
        found, record = opened.message, opened.record
        await self._journal.note(
            Deletion(
                kind=DeletionKind.COPY,
                organisation=found.organisation,
                thread=found.thread,
                message=found.message,
                item=me.recipient,
                cause="party",
            )
        )
        await self._audit.write(
            AuditEvent.COPY_DELETED,
            found.organisation,
            by=reader_key(principal),
            thread=found.thread,
            message=found.message,
        )
        await self.hide(record, me.recipient, tuple(dict.fromkeys((*principal.subjects, *me.subjects))))

    async def hide(self, record: Record, recipient: str, subjects: tuple[Subject, ...]) -> None:
        """Take a message from one recipient, known by these pseudonyms. May be repeated."""
        message = Message.of(record.body).message
        for subject in subjects:
            await delete(self._records, places.mailbox(subject, message))
        while True:
            found = Message.of(record.body)
            hidden = replace(found, hidden_for=found.hidden_for | {recipient})
            try:
                try:
                    await self._records.replace_if_match(record, hidden.body())
                except RecordChangedError:
                    record = await self._records.get(record.partition, record.id)
                else:
                    return
            except RecordNotFoundError:
                return

    async def sweep(self) -> int:
        """Delete everything that is due, however late this runs. Returns how many bookings were settled.

        One item that fails does not keep the others alive: it stays booked and its error is raised at the end.

        Raises ``ClockDisagreesError`` before anything is deleted, when this machine may not know what is due.
        """
        now = self._clock()
        # After it was read: a clock that jumps meanwhile is noticed, or changes nothing.
        await self._timekeeping.check()
        sweep = _Sweep()
        async for index in each_record(self._records, retention.BUCKET_INDEX, end=f"{now:%Y%m%d%H}}}"):
            await self._sweep_bucket(retention.bucket_partition(index.id), now, sweep)
            is_over = index.id.partition("|")[0] < f"{now - LATE_BOOKING:%Y%m%d%H}"
            if is_over and not (await self._records.query(retention.bucket_partition(index.id), limit=1)).records:
                await self._drop(index)
                self._expiries.forget()
        if sweep.faults:
            raise ExceptionGroup("bookings that could not be settled", sweep.faults)
        return sweep.settled

    async def _sweep_bucket(self, partition: str, now: datetime, sweep: "_Sweep") -> None:
        """Settle what is due in one bucket, several at once, holding one page of bookings."""
        slots = asyncio.Semaphore(SETTLED_AT_ONCE)

        async def settle(booking: Record) -> None:
            async with slots:
                try:
                    item = booking.id.partition("|")[2]
                    await self._settle(item, now)
                    await self._drop(booking)
                    sweep.settled += 1
                    late = self._clock() - retention.due_at(booking.id)
                    self._metrics.observe(Timing.SWEEP, late.total_seconds(), kind=item.partition("|")[0])
                except Exception as fault:  # noqa: BLE001 - the rest must still go; raised at the end as a group
                    sweep.faults.append(fault)

        continuation: str | None = None
        while True:
            page = await self._records.query(partition, end=retention.due_before(now), continuation=continuation)
            async with asyncio.TaskGroup() as group:
                for booking in page.records:
                    group.create_task(settle(booking))
            continuation = page.continuation
            if continuation is None:
                return

    async def _settle(self, item: str, now: datetime) -> None:
        kind, _, rest = item.partition("|")
        match kind:
            case "message":
                thread, _, message = rest.partition("|")
                await self._expire_message(ThreadId(thread), MessageId(message), now)
            case "thread":
                await self._expire_thread(ThreadId(rest), now)
            case "file":
                await self._clearing.clear(FileEnding.booked(rest))
            case "upload":
                await self._clearing.expire(UploadId(rest))
            case "session":
                await self._expire_session(rest, now)
            case "staff":
                organisation, _, staff = rest.partition("|")
                await self._expire_staff(OrganisationId(organisation), StaffId(staff))
            case "limit":
                await self._buckets.settle(rest)
            case "credential":
                await self._credentials.settle(rest)
            case _ if kind in _SINGLE_RECORDS:
                await delete(self._records, _SINGLE_RECORDS[kind](rest))
            case _:
                raise IntegrityError

    async def _expire_staff(self, organisation: OrganisationId, staff: StaffId) -> None:
        """What is left of somebody who left long ago: the name."""
        place = places.staff(organisation, staff)
        with suppress(RecordNotFoundError):
            record = await self._records.get(place.partition, place.id)
            if state_of(record.body) is StaffState.LEFT:
                await delete(self._records, place)

    async def _expire_session(self, item: str, now: datetime) -> None:
        match item.split("|"):
            case [token_hash]:  # Booked by a version that kept no entries of sessions.
                await delete(self._records, places.session(token_hash))
            case [token_hash, reader, session]:
                if await self._is_held(places.session(token_hash), now):
                    return  # Its later booking comes back here.
                await delete(self._records, places.session(token_hash))
                await delete(self._records, places.session_entry(reader, SessionId(session)))
            case _:
                raise IntegrityError

    async def _is_held(self, place: Place, now: datetime) -> bool:
        """Whether a session is kept longer than it lasts, for an upload that it began."""
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return False
        held = fields.optional_instant("held_until")
        return held is not None and not is_expired(held, now=now)

    async def _expire_message(self, thread: ThreadId, message: MessageId, now: datetime) -> None:
        place = places.message(thread, message)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            record = None
        if record is not None:
            found = Message.of(record.body)
            if is_expired(found.expires_at, now=now) or found.state is MessageState.ERASING:
                await self._erasing.erase(record, cause="expired", by="system")
        await self._expire_thread(thread, now)

    async def _expire_thread(self, thread: ThreadId, now: datetime) -> None:
        """Delete a thread whose end has come and in which nothing that was sent is left; its drafts end with it."""
        place = places.thread(thread)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return
        room = Thread.of(record.body)
        if not is_expired(room.expires_at, now=now) or await self._holds_sent_messages(place.partition):
            return  # The booking of its last message comes back here.
        try:
            # Whoever would lengthen its life from here on loses the compare-and-set, and then finds it expired.
            held = await self._records.replace_if_match(record, record.body)
            await self._audit.write(AuditEvent.THREAD_ERASED, room.organisation, by="system", thread=thread)
            start, end = places.range_of("message")
            async for draft in each_record(self._records, place.partition, start=start, end=end):
                await self._erasing.erase(draft, cause="expired", by="system")
            await delete(self._records, places.outbox(room.unit, thread))
            # A receipt or notice may have been written while its message went.
            async for rest in each_record(self._records, place.partition):
                if rest.id != place.id:
                    await self._drop(rest)
            await self._records.delete_if_match(held)
        except (RecordNotFoundError, RecordChangedError):
            return  # Gone, or lengthened: then the booking of the new message comes back here.

    async def _holds_sent_messages(self, partition: str) -> bool:
        start, end = places.range_of("message")
        async for record in each_record(self._records, partition, start=start, end=end):
            if Message.of(record.body).state in {MessageState.SENT, MessageState.DELIVERED}:
                return True
        return False

    async def _drop(self, record: Record) -> None:
        await delete(self._records, Place(record.partition, record.id))
