"""Certificates of the simulator: made anew at each start, short-lived, and marked as what they are."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

LIFETIME = timedelta(days=30)
BACKDATE = timedelta(hours=1)
"""Clocks of containers on one machine differ a little."""

MARK = "SIMULATOR - NOT REAL"
RSA_BITS = 2048
NAME_OID = x509.ObjectIdentifier("2.5.4.41")
"""``name``: for relying parties what the person sees, for persons how their BankID is called."""

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: PrivateKey

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def certificate_der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def new_rsa_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)


def name(common_name: str, *others: tuple[x509.ObjectIdentifier, str]) -> x509.Name:
    """``others`` come first, as in BankID's certificates; the organisation is always the simulator."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "SE"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, MARK),
            *(x509.NameAttribute(identifier, text) for identifier, text in others),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def make_authority(common_name: str, issuer: Identity | None = None) -> Identity:
    """A root, or an authority under ``issuer``."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = (
        _builder(name(common_name), key, issuer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
    )
    return Identity(builder.sign(issuer.key if issuer else key, hashes.SHA256()), key)


def make_leaf(
    subject: x509.Name,
    issuer: Identity,
    *extensions: x509.ExtensionType,
    key: PrivateKey | None = None,
    issued_at: datetime | None = None,
) -> Identity:
    """For signatures only. Without ``key`` it gets a fresh RSA key, without ``issued_at`` it is made now."""
    key = key or new_rsa_key()
    builder = (
        _builder(subject, key, issuer, issued_at)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
    )
    for extension in extensions:
        builder = builder.add_extension(extension, critical=False)
    return Identity(builder.sign(issuer.key, hashes.SHA256()), key)


def _builder(
    subject: x509.Name, key: PrivateKey, issuer: Identity | None, issued_at: datetime | None = None
) -> x509.CertificateBuilder:
    now = issued_at or datetime.now(UTC)
    issuer_key = (issuer.key if issuer else key).public_key()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + LIFETIME)
        # Python 3.13 verifies strictly by default and asks for both key identifiers.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
