"""What passkeys say of themselves, and who can tell whether it is true (WebAuthn level 3).

A passkey here is a discoverable credential that verifies its owner: by itself it is something they have and something
they know or are, so it signs in without a password as well.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol
from urllib.parse import urlsplit

ALGORITHMS: Final = (-8, -7, -257)
"""EdDSA, ES256 and RS256 by their COSE numbers: what every authenticator knows one of, the preferred one first."""

TIMEOUT_SECONDS: Final = 300
"""How long the browser waits for its user, and a challenge is good."""

CREDENTIAL_BYTES: Final = 1023
"""Longest id of a credential (WebAuthn level 3, section 5.1)."""


class Purpose(StrEnum):
    """What a signature is for: one that was given to sign in does not step up, and the other way round."""

    SIGN_IN = "sign-in"
    STEP_UP = "step-up"
    ENROL = "enrol"


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedChallenge:
    """``flow`` goes into a cookie of the browser, ``challenge`` to its authenticator."""

    flow: str = field(repr=False)
    challenge: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """What a browser sends of a passkey that it has made. Nothing of it is believed yet."""

    credential: str = field(repr=False)
    client_data: bytes = field(repr=False)
    attestation: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asserted:
    """What a browser sends when a passkey has signed. Nothing of it is believed yet."""

    credential: str = field(repr=False)
    client_data: bytes = field(repr=False)
    authenticator_data: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    user_handle: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A passkey that proved itself: its id and public key in base64url, and how often it says it has signed."""

    credential: str = field(repr=False)
    public_key: str = field(repr=False)
    sign_count: int


class PasskeyRules(Protocol):
    """Checks what authenticators sign, for one relying party at one origin.

    Raises ``FactorRefusedError`` for all that does not verify: another challenge, origin or relying party, a user who
    was not verified, a frame of another site, a wrong signature, bytes that are nothing at all.
    """

    def check_created(self, created: Created, *, challenge: bytes) -> Credential:
        """The passkey, if this was made for ``challenge``."""
        ...

    def check_asserted(self, asserted: Asserted, *, public_key: str, challenge: bytes) -> int:
        """What the authenticator counts, if the key behind ``public_key`` signed ``challenge``.

        Whether it counts backwards is for the caller to judge (``second_factors.is_regress``).
        """
        ...


def relying_party(public_url: str) -> str:
    """The id under which browsers keep passkeys for a service at this address: its host."""
    return urlsplit(public_url).hostname or ""
