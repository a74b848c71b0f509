"""What is stored of organisations, their units, staff and keys."""

from typing import Annotated

from shared.domain.personal_data import PersonalData
from shared.domain.record_types import Entry, Nested, RecordType, Whose
from shared.domain.sensitivity import (
    Count,
    Fact,
    Id,
    Instant,
    Sensitivity,
    Word,
    hashed,
    pseudonym,
    sealed_personal,
    typed,
    wrapped,
)
from shared.domain.stored.threads import BY_NOBODY

_WHILE_A_CUSTOMER = "while the organisation uses the service"
WHILE_THERE = "while they work there"
_BY_ADMINS = "admins of the organisation"


class Organisation(
    RecordType,
    partition="organisation",
    id="organisation",
    entry=Entry(whose=Whose.NOBODY, why="is the tenant", how_long=_WHILE_A_CUSTOMER, who="everyone it writes to"),
):
    """An organisation."""

    organisation: Id
    name: Annotated[str, typed("its name", sensitivity=Sensitivity.PUBLIC)]
    created_at: Instant


class RefusedContent(Nested):
    """What content an organisation refuses."""

    refused: list[Word]


class EntraMapping(Nested):
    """What comes of a group or an app role."""

    value: Word
    is_group: Fact
    role: Word
    units: list[Id]


class EntraRules(Nested):
    """What an organisation decides of sign-ins by Entra ID."""

    tenants: list[Word]
    lets_in: Fact
    context: Word
    mappings: list[EntraMapping]


class Settings(
    RecordType,
    partition="organisation",
    id="settings",
    entry=Entry(
        whose=Whose.NOBODY, why="says by which rules an organisation works", how_long=_WHILE_A_CUSTOMER, who=_BY_ADMINS
    ),
):
    """The settings of an organisation."""

    second_factor: Word
    sign_in: list[Word]
    retention_default_days: Count
    retention_ceiling_days: Count
    required_assurance: Word
    notice_style: Word
    upload_max_bytes: Count
    content: RefusedContent
    entra: EntraRules


class Unit(
    RecordType,
    partition="organisation",
    id="unit",
    entry=Entry(
        whose=Whose.NOBODY, why="is a function mailbox", how_long=_WHILE_A_CUSTOMER, who="everyone it writes to"
    ),
):
    """A unit."""

    unit: Id
    name: Annotated[str, typed("its name")]
    mail_address: Annotated[str, typed("its function address", expected=PersonalData.MAIL_ADDRESS)]
    closed_at: Instant


class Staff(
    RecordType,
    partition="organisation",
    id="staff",
    entry=Entry(
        whose=Whose.STAFF,
        why="says who works for an organisation, and what they may do",
        how_long=WHILE_THERE,
        who=f"themselves, and {_BY_ADMINS}",
    ),
):
    """A member of staff."""

    staff: Annotated[str, pseudonym("who it is")]
    state: Word
    role: Word
    units: list[Id]
    name: Annotated[str, sealed_personal("name")]
    mail_address: Annotated[str, sealed_personal("work address")]
    created_at: Instant
    left_at: Instant
    is_mapped: Fact


class Login(
    RecordType,
    partition="login",
    id="login",
    entry=Entry(
        whose=Whose.STAFF,
        why="lets staff sign in with a password",
        how_long=WHILE_THERE,
        who=BY_NOBODY,
    ),
):
    """A staff login. The partition holds the keyed hash of the mail address."""

    organisation: Id
    staff: Annotated[str, pseudonym("whose it is")]
    password: Annotated[str, hashed("password, by Argon2id with salt and pepper")]


class EntraTenant(
    RecordType,
    partition="entra-tenant",
    id="entra-tenant",
    entry=Entry(
        whose=Whose.NOBODY,
        why="lets one organisation alone have a tenant of Entra ID",
        how_long="until an operator takes it back",
        who=BY_NOBODY,
    ),
):
    """Whose a tenant is. The partition holds its id."""

    organisation: Id


class EntraAccount(
    RecordType,
    partition="entra",
    id="entra",
    entry=Entry(
        whose=Whose.STAFF,
        why="lets staff sign in with Entra ID, and keeps out who left",
        how_long=_WHILE_A_CUSTOMER,
        who=BY_NOBODY,
    ),
):
    """Whose an account in a tenant is. The partition holds the keyed hash of its ids."""

    organisation: Id
    staff: Annotated[str, pseudonym("whose it is")]


class StaffAddress(
    RecordType,
    partition="organisation",
    id="address",
    entry=Entry(
        whose=Whose.STAFF,
        why="keeps one mail address for one member of an organisation",
        how_long=WHILE_THERE,
        who=BY_NOBODY,
    ),
):
    """Whose a mail address is. Its id holds the keyed hash of the address."""

    staff: Annotated[str, pseudonym("whose it is")]


class Credential(
    RecordType,
    partition="organisation",
    id="credential",
    entry=Entry(
        whose=Whose.STAFF,
        why="lets a member of staff choose a password by a link that is mailed",
        how_long="when it is used, or 30 minutes (reset) or 72 hours (invitation) after it was asked for",
        who=BY_NOBODY,
    ),
):
    """The newest link of a member of staff. Its id names them."""

    purpose: Word
    secret_hash: Annotated[str, hashed("secret of the link")]
    login: Annotated[str, pseudonym("keyed hash of the address that it was mailed to")]
    request: Id
    expires_at: Instant
    is_mailed: Fact


class GivingUp(
    RecordType,
    partition="organisation",
    id="giving-up",
    entry=Entry(
        whose=Whose.STAFF,
        why="keeps an organisation from losing its last admin",
        how_long="until they are no admin any more",
        who=BY_NOBODY,
    ),
):
    """Who is about to be no admin."""

    staff: list[Annotated[str, pseudonym("which admins")]]


class Agreement(
    RecordType,
    partition="organisation",
    id="agreement",
    entry=Entry(
        whose=Whose.STAFF,
        why="shows that an admin accepted the processing agreement for the organisation (GDPR, article 28)",
        how_long=_WHILE_A_CUSTOMER,
        who=_BY_ADMINS,
    ),
):
    """An accepted version of the processing agreement."""

    version: Word
    digest: Word
    by: Annotated[str, pseudonym("which admin")]
    at: Instant


class ToldVersion(Nested):
    """Of what, and when."""

    version: Word
    at: Instant


class Told(
    RecordType,
    partition="organisation",
    id="told",
    entry=Entry(
        whose=Whose.NOBODY,
        why="tells the admins of each new version once",
        how_long=_WHILE_A_CUSTOMER,
        who=BY_NOBODY,
    ),
):
    """Of which versions the admins were told by mail."""

    agreement: ToldVersion
    sub_processors: ToldVersion


class AddressPepper(
    RecordType,
    partition="organisation",
    id="address-pepper",
    entry=Entry(
        whose=Whose.NOBODY,
        why="stops an instance whose pepper of addresses is another",
        how_long="while the service runs",
        who=BY_NOBODY,
    ),
):
    """Under which pepper mail addresses are found. One, of the platform."""

    mark: Annotated[str, hashed("the pepper")]


class OrganisationKey(
    RecordType,
    partition="organisation",
    id="key",
    entry=Entry(
        whose=Whose.NOBODY,
        why="unseals what the organisation's key sealed, through the vault alone",
        how_long="until nothing is sealed under it, or the organisation leaves",
        who=BY_NOBODY,
    ),
):
    """A version of an organisation's key."""

    kek: Word
    wrapped: Annotated[str, wrapped("the organisation key under the vault's key")]
    confirmation: Annotated[str, hashed("what tells that it is this organisation's")]
    created_at: Instant
    wrapped_at: Instant
    destroyed_at: Instant


class Custody(
    RecordType,
    partition="organisation",
    id="custody",
    entry=Entry(
        whose=Whose.NOBODY,
        why="says in whose vault the organisation's key lies",
        how_long="not deleted: it says that keys are destroyed",
        who=_BY_ADMINS,
    ),
):
    """Whose vault wraps an organisation's keys."""

    key: Word
    destroyed_at: Instant


class OrganisationEntry(
    RecordType,
    partition="organisations",
    id="organisation",
    entry=Entry(
        whose=Whose.NOBODY, why="finds all organisations that have keys", how_long=_WHILE_A_CUSTOMER, who=BY_NOBODY
    ),
):
    """That there is an organisation."""
