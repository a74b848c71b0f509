"""Whether the claims of a tenant are believed: pure checks of what was signed, after its signature.

Source: Microsoft identity platform, "Claims validation", "ID token claims reference", "Group overage claim".
"""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from shared.domain.brokers import Misfit, MisfitError
from shared.domain.entra import EntraIdentity
from shared.domain.entra_registrations import EntraRegistration
from shared.domain.entra_rules import CLAIM_CHARACTERS, GUID, is_tenant
from shared.domain.id_tokens import Claims, check_audience, check_times, instant_of
from shared.domain.texts import NAME_MAX_CHARACTERS

VERSION: Final = "2.0"
MAX_VALUES: Final = 300
"""Of groups or roles. Entra ID itself tells at most 200, and then that there are more."""


def check_entra_token(
    claims: Claims,
    registration: EntraRegistration,
    *,
    nonce: str,
    issuer: str | None,
    max_age_seconds: int | None,
    departed_at: datetime,
    now: datetime,
) -> EntraIdentity:
    """Whom it states, if it was made for us, for this sign-in, just now, by the tenant that it names.

    ``issuer`` is what the response named, if it did. Whether the tenant may sign in here is not looked at: any of the
    world can make such a token. Raises ``MisfitError``.
    """
    tenant = claims.get("tid")
    if not isinstance(tenant, str) or not is_tenant(tenant):
        raise MisfitError(Misfit.TENANT)
    # Keys are the same for all tenants: what ties a token to one is that issuer and tenant are the same.
    wanted = registration.issuer_of(tenant)
    if claims.get("iss") != wanted or issuer not in {None, wanted}:
        raise MisfitError(Misfit.ISSUER)
    if claims.get("ver") != VERSION:
        raise MisfitError(Misfit.VERSION)
    check_audience(claims, registration.client_id)
    check_times(claims, max_age_seconds=max_age_seconds, departed_at=departed_at, now=now)
    if claims.get("nonce") != nonce:
        raise MisfitError(Misfit.NONCE)
    object_id = claims.get("oid")
    if not isinstance(object_id, str) or not GUID.fullmatch(object_id):
        raise MisfitError(Misfit.SUBJECT)
    told = claims.get("auth_time")
    return EntraIdentity(
        tenant=tenant,
        object_id=object_id,
        name=_name(claims),
        methods=_values(claims, "amr"),
        contexts=_values(claims, "acrs"),
        groups=None if _has_overage(claims) else _values(claims, "groups"),
        roles=_values(claims, "roles"),
        authenticated_at=None if told is None else instant_of(claims, "auth_time", Misfit.AUTHENTICATION_TIME),
    )


def _has_overage(claims: Claims) -> bool:
    elsewhere = claims.get("_claim_names")
    is_elsewhere = isinstance(elsewhere, Mapping) and "groups" in elsewhere
    return is_elsewhere or claims.get("hasgroups") is not None


def _values(claims: Claims, name: str) -> frozenset[str]:
    """The texts of a claim that is a list, or one text. What is neither is refused and not taken for nothing."""
    value = claims.get(name, [])
    stated = [value] if isinstance(value, str) else value
    if not isinstance(stated, list) or len(stated) > MAX_VALUES:
        raise MisfitError(Misfit.FORM)
    found = frozenset(item for item in stated if isinstance(item, str) and 0 < len(item) <= CLAIM_CHARACTERS)
    if len(found) != len(stated):
        raise MisfitError(Misfit.FORM)
    return found


def _name(claims: Claims) -> str:
    value = claims.get("name")
    if not isinstance(value, str) or not 0 < len(value.strip()) <= NAME_MAX_CHARACTERS:
        raise MisfitError(Misfit.NAME)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise MisfitError(Misfit.NAME)
    return value.strip()
