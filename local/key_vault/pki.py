"""The emulator's own certificate authority, good for 127.0.0.1 and localhost only, and its server certificate."""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.key_vault.files import write_whole

CA_LIFETIME = timedelta(days=3650)
SERVER_LIFETIME = timedelta(days=365)
RENEW_BEFORE = timedelta(days=30)
"""A certificate with less than this left is made anew at the next start."""

BACKDATE = timedelta(hours=1)
"""Clocks of containers on one machine differ a little."""

LOOPBACK = ipaddress.IPv4Address("127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """Where the PEM files are. ``ca`` is for clients, the other two for the server."""

    ca: Path
    certificate: Path
    key: Path


def ensure_certificates(directory: Path, now: datetime) -> ServerFiles:
    """The files in ``directory``, made or renewed where needed. The authority stays the same while it is valid."""
    files = ServerFiles(ca=directory / "ca.pem", certificate=directory / "server.pem", key=directory / "server-key.pem")
    authority_key_file = directory / "ca-key.pem"
    authority = _load(files.ca, authority_key_file, now)
    if authority is None:
        authority = _make_authority(now)
        _store(authority, files.ca, authority_key_file)
        files.certificate.unlink(missing_ok=True)
    if _load(files.certificate, files.key, now) is None:
        _store(_make_server(authority, now), files.certificate, files.key)
    return files


@dataclass(frozen=True, slots=True)
class _Identity:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey


def _load(certificate_file: Path, key_file: Path, now: datetime) -> _Identity | None:
    if not (certificate_file.exists() and key_file.exists()):
        return None
    certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    # A crash between the two writes of `_store` leaves a pair that does not belong together.
    belongs = isinstance(key, ec.EllipticCurvePrivateKey) and certificate.public_key() == key.public_key()
    if not belongs or certificate.not_valid_after_utc - now < RENEW_BEFORE:
        return None
    assert isinstance(key, ec.EllipticCurvePrivateKey)
    return _Identity(certificate, key)


def _store(identity: _Identity, certificate_file: Path, key_file: Path) -> None:
    pem = identity.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_whole(key_file, pem)
    write_whole(certificate_file, identity.certificate.public_bytes(Encoding.PEM))


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
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


def _make_authority(now: datetime) -> _Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name("Key Vault emulator, this machine only")
    public = key.public_key()
    # The constraint makes a stolen authority worthless against any other host, should somebody trust it widely.
    only_here = x509.NameConstraints(
        permitted_subtrees=[x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Network(LOOPBACK))],
        excluded_subtrees=None,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_certificates=True), critical=True)
        .add_extension(only_here, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    return _Identity(certificate, key)


def _make_server(authority: _Identity, now: datetime) -> _Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(LOOPBACK)])
    issuer_key = authority.key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(_name("localhost"))
        .issuer_name(authority.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATE)
        .not_valid_after(now + SERVER_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_key_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        # Python 3.13 verifies strictly (VERIFY_X509_STRICT) and asks for both key identifiers.
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        .sign(authority.key, hashes.SHA256())
    )
    return _Identity(certificate, key)
