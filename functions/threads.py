"""Threads and messages, for both sides."""

from fastapi import APIRouter
from pydantic import BaseModel

from functions.dependencies import (
    MessageDeleter,
    MessageReader,
    Sender,
    Services,
    SignedInPerson,
    ThreadOpener,
    ThreadReader,
    UnitReader,
)
from functions.idempotency_keys import Once
from functions.json_bodies import JsonRoute
from functions.models import (
    Continuation,
    Id,
    MessageView,
    NewMessage,
    NewThread,
    OpenedView,
    ThreadDetail,
    ThreadList,
    ThreadView,
)
from shared.domain.assurance import Assurance
from shared.domain.ids import MessageId, ThreadId, UnitId

router = APIRouter(prefix="/api/v1", tags=["threads"], route_class=JsonRoute)


class UnitView(BaseModel):
    """A function mailbox that one serves."""

    unit: Id
    name: str


class UnitList(BaseModel):
    """The units of the signed-in member of staff."""

    units: list[UnitView]


@router.get("/units")
async def list_units(services: Services, principal: UnitReader) -> UnitList:
    """The units one may send for."""
    found = await services.sharing.units(principal)
    return UnitList(units=[UnitView(unit=unit, name=name) for unit, name in found])


@router.post("/threads", status_code=201)
async def create_thread(services: Services, principal: ThreadOpener, new: NewThread, once: Once) -> ThreadView:
    """Open a thread between a unit and named persons."""
    from shared.services.sharing import Addressee  # noqa: PLC0415  # comes with its service

    addressees = tuple(
        Addressee(personal_number=person.personal_number, mail_address=person.mail_address) for person in new.persons
    )

    async def create(thread: str | None) -> ThreadView:
        created = await services.sharing.create(
            principal,
            unit=UnitId(new.unit),
            subject=new.subject,
            addressees=addressees,
            required_assurance=None if new.required_assurance is None else Assurance(new.required_assurance),
            thread=None if thread is None else ThreadId(thread),
        )
        return ThreadView.of(created)

    return await once(principal, create, ThreadView, thread=ThreadId)


@router.get("/threads")
async def list_threads(
    services: Services, principal: UnitReader, unit: str, continuation: Continuation = None
) -> ThreadList:
    """The threads of one unit."""
    return ThreadList.of(await services.sharing.list_of_unit(principal, UnitId(unit), continuation=continuation))


@router.get("/inbox")
async def list_inbox(services: Services, principal: SignedInPerson, continuation: Continuation = None) -> ThreadList:
    """The threads in which there is a message for the signed-in person, locked ones too."""
    return ThreadList.of(await services.sharing.list_of_person(principal, continuation=continuation))


@router.get("/threads/{thread}")
async def read_thread(services: Services, principal: ThreadReader, thread: str) -> ThreadDetail:
    """A thread and its messages, without their content."""
    shown = await services.sharing.read(principal, ThreadId(thread))
    messages = await services.retrieving.list(principal, ThreadId(thread))
    return ThreadDetail(thread=ThreadView.of(shown), messages=[MessageView.of(message) for message in messages])


@router.post("/threads/{thread}/messages", status_code=201)
async def create_message(
    services: Services, principal: Sender, thread: str, new: NewMessage, once: Once
) -> MessageView:
    """Begin a message. Only one's own side sees it until it is sent."""

    async def create(message: str | None) -> MessageView:
        draft = await services.sending.draft(
            principal,
            ThreadId(thread),
            text=new.text,
            retention_days=new.retention_days,
            message=None if message is None else MessageId(message),
        )
        return MessageView.of_draft(draft)

    return await once(principal, create, MessageView, thread=lambda _: ThreadId(thread))


@router.get("/threads/{thread}/messages/{message}")
async def read_message(services: Services, principal: ThreadReader, thread: str, message: str) -> MessageView:
    """A message without its content, and who has opened it. Does not count as opening."""
    return MessageView.of(await services.retrieving.describe(principal, ThreadId(thread), MessageId(message)))


@router.delete("/threads/{thread}/messages/{message}", status_code=204)
async def delete_message(services: Services, principal: MessageDeleter, thread: str, message: str) -> None:
    """Delete: for everyone by the unit or the author, the own copy by a recipient. Cannot be undone."""
    await services.retaining.delete_message(principal, ThreadId(thread), MessageId(message))


@router.post("/threads/{thread}/messages/{message}/send", status_code=202)
async def send_message(services: Services, principal: Sender, thread: str, message: str, once: Once) -> MessageView:
    """Send a draft. It is delivered after the undo window; until then deleting it leaves no trace at the other side.

    Files may have to be read first. If that takes longer than three minutes the answer is 503 with ``Retry-After`` and
    the reason ``out-of-time``: repeated, it goes on where it stopped.
    """

    async def send(_: str | None) -> MessageView:
        await services.sending.send(principal, ThreadId(thread), MessageId(message))
        return MessageView.of(await services.retrieving.describe(principal, ThreadId(thread), MessageId(message)))

    return await once(principal, send, MessageView, thread=lambda _: ThreadId(thread))


@router.post("/threads/{thread}/messages/{message}/open")
async def open_message(services: Services, principal: MessageReader, thread: str, message: str) -> OpenedView:
    """Open a message. The author's side can see who opened it and when."""
    return OpenedView.of(await services.retrieving.open(principal, ThreadId(thread), MessageId(message)))
