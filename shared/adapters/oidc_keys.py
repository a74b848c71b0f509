"""A broker's keys, and what they have signed. Source: RFC 7515, RFC 7517, RFC 8725."""

import base64
import binascii
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Final

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import CompactSignature, JWSRegistry, extract_compact, validate_compact

from shared.adapters.oidc_http import OidcHttp, parse_object, refusal
from shared.adapters.oidc_memory import Remembered
from shared.domain.brokers import Misfit, MisfitError
from shared.domain.ports import Json

ALGORITHMS: Final = {"RS256": "RSA", "PS256": "RSA", "ES256": "EC"}
"""Each with the type of its keys. No others: above all not ``none``, nor HS* with a public key as its secret."""

MIN_RSA_BITS: Final = 2048
MAX_KEYS: Final = 50

Jwk = Mapping[str, Json]


class _Registry(JWSRegistry):
    """Room for the e-ID's signature inside the claims, and for certificates in the header."""

    max_header_length = 16 * 1024
    max_payload_length = 256 * 1024


_REGISTRY: Final = _Registry(algorithms=list(ALGORITHMS), strict_check_header=False)


class BrokerKeys:
    """Verifies JWTs of one broker. Unknown keys are looked for once, so that it may change them."""

    def __init__(self, fetch: Callable[[], Awaitable[Sequence[Jwk]]], *, now: Callable[[], float]) -> None:
        self._keys = Remembered(fetch, now=now)

    async def verified(self, token: str) -> Mapping[str, Json]:
        """The claims of a JWT that the broker signed. Raises ``MisfitError``, ``ElectronicIdError``."""
        try:
            signature = extract_compact(token.encode("ascii"), registry=_REGISTRY)
            header = signature.headers()
        except (JoseError, ValueError, RecursionError):
            raise MisfitError(Misfit.FORM) from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
            raise MisfitError(Misfit.ALGORITHM)
        if "crit" in header or str(header.get("typ", "JWT")).upper() != "JWT":
            # Nothing that must be understood is; and an access token (RFC 9068) is not an ID token.
            raise MisfitError(Misfit.FORM)
        if kid is not None and not isinstance(kid, str):
            raise MisfitError(Misfit.KEY)
        key = _key(await self._keys.get(), algorithm, kid) or _key(await self._keys.again(), algorithm, kid)
        if key is None:
            raise MisfitError(Misfit.KEY)
        _verify(signature, key, algorithm)
        claims = parse_object(signature.payload)
        _check_issuer(key, claims)
        return claims


async def fetch_keys(http: OidcHttp, url: str, provider: str) -> Sequence[Jwk]:
    """The key set. Raises ``ElectronicIdError``, ``MisfitError``."""
    answer = await http.get(url)
    if answer.status != HTTPStatus.OK:
        raise refusal(answer.status, provider)
    if answer.media_type not in {"application/json", "application/jwk-set+json"}:
        raise MisfitError(Misfit.FORM)
    keys = parse_object(answer.raw).get("keys")
    if not isinstance(keys, list) or len(keys) > MAX_KEYS:
        raise MisfitError(Misfit.FORM)
    return [key for key in keys if isinstance(key, dict)]


def _key(keys: Sequence[Jwk], algorithm: str, kid: str | None) -> Jwk | None:
    """The one key that may have signed; of several that might, none."""
    fitting = [key for key in keys if _fits(key, algorithm) and (kid is None or key.get("kid") == kid)]
    return fitting[0] if len(fitting) == 1 else None


def _check_issuer(key: Jwk, claims: Mapping[str, Json]) -> None:
    """Entra ID publishes the keys of all tenants together, and with some of them for which issuer alone they are."""
    stated = key.get("issuer")
    if stated is None:
        return
    tenant = claims.get("tid")
    if not isinstance(stated, str) or claims.get("iss") != stated.replace("{tenantid}", str(tenant)):
        raise MisfitError(Misfit.ISSUER)


def _fits(key: Jwk, algorithm: str) -> bool:
    if key.get("kty") != ALGORITHMS[algorithm] or key.get("use", "sig") != "sig":
        return False
    if key.get("alg", algorithm) != algorithm:
        return False
    if key["kty"] == "EC":
        return key.get("crv") == "P-256"
    modulus = key.get("n")
    return isinstance(modulus, str) and _bits(modulus) >= MIN_RSA_BITS


def _bits(number: str) -> int:
    try:
        return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4)), "big").bit_length()
    except (binascii.Error, ValueError):
        return 0


def _verify(signature: CompactSignature, key: Jwk, algorithm: str) -> None:
    members = ("kty", "n", "e") if key["kty"] == "RSA" else ("kty", "crv", "x", "y")
    public: dict[str, str | list[str]] = {name: str(key.get(name, "")) for name in members}
    try:
        imported = RSAKey.import_key(public) if key["kty"] == "RSA" else ECKey.import_key(public)
        is_valid = validate_compact(signature, imported, [algorithm], _REGISTRY)
    except (JoseError, ValueError, TypeError):
        raise MisfitError(Misfit.KEY) from None
    if not is_valid:
        raise MisfitError(Misfit.SIGNATURE)
