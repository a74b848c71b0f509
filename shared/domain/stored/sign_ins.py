"""What is stored of signing in: sessions, orders at an e-ID, ways back, and limits."""

from typing import Annotated

from shared.domain.record_types import Entry, RecordType, Whose
from shared.domain.sensitivity import (
    Count,
    Fact,
    Id,
    Instant,
    Word,
    hashed,
    pseudonym,
    sealed_personal,
    sealed_sensitive,
)
from shared.domain.stored.threads import BY_NOBODY

_SOON = "10 minutes after it began, or when it is used"


class Session(
    RecordType,
    partition="session",
    id="session",
    entry=Entry(
        whose=Whose.BOTH,
        why="knows who is signed in, and shows people their own sessions",
        how_long="when it ends: by its owner, after 30 minutes of rest or 8 hours (settings)",
        who="its owner",
    ),
):
    """A session. The partition holds the hash of its token."""

    kind: Word
    session: Id
    organisation: Id
    staff: Annotated[str, pseudonym("which member of staff")]
    subject: Annotated[str, pseudonym("which person")]
    former: list[Annotated[str, pseudonym("which person, under earlier peppers")]]
    provider: Word
    assurance: Word
    evidence: Id
    methods: list[Word]
    tenant: Word
    must_enrol: Fact
    verified_at: Instant
    created_at: Instant
    seen_at: Instant
    expires_at: Instant
    held_until: Instant
    name: Annotated[str, sealed_personal("name as stated at sign-in")]
    device: Annotated[str, sealed_personal("coarse words for the device")]


class SessionEntry(
    RecordType,
    partition="sessions",
    id="session",
    entry=Entry(
        whose=Whose.BOTH,
        why="finds all sessions of one reader, to list and to end them",
        how_long="with its session",
        who=BY_NOBODY,
    ),
):
    """Where a session lies. The partition holds the reader's id or pseudonym."""

    token_hash: Annotated[str, hashed("token of the session")]


class Order(
    RecordType,
    partition="order",
    id="order",
    entry=Entry(
        whose=Whose.PERSONS,
        why="takes a person through a sign-in with BankID",
        how_long=_SOON,
        who=BY_NOBODY,
    ),
):
    """A sign-in order under way. The partition holds the hash of the browser's secret."""

    order: Id
    attempt: Count
    state: Word
    hint: Word
    started_by: Word
    begun_at: Instant
    started_at: Instant
    claimed_at: Instant
    collected_at: Instant
    expires_at: Instant
    nonce_hash: Annotated[str, hashed("one-time word of the way back")]
    secrets: Annotated[str, sealed_sensitive("what BankID gave for the order")]
    request: Annotated[str, sealed_sensitive("what was asked of BankID")]
    arrival: Annotated[str, sealed_personal("who arrived, waiting for the way back")]
    proof: list[Annotated[str, sealed_sensitive("BankID's signed answer")]]


class Return(
    RecordType,
    partition="return",
    id="return",
    entry=Entry(whose=Whose.NOBODY, why="finds the order that a nonce was made for", how_long=_SOON, who=BY_NOBODY),
):
    """The way back from the app. The partition holds the hash of the nonce."""

    flow: Annotated[str, hashed("secret of the browser that began")]
    expires_at: Instant


class Redirect(
    RecordType,
    partition="redirect",
    id="redirect",
    entry=Entry(whose=Whose.NOBODY, why="takes a person to a broker and back", how_long=_SOON, who=BY_NOBODY),
):
    """A sign-in that has gone to a broker. The partition holds the hash of its state."""

    flow: Annotated[str, hashed("secret of the browser that began")]
    provider: Word
    secrets: Annotated[str, sealed_sensitive("nonce and code verifier")]
    started_at: Instant
    expires_at: Instant


class Evidence(
    RecordType,
    partition="evidence",
    id="evidence",
    entry=Entry(
        whose=Whose.PERSONS,
        why="proves an identification, should it be disputed",
        how_long="one year after the sign-in",
        who="nobody without the platform's key and a decision",
    ),
):
    """The e-ID's signed answer."""

    about: Annotated[str, sealed_sensitive("what was shown, to whom, from where")]
    answer: list[Annotated[str, sealed_sensitive("the signed answer, with name and personal number")]]
    expires_at: Instant


class Limit(
    RecordType,
    partition="limit",
    id="limit",
    entry=Entry(
        whose=Whose.BOTH,
        why="stops whoever tries too often",
        how_long="about an hour after it was last used",
        who=BY_NOBODY,
    ),
):
    """What is left of a limit. The partition holds the keyed hash of an address or a browser, or a pseudonym."""

    full_at: Instant
