"""Whom Entra ID states, and what a redirect to it and back may come to.

Source: Microsoft identity platform, "OpenID Connect", "ID token claims reference", "Claims validation".
``shared.domain.entra_claims`` judges what it states.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, TypeAlias

from shared.domain.brokers import Departure, Return, Unfit
from shared.domain.entra_registrations import EntraRegistration


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraIdentity:
    """Whom a tenant states. Only ``tenant`` and ``object_id`` say who it is; all else may change, or be another's.

    ``groups`` is None when there are too many to be told (overage). ``authenticated_at`` is None when it is not told.
    """

    tenant: str
    object_id: str = field(repr=False)
    name: str = field(repr=False)
    methods: frozenset[str]
    contexts: frozenset[str]
    groups: frozenset[str] | None
    roles: frozenset[str]
    authenticated_at: datetime | None


EntraOutcome: TypeAlias = EntraIdentity | Unfit


class Entra(Protocol):
    """Sign-ins at Entra ID, by redirect. Every failure to reach it is an ``ElectronicIdError``.

    ``max_age_seconds``: how long ago somebody may have signed in there; None leaves it to the tenant, which is what
    lets people in who have signed in to their computer.
    """

    @property
    def registration(self) -> EntraRegistration:
        """Who we are there."""
        ...

    async def begin(self, departure: Departure, *, max_age_seconds: int | None) -> str:
        """The address to send the browser to."""
        ...

    async def finish(self, returned: Return, *, max_age_seconds: int | None) -> EntraOutcome:
        """Trade the code for whom the tenant states. Never to be repeated: a code is good for one use."""
        ...
