"""Who is authenticated now."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from shared.domain.assurance import Assurance
from shared.domain.ids import ClientId, OrganisationId, StaffId, Subject, UnitId
from shared.domain.scopes import Scope
from shared.domain.sign_in_methods import SignInMethod


class Role(StrEnum):
    """What someone may do for an organisation, besides what the membership of units gives."""

    MEMBER = "member"
    ADMIN = "admin"
    AUDITOR = "auditor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staff:
    """Someone who works for an organisation, signed in. ``units`` are the function mailboxes they serve.

    ``methods`` are what they proved themselves by in this session; ``verified_at`` is when they last did, in the way
    that counts for acts that ask for it anew. ``is_unfinished``: they still have to set up a second factor, and may do
    nothing else before.
    """

    organisation: OrganisationId
    staff: StaffId
    role: Role
    units: frozenset[UnitId]
    name: str = field(repr=False)
    methods: frozenset[SignInMethod] = frozenset()
    verified_at: datetime | None = None
    is_unfinished: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Someone who signed in with an e-ID. ``name`` is the one the e-ID stated."""

    subject: Subject = field(repr=False)
    name: str = field(repr=False)
    provider: str
    assurance: Assurance
    former: tuple[Subject, ...] = field(default=(), repr=False)
    """The same person under earlier peppers, newest first, while a rotation of the pepper is under way."""
    evidence: str | None = None
    """Id of the kept proof of this sign-in."""

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """Every pseudonym under which something of this person may lie, the current one first."""
        return (self.subject, *self.former)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiClient:
    """A system that acts for units of an organisation, as a member of them would, within its scopes.

    ``credential`` is the id of the secret or key by which it got its token, None for one that somebody else issued.
    """

    organisation: OrganisationId
    client: ClientId
    units: frozenset[UnitId]
    scopes: frozenset[Scope]
    name: str
    credential: str | None = None


SessionHolder: TypeAlias = Staff | Person
"""Whoever signs in, with a browser."""

UnitSide: TypeAlias = Staff | ApiClient
"""Whoever acts for units."""

Principal: TypeAlias = Staff | Person | ApiClient


def may_serve(principal: UnitSide, unit: UnitId) -> bool:
    """Whether the principal reads and writes for that unit. Auditors see the log and no content."""
    is_reader = isinstance(principal, ApiClient) or principal.role is not Role.AUDITOR
    return is_reader and unit in principal.units


def reader_key(principal: Principal) -> str:
    """The id under which receipts and audit events name a principal: of a member of staff or a client, or a subject."""
    match principal:
        case Staff():
            return principal.staff
        case Person():
            return principal.subject
        case ApiClient():
            return principal.client


def reader_keys(principal: Principal) -> tuple[str, ...]:
    """Every id under which something of a principal may lie, the current one first."""
    match principal:
        case Staff():
            return (principal.staff,)
        case Person():
            return principal.subjects
        case ApiClient():
            return (principal.client,)
