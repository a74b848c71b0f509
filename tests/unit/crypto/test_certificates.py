"""Certificates of each form, opened and judged; made here, because none with its key may lie in the repository."""

import traceback
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12

from local.bankid.certificates import Identity, make_authority, make_leaf, name
from shared.crypto.certificates import MAX_BYTES, open_credentials
from shared.domain.bankid_trust import BankIdEnvironment
from shared.domain.client_certificates import CertificateMaterial, TlsCredentials
from shared.domain.errors import ElectronicIdError, ElectronicIdFault

PASSPHRASE: Final = "kanarie-passphrase"
NOW = datetime.now(UTC)

ROOT = make_authority("Simulated root")
AUTHORITY = make_authority("Simulated RP CA")
OWN = make_leaf(name("Kanarie"), AUTHORITY)
OTHER = make_leaf(name("Kanarie"), AUTHORITY)


def bundle(identity: Identity, passphrase: str | None = PASSPHRASE) -> bytes:
    encryption: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase is not None:
        encryption = serialization.BestAvailableEncryption(passphrase.encode())
    return pkcs12.serialize_key_and_certificates(
        b"kanarie", identity.key, identity.certificate, [AUTHORITY.certificate], encryption
    )


def encrypted_key(identity: Identity) -> bytes:
    return identity.key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(PASSPHRASE.encode()),
    )


def pem(
    root: bytes | None = ROOT.certificate_pem,
    certificate: bytes | None = OWN.certificate_pem,
    key: bytes | None = OWN.key_pem,
) -> CertificateMaterial:
    return CertificateMaterial(root=root, certificate=certificate, key=key)


def p12(content: bytes | None, passphrase: str | None = PASSPHRASE) -> CertificateMaterial:
    return CertificateMaterial(root=ROOT.certificate_pem, certificate=content, passphrase=passphrase, is_bundle=True)


def opened(material: CertificateMaterial) -> TlsCredentials:
    return open_credentials(material, environment="simulator", now=NOW)


def faults_of(
    material: CertificateMaterial, environment: BankIdEnvironment = "simulator", now: datetime = NOW
) -> list[str]:
    with pytest.raises(ElectronicIdError) as raised:
        open_credentials(material, environment=environment, now=now)
    assert raised.value.code is ElectronicIdFault.SETUP
    told = "".join(traceback.format_exception(raised.value)).lower()
    assert not [secret for secret in ("kanarie", "simulat", "begin") if secret in str(raised.value).lower()]
    assert PASSPHRASE not in told
    return [str(fault) for fault in raised.value.args[1:]]


@pytest.mark.parametrize(
    "material",
    [
        pem(),
        pem(certificate=OWN.certificate_pem + OWN.key_pem, key=OWN.certificate_pem + OWN.key_pem),
        p12(bundle(OWN)),
        p12(bundle(OWN, None), None),
    ],
    ids=["pem", "both in one text, as from the vault", "p12", "p12 of the vault"],
)
def test_each_form_gives_the_same_credentials(material: CertificateMaterial) -> None:
    """Whatever it came as, it goes to TLS as PEM, our own certificate first."""
    credentials = opened(material)
    first, *above = x509.load_pem_x509_certificates(credentials.chain)
    assert first == OWN.certificate
    assert above in ([], [AUTHORITY.certificate])
    assert credentials.root == ROOT.certificate_pem
    key = serialization.load_pem_private_key(credentials.key, None)
    assert isinstance(key, type(OWN.key))
    assert credentials.certificate.fingerprint == OWN.certificate.fingerprint(hashes.SHA256()).hex()
    assert credentials.certificate.ends_at == OWN.certificate.not_valid_after_utc
    assert "PRIVATE" not in repr(credentials)


UNREADABLE_CERTIFICATE = "the certificate, or what opens it, cannot be read"
UNREADABLE_KEY = "the key cannot be read"
UNREADABLE_ROOT = "the root cannot be read"
FOREIGN_KEY = "the key does not belong to the certificate"
NOT_ALONE = "the file of the root must hold one certificate and no other"


@pytest.mark.parametrize(
    ("material", "faults"),
    [
        (pem(root=None), [UNREADABLE_ROOT]),
        (pem(root=b""), [UNREADABLE_ROOT]),
        (pem(root=b"kanarie"), [UNREADABLE_ROOT]),
        (pem(root=ROOT.certificate_pem * 2), [NOT_ALONE]),
        (pem(root=ROOT.certificate_pem + AUTHORITY.certificate_pem), [NOT_ALONE]),
        (pem(root=b" " * (MAX_BYTES + 1)), [UNREADABLE_ROOT]),
        (pem(certificate=None), [UNREADABLE_CERTIFICATE]),
        (pem(certificate=b"kanarie"), [UNREADABLE_CERTIFICATE]),
        (pem(certificate=bundle(OWN)), [UNREADABLE_CERTIFICATE]),
        (pem(key=None), [UNREADABLE_KEY]),
        (pem(key=b"kanarie"), [UNREADABLE_KEY]),
        (pem(key=encrypted_key(OWN)), [UNREADABLE_KEY]),
        (pem(key=OTHER.key_pem), [FOREIGN_KEY]),
        (pem(None, None, None), [UNREADABLE_ROOT, UNREADABLE_CERTIFICATE, UNREADABLE_KEY]),
        (p12(None), [UNREADABLE_CERTIFICATE]),
        (p12(b"kanarie"), [UNREADABLE_CERTIFICATE]),
        (p12(bundle(OWN), "wrong"), [UNREADABLE_CERTIFICATE]),
        (p12(bundle(OWN), None), [UNREADABLE_CERTIFICATE]),
        (p12(bundle(OWN)[:-9]), [UNREADABLE_CERTIFICATE]),
        (p12(OWN.certificate_pem), [UNREADABLE_CERTIFICATE]),
        (p12(bundle(Identity(OTHER.certificate, OTHER.key)), "kanarie"), [UNREADABLE_CERTIFICATE]),
    ],
)
def test_what_cannot_be_read_is_told_in_fixed_words(material: CertificateMaterial, faults: list[str]) -> None:
    """All of it at once, and nothing of it repeated."""
    assert faults_of(material) == faults


def test_a_bundle_without_a_key_is_no_credential() -> None:
    """What an administrator exports by mistake."""
    content = pkcs12.serialize_key_and_certificates(
        None, None, OWN.certificate, None, serialization.BestAvailableEncryption(PASSPHRASE.encode())
    )
    assert UNREADABLE_CERTIFICATE in faults_of(p12(content)) or UNREADABLE_KEY in faults_of(p12(content))


def test_a_key_of_another_kind_does_not_belong() -> None:
    """Compared is the public part, whatever the algorithm."""
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert faults_of(pem(key=key)) == [FOREIGN_KEY]


@pytest.mark.parametrize("environment", ["test", "production"])
def test_what_the_simulator_made_is_for_the_simulator(environment: BankIdEnvironment) -> None:
    """Neither its root nor its certificate reaches a real BankID."""
    assert faults_of(pem(), environment) == [
        "the root is not the one of this environment",
        "the certificate was issued for another environment",
    ]


def test_a_certificate_is_judged_by_the_time_that_is_given() -> None:
    """Not yet, and no more."""
    start, end = OWN.certificate.not_valid_before_utc, OWN.certificate.not_valid_after_utc
    assert "the certificate is not valid yet" in faults_of(pem(), now=start - timedelta(seconds=1))
    assert "the certificate has ended" in faults_of(pem(), now=end)
