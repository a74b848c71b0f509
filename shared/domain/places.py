"""Where each kind of record lives: partition and id, in one place.

Partitions spread by what grows (design section 6): a thread, a person's mailbox, a unit's outbox, a session, an
upload, an hour of expiries. Ids inside a partition begin with their kind, so that a kind is one id range. The
separator ``|`` cannot occur in an id (``shared.domain.ids``).
"""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.ids import (
    ClientId,
    FileId,
    MessageId,
    OrganisationId,
    SessionId,
    StaffId,
    Subject,
    ThreadId,
    UnitId,
    UploadId,
)

PLATFORM = OrganisationId("platform")
"""Owner of what belongs to no organisation: the sealed fields of persons' sessions and sign-in orders."""


@dataclass(frozen=True, slots=True)
class Place:
    """A partition and an id in it."""

    partition: str
    id: str


def range_of(prefix: str) -> tuple[str, str]:
    """Start and end of the id range whose ids begin with ``prefix|``. ``}`` is the code point after ``|``."""
    return f"{prefix}|", f"{prefix}}}"


def organisation(organisation: OrganisationId) -> Place:
    return Place(f"organisation|{organisation}", "organisation")


def organisation_settings(organisation: OrganisationId) -> Place:
    return Place(f"organisation|{organisation}", "settings")


def organisation_key(organisation: OrganisationId, version: int) -> Place:
    return Place(f"organisation|{organisation}", f"key|{version:06d}")


def organisation_key_range() -> tuple[str, str]:
    return range_of("key")


def custody(organisation: OrganisationId) -> Place:
    """Whose vault holds the organisation's key-encryption key, and whether its keys are destroyed."""
    return Place(f"organisation|{organisation}", "custody")


def organisation_entries() -> str:
    """All who have keys: small records in one partition, for whatever goes through all organisations."""
    return "organisations"


def organisation_entry(organisation: OrganisationId) -> Place:
    return Place(organisation_entries(), f"organisation|{organisation}")


def unit(organisation: OrganisationId, unit: UnitId) -> Place:
    return Place(f"organisation|{organisation}", f"unit|{unit}")


def staff(organisation: OrganisationId, staff: StaffId) -> Place:
    return Place(f"organisation|{organisation}", f"staff|{staff}")


def api_client(organisation: OrganisationId, client: ClientId) -> Place:
    return Place(f"organisation|{organisation}", f"client|{client}")


def client_app(organisation: OrganisationId, tenant: str, app: str) -> Place:
    """Keeps an application of Entra ID for one client of the organisation."""
    return Place(f"organisation|{organisation}", f"app|{tenant}|{app}")


def client_token(token_hash: str) -> Place:
    return Place(f"token|{token_hash}", "token")


def client_assertion(assertion_hash: str) -> Place:
    """That an assertion was used: none works twice."""
    return Place(f"assertion|{assertion_hash}", "assertion")


def idempotency(key_hash: str) -> Place:
    """What became of a request that said how it is called."""
    return Place(f"idempotency|{key_hash}", "idempotency")


def agreement_acceptance(organisation: OrganisationId, version: str) -> Place:
    return Place(f"organisation|{organisation}", f"agreement|{version}")


def told(organisation: OrganisationId) -> Place:
    """What the admins were told of by mail."""
    return Place(f"organisation|{organisation}", "told")


def staff_address(organisation: OrganisationId, address_key: str) -> Place:
    """Keeps an address for one member of the organisation."""
    return Place(f"organisation|{organisation}", f"address|{address_key}")


def giving_up(organisation: OrganisationId) -> Place:
    """Who is about to be no admin any more: of all who try at once, one decides after the other."""
    return Place(f"organisation|{organisation}", "giving-up")


def second_factors(organisation: OrganisationId, staff: StaffId) -> Place:
    return Place(f"organisation|{organisation}", f"factors|{staff}")


def passkey(credential_hash: str) -> Place:
    """Tells whose passkey it is: one that signs in without an address says only its own id."""
    return Place(f"passkey|{credential_hash}", "passkey")


def second_step(token_hash: str) -> Place:
    """A sign-in whose password was right and whose second factor is awaited."""
    return Place(f"second-step|{token_hash}", "second-step")


def challenge(flow_hash: str) -> Place:
    """Something that one browser was given for an authenticator to sign."""
    return Place(f"challenge|{flow_hash}", "challenge")


def staff_login(address_key: str) -> Place:
    return Place(f"login|{address_key}", "login")


def entra_tenant(tenant: str) -> Place:
    """Whose a tenant of Entra ID is: of one organisation."""
    return Place(f"entra-tenant|{tenant}", "entra-tenant")


def entra_account(account: str) -> Place:
    """Which member of staff an account in a tenant is; ``account`` is its key."""
    return Place(f"entra|{account}", "entra")


def credential(organisation: OrganisationId, staff: StaffId) -> Place:
    """The newest link by which a member of staff may choose a password."""
    return Place(f"organisation|{organisation}", f"credential|{staff}")


def address_pepper() -> Place:
    """The mark of the pepper under which sign-in addresses lie."""
    return Place(f"organisation|{PLATFORM}", "address-pepper")


def session(token_hash: str) -> Place:
    return Place(f"session|{token_hash}", "session")


def session_entries(reader: str) -> str:
    return f"sessions|{reader}"


def session_entry(reader: str, session: SessionId) -> Place:
    """``reader`` is a staff id or a subject. Tells where the session itself lies."""
    return Place(session_entries(reader), f"session|{session}")


def order(flow_hash: str) -> Place:
    return Place(f"order|{flow_hash}", "order")


def sign_in_return(nonce_hash: str) -> Place:
    """Tells which order the nonce was made for that a person comes back with."""
    return Place(f"return|{nonce_hash}", "return")


def evidence(evidence: str) -> Place:
    return Place(f"evidence|{evidence}", "evidence")


def rate_limit(key: str) -> Place:
    """One bucket in a partition: the busiest ones must not slow each other."""
    return Place(f"limit|{key}", "limit")


def redirect(state_hash: str) -> Place:
    """A sign-in that has gone to a broker."""
    return Place(f"redirect|{state_hash}", "redirect")


def thread(thread: ThreadId) -> Place:
    return Place(f"thread|{thread}", "thread")


def message(thread: ThreadId, message: MessageId) -> Place:
    return Place(f"thread|{thread}", f"message|{message}")


def file(thread: ThreadId, message: MessageId, file: FileId) -> Place:
    return Place(f"thread|{thread}", f"file|{message}|{file}")


def receipt(thread: ThreadId, message: MessageId, what: str, who: str) -> Place:
    """``what`` is ``text`` or a file id; ``who`` a staff id or a subject: one receipt for each, the first."""
    return Place(f"thread|{thread}", f"receipt|{message}|{what}|{who}")


def notice(thread: ThreadId, message: MessageId, recipient: str) -> Place:
    return Place(f"thread|{thread}", f"notice|{message}|{recipient}")


def mailbox_partition(subject: Subject) -> str:
    return f"mailbox|{subject}"


def mailbox(subject: Subject, message: MessageId) -> Place:
    return Place(mailbox_partition(subject), f"message|{message}")


def outbox_partition(unit: UnitId) -> str:
    return f"outbox|{unit}"


def outbox(unit: UnitId, thread: ThreadId) -> Place:
    return Place(outbox_partition(unit), f"thread|{thread}")


def upload(upload: UploadId) -> Place:
    return Place(f"upload|{upload}", "upload")


def pending_partition(shard: int) -> str:
    return f"pending|{shard:02d}"


def pending(shard: int, thread: ThreadId, message: MessageId) -> Place:
    """A message that was or is about to be sent and whose dispatch is not known to be done."""
    return Place(pending_partition(shard), f"{thread}|{message}")


def audit(organisation: OrganisationId, at: datetime, event: str) -> Place:
    return Place(f"audit|{organisation}|{at:%Y%m}", event)


def minute_id(at: datetime, by: str) -> str:
    """Id of an event that stands in a log once a minute for each ``by``. Time first, as in all ids of events."""
    return f"{at:%Y%m%d%H%M}-{by}"


def certificate(organisation: OrganisationId, at: datetime, item: str) -> Place:
    return Place(f"certificate|{organisation}|{at:%Y%m}", item)


def the_move() -> Place:
    """What a store knows of the move that filled it."""
    return Place("move", "move")


def blob(organisation: OrganisationId, thread: ThreadId, message: MessageId, file: FileId) -> str:
    """Name of a file's blob. Random ids only; the prefixes serve proofs of deletion."""
    return f"{organisation}/{thread}/{message}/{file}"
