"""Messages: drafted, sent and delivered.

``send`` is one compare-and-set write and starts the undo window; ``deliver`` runs from the queue when it is over,
may run twice, and lets the other side see the message. What a lost queue message left behind stands in the
``pending`` partitions, where ``recover`` finds it (design section 4).
"""

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from shared.crypto.data_keys import new_data_key, wrap_data_key
from shared.crypto.texts import seal_text
from shared.domain import places, retention, texts
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    PicError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.ids import MessageId, RandomBytes, ThreadId, new_id
from shared.domain.lifecycles import MessageState, MessageStep, next_message_state
from shared.domain.metrics import Counter, Metrics, Timing
from shared.domain.places import Place
from shared.domain.ports import Body, Clock, Queues, Record, Records
from shared.domain.principals import Principal, reader_key
from shared.domain.retention import is_expired
from shared.domain.threads import Message, Participant, Sealed, Thread, WrappedDataKey
from shared.services.access import Access, author_of
from shared.services.agreeing import Agreeing
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.entries import write_entries
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.listing import each_record
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.sharing import Sharing
from shared.services.storing import Storing

RECOVERY_AGE: Final = timedelta(minutes=2)
"""How long past the undo window a queue message may take before ``recover`` sends another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A fresh draft."""

    message: MessageId
    thread: ThreadId
    state: MessageState
    from_unit: bool
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatching:
    """How sent messages travel on: the queues' names, and seconds in which a sender may still recall."""

    dispatch_queue: str
    notify_queue: str
    undo_seconds: int = 0


class Sending:
    """Drafts, sends and delivers messages."""

    def __init__(
        self,
        *,
        records: Records,
        queues: Queues,
        access: Access,
        sharing: Sharing,
        storing: Storing,
        settings: SettingsOfOrganisations,
        agreeing: Agreeing,
        keyring: Keyring,
        expiries: Expiries,
        audit: Audit,
        metrics: Metrics,
        dispatching: Dispatching,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._queues = queues
        self._access = access
        self._sharing = sharing
        self._storing = storing
        self._settings = settings
        self._agreeing = agreeing
        self._keyring = keyring
        self._expiries = expiries
        self._audit = audit
        self._metrics = metrics
        self._dispatching = dispatching
        self._clock = clock
        self._random = random

    async def draft(
        self,
        principal: Principal,
        thread: ThreadId,
        *,
        text: str,
        retention_days: int | None,
        message: MessageId | None = None,
    ) -> Draft:
        """Begin a message that only the author's side sees.

        ``message`` is the id that it is to have: if there is one, an earlier attempt made it, and that one is told of.
        Raises ``NotFoundError``, ``InvalidInputError`` (text, retention), ``TooLargeError`` (text).
        """
        room = await self._access.thread(principal, thread)
        now = self._clock()
        organisation = room.thread.organisation
        rule = await self._settings.retention(organisation)
        days = rule.default_days if retention_days is None else retention_days
        if days > rule.ceiling_days:
            raise InvalidInputError("retention-days")
        ends = retention.expires_at(now, retention_days=days)
        message = message or MessageId(new_id(now, self._random))
        key = await self._keyring.current(organisation)
        data_key = new_data_key(self._random)
        draft = Message(
            message=message,
            thread=thread,
            organisation=organisation,
            author=author_of(principal, room),
            state=MessageState.DRAFT,
            text=Sealed(
                seal_text(data_key, texts.message_text(text), organisation=organisation, thread=thread, message=message)
            ),
            text_key=WrappedDataKey(wrap_data_key(key, data_key, thread=thread, file=message, random=self._random)),
            created_at=now,
            sent_at=None,
            expires_at=ends,
        )
        place = places.message(thread, message)
        await self._expiries.book(ends, f"message|{thread}|{message}")
        await self._audit.write(
            AuditEvent.MESSAGE_CREATED, organisation, by=reader_key(principal), thread=thread, message=message
        )
        try:
            await self._records.create(place.partition, place.id, draft.body())
        except RecordExistsError:
            draft = (await self._access.message(principal, thread, message)).message
        return Draft(
            message=message,
            thread=thread,
            state=draft.state,
            from_unit=draft.author.is_unit,
            created_at=draft.created_at,
            expires_at=draft.expires_at,
        )

    async def send(self, principal: Principal, thread: ThreadId, message: MessageId) -> None:
        """Send a draft of the principal's side. Sending what was sent already changes nothing.

        A file of which every byte has arrived is stored first, which takes as long as reading it when the instance
        that took its last bytes is gone. Raises ``NotFoundError``; ``ConflictError`` while bytes are missing, or when
        the draft changes or ends meanwhile; ``AgreementRequiredError`` for a unit's, persons may always answer;
        ``OutOfTimeError`` when that reading is not done yet: repeated, it goes on there (``Storing.store``).
        """
        opened = await self._access.message(principal, thread, message)
        if not opened.is_mine:
            raise NotFoundError
        if opened.message.state in {MessageState.SENT, MessageState.DELIVERED}:
            await self._enqueue(thread, message)
            return
        if opened.message.author.is_unit:
            await self._agreeing.check(opened.message.organisation)
        state = next_message_state(opened.message.state, MessageStep.SEND)
        for _, file in await self._access.files(opened.message):
            await self._storing.finish(file)
        # Only what was sent lengthens the life of its thread: a draft ends with it.
        await self._sharing.outlive(principal, opened.room, opened.message.expires_at)
        pending = places.pending(retention.shard_of(message), thread, message)
        with suppress(RecordExistsError):  # An earlier attempt came this far.
            await self._records.create(pending.partition, pending.id, {})
        organisation = opened.message.organisation
        await self._audit.write(
            AuditEvent.MESSAGE_SENT, organisation, by=reader_key(principal), thread=thread, message=message
        )
        sent = replace(opened.message, state=state, sent_at=self._clock())
        try:
            await self._records.replace_if_match(opened.record, sent.body())
        except (RecordChangedError, RecordNotFoundError) as fault:
            raise ConflictError from fault
        self._metrics.add(Counter.SENT, side="unit" if sent.author.is_unit else "person")
        await self._enqueue(thread, message)

    async def _enqueue(self, thread: ThreadId, message: MessageId) -> None:
        await self._queues.put(
            self._dispatching.dispatch_queue,
            {"thread": thread, "message": message},
            delay_seconds=self._dispatching.undo_seconds,
        )

    async def deliver(self, thread: ThreadId, message: MessageId) -> None:
        """Let the other side see a sent message, and ask for the notices. Does nothing for any other message."""
        pending = places.pending(retention.shard_of(message), thread, message)
        try:
            found, room = await self._read(thread, message)
            if found.state is MessageState.DRAFT:
                return  # ``send`` has not written yet, or failed: the pending entry tells the next attempt.
            if not is_expired(found.expires_at, now=self._clock()):
                if found.state is MessageState.SENT:
                    found = await self._mark_delivered(found)
                if found.state is MessageState.DELIVERED:
                    await self._make_entries(room, found)
        except (RecordNotFoundError, NotFoundError):
            pass  # Erased: there is nothing to deliver.
        await delete(self._records, pending)

    async def _read(self, thread: ThreadId, message: MessageId) -> tuple[Message, Thread]:
        place = places.message(thread, message)
        record = await self._records.get(place.partition, place.id)
        return Message.of(record.body), await self._room(thread)

    async def _room(self, thread: ThreadId) -> Thread:
        place = places.thread(thread)
        return Thread.of((await self._records.get(place.partition, place.id)).body)

    async def _mark_delivered(self, found: Message) -> Message:
        """The message as delivered, or as whatever it became meanwhile. Raises ``RecordNotFoundError``."""
        await self._audit.write(
            AuditEvent.MESSAGE_DELIVERED, found.organisation, by="system", thread=found.thread, message=found.message
        )
        place = places.message(found.thread, found.message)
        while True:
            record = await self._records.get(place.partition, place.id)
            found = Message.of(record.body)
            if found.state is not MessageState.SENT:
                return found
            delivered = replace(found, state=next_message_state(found.state, MessageStep.DELIVER))
            with suppress(RecordChangedError):
                await self._records.replace_if_match(record, delivered.body())
                if found.sent_at is not None:
                    undone = found.sent_at + timedelta(seconds=self._dispatching.undo_seconds)
                    self._metrics.observe(Timing.DELIVERY, (self._clock() - undone).total_seconds())
                return delivered

    async def _make_entries(self, room: Thread, message: Message) -> None:
        """Raises ``NotFoundError`` when the message was erased meanwhile."""
        if not message.author.is_unit:
            await self._notify(message, "unit")
            return
        entries = _mailboxes(room, message)
        await write_entries(self._records, message, entries)
        now = _mailboxes(await self._room(room.thread), message)
        if now != entries:  # A rotation of the pepper came by, and may not have met these.
            await write_entries(self._records, message, now)
            for place in entries.keys() - now.keys():
                await delete(self._records, place)
        for person in _readers(room, message):
            await self._notify(message, person.recipient)

    async def _notify(self, message: Message, recipient: str) -> None:
        ids = {"thread": message.thread, "message": message.message, "recipient": recipient}
        await self._queues.put(self._dispatching.notify_queue, ids)

    async def recover(self) -> int:
        """Deliver what was sent and whose queue message was lost. Returns how many messages were looked at.

        Delivering is idempotent, so an entry that is merely slow does no harm. One that fails does not hold up the
        others: it stays and its error is raised at the end.
        """
        latest = self._clock() - timedelta(seconds=self._dispatching.undo_seconds) - RECOVERY_AGE
        looked, faults = 0, []
        for shard in range(retention.SHARDS):
            async for entry in each_record(self._records, places.pending_partition(shard)):
                try:
                    looked += await self._recover_one(entry, latest)
                except PicError as fault:
                    faults.append(fault)
        if faults:
            raise ExceptionGroup("messages that could not be delivered", faults)
        return looked

    async def _recover_one(self, entry: Record, latest: datetime) -> int:
        thread, _, message = entry.id.partition("|")
        place = places.message(ThreadId(thread), MessageId(message))
        try:
            found = Message.of((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            found = None
        if found is not None and found.state is MessageState.DRAFT:
            return 0
        if found is not None and found.sent_at is not None and found.sent_at > latest:
            return 0
        await self.deliver(ThreadId(thread), MessageId(message))
        return 1


def _readers(room: Thread, message: Message) -> list[Participant]:
    return [person for person in room.participants if person.recipient not in message.hidden_for]


def _mailboxes(room: Thread, message: Message) -> dict[Place, Body]:
    return {
        places.mailbox(person.subject, message.message): {"thread": room.thread} for person in _readers(room, message)
    }
