"""Who a broker is: where it answers, how we prove to it who we are, and what it is known to state.

Source: OpenID Connect Core 1.0, RFC 9207, OIDC Sweden profile 1.0.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.domain.assurance import Assurance

ClientAuthentication = Literal["client_secret_post", "client_secret_basic", "private_key_jwt"]
AssertionAudience = Literal["token_endpoint", "issuer"]
UserInfo = Literal["none", "plain", "signed"]
"""Whether claims are also fetched from UserInfo, and whether that must be a signed JWT (Core 5.3.2)."""

NumberKind = Literal["any", "personal", "coordination"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberClaim:
    """A claim that holds a Swedish personal number, and what other claims must say for it to be one.

    Every claim of ``demands`` must be there and equal; those of ``agrees`` must be equal where they are there.
    """

    name: str
    kind: NumberKind = "any"
    demands: tuple[tuple[str, str], ...] = ()
    agrees: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """Who we are at a provider. ``issuer`` is as its discovery document states it."""

    name: str
    issuer: str
    client_id: str
    authentication: ClientAuthentication
    assertion_audience: AssertionAudience

    @property
    def discovery(self) -> str:
        """Address of the discovery document (OpenID Connect Discovery 1.0 section 4)."""
        return self.issuer.rstrip("/") + "/.well-known/openid-configuration"

    def is_issuer(self, stated: str) -> bool:
        """Whether ``stated`` names the provider, as the ``iss`` of a response does (RFC 9207)."""
        return stated == self.issuer


@dataclass(frozen=True, slots=True, kw_only=True)
class BrokerProfile(Registration):
    """One broker. ``assurance`` maps each ``acr`` that is believed to the level it gives; no other is let in.

    ``max_age_seconds`` is how long before the start of a sign-in a person may have identified: 0 asks for it anew
    each time, and the broker must then state when it was. None leaves both to the broker. ``essential`` are claims
    asked for by the ``claims`` parameter (Core 5.5).
    """

    title: str
    assurance: Mapping[str, Assurance]
    acr_values: tuple[str, ...]
    scopes: tuple[str, ...]
    essential: tuple[str, ...]
    numbers: tuple[NumberClaim, ...]
    userinfo: UserInfo
    max_age_seconds: int | None
