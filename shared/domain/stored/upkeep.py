"""What is stored to keep order: the log of audit events, and when things end."""

from typing import Annotated, ClassVar

from shared.domain.record_types import Entry, RecordType, Whose
from shared.domain.sensitivity import PLAIN, Count, Instant, Kept, Word, hashed, pseudonym
from shared.domain.stored.threads import BY_NOBODY


class AuditEvent(
    RecordType,
    partition="audit",
    id=None,
    entry=Entry(
        whose=Whose.BOTH,
        why="tells afterwards who did what, and when (patient data act, GDPR article 5(2))",
        how_long="kept: deletion of the log is the organisation's decision, and of its copies not before `auditDays`",
        who="admins and auditors of the organisation",
    ),
):
    """An audit event. Whatever else stands in it are ids and words, which `docs/audit-events.md` lists."""

    event: Word
    at: Instant
    by: Annotated[str, pseudonym("who did it")]
    staff: Annotated[str, pseudonym("whom it is about")]
    others: ClassVar[Kept] = PLAIN


class Expiry(
    RecordType,
    partition="expiry",
    id=None,
    entry=Entry(
        whose=Whose.NOBODY, why="finds what is due to be deleted", how_long="until it is deleted", who=BY_NOBODY
    ),
):
    """That something ends at an hour. Its id says what."""


class Move(
    RecordType,
    partition="move",
    id="move",
    entry=Entry(
        whose=Whose.NOBODY,
        why="lets a move of the whole deployment go on where it broke",
        how_long="kept: it says where the deployment came from",
        who="whoever runs the service",
    ),
):
    """That these stores are being filled from others, or were."""

    source: Annotated[str, hashed("the stores it comes from")]
    checks: dict[str, Annotated[str, hashed("a pepper, to tell whether both sides have the same")]]
    begun_at: Instant
    completed_at: Instant
    records: Count
    blobs: Count
