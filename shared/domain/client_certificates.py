"""Our own certificate towards an e-ID: what it is made of, what is known of it, and how long it lasts."""

import math
from dataclasses import dataclass, field
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateMaterial:
    """The bytes as they were found. None is what could not be read.

    ``key`` is None, too, where ``certificate`` is a PKCS #12 bundle, which ``passphrase`` opens.
    """

    root: bytes | None
    certificate: bytes | None = field(repr=False)
    key: bytes | None = field(default=None, repr=False)
    passphrase: str | None = field(default=None, repr=False)
    is_bundle: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFacts:
    """What a certificate states. ``fingerprint`` is the SHA-256 of its DER, in lower-case hex.

    The words are the values of its subject's and its issuer's attributes. They name people who ordered it at times,
    and are for comparing only.
    """

    fingerprint: str
    subject_words: tuple[str, ...] = field(repr=False)
    issuer_words: tuple[str, ...] = field(repr=False)
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCertificate:
    """What may be told of the certificate in use: the evidence of a sign-in names it by its ``fingerprint``."""

    fingerprint: str
    ends_at: datetime

    def days_left(self, now: datetime) -> int:
        """Whole days, the begun one included: 0 is the first moment at which it is of no use."""
        return max(0, math.ceil((self.ends_at - now) / timedelta(days=1)))


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsCredentials:
    """What mutual TLS takes, in PEM: the one trusted root, our certificate with what is above it, and its key."""

    root: bytes
    chain: bytes
    key: bytes = field(repr=False)
    certificate: ClientCertificate
