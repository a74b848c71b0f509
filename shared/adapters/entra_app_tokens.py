"""Access tokens of Entra ID for applications, verified with the keys of their tenant.

The tenant that a token names is looked for in the settings before anything else: keys are fetched for no other, and
from an address that is made of the settings. Nothing that a token or Entra ID says tells where keys are.
"""

import base64
import binascii
from collections.abc import Callable, Collection
from typing import Final

from shared.adapters.oidc_http import OidcHttp, parse_object
from shared.adapters.oidc_keys import BrokerKeys, fetch_keys
from shared.domain.app_tokens import VerifiedApp, checked_app
from shared.domain.brokers import MisfitError
from shared.domain.errors import NotSignedInError
from shared.domain.ports import Clock

_PARTS: Final = 3


class EntraAppTokens:
    """``authority`` is the origin that issues tokens; ``now`` is in seconds of any steady clock."""

    def __init__(
        self,
        *,
        authority: str,
        tenants: Collection[str],
        audiences: frozenset[str],
        http: OidcHttp,
        clock: Clock,
        now: Callable[[], float],
    ) -> None:
        self._authority = authority
        self._audiences = audiences
        self._http = http
        self._clock = clock
        self._keys = {tenant: self._keys_of(tenant, now) for tenant in tenants}

    def _keys_of(self, tenant: str, now: Callable[[], float]) -> BrokerKeys:
        url = f"{self._authority}/{tenant}/discovery/v2.0/keys"
        return BrokerKeys(lambda: fetch_keys(self._http, url, "entra"), now=now)

    async def verified(self, token: str) -> VerifiedApp:
        """As ``AppTokens.verified``."""
        tenant = _claimed_tenant(token)
        keys = self._keys.get(tenant)
        if keys is None:
            raise NotSignedInError
        try:
            claims = await keys.verified(token)
        except MisfitError as fault:
            raise NotSignedInError from fault
        issuer = f"{self._authority}/{tenant}/v2.0"
        return checked_app(claims, issuer=issuer, tenant=tenant, audiences=self._audiences, now=self._clock())


def _claimed_tenant(token: str) -> str:
    """The tenant that a token names, of which nothing is verified yet. Raises ``NotSignedInError``."""
    parts = token.split(".")
    if len(parts) != _PARTS:
        raise NotSignedInError
    try:
        payload = base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))
        tenant = parse_object(payload).get("tid")
    except (binascii.Error, ValueError, MisfitError):
        raise NotSignedInError from None
    if not isinstance(tenant, str):
        raise NotSignedInError
    return tenant
