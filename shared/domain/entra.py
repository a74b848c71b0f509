"""What Entra ID is to us: a provider for staff with as many issuers as there are tenants, and whom it states.

Source: Microsoft identity platform, "OpenID Connect", "ID token claims reference", "Claims validation".
``shared.domain.entra_claims`` judges what it states.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol, TypeAlias

from shared.domain.brokers import Departure, Registration, Return, Unfit
from shared.domain.entra_rules import is_tenant

NAME: Final = "entra"
"""Its name in addresses, records and audit events. No broker has it."""

PUBLIC_CLOUD: Final = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class EntraRegistration(Registration):
    """``authority`` is where all tenants are; ``issuer`` is the pattern that the discovery document states."""

    authority: str

    @property
    def discovery(self) -> str:
        """That of all tenants of organisations, which private accounts are none of."""
        return f"{self.authority}/organizations/v2.0/.well-known/openid-configuration"

    def is_issuer(self, stated: str) -> bool:
        found = re.fullmatch(re.escape(self.authority) + "/([0-9a-f-]{36})/v2.0", stated)
        return found is not None and is_tenant(found[1])

    def issuer_of(self, tenant: str) -> str:
        """What a token of this tenant must state as ``iss``."""
        return f"{self.authority}/{tenant}/v2.0"


def registration(*, client_id: str, authority: str, is_certificate: bool) -> EntraRegistration:
    """Ours, at the tenants of ``authority``."""
    return EntraRegistration(
        name=NAME,
        issuer=f"{authority}/{{tenantid}}/v2.0",
        client_id=client_id,
        authentication="private_key_jwt" if is_certificate else "client_secret_post",
        assertion_audience="token_endpoint",
        authority=authority,
    )


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
