"""Threads, messages and files as they are stored: what is personal is sealed, the type says so.

``Sealed`` marks a text that only ``shared.crypto`` can read. Whatever else stands in these records is an id, a
number, an instant or a state.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from shared.domain.assurance import DEFAULT_REQUIRED, Assurance
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import IntegrityError
from shared.domain.ids import FileId, MessageId, OrganisationId, Subject, ThreadId, UnitId
from shared.domain.lifecycles import MessageState
from shared.domain.ports import Body, Json

Sealed = NewType("Sealed", str)
"""A field sealed under the organisation key, or a message text or manifest sealed under its data key."""

WrappedDataKey = NewType("WrappedDataKey", str)
"""A data key under the organisation key. Lives in records alone; deleting it shreds the content."""


def _state(text: str) -> MessageState:
    try:
        return MessageState(text)
    except ValueError:
        raise IntegrityError from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Participant:
    """A person in a thread. ``recipient`` is a random id, so that queues and notices need not name the subject."""

    recipient: str
    subject: Subject = field(repr=False)
    personal_number: Sealed = field(repr=False)
    mail_address: Sealed = field(repr=False)
    former: tuple[Subject, ...] = field(default=(), repr=False)
    """Pseudonyms of earlier peppers under which entries may still lie, while a rotation moves them."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Every pseudonym under which something of this person may lie, the current one first."""
        return (self.subject, *self.former)

    def body(self) -> dict[str, Json]:
        body: dict[str, Json] = {
            "recipient": self.recipient,
            "subject": self.subject,
            "personal_number": self.personal_number,
            "mail_address": self.mail_address,
        }
        return {**body, "former": list(self.former)} if self.former else body

    @classmethod
    def of(cls, fields: Fields) -> "Participant":
        """Raises ``IntegrityError``."""
        return cls(
            recipient=fields.text("recipient"),
            subject=Subject(fields.text("subject")),
            personal_number=Sealed(fields.text("personal_number")),
            mail_address=Sealed(fields.text("mail_address")),
            former=tuple(Subject(former) for former in fields.texts("former")) if "former" in fields.body else (),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Thread:
    """The shared room between one unit and its persons. Ends with the last of its messages."""

    thread: ThreadId
    organisation: OrganisationId
    unit: UnitId
    subject: Sealed = field(repr=False)
    participants: tuple[Participant, ...]
    created_at: datetime
    expires_at: datetime
    required_assurance: Assurance = DEFAULT_REQUIRED
    """How surely an e-ID must know who a person is to see what is in here. Staff are known otherwise."""

    def participant(self, *subjects: Subject) -> Participant | None:
        """The person known by any of these pseudonyms, if they belong here."""
        return next((person for person in self.participants if not set(subjects).isdisjoint(person.subjects)), None)

    def body(self) -> Body:
        return {
            "thread": self.thread,
            "organisation": self.organisation,
            "unit": self.unit,
            "subject": self.subject,
            "participants": [person.body() for person in self.participants],
            "created_at": instant_text(self.created_at),
            "expires_at": instant_text(self.expires_at),
            "required_assurance": self.required_assurance.value,
        }

    @classmethod
    def of(cls, body: Body) -> "Thread":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        return cls(
            thread=ThreadId(fields.text("thread")),
            organisation=OrganisationId(fields.text("organisation")),
            unit=UnitId(fields.text("unit")),
            subject=Sealed(fields.text("subject")),
            participants=tuple(Participant.of(person) for person in fields.nested("participants")),
            created_at=fields.instant("created_at"),
            expires_at=fields.instant("expires_at"),
            required_assurance=_required(fields.optional_text("required_assurance")),
        )


def _required(text: str | None) -> Assurance:
    if text is None:
        return DEFAULT_REQUIRED  # Stored before a sender could ask for another.
    try:
        return Assurance(text)
    except ValueError:
        raise IntegrityError from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """Who wrote a message: a staff member or an API client for the unit, or one of the persons. Exactly one is set."""

    staff: str | None = None
    recipient: str | None = None
    client: str | None = None

    @property
    def is_unit(self) -> bool:
        return self.recipient is None


def _author(fields: Fields) -> Author:
    staff, recipient, client = (fields.optional_text(f"author_{who}") for who in ("staff", "recipient", "client"))
    if sum(who is not None for who in (staff, recipient, client)) != 1:
        raise IntegrityError
    return Author(staff=staff, recipient=recipient, client=client)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What the certificate and the log will say, fixed when erasing began: since when unreadable, why, how many files.

    ``by``: a reader key, or ``system``.
    """

    at: datetime
    cause: str
    files: int
    by: str

    def body(self) -> Body:
        return {"at": instant_text(self.at), "cause": self.cause, "files": self.files, "by": self.by}

    @classmethod
    def of(cls, fields: Fields) -> "Erasure":
        """Raises ``IntegrityError``."""
        at, cause, files = fields.instant("at"), fields.text("cause"), fields.whole("files")
        return cls(at=at, cause=cause, files=files, by=fields.text("by"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Text and files from one side to the other. ``text`` and ``text_key`` are gone once it is being erased."""

    message: MessageId
    thread: ThreadId
    organisation: OrganisationId
    author: Author
    state: MessageState
    text: Sealed | None = field(repr=False)
    text_key: WrappedDataKey | None = field(repr=False)
    created_at: datetime
    sent_at: datetime | None
    expires_at: datetime
    files: frozenset[FileId] = frozenset()
    """The files that belong to it. A file whose id is not here is on its way in or out, and is nobody's to see."""
    hidden_for: frozenset[str] = frozenset()
    """Recipients who deleted their own copy."""
    erasure: Erasure | None = None
    """Set while it is being erased."""

    def body(self) -> Body:
        sent_at = None if self.sent_at is None else instant_text(self.sent_at)
        return {
            "message": self.message,
            "thread": self.thread,
            "organisation": self.organisation,
            "author_staff": self.author.staff,
            "author_recipient": self.author.recipient,
            **({} if self.author.client is None else {"author_client": self.author.client}),
            "state": self.state.value,
            "text": self.text,
            "text_key": self.text_key,
            "created_at": instant_text(self.created_at),
            "sent_at": sent_at,
            "expires_at": instant_text(self.expires_at),
            "files": sorted(self.files),
            "hidden_for": sorted(self.hidden_for),
            "erasure": None if self.erasure is None else self.erasure.body(),
        }

    @classmethod
    def of(cls, body: Body) -> "Message":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        text, key = fields.optional_text("text"), fields.optional_text("text_key")
        erasure = fields.optional_nested("erasure")
        return cls(
            message=MessageId(fields.text("message")),
            thread=ThreadId(fields.text("thread")),
            organisation=OrganisationId(fields.text("organisation")),
            author=_author(fields),
            state=_state(fields.text("state")),
            text=None if text is None else Sealed(text),
            text_key=None if key is None else WrappedDataKey(key),
            created_at=fields.instant("created_at"),
            sent_at=fields.optional_instant("sent_at"),
            expires_at=fields.instant("expires_at"),
            files=frozenset(FileId(file) for file in fields.texts("files")),
            hidden_for=frozenset(fields.texts("hidden_for")),
            erasure=None if erasure is None else Erasure.of(erasure),
        )


CHECKS_FIELD = "checks"
"""The name under which ``StoredFile.checks`` is sealed."""


class FileState(StrEnum):
    """``uploading`` until all parts are committed and the manifest is sealed, then ``stored``."""

    UPLOADING = "uploading"
    STORED = "stored"


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One file of a message. ``key`` is None once the file is being erased; ``manifest`` is None while uploading."""

    file: FileId
    message: MessageId
    thread: ThreadId
    organisation: OrganisationId
    state: FileState
    upload: str
    key: WrappedDataKey | None = field(repr=False)
    manifest: Sealed | None = field(repr=False)
    checks: Sealed | None = field(default=None, repr=False)
    """What was found out about its content (``shared.domain.content_checks``)."""

    def body(self) -> Mapping[str, Json]:
        return {
            "file": self.file,
            "message": self.message,
            "thread": self.thread,
            "organisation": self.organisation,
            "state": self.state.value,
            "upload": self.upload,
            "key": self.key,
            "manifest": self.manifest,
            "checks": self.checks,
        }

    @classmethod
    def of(cls, body: Body) -> "StoredFile":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        key, manifest = fields.optional_text("key"), fields.optional_text("manifest")
        checks = fields.optional_text("checks")
        state = fields.text("state")
        if state not in set(FileState):
            raise IntegrityError
        return cls(
            file=FileId(fields.text("file")),
            message=MessageId(fields.text("message")),
            thread=ThreadId(fields.text("thread")),
            organisation=OrganisationId(fields.text("organisation")),
            state=FileState(state),
            upload=fields.text("upload"),
            key=None if key is None else WrappedDataKey(key),
            manifest=None if manifest is None else Sealed(manifest),
            checks=None if checks is None else Sealed(checks),
        )
