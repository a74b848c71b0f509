"""What holds for every ID token, whoever it speaks of: it was made for us, and just now.

Source: OpenID Connect Core 1.0, section 3.1.3.7. Who is believed in what is judged by ``broker_claims`` (persons) and
``entra_claims`` (staff).
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from shared.domain.brokers import Misfit, MisfitError
from shared.domain.ports import Json

Claims = Mapping[str, Json]

CLOCK_SKEW: Final = timedelta(seconds=30)
"""By how much the provider's clock may differ from ours."""

OLDEST: Final = timedelta(minutes=10)
"""Since an ID token was issued: it comes straight from the provider, so it is new. The longest life of any is this."""


def check_audience(claims: Claims, client_id: str) -> None:
    """Raises ``MisfitError``."""
    stated = claims.get("aud")
    audience = [stated] if isinstance(stated, str) else stated
    # Only we: a token that somebody else may use as well is not proof that they did not (Core 3.1.3.7, item 3).
    if not isinstance(audience, list) or audience != [client_id]:
        raise MisfitError(Misfit.AUDIENCE)
    if "azp" in claims and claims["azp"] != client_id:
        raise MisfitError(Misfit.AUTHORIZED_PARTY)


def check_times(claims: Claims, *, max_age_seconds: int | None, departed_at: datetime, now: datetime) -> None:
    """``max_age_seconds``: how long before the departure somebody may have identified; None leaves it to the provider.

    Raises ``MisfitError``.
    """
    check_end(claims, now=now)
    issued = instant_of(claims, "iat", Misfit.ISSUED_AT)
    if not now - OLDEST - CLOCK_SKEW <= issued <= now + CLOCK_SKEW:
        raise MisfitError(Misfit.ISSUED_AT)
    if "nbf" in claims and instant_of(claims, "nbf", Misfit.ISSUED_AT) > now + CLOCK_SKEW:
        raise MisfitError(Misfit.ISSUED_AT)
    if max_age_seconds is None:
        return
    identified = instant_of(claims, "auth_time", Misfit.AUTHENTICATION_TIME)
    earliest = departed_at - timedelta(seconds=max_age_seconds) - CLOCK_SKEW
    if not earliest <= identified <= now + CLOCK_SKEW:
        raise MisfitError(Misfit.AUTHENTICATION_TIME)


def check_end(claims: Claims, *, now: datetime) -> None:
    """Raises ``MisfitError``."""
    if now >= instant_of(claims, "exp", Misfit.EXPIRED) + CLOCK_SKEW:
        raise MisfitError(Misfit.EXPIRED)


def instant_of(claims: Claims, name: str, misfit: Misfit) -> datetime:
    """The instant that a claim states. Raises ``MisfitError``."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MisfitError(misfit)
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as fault:
        raise MisfitError(misfit) from fault
