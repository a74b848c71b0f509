"""What messages in the queues ask for: parse, one service call.

Imported with the first of them (ADR 0010).
"""

import json

import azure.functions as func

from shared.container import Container
from shared.domain.alerts import parse_alert
from shared.domain.announcements import announced
from shared.domain.errors import IntegrityError
from shared.domain.ids import FileId, MessageId, OrganisationId, StaffId, ThreadId, UploadId, is_id
from shared.domain.letters import parse_letter
from shared.domain.staff_notices import parse_notice
from shared.services.endings import FileEnding, MessageEnding


def _body(message: func.QueueMessage) -> dict[str, object]:
    """What a queue message holds. Raises ``IntegrityError`` for what is no JSON object."""
    try:
        body = json.loads(message.get_body())
    except ValueError as fault:
        raise IntegrityError from fault
    if not isinstance(body, dict):
        raise IntegrityError
    return body


def _ids(message: func.QueueMessage, *names: str) -> list[str]:
    """The ids a queue message holds. Raises ``IntegrityError`` for anything else, which ends in the poison queue."""
    body = _body(message)
    found = [text for text in (body.get(name) for name in names) if isinstance(text, str)]
    if len(found) != len(names) or not all(is_id(text) or text == "unit" for text in found):
        raise IntegrityError
    return found


async def notified(container: Container, message: func.QueueMessage) -> None:
    """Mail what is asked for: on a password, on factors, of a security event, of a change to the agreement, of news.

    Raises ``IntegrityError``.
    """
    if "letter" in (body := _body(message)):
        await container.activating.send(parse_letter(body))
        return
    if "alert" in body:
        await container.alerting.handle(parse_alert(body))
        return
    if "change" in body:
        organisation, staff = _ids(message, "organisation", "staff")
        await container.announcing.send(OrganisationId(organisation), StaffId(staff), announced(body["change"]))
        return
    if "notice" in body:
        organisation, staff, event = _ids(message, "organisation", "staff", "event")
        notice = parse_notice(body["notice"])
        await container.telling_staff.send(OrganisationId(organisation), StaffId(staff), notice, event)
        return
    thread, delivered, recipient = _ids(message, "thread", "message", "recipient")
    await container.notifying.notify(ThreadId(thread), MessageId(delivered), recipient)


async def dispatched(container: Container, message: func.QueueMessage) -> None:
    """Deliver what was sent, or erase what a request has made unreadable. Raises ``IntegrityError``."""
    match _body(message).get("erase"):
        case None:
            thread, sent = _ids(message, "thread", "message")
            await container.sending.deliver(ThreadId(thread), MessageId(sent))
        case "message":
            thread, deleted = _ids(message, "thread", "message")
            await container.retaining.finish(MessageEnding(thread=ThreadId(thread), message=MessageId(deleted)))
        case "file":
            organisation, thread, draft, file, upload = _ids(
                message, "organisation", "thread", "message", "file", "upload"
            )
            ending = FileEnding(
                organisation=OrganisationId(organisation),
                thread=ThreadId(thread),
                message=MessageId(draft),
                file=FileId(file),
                upload=UploadId(upload),
            )
            await container.clearing.clear(ending)
        case _:
            raise IntegrityError
