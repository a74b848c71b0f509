"""What staff prove first, before a second factor: a password, or an account in a tenant of Entra ID."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from shared.domain.ids import OrganisationId, StaffId
from shared.domain.organisation_settings import StaffSignIn
from shared.domain.sign_in_methods import SignInMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordProof:
    """Who has proved the password of ``login``, the key of an address.

    ``stamp`` tells that password from every other one of the account, and says nothing of it.
    """

    organisation: OrganisationId
    staff: StaffId
    login: str
    stamp: str = field(repr=False)

    @property
    def methods(self) -> frozenset[SignInMethod]:
        """What a session has proved by it."""
        return frozenset({SignInMethod.PASSWORD})

    @property
    def way(self) -> StaffSignIn:
        """By which way in."""
        return StaffSignIn.PASSWORD


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraProof:
    """Who has an account in ``tenant``; ``account`` is its key. ``proved_at`` is when they proved that there."""

    organisation: OrganisationId
    staff: StaffId
    account: str
    tenant: str
    methods: frozenset[SignInMethod]
    proved_at: datetime

    @property
    def way(self) -> StaffSignIn:
        """By which way in."""
        return StaffSignIn.ENTRA


FirstProof: TypeAlias = PasswordProof | EntraProof
