"""A copy of a log has one spelling; whatever else stands in a blob is refused."""

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from shared.domain.audit_copies import AuditCopy, CopiedRecord, copy_name, digest_of, number_of, parse_copy
from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId

LOG = OrganisationId("01kjmma2g0hnzdv6b1s4frbac3")
COPY = AuditCopy(
    organisation=LOG,
    number=3,
    previous="ab",
    since=datetime(2026, 3, 1, 12, tzinfo=UTC),
    until=datetime(2026, 3, 1, 13, tzinfo=UTC),
    seen=datetime(2026, 3, 1, 13, tzinfo=UTC),
    is_last=True,
    records=(
        CopiedRecord(partition="audit|x|202603", id="1", body={"event": "session:end", "by": "å\r\n\u2028"}),
        CopiedRecord(partition="audit|x|202603", id="2", body={}),
    ),
)
PINNED = "b6de7be4fc41c8b720bd100bd25ee86d5eaaa378b024721ffbf395f4f77c8339"


def test_what_was_encoded_is_parsed() -> None:
    """Also with line ends in a text, which are no line ends of the blob."""
    assert parse_copy(LOG, 3, COPY.encoded()) == COPY
    assert len(COPY.encoded().split(b"\n")) == 4


def test_the_order_of_fields_in_a_store_does_not_matter() -> None:
    """The same record gives the same line, whichever store it is read from."""
    one = CopiedRecord(partition="p", id="i", body={"a": "1", "b": ["2"]})
    other = CopiedRecord(partition="p", id="i", body={"b": ("2",), "a": "1"})
    assert one.line() == other.line()


def test_the_bytes_are_pinned() -> None:
    """A chain of years is compared with what today's code would write: another spelling needs another format."""
    assert digest_of(COPY.encoded()) == PINNED


def header(**changes: object) -> Callable[[bytes], bytes]:
    def change(content: bytes) -> bytes:
        first, rest = content.split(b"\n", 1)
        values = {**json.loads(first), **changes}
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return text.encode() + b"\n" + rest

    return change


@pytest.mark.parametrize(
    "change",
    [
        header(format="pic-audit-copy-2"),
        header(number=4),
        header(organisation="platform"),
        header(count=1),
        header(since="2026-03-01T14:00:00.000000Z"),
        header(until="soon"),
        header(seen=None),
        header(is_last="true"),
        header(previous=None),
        header(more=1),
        lambda content: content.replace(b",", b", ", 1),
        lambda content: content + content.splitlines(keepends=True)[-1],
        lambda content: content + b"[]\n",
        lambda content: content + b'{"body":null,"id":"3","partition":"p"}\n',
        lambda content: content[:-1],
        lambda content: content[:40],
        lambda content: content[:0],
        lambda content: b"\xff" + content,
    ],
)
def test_anything_else_is_refused(change: Callable[[bytes], bytes]) -> None:
    """One spelling, all of it, and for this log and number."""
    with pytest.raises(IntegrityError):
        parse_copy(LOG, 3, change(COPY.encoded()))


def test_a_name_says_log_and_number_and_sorts_by_it() -> None:
    """What lies in the container under another name is none of ours."""
    assert [number_of(copy_name(LOG, number)) for number in (1, 9, 10, 123456)] == [1, 9, 10, 123456]
    assert copy_name(LOG, 9) < copy_name(LOG, 10)
    for name in ("", "x", f"{LOG}/1.jsonl", f"{LOG}/0000000001.json", f"a/{copy_name(LOG, 1)}"):
        with pytest.raises(IntegrityError):
            number_of(name)
