"""Tokens that Entra ID issues to an application itself, with no user behind it, and which of them we take.

Source: Microsoft identity platform, access token claims reference and "Protected web API: verify scopes and app roles";
RFC 8725. An application is known by its tenant and its id; names and addresses in a token are never looked at.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from shared.domain.errors import NotSignedInError
from shared.domain.ports import Json
from shared.domain.scopes import Scope

SKEW: Final = timedelta(seconds=60)
"""How far the clocks of Entra ID and ours may differ."""

LONGEST: Final = timedelta(hours=25)
"""Entra ID issues tokens of an hour, and of up to a day where access is evaluated continuously. No longer ones."""

_GUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LAST_SECOND: Final = 4_102_444_800


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedApp:
    """An application that holds a good token, and those of its app roles that are scopes of ours."""

    tenant: str
    app: str
    scopes: frozenset[Scope]


class AppTokens(Protocol):
    """What verifies such tokens."""

    async def verified(self, token: str) -> VerifiedApp:
        """Raises ``NotSignedInError`` for every other token, ``DependencyError`` when the keys cannot be had."""


def is_guid(text: str) -> bool:
    """Whether it is an id of Entra ID, in lower case."""
    return _GUID.fullmatch(text) is not None


def checked_app(
    claims: Mapping[str, Json], *, issuer: str, tenant: str, audiences: Collection[str], now: datetime
) -> VerifiedApp:
    """What a signed token says, if it is for us, of an application, of that tenant, and good now.

    Raises ``NotSignedInError``.
    """
    app, roles = claims.get("azp"), claims.get("roles", [])
    is_issued_there = claims.get("iss") == issuer and claims.get("tid") == tenant and claims.get("ver") == "2.0"
    # ``scp`` is what a user has allowed an application to do for them: then somebody else acts than who is bound here.
    is_app = claims.get("idtyp", "app") == "app" and claims.get("sub") == claims.get("oid")
    is_of_an_app = is_app and "scp" not in claims
    is_for_us = isinstance(claims.get("aud"), str) and claims["aud"] in audiences
    begins, expires = _instant(claims.get("nbf")), _instant(claims.get("exp"))
    is_current = begins <= now + SKEW and now - SKEW < expires <= now + LONGEST
    if not (is_issued_there and is_of_an_app and is_for_us and is_current):
        raise NotSignedInError
    if not isinstance(app, str) or not is_guid(app) or not isinstance(claims.get("oid"), str):
        raise NotSignedInError
    if not isinstance(roles, list):
        raise NotSignedInError
    scopes = frozenset(Scope(role) for role in roles if isinstance(role, str) and role in set(Scope))
    return VerifiedApp(tenant=tenant, app=app, scopes=scopes)


def _instant(value: Json) -> datetime:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LAST_SECOND:
        raise NotSignedInError
    return datetime.fromtimestamp(value, UTC)
