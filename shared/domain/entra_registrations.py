"""Who we are at Entra ID: a provider for staff with as many issuers as there are tenants.

Source: Microsoft identity platform, "OpenID Connect".
"""

import re
from dataclasses import dataclass
from typing import Final

from shared.domain.broker_profiles import Registration
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
