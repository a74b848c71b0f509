"""Certificates and their keys: opened from PEM (RFC 7468) or PKCS #12 (RFC 7292), and judged before they are used.

Everything that is wrong is told at once, in fixed words: neither a name in a certificate nor a passphrase is repeated.
"""

from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import pkcs12

from shared.domain.bankid_trust import BankIdEnvironment, SetupFault, faults_of_certificate, faults_of_root
from shared.domain.client_certificates import CertificateFacts, CertificateMaterial, ClientCertificate, TlsCredentials
from shared.domain.errors import ElectronicIdError, ElectronicIdFault

MAX_BYTES: Final = 256 * 1024
"""Of a file. A certificate with what is above it takes a few KiB."""

_PEM: Final = serialization.Encoding.PEM


def open_credentials(material: CertificateMaterial, *, environment: BankIdEnvironment, now: datetime) -> TlsCredentials:
    """What mutual TLS with BankID takes.

    Raises:
        ElectronicIdError: ``SETUP``, with every fault as its details: nothing may be asked of BankID.
    """
    roots, faults = _roots(material.root), []
    if roots is None:
        faults.append(SetupFault.ROOT_UNREADABLE)
    else:
        faults += faults_of_root(environment, [_facts(root) for root in roots], now)
    chain, key = _bundle(material) if material.is_bundle else _pair(material)
    if chain is None:
        faults.append(SetupFault.CERTIFICATE_UNREADABLE)
    else:
        faults += faults_of_certificate(environment, [_facts(one) for one in chain], now)
    if key is None:
        # A bundle that does not open is one fault and not two.
        if chain is not None or not material.is_bundle:
            faults.append(SetupFault.KEY_UNREADABLE)
    elif chain is not None and not _fits(key, chain[0]):
        faults.append(SetupFault.KEY_FOREIGN)
    if faults or not roots or not chain or key is None:
        raise ElectronicIdError(ElectronicIdFault.SETUP, *(fault.value for fault in faults))
    own = _facts(chain[0])
    return TlsCredentials(
        root=roots[0].public_bytes(_PEM),
        chain=b"".join(one.public_bytes(_PEM) for one in chain),
        key=key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate=ClientCertificate(fingerprint=own.fingerprint, ends_at=own.ends_at),
    )


def _roots(raw: bytes | None) -> list[x509.Certificate] | None:
    return None if raw is None else _certificates(raw)


def _certificates(raw: bytes) -> list[x509.Certificate] | None:
    if len(raw) > MAX_BYTES:
        return None
    try:
        return x509.load_pem_x509_certificates(raw)
    except ValueError:
        return None


def _pair(material: CertificateMaterial) -> tuple[list[x509.Certificate] | None, PrivateKeyTypes | None]:
    chain = None if material.certificate is None else _certificates(material.certificate)
    if material.key is None or len(material.key) > MAX_BYTES:
        return chain, None
    try:
        return chain, serialization.load_pem_private_key(material.key, password=None)
    # TypeError: the key asks for a passphrase, and none was promised to open it.
    except (ValueError, TypeError):
        return chain, None


def _bundle(material: CertificateMaterial) -> tuple[list[x509.Certificate] | None, PrivateKeyTypes | None]:
    if material.certificate is None or len(material.certificate) > MAX_BYTES:
        return None, None
    passphrase = material.passphrase.encode() if material.passphrase else None
    try:
        key, own, others = pkcs12.load_key_and_certificates(material.certificate, passphrase)
    except ValueError:
        return None, None
    return None if own is None else [own, *others], key


def _fits(key: PrivateKeyTypes, certificate: x509.Certificate) -> bool:
    encoding, form = serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    public = certificate.public_key().public_bytes(encoding, form)
    return key.public_key().public_bytes(encoding, form) == public


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    return CertificateFacts(
        fingerprint=certificate.fingerprint(hashes.SHA256()).hex(),
        subject_words=_words(certificate.subject),
        issuer_words=_words(certificate.issuer),
        starts_at=certificate.not_valid_before_utc,
        ends_at=certificate.not_valid_after_utc,
    )


def _words(name: x509.Name) -> tuple[str, ...]:
    return tuple(each.value for each in name if isinstance(each.value, str))
