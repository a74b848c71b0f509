"""Threads, messages and files in their records: what is written is read, what is damaged is refused."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.assurance import DEFAULT_REQUIRED, Assurance
from shared.domain.errors import IntegrityError
from shared.domain.ids import FileId, MessageId, OrganisationId, Subject, ThreadId, UnitId
from shared.domain.lifecycles import MessageState
from shared.domain.ports import Body, Json
from shared.domain.record_bodies import decode_body, encode_body
from shared.domain.threads import (
    Author,
    Erasure,
    FileState,
    Message,
    Participant,
    Sealed,
    StoredFile,
    Thread,
    WrappedDataKey,
)

Stored: TypeAlias = Thread | Message | StoredFile

SECRET = "sealed or personal"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
IDS = st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001

PARTICIPANTS = st.builds(
    Participant,
    recipient=IDS,
    subject=TEXTS.map(Subject),
    personal_number=TEXTS.map(Sealed),
    mail_address=TEXTS.map(Sealed),
)
THREADS = st.builds(
    Thread,
    thread=IDS.map(ThreadId),
    organisation=IDS.map(OrganisationId),
    unit=IDS.map(UnitId),
    subject=TEXTS.map(Sealed),
    participants=st.lists(PARTICIPANTS, max_size=3).map(tuple),
    created_at=INSTANTS,
    expires_at=INSTANTS,
    required_assurance=st.sampled_from(Assurance),
)
MESSAGES = st.builds(
    Message,
    message=IDS.map(MessageId),
    thread=IDS.map(ThreadId),
    organisation=IDS.map(OrganisationId),
    author=st.builds(Author, staff=IDS) | st.builds(Author, recipient=IDS),
    state=st.sampled_from(MessageState),
    text=st.none() | TEXTS.map(Sealed),
    text_key=st.none() | TEXTS.map(WrappedDataKey),
    created_at=INSTANTS,
    sent_at=st.none() | INSTANTS,
    expires_at=INSTANTS,
    files=st.frozensets(IDS.map(FileId), max_size=3),
    hidden_for=st.frozensets(IDS, max_size=3),
    erasure=st.none() | st.builds(Erasure, at=INSTANTS, cause=TEXTS, files=st.integers(0, 100)),
)
FILES = st.builds(
    StoredFile,
    file=IDS.map(FileId),
    message=IDS.map(MessageId),
    thread=IDS.map(ThreadId),
    organisation=IDS.map(OrganisationId),
    state=st.sampled_from(FileState),
    upload=IDS,
    key=st.none() | TEXTS.map(WrappedDataKey),
    manifest=st.none() | TEXTS.map(Sealed),
)


def stored(body: Body) -> Body:
    """The body as any of the stores gives it back."""
    return decode_body(encode_body(body))


@given(THREADS, MESSAGES, FILES)
def test_what_is_written_is_read(thread: Thread, message: Message, file: StoredFile) -> None:
    """Through JSON, for any values."""
    assert Thread.of(stored(thread.body())) == thread
    assert Message.of(stored(message.body())) == message
    assert StoredFile.of(stored(file.body())) == file


def a_thread() -> Thread:
    person = Participant(
        recipient="r",
        subject=Subject(SECRET),
        personal_number=Sealed(SECRET),
        mail_address=Sealed(SECRET),
    )
    return Thread(
        thread=ThreadId("t"),
        organisation=OrganisationId("o"),
        unit=UnitId("u"),
        subject=Sealed(SECRET),
        participants=(person,),
        created_at=NOW,
        expires_at=NOW,
    )


def a_message() -> Message:
    return Message(
        message=MessageId("m"),
        thread=ThreadId("t"),
        organisation=OrganisationId("o"),
        author=Author(staff="s"),
        state=MessageState.SENT,
        text=Sealed(SECRET),
        text_key=WrappedDataKey(SECRET),
        created_at=NOW,
        sent_at=NOW,
        expires_at=NOW,
        files=frozenset({FileId("f")}),
        hidden_for=frozenset({"r"}),
    )


def a_file() -> StoredFile:
    return StoredFile(
        file=FileId("f"),
        message=MessageId("m"),
        thread=ThreadId("t"),
        organisation=OrganisationId("o"),
        state=FileState.STORED,
        upload="up",
        key=WrappedDataKey(SECRET),
        manifest=Sealed(SECRET),
        checks=Sealed(SECRET),
    )


ONE_OF_EACH: list[tuple[Stored, Callable[[Body], Stored]]] = [
    (a_thread(), Thread.of),
    (a_message(), Message.of),
    (a_file(), StoredFile.of),
]
OPTIONAL = {
    "text",
    "text_key",
    "sent_at",
    "key",
    "manifest",
    "checks",
    "author_recipient",
    "erasure",
    "required_assurance",
}
OTHER_KINDS: list[Json] = [7, True, 1.5, {"a": SECRET}, [7]]


@pytest.mark.parametrize(("value", "read"), ONE_OF_EACH)
def test_a_damaged_record_is_refused(value: Stored, read: Callable[[Body], Stored]) -> None:
    """Each member missing, emptied or of another kind, one at a time; nothing of the record is repeated."""
    whole = dict(value.body())
    for name in whole:
        damages = [{**whole, name: other} for other in OTHER_KINDS]
        if name not in OPTIONAL:
            damages += [{key: whole[key] for key in whole if key != name}, {**whole, name: None}]
        for damaged in damages:
            with pytest.raises(IntegrityError) as refused:
                read(damaged)
            assert SECRET not in str(refused.value)


@pytest.mark.parametrize(
    "damage",
    [
        {"state": "lost"},
        {"state": "DRAFT"},
        {"author_staff": None},  # written by nobody
        {"author_recipient": "r"},  # written by both sides
        {"expires_at": "never"},
        {"hidden_for": ["r", 7]},
        {"files": ["f", 7]},
        {"erasure": {"at": "2026"}},
    ],
)
def test_a_message_that_contradicts_itself_is_refused(damage: dict[str, Json]) -> None:
    """A message of nobody would be the unit's or a person's, depending on who asks."""
    with pytest.raises(IntegrityError):
        Message.of({**a_message().body(), **damage})


def test_a_damaged_participant_is_refused() -> None:
    """Not left out: the thread would be another one."""
    person: dict[str, Json] = {"recipient": "r", "subject": "s", "personal_number": "n"}
    with pytest.raises(IntegrityError):
        Thread.of({**a_thread().body(), "participants": [person]})


def test_a_file_of_unknown_state_is_refused() -> None:
    """Stored or not decides whether it may be sent and read."""
    with pytest.raises(IntegrityError):
        StoredFile.of({**a_file().body(), "state": "half"})


@pytest.mark.parametrize("value", [a_thread(), a_message(), a_file(), a_thread().participants[0]])
def test_repr_shows_nothing_sealed_or_personal(value: Stored | Participant) -> None:
    """A traceback or a debugger prints it."""
    assert SECRET not in repr(value)


def test_a_participant_is_found_by_pseudonym_only() -> None:
    """And nobody else is."""
    thread = a_thread()
    assert thread.participant(Subject(SECRET)) is thread.participants[0]
    assert thread.participant(Subject("someone")) is None


def test_a_thread_stored_before_levels_asks_for_the_usual_one() -> None:
    """Never for less; a word that is no level is damage."""
    whole = dict(a_thread().body())
    older = {name: value for name, value in whole.items() if name != "required_assurance"}
    assert Thread.of(older).required_assurance is DEFAULT_REQUIRED is Assurance.LOA3
    for word in ("", "loa5", "LOA4", "loa3 "):
        with pytest.raises(IntegrityError):
            Thread.of({**whole, "required_assurance": word})
