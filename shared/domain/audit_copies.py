"""The copy of an audit log that nobody can change: its blobs, their names, and how each is chained to the one before.

A blob is JSON lines in canonical form (keys in order, no spaces, ASCII). The first is its header, the others are the
records, each with its place. The copies of one log are numbered from 1, and each header holds the SHA-256 of the blob
before: whoever knows the last one knows whether any was changed. A number is taken by creating its blob, so of two
writers one gets it and the chain never forks.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId
from shared.domain.ports import Body, Json, Record
from shared.domain.record_bodies import decode_body

FORMAT: Final = "pic-audit-copy-1"

FIRST: Final = 1
NONE_BEFORE: Final = ""
"""In place of a digest, in the first copy of a log."""

MOST_RECORDS: Final = 2000
"""In one blob: under a megabyte, as events are."""
MOST_BYTES: Final = 64 * 1024 * 1024
"""No blob of ours is larger: what is read back is not held whole without a bound."""

_NAME: Final = re.compile(r"[0-9a-z]{1,26}/([0-9]{10})\.jsonl")


def copy_prefix(organisation: OrganisationId) -> str:
    """How the names of the copies of a log begin."""
    return f"{organisation}/"


def copy_name(organisation: OrganisationId, number: int) -> str:
    """Name of a blob. Names sort as the numbers do."""
    return f"{copy_prefix(organisation)}{number:010d}.jsonl"


def number_of(name: str) -> int:
    """The number of the copy of that name. Raises ``IntegrityError`` for a blob that is no copy."""
    found = _NAME.fullmatch(name)
    if found is None:
        raise IntegrityError
    return int(found[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedRecord:
    """A record as it was when it was copied."""

    partition: str
    id: str
    body: Body

    @property
    def key(self) -> tuple[str, str]:
        """Where it lies."""
        return self.partition, self.id

    @classmethod
    def of(cls, record: Record) -> "CopiedRecord":
        return cls(partition=record.partition, id=record.id, body=record.body)

    def line(self) -> bytes:
        """In canonical form: the same record gives the same bytes, whatever store it was read from."""
        return _canonical({"partition": self.partition, "id": self.id, "body": self.body})


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditCopy:
    """One blob: ``records`` that no copy before holds, of the period ``since <= time < until`` or late for one before.

    ``is_last``: the period is whole with this one. A long period takes several. ``seen``: up to when the log had been
    looked through, which is not the end of the period where others of it follow, or where a clock was ahead.
    """

    organisation: OrganisationId
    number: int
    previous: str
    since: datetime
    until: datetime
    seen: datetime
    is_last: bool
    records: tuple[CopiedRecord, ...]

    def encoded(self) -> bytes:
        """The content of the blob."""
        header: Body = {
            "format": FORMAT,
            "organisation": self.organisation,
            "number": self.number,
            "previous": self.previous,
            "since": instant_text(self.since),
            "until": instant_text(self.until),
            "seen": instant_text(self.seen),
            "is_last": self.is_last,
            "count": len(self.records),
        }
        return b"".join([_canonical(header), *(record.line() for record in self.records)])


def digest_of(content: bytes) -> str:
    """What the next copy says of this one."""
    return hashlib.sha256(content).hexdigest()


def parse_copy(organisation: OrganisationId, number: int, content: bytes) -> AuditCopy:
    """The copy in a blob. Raises ``IntegrityError`` for anything that is not the copy of that log and number."""
    header, *lines = content.splitlines(keepends=True) or [b""]
    fields = Fields(decode_body(header))
    records = tuple(_record(line) for line in lines)
    copy = AuditCopy(
        organisation=organisation,
        number=number,
        previous=fields.text("previous"),
        since=fields.instant("since"),
        until=fields.instant("until"),
        seen=fields.instant("seen"),
        is_last=fields.fact("is_last"),
        records=records,
    )
    # Whatever the header says besides, and every spelling that is not the canonical one, shows here.
    if copy.encoded() != content or copy.since > copy.until:
        raise IntegrityError
    return copy


def _record(line: bytes) -> CopiedRecord:
    fields = Fields(decode_body(line))
    body = fields.optional_nested("body")
    if body is None:
        raise IntegrityError
    return CopiedRecord(partition=fields.text("partition"), id=fields.text("id"), body=body.body)


def _canonical(value: Json) -> bytes:
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return f"{text}\n".encode("ascii")
