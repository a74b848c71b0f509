"""What a token of an application must say, by itself: each rule of it, whatever looked at the token before."""

from datetime import UTC, datetime
from typing import Any

import pytest

from shared.domain.app_tokens import VerifiedApp, checked_app
from shared.domain.errors import NotSignedInError
from shared.domain.scopes import Scope

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT, APP = "00000001-aaaa-4bbb-8ccc-0123456789ab", "00000001-dddd-4eee-8fff-0123456789ab"
GOOD: dict[str, Any] = {
    "aud": "us",
    "iss": "https://issuer.example",
    "nbf": NOW.timestamp(),
    "exp": NOW.timestamp() + 3600,
    "azp": APP,
    "oid": "o",
    "sub": "o",
    "tid": TENANT,
    "ver": "2.0",
    "roles": ["threads:read", "Mail.Read", 7],
}


def checked(**changes: Any) -> VerifiedApp:
    claims = {**GOOD, **changes}
    return checked_app(claims, issuer="https://issuer.example", tenant=TENANT, audiences={"us"}, now=NOW)


def test_a_good_one_names_the_application_and_the_scopes_that_are_ours() -> None:
    """Roles that mean nothing here are let be."""
    assert checked() == VerifiedApp(tenant=TENANT, app=APP, scopes=frozenset({Scope.THREADS_READ}))
    assert checked(roles=[]).scopes == frozenset()


@pytest.mark.parametrize("claim", sorted(GOOD))
def test_each_claim_counts(claim: str) -> None:
    """Another value of any of them, or none: refused, or without any scope."""
    values: tuple[Any, ...] = ("another", None, 7, True, [], {})
    for value in values:
        try:
            found = checked(**{claim: value})
        except NotSignedInError:
            continue
        is_long_ago = (claim, value) == ("nbf", 7)
        assert is_long_ago or (claim, found.scopes) == ("roles", frozenset())
