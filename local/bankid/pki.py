"""The TLS side: the server's certificate under its own root, and relying parties' certificates under theirs.

The subject of a relying party's certificate is laid out as in BankID's public test certificate: C, O, serialNumber,
name (2.5.4.41), CN; key usage digitalSignature, no extended key usage.
"""

import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.bankid.certificates import NAME_OID, Identity, make_authority, make_leaf, name

TEST_ORGANISATION_NUMBER = "5566304928"
"""Of BankID's public test certificate."""

P12_PASSWORD = b"qwerty123"
"""Published by BankID for its test certificate."""


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where the PEM files of one start are."""

    directory: Path

    @property
    def root(self) -> Path:
        """What clients trust."""
        return self.directory / "root.pem"

    @property
    def server_certificate(self) -> Path:
        return self.directory / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.directory / "server-key.pem"

    @property
    def rp_authority(self) -> Path:
        """What the server trusts."""
        return self.directory / "rp-ca.pem"

    def rp_certificate(self, which: str = "rp") -> Path:
        """``rp``: the relying party. ``rp-second``: its next one. ``rp-foreign``: of an authority nobody trusts."""
        return self.directory / f"{which}.pem"

    def rp_key(self, which: str = "rp") -> Path:
        return self.directory / f"{which}-key.pem"

    @property
    def rp_p12(self) -> Path:
        return self.directory / "rp.p12"


def write_tls_files(directory: Path) -> TlsFiles:
    """Replace what an earlier start left behind."""
    files = TlsFiles(directory)
    root = make_authority("Simulated BankID SSL Root CA")
    server = make_leaf(
        name("localhost"),
        root,
        x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.IPv4Address("127.0.0.1"))]),
        x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
    )
    rp_authority = make_authority("Simulated RP CA")
    parties = {
        "rp": _relying_party("FP Simulator 1", rp_authority),
        "rp-second": _relying_party("FP Simulator 2", rp_authority),
        "rp-foreign": _relying_party("FP Simulator 3", make_authority("Simulated foreign RP CA")),
    }
    _write(files.server_key, server.key_pem)
    _write(files.server_certificate, server.certificate_pem)
    _write(files.rp_authority, rp_authority.certificate_pem)
    for which, party in parties.items():
        _write(files.rp_key(which), party.key_pem)
        _write(files.rp_certificate(which), party.certificate_pem)
    _write(files.rp_p12, _p12(parties["rp"]))
    _write(files.root, root.certificate_pem)
    return files


def _relying_party(common_name: str, issuer: Identity) -> Identity:
    subject = name(
        common_name, (NameOID.SERIAL_NUMBER, TEST_ORGANISATION_NUMBER), (NAME_OID, "Simulated relying party")
    )
    return make_leaf(subject, issuer)


def _p12(party: Identity) -> bytes:
    return pkcs12.serialize_key_and_certificates(
        b"rp", party.key, party.certificate, None, BestAvailableEncryption(P12_PASSWORD)
    )


def _write(path: Path, content: bytes) -> None:
    """Mode 0600 from the first byte; whoever reads sees the old file or the new one."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)
