"""Models of requests and answers that several routes share. Strict: unknown fields and wrong types are refused."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from shared.domain.record_keys import check_continuation
from shared.domain.retention import CEILING_DAYS

if TYPE_CHECKING:
    from shared.services.retrieving import OpenedMessage, ShownFile, ShownMessage
    from shared.services.sending import Draft
    from shared.services.sharing import ShownThread, ThreadPage

Id = Annotated[str, Field(description="Opaque id, 26 characters.", examples=["01k2m3n4p5q6r7s8t9v0w1x2y3"])]


Continuation = Annotated[
    str | None,
    Query(description="From the answer that this one continues."),
    AfterValidator(lambda text: None if text is None else check_continuation(text)),
]


class Strict(BaseModel):
    """The base of all request bodies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def without_defaults(schema: dict[str, Any]) -> None:
    """Of a body that names what changes: what is left out is not set to anything."""
    for shown in schema["properties"].values():
        shown.pop("default", None)


Level: TypeAlias = Literal["loa2", "loa3", "loa4"]
"""Levels of assurance, by the words of ``shared.domain.assurance``."""


class NewPerson(Strict):
    """A person to share a thread with."""

    personal_number: Annotated[str, Field(max_length=20, description="Twelve digits.")]
    mail_address: Annotated[str, Field(max_length=254, description="Where notices go.")]


class NewThread(Strict):
    """A thread to be opened."""

    unit: Id
    subject: Annotated[str, Field(max_length=200, description="Sealed, like all content.")]
    persons: Annotated[list[NewPerson], Field(min_length=1, max_length=20)]
    required_assurance: Annotated[
        Level | None,
        Field(description="The lowest level of e-ID that opens it: the organisation's at least, and that if absent."),
    ] = None


class NewMessage(Strict):
    """A message to be drafted."""

    text: Annotated[str, Field(description="At most 64 KiB in UTF-8; longer texts travel as files.")] = ""
    retention_days: Annotated[
        int | None,
        Field(ge=1, le=CEILING_DAYS, description="Days until deletion; the organisation's rule if absent."),
    ] = None


class PersonView(BaseModel):
    """A person in a thread. Number and address are empty when another person looks."""

    recipient: Id
    masked_number: str
    mail_address: str


class ThreadView(BaseModel):
    """A thread. Of a locked one, unit, name, subject and persons are empty."""

    thread: Id
    unit: Id
    unit_name: str
    subject: str
    persons: list[PersonView]
    created_at: datetime
    expires_at: datetime
    required_assurance: Annotated[str, Field(description="The lowest level of e-ID that opens it.")]
    locked: Annotated[bool, Field(description="One signed in by an e-ID of a lower level. Only in lists.")]

    @classmethod
    def of(cls, shown: "ShownThread") -> "ThreadView":
        return cls(
            thread=shown.thread,
            unit=shown.unit,
            unit_name=shown.unit_name,
            subject=shown.subject,
            persons=[
                PersonView(recipient=p.recipient, masked_number=p.masked_number, mail_address=p.mail_address)
                for p in shown.persons
            ],
            created_at=shown.created_at,
            expires_at=shown.expires_at,
            required_assurance=shown.required_assurance.value,
            locked=shown.is_locked,
        )


class ThreadList(BaseModel):
    """A run of threads, oldest first. ``continuation`` asks for the next run; null at the end."""

    threads: list[ThreadView]
    continuation: str | None

    @classmethod
    def of(cls, page: "ThreadPage") -> "ThreadList":
        return cls(threads=[ThreadView.of(thread) for thread in page.threads], continuation=page.continuation)


class ReceiptView(BaseModel):
    """That someone opened the message, or fetched the file, for the first time."""

    kind: Annotated[str, Field(description="`person`, `staff` or `client`.")]
    name: str
    file: Id | None
    at: datetime
    provider: Annotated[str | None, Field(description="The e-ID that a person had signed in with; null for staff.")]
    assurance: Annotated[str | None, Field(description="Its level: `loa2`, `loa3` or `loa4`; null for staff.")]


class MessageView(BaseModel):
    """A message without its content."""

    message: Id
    thread: Id
    state: Annotated[str, Field(description="`draft`, `sent` or `delivered`.")]
    is_mine: Annotated[bool, Field(description="Written by one's own side.")]
    from_unit: bool
    created_at: datetime
    sent_at: datetime | None
    expires_at: datetime
    receipts: Annotated[list[ReceiptView], Field(description="Who has opened and fetched; for the author's side only.")]

    @classmethod
    def of(cls, shown: "ShownMessage") -> "MessageView":
        return cls(
            message=shown.message,
            thread=shown.thread,
            state=shown.state.value,
            is_mine=shown.is_mine,
            from_unit=shown.from_unit,
            created_at=shown.created_at,
            sent_at=shown.sent_at,
            expires_at=shown.expires_at,
            receipts=[
                ReceiptView(kind=r.kind, name=r.name, file=r.file, at=r.at, provider=r.provider, assurance=r.assurance)
                for r in shown.receipts
            ],
        )

    @classmethod
    def of_draft(cls, draft: "Draft") -> "MessageView":
        return cls(
            message=draft.message,
            thread=draft.thread,
            state=draft.state.value,
            is_mine=True,
            from_unit=draft.from_unit,
            created_at=draft.created_at,
            sent_at=None,
            expires_at=draft.expires_at,
            receipts=[],
        )


class FileView(BaseModel):
    """A file of an opened message."""

    file: Id
    name: str
    media_type: str
    length: Annotated[int, Field(description="Bytes.")]
    sha256: Annotated[str, Field(description="Of the content, hex.")]
    warnings: Annotated[list[str], Field(description="What its content gives away: words such as `macros`.")]
    scan: Annotated[
        str, Field(description="`clean`, or why it was not searched for malware: `off`, `too-large`, `unreachable`.")
    ]

    @classmethod
    def of(cls, shown: "ShownFile") -> "FileView":
        return cls(
            file=shown.file,
            name=shown.name,
            media_type=shown.media_type,
            length=shown.length,
            sha256=shown.sha256,
            warnings=[finding.value for finding in shown.checks.findings],
            scan=shown.checks.scan.value,
        )


class UnfinishedFileView(BaseModel):
    """A file of a draft that is not fully uploaded. The draft cannot be sent while there is one."""

    file: Id
    name: str
    length: Annotated[int | None, Field(description="Bytes announced; null while that is deferred.")]
    received: Annotated[int, Field(description="Bytes that have arrived.")]


class OpenedView(BaseModel):
    """A message in clear."""

    message: Id
    thread: Id
    text: str
    files: list[FileView]
    unfinished: list[UnfinishedFileView]
    sent_at: datetime | None
    expires_at: datetime

    @classmethod
    def of(cls, opened: "OpenedMessage") -> "OpenedView":
        return cls(
            message=opened.message,
            thread=opened.thread,
            text=opened.text,
            files=[FileView.of(file) for file in opened.files],
            unfinished=[
                UnfinishedFileView(file=f.file, name=f.name, length=f.length, received=f.received)
                for f in opened.unfinished
            ],
            sent_at=opened.sent_at,
            expires_at=opened.expires_at,
        )


class ThreadDetail(BaseModel):
    """A thread with the messages that one may see, oldest first."""

    thread: ThreadView
    messages: list[MessageView]
