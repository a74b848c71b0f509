"""How we prove to a broker who we are. Source: OpenID Connect Core 1.0 section 9, RFC 6749 section 2.3.1, RFC 7523."""

import base64
import hashlib
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from urllib.parse import quote_plus

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey
from joserfc.jwt import encode

from shared.adapters.oidc_discovery import Metadata
from shared.domain.broker_profiles import Registration
from shared.domain.errors import ElectronicIdError, ElectronicIdFault
from shared.domain.ids import RandomBytes
from shared.domain.ports import Clock

ASSERTION_LIFETIME: Final = timedelta(seconds=60)
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_ID_BYTES: Final = 16
_BLOCK: Final = re.compile(r"-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What a request carries for it. Nothing of it is shown by ``repr``."""

    form: Mapping[str, str]
    headers: Mapping[str, str]

    def __repr__(self) -> str:
        return "Proof()"


class ClientAuthentication:
    """Proves it to one broker, by the way that its profile names. ``secret`` is a secret, or a private key as PEM.

    A certificate may stand beside the key.
    """

    def __init__(self, profile: Registration, secret: str, *, clock: Clock, random: RandomBytes) -> None:
        self._profile = profile
        self._secret = secret
        self._clock = clock
        self._random = random

    def proof(self, metadata: Metadata) -> Proof:
        """Good for one request. Raises ``ElectronicIdError`` when our key is none."""
        match self._profile.authentication:
            case "client_secret_basic":
                pair = f"{quote_plus(self._profile.client_id)}:{quote_plus(self._secret)}"
                basic = base64.b64encode(pair.encode()).decode("ascii")
                return Proof(form={}, headers={"authorization": f"Basic {basic}"})
            case "client_secret_post":
                return Proof(form={"client_id": self._profile.client_id, "client_secret": self._secret}, headers={})
            case "private_key_jwt":
                form = {
                    "client_id": self._profile.client_id,
                    "client_assertion_type": ASSERTION_TYPE,
                    "client_assertion": self._assertion(metadata),
                }
                return Proof(form=form, headers={})

    def _assertion(self, metadata: Metadata) -> str:
        now = self._clock()
        is_issuer = self._profile.assertion_audience == "issuer"
        claims = {
            "iss": self._profile.client_id,
            "sub": self._profile.client_id,
            "aud": self._profile.issuer if is_issuer else metadata.token_endpoint,
            "jti": self._random(_ID_BYTES).hex(),
            "iat": int(now.timestamp()),
            "exp": int((now + ASSERTION_LIFETIME).timestamp()),
        }
        try:
            blocks = [found[0] for found in _BLOCK.finditer(self._secret)]
            key = _private_key(next(block for block in blocks if "PRIVATE KEY" in block))
            # Entra ID knows a key by its certificate; others by the thumbprint of the key itself.
            certificates = [block for block in blocks if block.startswith("-----BEGIN CERTIFICATE")]
            certified = {"x5t#S256": _thumbprint(certificates[0])} if certificates else {}
            if isinstance(key, ECKey):
                algorithm = "ES256"
            else:
                algorithm = "PS256" if "PS256" in metadata.assertion_algorithms else "RS256"
            return encode({"alg": algorithm, "kid": key.thumbprint(), **certified}, claims, key, [algorithm])
        except (JoseError, ValueError, TypeError, StopIteration):
            # Without a cause: it may quote the key.
            raise ElectronicIdError(ElectronicIdFault.UNAUTHORIZED, self._profile.name, "private key") from None


def _thumbprint(certificate: str) -> str:
    """Of the certificate as it is (RFC 7515 section 4.1.8)."""
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def _private_key(pem: str) -> RSAKey | ECKey:
    try:
        return RSAKey.import_key(pem)
    except (JoseError, ValueError, TypeError):
        return ECKey.import_key(pem)
