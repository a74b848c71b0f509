"""What is stored of API clients, their tokens, and requests that are done once."""

from typing import Annotated

from shared.domain.record_types import Entry, Nested, RecordType, Whose
from shared.domain.sensitivity import Id, Instant, Sensitivity, Word, hashed, sealed_sensitive, typed
from shared.domain.stored.threads import BY_NOBODY

_BY_ADMINS = "admins of the organisation"


class ClientCredential(Nested):
    """A secret, or the public half of a key."""

    credential: Id
    kind: Word
    digest: Annotated[str, hashed("secret")]
    jwk: Annotated[str, typed("public key", sensitivity=Sensitivity.PUBLIC)]
    created_at: Instant
    ends_at: Instant


class ApiClient(
    RecordType,
    partition="organisation",
    id="client",
    entry=Entry(
        whose=Whose.NOBODY,
        why="lets a system of the organisation send and read for its units",
        how_long="while the organisation uses the service: the log names clients that are revoked",
        who=_BY_ADMINS,
    ),
):
    """An API client."""

    client: Id
    organisation: Id
    name: Annotated[str, typed("its name")]
    units: list[Id]
    scopes: list[Word]
    credentials: list[ClientCredential]
    entra_tenant: Id
    entra_app: Id
    created_at: Instant
    revoked_at: Instant


class ClientApp(
    RecordType,
    partition="organisation",
    id="app",
    entry=Entry(
        whose=Whose.NOBODY,
        why="keeps one application of Entra ID for one client",
        how_long="while the organisation uses the service",
        who=_BY_ADMINS,
    ),
):
    """Which client an application of Entra ID is. Its id names the tenant and the application."""

    client: Id
    at: Instant


class ClientToken(
    RecordType,
    partition="token",
    id="token",
    entry=Entry(
        whose=Whose.NOBODY,
        why="knows which API client calls",
        how_long="10 minutes after it was issued",
        who=BY_NOBODY,
    ),
):
    """An access token. The partition holds its hash."""

    organisation: Id
    client: Id
    credential: Id
    scopes: list[Word]
    created_at: Instant
    expires_at: Instant


class ClientAssertion(
    RecordType,
    partition="assertion",
    id="assertion",
    entry=Entry(
        whose=Whose.NOBODY,
        why="lets no proof of a client work twice",
        how_long="when the proof is over: 6 minutes at most",
        who=BY_NOBODY,
    ),
):
    """That a proof was used. The partition holds the hash of its name."""


class Idempotency(
    RecordType,
    partition="idempotency",
    id="idempotency",
    entry=Entry(
        whose=Whose.BOTH,
        why="does a request once, however often it arrives",
        how_long="a day after it first came",
        who="whoever made the request",
    ),
):
    """A request that named itself, and its answer. The partition holds the keyed hash of who, what and the name."""

    fingerprint: Annotated[str, hashed("all that the request asks for, keyed")]
    item: Id
    ends_at: Instant
    leased_until: Instant
    answer: Annotated[
        str, sealed_sensitive("the answer: of a new thread, its subject and the addresses of its persons")
    ]
