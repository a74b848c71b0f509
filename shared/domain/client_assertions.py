"""By what an API client proves who it is with a key of its own, and what such a proof must say.

Source: RFC 7521, RFC 7523 sections 2.2 and 3; OpenID Connect Core 1.0 section 9 for ``jti``; RFC 8725 for the rest.
Whatever is wrong with a proof, it is refused in one way: its sender has the specification, and others learn nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from shared.domain.errors import ClientRefusedError
from shared.domain.ports import Json

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

LONGEST: Final = timedelta(minutes=5)
"""How long a proof may be good for: each that was used is remembered until then."""

SKEW: Final = timedelta(seconds=30)
"""How far a client's clock may be ahead of ours, or behind."""

MOST_ASSERTION_CHARACTERS: Final = 8 * 1024
MOST_JTI_CHARACTERS: Final = 256
_LAST_SECOND: Final = 4_102_444_800
"""The year 2100: an instant beyond it is a mistake, and so is one that no calendar holds."""


class AssertionKeys(Protocol):
    """What knows signatures. Neither method asks anything of the network."""

    def public_key(self, jwk: Mapping[str, Json]) -> str:
        """The one spelling of a key that may sign proofs, as text. Raises ``InvalidInputError`` for any other."""

    def claimed_client(self, assertion: str) -> str | None:
        """Whose proof it says it is (``sub``). Nothing of it is verified."""

    def claims(self, assertion: str, keys: Sequence[str]) -> tuple[int, Mapping[str, Json]]:
        """Which of the keys signed it, and what it says. Raises ``ClientRefusedError``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A proof that is one. ``jti`` must not come back before ``until``."""

    jti: str
    until: datetime


def checked_proof(claims: Mapping[str, Json], *, client_id: str, audiences: Collection[str], now: datetime) -> Proof:
    """What a signed proof says, if it is for us, of this client, and good now. Raises ``ClientRefusedError``."""
    jti, audience = claims.get("jti"), claims.get("aud")
    stated = audience if isinstance(audience, list) else [audience]
    issued, begins = claims.get("iat"), claims.get("nbf")
    expires = _instant(claims.get("exp"))
    is_ours = claims.get("iss") == client_id and claims.get("sub") == client_id
    # One audience: whoever else it is for could use it here in the client's name.
    is_for_us = len(stated) == 1 and isinstance(stated[0], str) and stated[0] in audiences
    is_named = isinstance(jti, str) and 1 <= len(jti) <= MOST_JTI_CHARACTERS
    is_current = now - SKEW < expires <= now + LONGEST + SKEW
    has_begun = all(_instant(each) <= now + SKEW for each in (issued, begins) if each is not None)
    if not (is_ours and is_for_us and is_named and is_current and has_begun):
        raise ClientRefusedError
    assert isinstance(jti, str)
    return Proof(jti=jti, until=expires + SKEW)


def _instant(value: Json) -> datetime:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _LAST_SECOND:
        raise ClientRefusedError
    return datetime.fromtimestamp(value, UTC)
