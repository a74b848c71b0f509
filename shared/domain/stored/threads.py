"""What is stored of threads, messages, files and what became of them."""

from typing import Annotated

from shared.domain.record_types import Entry, Nested, RecordType, Whose
from shared.domain.sensitivity import (
    Count,
    Id,
    Instant,
    Word,
    hashed,
    pseudonym,
    sealed_personal,
    sealed_sensitive,
    wrapped,
)

WITH_ITS_MESSAGE = "with its message: 365 days at the latest, earlier by the parties or the organisation's rules"
BY_THE_PARTIES = "the staff of the unit and the addressed persons"
BY_NOBODY = "nobody"


class Participant(Nested):
    """A person in a thread."""

    recipient: Id
    subject: Annotated[str, pseudonym("who it is")]
    former: list[Annotated[str, pseudonym("who it is, under earlier peppers")]]
    personal_number: Annotated[str, sealed_sensitive("personal number")]
    mail_address: Annotated[str, sealed_personal("where notices go")]


class Thread(
    RecordType,
    partition="thread",
    id="thread",
    entry=Entry(
        whose=Whose.PERSONS,
        why="lets a unit and named persons share messages and files",
        how_long="with the last message in it: 365 days at the latest",
        who=BY_THE_PARTIES,
    ),
):
    """A thread: the room between a unit and its persons."""

    thread: Id
    organisation: Id
    unit: Id
    subject: Annotated[str, sealed_sensitive("subject line")]
    participants: list[Participant]
    created_at: Instant
    expires_at: Instant
    required_assurance: Word


class Erasure(Nested):
    """What the certificate and the log will say."""

    at: Instant
    cause: Word
    files: Count
    by: Annotated[str, pseudonym("who deleted it")]


class Message(
    RecordType,
    partition="thread",
    id="message",
    entry=Entry(
        whose=Whose.BOTH,
        why="carries what one side tells the other",
        how_long="365 days after sending at the latest, earlier by the parties or the organisation's rules",
        who=BY_THE_PARTIES,
    ),
):
    """A message and its text."""

    message: Id
    thread: Id
    organisation: Id
    author_staff: Annotated[str, pseudonym("who wrote it for the unit")]
    author_client: Id
    author_recipient: Annotated[str, pseudonym("which person wrote it")]
    state: Word
    text: Annotated[str, sealed_sensitive("text")]
    text_key: Annotated[str, wrapped("data key of the text")]
    created_at: Instant
    sent_at: Instant
    expires_at: Instant
    files: list[Id]
    hidden_for: list[Annotated[str, pseudonym("who deleted their own copy")]]
    erasure: Erasure


class File(
    RecordType,
    partition="thread",
    id="file",
    entry=Entry(
        whose=Whose.BOTH,
        why="says what a file is and how it is unsealed; its content lies sealed in blob storage",
        how_long=WITH_ITS_MESSAGE,
        who=BY_THE_PARTIES,
    ),
):
    """A file of a message."""

    file: Id
    message: Id
    thread: Id
    organisation: Id
    state: Word
    upload: Id
    key: Annotated[str, wrapped("data key of the file")]
    manifest: Annotated[str, sealed_sensitive("name, media type, lengths and SHA-256")]
    checks: Annotated[str, sealed_sensitive("what the checks of its content found")]


class Receipt(
    RecordType,
    partition="thread",
    id="receipt",
    entry=Entry(
        whose=Whose.BOTH,
        why="shows the sender who opened what, and when",
        how_long=WITH_ITS_MESSAGE,
        who=BY_THE_PARTIES,
    ),
):
    """That somebody opened a message or fetched a file."""

    kind: Word
    name: Annotated[str, sealed_personal("name as at their sign-in")]
    file: Id
    at: Instant
    provider: Word
    assurance: Word
    evidence: Id


class Notice(
    RecordType,
    partition="thread",
    id="notice",
    entry=Entry(
        whose=Whose.PERSONS,
        why="keeps a notice from being sent twice",
        how_long=WITH_ITS_MESSAGE,
        who=BY_NOBODY,
    ),
):
    """That a notice was sent, or refused."""

    event: Word
    at: Instant


class MailboxEntry(
    RecordType,
    partition="mailbox",
    id="message",
    entry=Entry(
        whose=Whose.PERSONS,
        why="finds what there is for a person who has signed in",
        how_long=WITH_ITS_MESSAGE,
        who="the person, as a list",
    ),
):
    """That there is a message for a person. The partition holds the person's pseudonym."""

    thread: Id


class OutboxEntry(
    RecordType,
    partition="outbox",
    id="thread",
    entry=Entry(
        whose=Whose.NOBODY,
        why="finds the threads of a unit",
        how_long="with its thread",
        who="the staff of the unit, as a list",
    ),
):
    """That a unit has a thread."""

    thread: Id


class UploadRight(Nested):
    """What makes a token good for one upload."""

    token_hash: Annotated[str, hashed("token of the upload")]
    session: Annotated[str, hashed("token of the session that began it")]
    until: Instant


class Upload(
    RecordType,
    partition="upload",
    id="upload",
    entry=Entry(
        whose=Whose.BOTH,
        why="lets a broken upload go on",
        how_long="when the file is whole and its message sent, or 7 days after its last byte",
        who="whoever uploads",
    ),
):
    """A file on its way in."""

    upload: Id
    organisation: Id
    thread: Id
    message: Id
    file: Id
    owner: Annotated[str, pseudonym("who uploads")]
    name: Annotated[str, sealed_sensitive("name of the file")]
    media_type: Annotated[str, sealed_sensitive("media type")]
    state: Word
    length: Count
    limit: Count
    parts: list[Word]
    created_at: Instant
    expires_at: Instant
    right: UploadRight


class Pending(
    RecordType,
    partition="pending",
    id=None,
    entry=Entry(
        whose=Whose.NOBODY,
        why="finds a sent message whose delivery a lost queue message left undone",
        how_long="until it is delivered",
        who=BY_NOBODY,
    ),
):
    """That a message was sent and is not known to be delivered."""


class Certificate(
    RecordType,
    partition="certificate",
    id=None,
    entry=Entry(
        whose=Whose.NOBODY,
        why="proves what was deleted, when and by which rule (gallringsbevis)",
        how_long="not deleted: it holds nothing of a person",
        who="admins and auditors of the organisation",
    ),
):
    """The deletion certificate of a message."""

    message: Id
    files: Count
    cause: Word
    method: Word
    proof: Word
    created_at: Instant
    expires_at: Instant
    unreadable_at: Instant
    deleted_at: Instant
