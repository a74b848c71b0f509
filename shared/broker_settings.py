"""The settings of brokers: who they are, what each is known for, and how we prove to it who we are.

``PIC_OIDC_PROVIDERS`` is a JSON list of profiles, ``PIC_OIDC_SECRETS`` a JSON object from name to secret or PEM. Only
those that stand in ``PIC_SIGN_IN_PROVIDERS`` are on. A kind fills in what its broker is known for.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar
from urllib.parse import urlsplit

from shared.domain.assurance import Assurance
from shared.domain.broker_profiles import AssertionAudience, BrokerProfile, ClientAuthentication, NumberClaim, UserInfo
from shared.domain.ports import Json
from shared.setting_values import Reader, is_this_machine

PROFILES: Final = "PIC_OIDC_PROVIDERS"
SECRETS: Final = "PIC_OIDC_SECRETS"

MIN_SECRET_CHARACTERS: Final = 16
MAX_AGE_SECONDS: Final = 3600
T = TypeVar("T")

_AUTHENTICATIONS: Final[Mapping[str, ClientAuthentication]] = {
    "private_key_jwt": "private_key_jwt",
    "client_secret_basic": "client_secret_basic",
    "client_secret_post": "client_secret_post",
}
_AUDIENCES: Final[Mapping[str, AssertionAudience]] = {"issuer": "issuer", "token_endpoint": "token_endpoint"}
_USERINFOS: Final[Mapping[str, UserInfo]] = {"none": "none", "plain": "plain", "signed": "signed"}
_NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TEXT: Final = re.compile(r"[^\x00-\x1f\x7f]{1,255}")
_SWEDEN: Final = "https://id.oidc.se"
_TAKEN: Final = frozenset({"bankid", "entra"})
"""What is no broker: BankID itself, and where staff sign in."""

_NOTHING: Final[Json] = []
_NO_SECRETS: Final[Json] = {}

_KNOWN: Final = frozenset(
    {
        *("name", "title", "kind", "issuer", "client_id", "authentication", "assertion_audience", "assurance"),
        *("acr_values", "scopes", "claim", "userinfo", "max_age_seconds"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredBroker:
    """A broker that is on. ``secret`` is a client secret, or for ``private_key_jwt`` a private key as PEM."""

    profile: BrokerProfile
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """What a broker is known for. Nexus leaves the claim's name to whoever sets it up."""

    numbers: tuple[NumberClaim, ...] = ()
    scopes: tuple[str, ...] = ("openid", "profile")
    acr_values: tuple[str, ...] = ()
    essential: tuple[str, ...] = ()
    userinfo: UserInfo = "none"


_SWEDISH_NUMBERS: Final = (
    NumberClaim(name=f"{_SWEDEN}/claim/personalIdentityNumber", kind="personal"),
    NumberClaim(name=f"{_SWEDEN}/claim/coordinationNumber", kind="coordination"),
)

KINDS: Final[Mapping[str, _Kind]] = {
    "nexus": _Kind(),
    "idura": _Kind(
        numbers=(NumberClaim(name="ssn", agrees=(("identityscheme", "sebankid"), ("country", "SE"))),),
        scopes=("openid",),
        acr_values=("urn:grn:authn:se:bankid",),
    ),
    "signicat": _Kind(
        numbers=(NumberClaim(name="nin", demands=(("nin_type", "PERSON"), ("nin_issuing_country", "SE"))),),
        scopes=("openid", "profile", "nin"),
        acr_values=("idp:sbid",),
        userinfo="plain",
    ),
    "sweden-connect": _Kind(
        numbers=_SWEDISH_NUMBERS,
        scopes=(
            "openid",
            f"{_SWEDEN}/scope/naturalPersonInfo",
            f"{_SWEDEN}/scope/naturalPersonNumber",
        ),
        essential=tuple(claim.name for claim in _SWEDISH_NUMBERS),
        userinfo="signed",
    ),
}
"""Source: the manuals of Idura Verify and Signicat; OIDC Sweden, "Claims and scopes" 1.0."""


def read_brokers(read: Reader, on: frozenset[str], *, is_local: bool) -> tuple[ConfiguredBroker, ...]:
    """Those of ``on`` that are brokers. What is wrong is added to the reader's faults; no value is repeated."""
    profiles = [
        profile
        for place, stated in enumerate(_list(read), 1)
        if (profile := _profile(read, stated, place, is_local=is_local)) is not None
    ]
    names = [profile.name for profile in profiles]
    if len(set(names)) != len(names):
        read.faults.append(f"{PROFILES} names a provider twice")
    if len({profile.issuer for profile in profiles if profile.name in on}) != len([n for n in names if n in on]):
        read.faults.append(f"{PROFILES} names an issuer twice")
    if on - {"bankid"} - set(names):
        read.faults.append(f"PIC_SIGN_IN_PROVIDERS names what {PROFILES} does not have")
    secrets = _secrets(read)
    found = []
    for profile in profiles:
        if profile.name in on:
            secret = secrets.get(profile.name, "")
            if not _is_usable(secret, profile.authentication):
                wanted = "a private key as PEM" if profile.authentication == "private_key_jwt" else "a long secret"
                read.faults.append(f"{SECRETS} must hold {wanted} for each provider that is on")
                break
            found.append(ConfiguredBroker(profile=profile, secret=secret))
    return tuple(found)


def _list(read: Reader) -> list[Json]:
    value = read.parsed(PROFILES, _parse, "JSON", _NOTHING, "[]")
    if isinstance(value, list):
        return value
    read.faults.append(f"{PROFILES} must be a JSON list of profiles")
    return []


def _secrets(read: Reader) -> dict[str, str]:
    value = read.parsed(SECRETS, _parse, "JSON", _NO_SECRETS, "{}")
    if isinstance(value, dict) and all(isinstance(secret, str) for secret in value.values()):
        return {name: str(secret) for name, secret in value.items()}
    read.faults.append(f"{SECRETS} must be a JSON object of texts")
    return {}


def _parse(text: str) -> Json:
    try:
        parsed: Json = json.loads(text)
    except RecursionError as fault:
        raise ValueError from fault
    return parsed


def _is_usable(secret: str, authentication: ClientAuthentication) -> bool:
    if authentication == "private_key_jwt":
        return secret.startswith("-----BEGIN ") and "PRIVATE KEY-----" in secret
    return len(secret) >= MIN_SECRET_CHARACTERS and secret.isascii() and secret.isprintable()


@dataclass(frozen=True, slots=True)
class _Members:
    """The members of one profile. Faults name its place in the list and the member."""

    read: Reader
    members: Mapping[str, Json]
    place: int

    def refuse(self, member: str, wanted: str) -> None:
        self.read.faults.append(f"{PROFILES}[{self.place}].{member} must be {wanted}")

    def text(self, member: str, default: str = "") -> str:
        value = self.members.get(member, default)
        if isinstance(value, str) and _TEXT.fullmatch(value):
            return value
        self.refuse(member, "a text")
        return ""

    def one_of(self, member: str, options: Mapping[str, T], default: str = "") -> T:
        value = self.members.get(member, default)
        if isinstance(value, str) and value in options:
            return options[value]
        self.refuse(member, "one of " + ", ".join(options))
        return next(iter(options.values()))

    def texts(self, member: str, default: tuple[str, ...]) -> tuple[str, ...]:
        value = self.members.get(member, list(default))
        if isinstance(value, list):
            found = tuple(item for item in value if isinstance(item, str) and re.fullmatch(r"[!-~]{1,255}", item))
            if len(found) == len(value):
                return found
        self.refuse(member, "a list of words")
        return default


def _profile(read: Reader, stated: Json, place: int, *, is_local: bool) -> BrokerProfile | None:
    if not isinstance(stated, dict) or not set(stated) <= _KNOWN:
        read.faults.append(f"{PROFILES}[{place}] must be an object with known members only")
        return None
    members = _Members(read, stated, place)
    known = members.one_of("kind", KINDS)
    name = members.text("name")
    if name and (not _NAME.fullmatch(name) or name in _TAKEN):
        members.refuse("name", "a word other than " + ", ".join(sorted(_TAKEN)))
    assurance = _assurance(members)
    numbers = known.numbers or (NumberClaim(name=members.text("claim")),)
    if known.numbers and "claim" in stated:
        members.refuse("claim", "left out for this kind")
    scopes = members.texts("scopes", known.scopes)
    if "openid" not in scopes:
        members.refuse("scopes", "a list with openid")
    return BrokerProfile(
        name=name,
        title=members.text("title"),
        issuer=_issuer(members, is_local=is_local),
        client_id=members.text("client_id"),
        authentication=members.one_of("authentication", _AUTHENTICATIONS),
        assertion_audience=members.one_of("assertion_audience", _AUDIENCES, "issuer"),
        assurance=assurance,
        acr_values=members.texts("acr_values", known.acr_values or tuple(assurance)),
        scopes=scopes,
        essential=known.essential,
        numbers=numbers,
        userinfo=members.one_of("userinfo", _USERINFOS, known.userinfo),
        max_age_seconds=_max_age(members),
    )


def _issuer(members: _Members, *, is_local: bool) -> str:
    value = members.members.get("issuer")
    if isinstance(value, str) and _is_issuer(value, is_local=is_local):
        return value
    members.refuse("issuer", "an address that begins with https:// and is not of this machine")
    return ""


def _is_issuer(text: str, *, is_local: bool) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # Reading it raises ValueError for a port that is none.
    except ValueError:
        return False
    if not parts.hostname or parts.query or parts.fragment or parts.username or not re.fullmatch("[!-~]+", text):
        return False
    if parts.scheme == "http":
        return is_local and is_this_machine(parts.hostname)
    return parts.scheme == "https" and (is_local or not is_this_machine(parts.hostname))


def _assurance(members: _Members) -> dict[str, Assurance]:
    value = members.members.get("assurance")
    levels = {level.value: level for level in Assurance}
    if (
        isinstance(value, dict)
        and value
        and all(isinstance(level, str) and level in levels for level in value.values())
    ):
        return {acr: levels[str(level)] for acr, level in value.items()}
    members.refuse("assurance", "an object from acr to one of " + ", ".join(levels))
    return {}


def _max_age(members: _Members) -> int | None:
    value = members.members.get("max_age_seconds", 0)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_AGE_SECONDS:
        return value
    members.refuse("max_age_seconds", f"a whole number to {MAX_AGE_SECONDS}, or null")
    return 0
