"""What of a deployment moves, what is left behind, and what becomes of a record on its way.

Whatever is not named here moves as it is, so that a kind which is added later is never lost without a word.
"""

from typing import Final

from shared.domain import places
from shared.domain.ports import Body, Record

LEFT_BEHIND: Final = frozenset(
    {"session", "sessions", "second-step", "challenge", "order", "return", "redirect", "limit", "token", "assertion"}
)
"""Kinds of partition that live for hours at most and belong to one browser or one address: everyone signs in anew, and
limits begin full. A cookie of the source opens nothing at the target."""

KINDS_INSIDE: Final = frozenset({"organisation", "thread", "mailbox", "outbox"})
"""Partitions that hold records of several kinds, each told by the first word of its id."""


def moves(partition: str) -> bool:
    """Whether the records of ``partition`` are moved. What a store knows of a move belongs to that store alone."""
    return _word(partition) not in LEFT_BEHIND and partition != places.the_move().partition


def kind_of(partition: str, id: str) -> str:  # noqa: A002 - as in the port
    """The word under which a record is counted, such as ``thread/message``. Holds no id."""
    word = _word(partition)
    return f"{word}/{_word(id)}" if word in KINDS_INSIDE else word


def is_organisation_key(record: Record) -> bool:
    """Whether it holds a wrapped key, which is wrapped anew."""
    return record.partition.startswith("organisation|") and record.id.startswith("key|")


def is_custody(record: Record) -> bool:
    """Whether it says which key wraps those of an organisation."""
    return record.partition.startswith("organisation|") and record.id == "custody"


def begins_again(record: Record) -> bool:
    """Whether it is an upload under way of which bytes have arrived."""
    is_upload = record.partition.startswith("upload|") and record.id == "upload"
    return is_upload and record.body.get("state") != "stored" and bool(record.body.get("parts"))


def begun_again(body: Body) -> Body:
    """An upload under way as it stands at the target: nothing of it has arrived.

    Bytes that are staged and not committed can be read by nobody, so they cannot move. Who goes on is told offset 0.
    """
    return {**body, "parts": [], "state": "deferred" if body.get("length") is None else "open"}


def _word(text: str) -> str:
    return text.partition("|")[0]
