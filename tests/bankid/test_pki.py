"""The simulator's certificates: laid out as the real ones, marked as none of them, and gone in a month."""

import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import NameOID

from local.bankid.certificates import NAME_OID
from local.bankid.pki import P12_PASSWORD, TlsFiles, write_tls_files
from local.bankid.server import EVERY_INTERFACE, HOST, bind
from tests.support.bankid import ROOT, RunningBankId, running_bankid

PARTIES = ("rp", "rp-second", "rp-expired", "rp-foreign")
AES_256_CBC = bytes.fromhex("060960864801650304012a")
"""Its object identifier in DER."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> TlsFiles:
    return write_tls_files(tmp_path_factory.mktemp("pki"), names=("bankid.test",))


def read(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


@pytest.mark.parametrize("which", PARTIES)
def test_a_relying_partys_certificate_is_laid_out_as_bankids(files: TlsFiles, which: str) -> None:
    """As the public test certificate: the order of its names, one key usage, and no extended one."""
    certificate = read(files.rp_certificate(which))
    assert [attribute.oid for attribute in certificate.subject] == [
        NameOID.COUNTRY_NAME,
        NameOID.ORGANIZATION_NAME,
        NameOID.SERIAL_NUMBER,
        NAME_OID,
        NameOID.COMMON_NAME,
    ]
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not any((usage.key_encipherment, usage.key_agreement, usage.key_cert_sign, usage.content_commitment))
    with pytest.raises(x509.ExtensionNotFound):
        certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


@pytest.mark.parametrize("which", PARTIES)
def test_each_comes_as_p12_like_bankids(files: TlsFiles, which: str) -> None:
    """AES-256, the published passphrase, no chain, and the same certificate and key as in PEM."""
    raw = files.rp_p12(which).read_bytes()
    assert AES_256_CBC in raw
    key, certificate, chain = pkcs12.load_key_and_certificates(raw, P12_PASSWORD)
    assert certificate == read(files.rp_certificate(which))
    assert key is not None
    assert key.public_key() == certificate.public_key()
    assert chain == []
    assert P12_PASSWORD == b"qwerty123"


def test_who_is_trusted_and_who_is_not(files: TlsFiles) -> None:
    """The next certificate and the last one are of the same authority; the foreign one is not."""
    authority = read(files.rp_authority)
    for which in ("rp", "rp-second", "rp-expired"):
        read(files.rp_certificate(which)).verify_directly_issued_by(authority)
    with pytest.raises(ValueError, match="does not match"):
        read(files.rp_certificate("rp-foreign")).verify_directly_issued_by(authority)
    fingerprints = {read(files.rp_certificate(which)).fingerprint(hashes.SHA256()) for which in PARTIES}
    assert len(fingerprints) == len(PARTIES)


def test_nothing_lasts_longer_than_a_month(files: TlsFiles) -> None:
    """What is forgotten somewhere ends by itself; what is to have ended has."""
    now = datetime.now(UTC)
    for path in files.directory.glob("*.pem"):
        if path.name.endswith("-key.pem"):
            continue
        certificate = read(path)
        assert certificate.not_valid_after_utc <= now + timedelta(days=30), path.name
        assert (certificate.not_valid_after_utc < now) is path.name.endswith("-expired.pem"), path.name


async def test_everything_says_that_it_is_not_real(bankid: RunningBankId) -> None:
    """Wherever a certificate of it turns up. The root of the customers too."""
    seen = 0
    for path in bankid.data.glob("*.pem"):
        if path.name.endswith("-key.pem"):
            continue
        subject = read(path).subject
        organisations = subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
        assert [one.value for one in organisations] == ["SIMULATOR - NOT REAL"], path.name
        seen += 1
    assert seen >= 11


def test_the_server_is_known_by_every_name_it_is_called(files: TlsFiles) -> None:
    """Also by that of a service among others."""
    names = read(files.server_certificate()).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost", "bankid.test"]
    assert [str(one) for one in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1"]
    read(files.server_certificate()).verify_directly_issued_by(read(files.root))


def test_nothing_is_made_twice(tmp_path: Path, files: TlsFiles) -> None:
    """No key is in the repository, nor the same on two machines."""
    other = write_tls_files(tmp_path)
    for path in other.directory.iterdir():
        assert path.read_bytes() != (files.directory / path.name).read_bytes()
    tracked = Path(__file__).resolve().parents[2]
    assert not [path for path in tracked.glob("local/bankid/*") if path.suffix in {".pem", ".p12", ".key"}]


def test_a_certificate_reads_back(files: TlsFiles) -> None:
    """PEM files hold one certificate each."""
    for path in files.directory.glob("*.pem"):
        text = path.read_text()
        assert len(re.findall("-----BEGIN", text)) == 1
    assert read(files.root).public_bytes(Encoding.PEM) == files.root.read_bytes()


def test_it_listens_to_this_machine_alone_unless_told_otherwise() -> None:
    """Whoever reaches the simulator can be anybody."""
    with bind(0) as here, bind(0, host=EVERY_INTERFACE) as everywhere:
        assert HOST == "127.0.0.1"
        assert (here.getsockname()[0], everywhere.getsockname()[0]) == (HOST, EVERY_INTERFACE)


async def test_its_flag_gives_it_a_name_for_others(tmp_path: Path) -> None:
    """In its certificate and at its page; every other name that points here is refused, as without the flag."""
    async with running_bankid(tmp_path, options=("--reachable-by-others", "bankid.test")) as bankid:
        async with bankid.client() as client:
            await client.ping()
        names = read(bankid.files.server_certificate()).extensions.get_extension_for_class(x509.SubjectAlternativeName)
        assert "bankid.test" in names.value.get_values_for_type(x509.DNSName)
        assert await asked_as(bankid, "bankid.test", "127.0.0.1", "rebound.example") == [401, 401, 400]
    async with running_bankid(tmp_path) as bankid:
        assert await asked_as(bankid, "bankid.test", "127.0.0.1", "rebound.example") == [400, 401, 400]


async def asked_as(bankid: RunningBankId, *hosts: str) -> list[int]:
    async with httpx.AsyncClient(base_url=bankid.control_url, trust_env=False) as http:
        return [(await http.get("/sim/orders", headers={"host": host})).status_code for host in hosts]


@pytest.mark.parametrize("fault", ["", "[]", "{}", '{"kind": "somethingNew"}', '{"kind": "maintenance", "every": 0}'])
def test_what_is_no_fault_is_one_line_and_exit_code_2(tmp_path: Path, fault: str) -> None:
    """Nobody should test against a fault that is not there."""
    ended = subprocess.run(
        [sys.executable, "-m", "local.bankid", "--data", str(tmp_path), "--fault", fault],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "--fault" in ended.stderr
