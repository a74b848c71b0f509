"""What a redirect to a broker and back may come to.

A broker is an OpenID provider that runs e-IDs for others (``shared.domain.broker_profiles``); what it states of a
person is judged by ``shared.domain.broker_claims``. Source: OpenID Connect Core 1.0, RFC 9207, OIDC Sweden profile 1.0.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final, Protocol, TypeAlias

from shared.domain.broker_profiles import BrokerProfile
from shared.domain.verified_identity import VerifiedIdentity


class Misfit(StrEnum):
    """Why an answer of a broker is not believed. The words stand in audit events."""

    DISCOVERY = "discovery"
    FORM = "form"
    ALGORITHM = "algorithm"
    KEY = "key"
    SIGNATURE = "signature"
    ISSUER = "issuer"
    AUDIENCE = "audience"
    AUTHORIZED_PARTY = "authorized-party"
    SUBJECT = "subject"
    NONCE = "nonce"
    EXPIRED = "expired"
    ISSUED_AT = "issued-at"
    AUTHENTICATION_TIME = "authentication-time"
    ASSURANCE = "assurance"
    ACCESS_TOKEN = "access-token"  # noqa: S105 - a word
    CODE = "code"
    USERINFO = "userinfo"
    NAME = "name"
    PERSONAL_NUMBER = "personal-number"
    COUNTRY = "country"
    TENANT = "tenant"
    VERSION = "version"


class MisfitError(Exception):
    """An answer that is not believed. Ends inside the adapter of the broker, as ``Unfit``."""

    def __init__(self, reason: Misfit) -> None:
        super().__init__(reason.value)
        self.reason = reason


class Failure(StrEnum):
    """What a person is told who comes back without a session. The words end the address they are sent to."""

    CANCELLED = "cancelled"
    NOT_POSSIBLE = "not-possible"
    TRY_LATER = "try-later"
    REFUSED = "refused"
    OTHER_BROWSER = "other-browser"
    NO_ACCOUNT = "no-account"
    """Staff: they are who they are, and nobody here."""
    TOO_MANY_GROUPS = "too-many-groups"
    """Staff: their groups were not told, and decide what they may do."""
    FAILED = "failed"


_FAILURES: Final[Mapping[str, Failure]] = {
    "access_denied": Failure.CANCELLED,
    "login_required": Failure.NOT_POSSIBLE,
    "unmet_authentication_requirements": Failure.NOT_POSSIBLE,
    "temporarily_unavailable": Failure.TRY_LATER,
}
"""RFC 6749 section 4.1.2.1, OpenID Connect Core 3.1.2.6, and "Unmet Authentication Requirements" 1.0."""


def failure_of(error: str) -> Failure:
    """What the error code of a broker means to the person; its description is never read."""
    return _FAILURES.get(error, Failure.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """What a browser takes to the broker. All of it is fresh and random but ``redirect_uri``."""

    redirect_uri: str
    state: str = field(repr=False)
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """What came back, beside what we remember of the departure. ``issuer`` is the ``iss`` of the response."""

    code: str = field(repr=False)
    issuer: str | None
    redirect_uri: str
    nonce: str = field(repr=False)
    verifier: str = field(repr=False)
    departed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Identified:
    """The broker states who it is."""

    identity: VerifiedIdentity


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """The broker's answer is not believed."""

    reason: Misfit


BrokerOutcome: TypeAlias = Identified | Unfit


class Broker(Protocol):
    """Sign-ins at one broker, by redirect. Every failure to reach it is an ``ElectronicIdError``."""

    @property
    def profile(self) -> BrokerProfile:
        """Who it is."""
        ...

    async def begin(self, departure: Departure) -> str:
        """The address to send the browser to."""
        ...

    async def finish(self, returned: Return) -> BrokerOutcome:
        """Trade the code for an identity. Never to be repeated: a code is good for one use."""
        ...


def code_challenge(verifier: str) -> str:
    """``S256`` of the verifier (RFC 7636 section 4.2)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode("ascii")).digest()).rstrip(b"=").decode("ascii")
