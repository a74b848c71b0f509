"""The TLS side: the server's certificates under its own root, and relying parties' certificates under theirs.

The subject of a relying party's certificate is laid out as in BankID's public test certificate: C, O, serialNumber,
name (2.5.4.41), CN; key usage digitalSignature, no extended key usage. Besides the certificates that are right there
are those that a client or the server must refuse.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import KeySerializationEncryption, PrivateFormat, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.bankid.certificates import (
    BACKDATE,
    LIFETIME,
    NAME_OID,
    Identity,
    make_authority,
    make_leaf,
    name,
    new_rsa_key,
)

TEST_ORGANISATION_NUMBER = "5566304928"
"""Of BankID's public test certificate."""

P12_PASSWORD = b"qwerty123"
"""Published by BankID for its test certificate."""

P12_ROUNDS = 20_000
"""Of the key derivation; nothing of the simulator is worth more."""

_LOOPBACK = x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the PEM files of one start are."""

    directory: Path

    @property
    def root(self) -> Path:
        """What clients trust."""
        return self.directory / "root.pem"

    @property
    def customer_root(self) -> Path:
        """Under which the signatures and the OCSP answers are. Not a root for TLS."""
        return self.directory / "customer-root.pem"

    def server_certificate(self, which: str = "server") -> Path:
        """``server`` is the right one.

        A client must refuse ``server-expired``, ``server-elsewhere`` (of another name) and ``server-foreign`` (of
        another root).
        """
        return self.directory / f"{which}.pem"

    @property
    def server_key(self) -> Path:
        """Of all the server's certificates."""
        return self.directory / "server-key.pem"

    @property
    def rp_authority(self) -> Path:
        """What the server trusts."""
        return self.directory / "rp-ca.pem"

    def rp_certificate(self, which: str = "rp") -> Path:
        """``rp`` is the relying party's, ``rp-second`` its next one.

        The server refuses ``rp-expired`` and ``rp-foreign``, of an authority that nobody trusts.
        """
        return self.directory / f"{which}.pem"

    def rp_key(self, which: str = "rp") -> Path:
        return self.directory / f"{which}-key.pem"

    def rp_p12(self, which: str = "rp") -> Path:
        """Certificate and key as BankID hands them out, under ``P12_PASSWORD``."""
        return self.directory / f"{which}.p12"


def write_tls_files(directory: Path, *, names: Sequence[str] = ()) -> TlsFiles:
    """Replace what an earlier start left behind. ``names`` are the server's besides the loopback's."""
    files = TlsFiles(directory)
    root = make_authority("Simulated BankID SSL Root CA")
    rp_authority = make_authority("Simulated RP CA")
    ended = datetime.now(UTC) - LIFETIME - BACKDATE
    servers = _servers(root, ("localhost", *names), ended)
    parties = {
        "rp": _relying_party("FP Simulator 1", rp_authority),
        "rp-second": _relying_party("FP Simulator 2", rp_authority),
        "rp-expired": _relying_party("FP Simulator 0", rp_authority, ended),
        "rp-foreign": _relying_party("FP Simulator 3", make_authority("Simulated foreign RP CA")),
    }
    write_private(files.server_key, servers["server"].key_pem)
    for which, server in servers.items():
        write_private(files.server_certificate(which), server.certificate_pem)
    write_private(files.rp_authority, rp_authority.certificate_pem)
    for which, party in parties.items():
        write_private(files.rp_key(which), party.key_pem)
        write_private(files.rp_certificate(which), party.certificate_pem)
        write_private(files.rp_p12(which), _p12(party))
    write_private(files.root, root.certificate_pem)
    return files


def write_private(path: Path, content: bytes) -> None:
    """Mode 0600 from the first byte; whoever reads sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)


def _servers(root: Identity, names: Sequence[str], ended: datetime) -> dict[str, Identity]:
    """All with one key: making keys is what takes time."""
    key = new_rsa_key()
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])

    def server(issuer: Identity, *alternatives: x509.GeneralName, issued_at: datetime | None = None) -> Identity:
        other_names = x509.SubjectAlternativeName(alternatives)
        return make_leaf(name("localhost"), issuer, other_names, purpose, key=key, issued_at=issued_at)

    here = (*(x509.DNSName(one) for one in names), _LOOPBACK)
    return {
        "server": server(root, *here),
        "server-expired": server(root, *here, issued_at=ended),
        "server-elsewhere": server(root, x509.DNSName("elsewhere.invalid")),
        "server-foreign": server(make_authority("Simulated foreign SSL Root CA"), *here),
    }


def _relying_party(common_name: str, issuer: Identity, issued_at: datetime | None = None) -> Identity:
    subject = name(
        common_name, (NameOID.SERIAL_NUMBER, TEST_ORGANISATION_NUMBER), (NAME_OID, "Simulated relying party")
    )
    return make_leaf(subject, issuer, issued_at=issued_at)


def _p12(party: Identity) -> bytes:
    return pkcs12.serialize_key_and_certificates(b"rp", party.key, party.certificate, None, _p12_encryption())


def _p12_encryption() -> KeySerializationEncryption:
    """PBES2 with AES-256, as BankID's own."""
    return (
        PrivateFormat.PKCS12.encryption_builder()
        .kdf_rounds(P12_ROUNDS)
        .key_cert_algorithm(pkcs12.PBES.PBESv2SHA256AndAES256CBC)
        .hmac_hash(hashes.SHA256())
        .build(P12_PASSWORD)
    )
