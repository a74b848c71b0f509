"""What is stored of the second factors of staff, and of sign-ins that wait for one."""

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
    sealed_secret,
)
from shared.domain.stored.organisations import WHILE_THERE
from shared.domain.stored.threads import BY_NOBODY


class App(Nested):
    """An app that shows one-time codes."""

    factor: Id
    name: Annotated[str, sealed_personal("what its owner calls it")]
    secret: Annotated[str, sealed_secret("what its codes are made from")]
    created_at: Instant
    used_step: Count


class Passkey(Nested):
    """A passkey. Neither its id nor its public key is secret."""

    factor: Id
    name: Annotated[str, sealed_personal("what its owner calls it")]
    credential: Word
    public_key: Word
    sign_count: Count
    created_at: Instant


class FactorReset(Nested):
    """That an admin took all factors away."""

    code: Annotated[str, hashed("what lets them be set up anew")]
    ends_at: Instant


class Factors(
    RecordType,
    partition="organisation",
    id="factors",
    entry=Entry(
        whose=Whose.STAFF,
        why="asks staff for a second proof of who they are",
        how_long=WHILE_THERE,
        who="themselves, as a list of names",
    ),
):
    """The second factors of a member of staff. Its id names them."""

    apps: list[App]
    passkeys: list[Passkey]
    enrolling: App
    recovery: list[Annotated[str, hashed("recovery code")]]
    reset: FactorReset


class PasskeyOwner(
    RecordType,
    partition="passkey",
    id="passkey",
    entry=Entry(
        whose=Whose.STAFF, why="finds whose a passkey says to be", how_long="while the passkey is known", who=BY_NOBODY
    ),
):
    """Whose a passkey is. The partition holds the hash of its id."""

    organisation: Id
    staff: Annotated[str, pseudonym("whose it is")]


class SecondStep(
    RecordType,
    partition="second-step",
    id="second-step",
    entry=Entry(
        whose=Whose.STAFF,
        why="lets a sign-in whose first proof was right wait for its second factor",
        how_long="5 minutes, or until it is done",
        who=BY_NOBODY,
    ),
):
    """A sign-in that waits. The partition holds the hash of its token."""

    organisation: Id
    staff: Annotated[str, pseudonym("who signs in")]
    login: Annotated[str, pseudonym("keyed hash of the mail address")]
    stamp: Annotated[str, hashed("the password that was right, to tell whether it has changed")]
    account: Annotated[str, pseudonym("keyed hash of an account in a tenant of Entra ID")]
    tenant: Word
    methods: list[Word]
    proved_at: Instant
    tries: Count
    expires_at: Instant


class Challenge(
    RecordType,
    partition="challenge",
    id="challenge",
    entry=Entry(
        whose=Whose.NOBODY,
        why="lets what a passkey signs count once",
        how_long="5 minutes, or until used",
        who=BY_NOBODY,
    ),
):
    """What a passkey is asked to sign. The partition holds the hash of the browser's secret."""

    purpose: Word
    session: Annotated[str, hashed("token of the session that asked")]
    expires_at: Instant
