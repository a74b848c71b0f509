"""Signatures of API clients' own keys, by ``joserfc``. Source: RFC 7515, RFC 7517, RFC 8037, RFC 8725."""

import base64
import binascii
import json
from collections.abc import Mapping, Sequence
from typing import Final

from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from shared.domain.client_assertions import MOST_ASSERTION_CHARACTERS
from shared.domain.errors import ClientRefusedError, InvalidInputError
from shared.domain.ports import Json

ALGORITHMS: Final = {"RSA": ("PS256",), "EC": ("ES256",), "OKP": ("EdDSA", "Ed25519")}
"""Those of each type of key. No others: not ``none``, and no HS* with a public key as its secret.

``EdDSA`` is the old name of ``Ed25519`` (RFC 9864 section 4.1.2), which most clients still write.
"""

MEMBERS: Final = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
CURVES: Final = {"EC": "P-256", "OKP": "Ed25519"}
PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})

MIN_RSA_BITS: Final = 2048
MAX_RSA_BITS: Final = 4096
"""Verifying costs time by the size, and whoever registers a key chooses it."""

EXPONENT: Final = "AQAB"
MOST_KID_CHARACTERS: Final = 128
MOST_MEMBER_CHARACTERS: Final = 1024


class _Registry(JWSRegistry):
    """Without the warning that comes with an old name: which names are good is decided here."""

    def get_alg(self, name: str) -> JWSAlgModel:
        if name not in (self.allowed or ()):
            raise UnsupportedAlgorithmError
        return self.algorithms[name]


_REGISTRY: Final = _Registry(
    algorithms=[name for names in ALGORITHMS.values() for name in names], strict_check_header=False
)


class JwtAssertions:
    """Knows which keys may sign, and what they have signed."""

    def public_key(self, jwk: Mapping[str, Json]) -> str:
        """Raises ``InvalidInputError`` for a private key above all: it would be one no more."""
        kty, kid = jwk.get("kty"), jwk.get("kid")
        if not isinstance(kty, str) or kty not in ALGORITHMS or not PRIVATE.isdisjoint(jwk):
            raise InvalidInputError("key")
        if jwk.get("use", "sig") != "sig" or jwk.get("alg", ALGORITHMS[kty][0]) not in ALGORITHMS[kty]:
            raise InvalidInputError("key")
        if kid is not None and not (isinstance(kid, str) and 1 <= len(kid) <= MOST_KID_CHARACTERS):
            raise InvalidInputError("key")
        members: dict[str, str] = {"kty": kty}
        for name in MEMBERS[kty]:
            value = jwk.get(name)
            if not isinstance(value, str) or len(value) > MOST_MEMBER_CHARACTERS:
                raise InvalidInputError("key")
            members[name] = value
        if not _is_strong(members):
            raise InvalidInputError("key")
        try:
            _imported(members)
        except (JoseError, ValueError, TypeError):
            raise InvalidInputError("key") from None
        return json.dumps(members if kid is None else {**members, "kid": kid}, sort_keys=True)

    def claimed_client(self, assertion: str) -> str | None:
        """Raises nothing: what cannot be read claims to be nobody's."""
        try:
            subject = _object(_extracted(assertion).payload).get("sub")
        except ClientRefusedError:
            return None
        return subject if isinstance(subject, str) else None

    def claims(self, assertion: str, keys: Sequence[str]) -> tuple[int, Mapping[str, Json]]:
        """A proof names its key (``kid``), or is tried with each of the few that there are."""
        signature = _extracted(assertion)
        header = signature.headers()
        kid = header.get("kid")
        if "crit" in header or str(header.get("typ", "JWT")).upper() not in {"JWT", "CLIENT-AUTHENTICATION+JWT"}:
            raise ClientRefusedError
        for at, text in enumerate(keys):
            members = json.loads(text)
            if header.get("alg") not in ALGORITHMS[members["kty"]] or members.get("kid", kid) != kid:
                continue
            if _is_signed(signature, members):
                return at, _object(signature.payload)
        raise ClientRefusedError


def _extracted(assertion: str) -> CompactSignature:
    if len(assertion) > MOST_ASSERTION_CHARACTERS:
        raise ClientRefusedError
    try:
        return extract_compact(assertion.encode("ascii"), registry=_REGISTRY)
    except (JoseError, ValueError, RecursionError):
        raise ClientRefusedError from None


def _is_signed(signature: CompactSignature, members: Mapping[str, str]) -> bool:
    try:
        return validate_compact(signature, _imported(members), registry=_REGISTRY)
    except (JoseError, ValueError, TypeError):
        return False


def _imported(members: Mapping[str, str]) -> RSAKey | ECKey | OKPKey:
    public: dict[str, str | list[str]] = {name: members[name] for name in ("kty", *MEMBERS[members["kty"]])}
    match members["kty"]:
        case "RSA":
            return RSAKey.import_key(public)
        case "EC":
            return ECKey.import_key(public)
        case _:
            return OKPKey.import_key(public)


def _is_strong(members: Mapping[str, str]) -> bool:
    if members["kty"] != "RSA":
        return members["crv"] == CURVES[members["kty"]]
    try:
        modulus = base64.b64decode(members["n"] + "=" * (-len(members["n"]) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return False
    bits = int.from_bytes(modulus, "big").bit_length()
    return members["e"] == EXPONENT and MIN_RSA_BITS <= bits <= MAX_RSA_BITS


def _object(payload: bytes) -> Mapping[str, Json]:
    """The JSON object, each name once: where two parsers could read it differently, it is refused."""
    try:
        found = json.loads(payload, object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ClientRefusedError from None
    if not isinstance(found, dict):
        raise ClientRefusedError
    return found


def _once(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _refuse(_: str) -> None:
    raise ValueError
