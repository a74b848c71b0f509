"""Whose thread, message or file it is: decided before any content is read, and failing closed.

A stranger's object and one that never existed raise the same ``NotFoundError``; so does one whose end has come,
whether or not a sweep has run. Whoever belongs to a thread and signed in by an e-ID of too low a level is told so,
for every object in it alike.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from shared.domain import places
from shared.domain.errors import AssuranceTooLowError, NotFoundError, RecordNotFoundError
from shared.domain.ids import FileId, MessageId, ThreadId, is_id
from shared.domain.lifecycles import MessageState
from shared.domain.places import Place
from shared.domain.ports import Clock, Record, Records
from shared.domain.principals import ApiClient, Person, Principal, Staff, may_serve
from shared.domain.retention import is_expired
from shared.domain.threads import Author, Message, Participant, StoredFile, Thread
from shared.services.listing import every_record


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenThread:
    """A thread that the principal belongs to. ``me`` is the person's place in it, None for staff."""

    record: Record
    thread: Thread
    me: Participant | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMessage:
    """A message that the principal may see. ``is_mine``: it was written by the principal's side."""

    room: OpenThread
    record: Record
    message: Message
    is_mine: bool


def author_of(principal: Principal, room: OpenThread) -> Author:
    """The principal as an author in that thread."""
    match principal:
        case Staff():
            return Author(staff=principal.staff)
        case Person():
            assert room.me is not None
            return Author(recipient=room.me.recipient)
        case ApiClient():
            return Author(client=principal.client)


def may_see(message: Message, room: OpenThread) -> bool:
    """Drafts are for their author's side; what is on its way, too; what is delivered is for the other side as well.

    A recipient who deleted the own copy sees it no more.
    """
    if is_mine(message, room):
        return message.state is not MessageState.ERASING
    if message.state is not MessageState.DELIVERED:
        return False
    if room.me is None:
        return True
    return message.author.is_unit and room.me.recipient not in message.hidden_for


def is_mine(message: Message, room: OpenThread) -> bool:
    """Whether the principal's side wrote it: whoever serves the unit for the unit, only the author among persons."""
    return message.author.is_unit if room.me is None else message.author.recipient == room.me.recipient


def _belongs(principal: Principal, thread: Thread) -> bool:
    match principal:
        case Staff() | ApiClient():
            return thread.organisation == principal.organisation and may_serve(principal, thread.unit)
        case Person():
            return thread.participant(*principal.subjects) is not None


def is_locked(principal: Principal, thread: Thread) -> bool:
    """Whether the thread asks for an e-ID of a higher level than the one of this session."""
    return isinstance(principal, Person) and not principal.assurance.meets(thread.required_assurance)


class Access:
    """Loads what a principal may see."""

    def __init__(self, *, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock

    async def thread(self, principal: Principal, thread: ThreadId) -> OpenThread:
        """Raises as ``listed`` does, and ``AssuranceTooLowError`` when the thread is locked to the principal."""
        room = await self.listed(principal, thread)
        if is_locked(principal, room.thread):
            raise AssuranceTooLowError(room.thread.required_assurance.value)
        return room

    async def listed(self, principal: Principal, thread: ThreadId) -> OpenThread:
        """The thread even if it is locked: for lists, which then show nothing that is in it.

        Raises ``NotFoundError`` unless the principal belongs to the thread and it is alive.
        """
        record = await self._record(thread, places.thread(thread))
        found = Thread.of(record.body)
        me = found.participant(*principal.subjects) if isinstance(principal, Person) else None
        if not _belongs(principal, found) or is_expired(found.expires_at, now=self._clock()):
            raise NotFoundError
        return OpenThread(record=record, thread=found, me=me)

    async def message(self, principal: Principal, thread: ThreadId, message: MessageId) -> OpenMessage:
        """Raises as ``thread`` does, and ``NotFoundError`` unless the principal may see the message and it is alive."""
        async with self._beside(thread, message, lambda: places.message(thread, message)) as reading:
            room = await self.thread(principal, thread)
            record = await reading()
        found = Message.of(record.body)
        if is_expired(found.expires_at, now=self._clock()) or not may_see(found, room):
            raise NotFoundError
        return OpenMessage(room=room, record=record, message=found, is_mine=is_mine(found, room))

    async def message_and_file(
        self, principal: Principal, thread: ThreadId, message: MessageId, file: FileId
    ) -> tuple[OpenMessage, StoredFile]:
        """``message`` and ``file`` in the time of one."""
        async with self._beside(thread, file, lambda: places.file(thread, message, file)) as reading:
            opened = await self.message(principal, thread, message)
            if file not in opened.message.files:
                raise NotFoundError
            return opened, StoredFile.of((await reading()).body)

    @asynccontextmanager
    async def _beside(
        self,
        thread: ThreadId,
        named: str,
        place: Callable[[], Place],
    ) -> AsyncIterator[Callable[[], Awaitable[Record]]]:
        """A record that is fetched while what decides about it is; call what is yielded once that is decided.

        The way to the store is most of the time that a request takes. Raises ``NotFoundError`` from that call.
        """
        task = asyncio.create_task(self._record(thread, place())) if is_id(thread) and is_id(named) else None

        async def fetched() -> Record:
            if task is None:
                raise NotFoundError
            return await task

        try:
            yield fetched
        finally:
            if task is not None:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def file(self, opened: OpenMessage, file: FileId) -> StoredFile:
        """A file of an opened message. Raises ``NotFoundError``."""
        if file not in opened.message.files:
            raise NotFoundError
        thread, message = opened.message.thread, opened.message.message
        record = await self._record(thread, places.file(thread, message, file))
        return StoredFile.of(record.body)

    async def files(self, message: Message) -> list[tuple[Record, StoredFile]]:
        """The files of a message, in order of creation."""
        return [(record, file) for record, file in await self.kept_files(message) if file.file in message.files]

    async def kept_files(self, message: Message) -> list[tuple[Record, StoredFile]]:
        """As ``files``, with those that never came to belong to it, or do no more: for whoever erases."""
        start, end = places.range_of(f"file|{message.message}")
        found = await every_record(self._records, places.thread(message.thread).partition, start=start, end=end)
        return [(record, StoredFile.of(record.body)) for record in found]

    async def _record(self, thread: ThreadId, place: Place) -> Record:
        if not is_id(thread):
            raise NotFoundError
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
