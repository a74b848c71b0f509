"""Whether the claims of a broker are believed: pure checks of what was signed, after its signature.

Source: OpenID Connect Core 1.0, sections 3.1.3.7 and 5.3.2; RFC 9700. Each misfit has a word of its own.
"""

import base64
import hashlib
import unicodedata
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from shared.domain.assurance import Assurance
from shared.domain.broker_profiles import BrokerProfile, NumberClaim
from shared.domain.brokers import Misfit, MisfitError
from shared.domain.errors import InvalidInputError
from shared.domain.id_tokens import Claims, check_audience, check_end, check_times
from shared.domain.personal_number import PersonalNumber, parse_personal_number
from shared.domain.ports import Json

NAME_CHARACTERS: Final = 200
_IDENTIFIER_CHARACTERS: Final = 255
_COORDINATION_DAY: Final = 60
_COUNTRIES: Final = ("country", "nin_issuing_country")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedToken:
    """An ID token that fits the sign-in it answers."""

    subject: str = field(repr=False)
    assurance: Assurance
    claims: Claims = field(repr=False)


def check_id_token(
    claims: Claims, profile: BrokerProfile, *, nonce: str, departed_at: datetime, now: datetime
) -> CheckedToken:
    """The token, if it was made for us, for this sign-in, just now, at a level that counts.

    Raises ``MisfitError``.
    """
    if claims.get("iss") != profile.issuer:
        raise MisfitError(Misfit.ISSUER)
    check_audience(claims, profile.client_id)
    check_times(claims, max_age_seconds=profile.max_age_seconds, departed_at=departed_at, now=now)
    if claims.get("nonce") != nonce:
        raise MisfitError(Misfit.NONCE)
    acr = claims.get("acr")
    if not isinstance(acr, str) or acr not in profile.assurance:
        raise MisfitError(Misfit.ASSURANCE)
    return CheckedToken(subject=_subject(claims), assurance=profile.assurance[acr], claims=claims)


def check_access_token(claims: Claims, access_token: str) -> None:
    """Where the ID token names its access token, it is this one (Core 3.1.3.6; SHA-256 for all our algorithms)."""
    if "at_hash" in claims:
        half = hashlib.sha256(access_token.encode()).digest()[:16]
        if claims["at_hash"] != base64.urlsafe_b64encode(half).rstrip(b"=").decode("ascii"):
            raise MisfitError(Misfit.ACCESS_TOKEN)


def check_userinfo(claims: Claims, profile: BrokerProfile, token: CheckedToken, *, now: datetime) -> None:
    """That UserInfo speaks of the same person; signed, also that it speaks to us. Raises ``MisfitError``."""
    if claims.get("sub") != token.subject:
        raise MisfitError(Misfit.SUBJECT)
    if profile.userinfo == "signed":
        # Without these, a JWT that the broker signed for anyone, for anything, would do.
        if claims.get("iss") != profile.issuer:
            raise MisfitError(Misfit.ISSUER)
        check_audience(claims, profile.client_id)
        if "exp" in claims:
            check_end(claims, now=now)


def personal_number_of(token: Claims, userinfo: Claims, profile: BrokerProfile, *, today: date) -> PersonalNumber:
    """The one Swedish number that the broker states. Two that differ are none. Raises ``MisfitError``."""
    found = {
        _number(stated, source, wanted, today)
        for wanted in profile.numbers
        for source in (token, userinfo)
        if (stated := source.get(wanted.name)) is not None
    }
    if len(found) != 1:
        raise MisfitError(Misfit.PERSONAL_NUMBER)
    return found.pop()


def names_of(token: Claims, userinfo: Claims) -> tuple[str, str, str]:
    """Full name, given name, surname; from one source, the ID token first. Raises ``MisfitError``."""
    for source in (token, userinfo):
        given, surname = _name(source, "given_name"), _name(source, "family_name")
        name = _name(source, "name") or f"{given} {surname}".strip()
        if name:
            return name, given, surname
    raise MisfitError(Misfit.NAME)


def transaction_of(token: Claims, raw: str) -> str:
    """The broker's own id of the event, or what stands for one."""
    for name in ("txn", "jti"):
        stated = token.get(name)
        if isinstance(stated, str) and 0 < len(stated) <= _IDENTIFIER_CHARACTERS:
            return stated
    return hashlib.sha256(raw.encode()).hexdigest()


def _subject(claims: Claims) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _IDENTIFIER_CHARACTERS:
        raise MisfitError(Misfit.SUBJECT)
    return subject


def _number(stated: Json, source: Claims, wanted: NumberClaim, today: date) -> PersonalNumber:
    misfits = [name for name, value in wanted.demands if source.get(name) != value]
    misfits += [name for name, value in wanted.agrees if source.get(name, value) != value]
    if misfits:
        raise MisfitError(Misfit.COUNTRY if misfits[0] in _COUNTRIES else Misfit.PERSONAL_NUMBER)
    if not isinstance(stated, str):
        raise MisfitError(Misfit.PERSONAL_NUMBER)
    try:
        number = parse_personal_number(stated, today=today)
    except InvalidInputError:
        raise MisfitError(Misfit.PERSONAL_NUMBER) from None  # its text must not follow the error anywhere
    is_coordination = int(number.digits[6:8]) >= _COORDINATION_DAY
    if wanted.kind != "any" and is_coordination != (wanted.kind == "coordination"):
        raise MisfitError(Misfit.PERSONAL_NUMBER)
    return number


def _name(source: Claims, claim: str) -> str:
    value = source.get(claim, "")
    if not isinstance(value, str) or len(value) > NAME_CHARACTERS:
        raise MisfitError(Misfit.NAME)
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise MisfitError(Misfit.NAME)
    return value.strip()
