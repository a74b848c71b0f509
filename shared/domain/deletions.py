"""What was deleted, as it is noted apart from the records: enough to delete it once more after a restore.

A note is the name of an empty blob, ``day/kind.organisation.thread.message.item.cause``: random ids and closed words,
nothing of a person. Its day is that of the deletion, so that whoever restores reads only the days since.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final

from shared.domain.errors import IntegrityError
from shared.domain.ids import MessageId, OrganisationId, ThreadId, is_id

_CAUSE: Final = re.compile(r"[a-z][a-z-]{0,31}")
_NO_ITEM: Final = "-"


class DeletionKind(StrEnum):
    """A message for everyone, a file of a draft, or one recipient's own copy of a message."""

    MESSAGE = "message"
    FILE = "file"
    COPY = "copy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """``item`` is the file, or the recipient; None for a message. ``cause`` is a word, as in the certificate."""

    kind: DeletionKind
    organisation: OrganisationId
    thread: ThreadId
    message: MessageId
    item: str | None
    cause: str


def note_name(deletion: Deletion, at: datetime) -> str:
    """Under what name it is noted. The same deletion on the same day has the same name."""
    ids = (deletion.organisation, deletion.thread, deletion.message, deletion.item or _NO_ITEM)
    return f"{day_prefix(at.astimezone(UTC).date())}{'.'.join((deletion.kind.value, *ids, deletion.cause))}"


def day_prefix(day: date) -> str:
    """What the names of a day begin with."""
    return f"{day:%Y%m%d}/"


def noted(name: str) -> Deletion:
    """What a note says. Raises ``IntegrityError`` for a text that is none."""
    match name.partition("/")[2].split("."):
        case [kind, organisation, thread, message, item, cause] if (
            kind in set(DeletionKind)
            and all(is_id(text) for text in (organisation, thread, message))
            and (is_id(item) if kind != DeletionKind.MESSAGE else item == _NO_ITEM)
            and _CAUSE.fullmatch(cause)
        ):
            return Deletion(
                kind=DeletionKind(kind),
                organisation=OrganisationId(organisation),
                thread=ThreadId(thread),
                message=MessageId(message),
                item=None if item == _NO_ITEM else item,
                cause=cause,
            )
        case _:
            raise IntegrityError
