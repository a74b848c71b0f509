"""What is written about a message beside it (receipts, notices, mailbox entries) and has to end with it."""

from collections.abc import Mapping
from contextlib import suppress

from shared.domain import places
from shared.domain.errors import NotFoundError, RecordExistsError, RecordNotFoundError
from shared.domain.lifecycles import MessageState
from shared.domain.places import Place
from shared.domain.ports import Body, Record, Records
from shared.domain.threads import Message
from shared.services.deleting import delete


async def write_entries(records: Records, message: Message, entries: Mapping[Place, Body]) -> None:
    """Write those that are not there yet.

    Raises ``NotFoundError`` when the message was erased meanwhile: the erasing may have come by before they were
    written, so they are taken back.
    """
    written: list[Record] = []
    for place, body in entries.items():
        with suppress(RecordExistsError):
            written.append(await records.create(place.partition, place.id, body))
    if written and await _is_erased(records, message):
        for record in written:
            await delete(records, Place(record.partition, record.id))
        raise NotFoundError


async def _is_erased(records: Records, message: Message) -> bool:
    place = places.message(message.thread, message.message)
    try:
        found = Message.of((await records.get(place.partition, place.id)).body)
    except RecordNotFoundError:
        return True
    return found.state is MessageState.ERASING
