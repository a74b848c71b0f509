"""What a start outside of a laptop refuses: known, weak or shared peppers, files for tests, addresses in disguise."""

import base64
import datetime as dt
import hashlib
from pathlib import Path

import bankid
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from shared.domain.bankid_trust import PUBLIC_TEST_CERTIFICATE, is_of_another_environment
from shared.setting_values import is_this_machine
from shared.settings import MOST_FILE_BYTES, SettingsError, read_file, read_settings
from tests.unit.test_settings import PRODUCTION, faults_of, pepper

PUBLISHED = Path(bankid.__file__).parent / "certs"
"""BankID's public test certificates, as a client library carries them."""

TEST = {
    "PIC_ENVIRONMENT": "test",
    "PIC_BANKID_ENVIRONMENT": "test",
    "PIC_BANKID_URL": "https://appapi2.test.bankid.com/rp/v6.0/",
}
FOR_TESTS = "is for tests, or of the simulator, and not for PIC_BANKID_ENVIRONMENT"


def certificate(name: str, encoding: Encoding = Encoding.PEM) -> bytes:
    """One that its own key certifies, under this name."""
    key = ec.generate_private_key(ec.SECP256R1())
    own = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    begins = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder().subject_name(own).issuer_name(own).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(begins).not_valid_after(begins + dt.timedelta(days=1))
    return made.sign(key, hashes.SHA256()).public_bytes(encoding)


def test_published_peppers_of_the_sample_are_not_enough_to_look_for() -> None:
    """A typed, repeated or empty-looking secret is as good as none; the message repeats nothing."""
    for weak in (bytes(32), b"a" * 40, b"changeme" * 5, b"0123456789" * 4):
        text = base64.b64encode(weak).decode()
        faults = faults_of({**PRODUCTION, "PIC_ADDRESS_PEPPER": text})
        assert faults == ("PIC_ADDRESS_PEPPER must be random: it repeats a few bytes",)
        one_of_two = {**PRODUCTION, "PIC_SUBJECT_PEPPERS": f"1:{text},2:{pepper(2)}"}
        assert faults_of(one_of_two) == ("PIC_SUBJECT_PEPPERS must be random: it repeats a few bytes",)


@pytest.mark.parametrize(
    "shared",
    [
        {"PIC_ADDRESS_PEPPER": pepper(2)},
        {"PIC_PASSWORD_PEPPERS": f"1:{pepper(3)}"},
        {"PIC_PASSWORD_PEPPERS": f"1:{pepper(8)},2:{pepper(2)}"},
    ],
    ids=["subjects and addresses", "addresses and passwords", "an old one"],
)
def test_one_secret_is_not_used_twice(shared: dict[str, str]) -> None:
    """Who learns the one would have the other."""
    told = "PIC_SUBJECT_PEPPERS, PIC_ADDRESS_PEPPER, PIC_PASSWORD_PEPPERS must be different from each other"
    assert faults_of({**PRODUCTION, **shared}) == (told,)


def test_a_pepper_that_cannot_be_read_is_one_fault() -> None:
    """And not also weak, or like another."""
    faults = faults_of({**PRODUCTION, "PIC_ADDRESS_PEPPER": "x", "PIC_SUBJECT_PEPPERS": "x"})
    assert [fault.partition(" ")[0] for fault in faults] == ["PIC_SUBJECT_PEPPERS", "PIC_ADDRESS_PEPPER"]


@pytest.mark.parametrize("name", ["PIC_BANKID_ROOT", "PIC_BANKID_CERTIFICATE", "PIC_BANKID_KEY"])
@pytest.mark.parametrize("environment", [{}, TEST], ids=["production", "test"])
def test_a_file_of_the_local_stack_is_refused(name: str, environment: dict[str, str]) -> None:
    """By where it lies, for nothing in a key says whose it is."""
    faults = faults_of({**PRODUCTION, **environment, name: "/home/site/.local/bankid/file.pem"})
    assert faults == (f"{name} is a file of the local stack, which only PIC_ENVIRONMENT=local allows",)


def test_a_bundle_of_the_local_stack_is_refused() -> None:
    """The other form of the file."""
    bundle = {"PIC_BANKID_CERTIFICATE": ".local/bankid/rp.p12", "PIC_BANKID_PASSPHRASE": "x", "PIC_BANKID_KEY": ""}
    assert [fault[:22] for fault in faults_of({**PRODUCTION, **bundle})] == ["PIC_BANKID_CERTIFICATE"]


def test_the_public_test_certificate_stops_production_and_not_a_test() -> None:
    """Anyone has its key. By its fingerprint and by its issuer; both in PEM and as the bundle that is handed out."""
    pem = PUBLISHED / "FPTestcert5_20240610_cert.pem"
    for file, more in ((pem, {}), (PUBLISHED / "FPTestcert5_20240610.p12", {"PIC_BANKID_PASSPHRASE": "x"})):
        own = {"PIC_BANKID_CERTIFICATE": str(file), **more, **({"PIC_BANKID_KEY": ""} if more else {})}
        assert faults_of({**PRODUCTION, **own}) == (f"PIC_BANKID_CERTIFICATE {FOR_TESTS}",)
        assert read_settings({**PRODUCTION, **TEST, **own}).environment == "test"


def test_its_fingerprint_alone_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Should its issuer be called something else one day."""
    pem = certificate("Riksbanken RP CA v1 for BankID")
    der = certificate_of(pem)
    assert not is_of_another_environment("production", pem)
    monkeypatch.setattr("shared.domain.bankid_trust.PUBLIC_TEST_CERTIFICATE", hashlib.sha256(der).hexdigest())
    assert is_of_another_environment("production", pem)
    assert not is_of_another_environment("test", pem)
    assert len(PUBLIC_TEST_CERTIFICATE) == 64


def certificate_of(pem: bytes) -> bytes:
    return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)


def test_the_root_for_tests_stops_production() -> None:
    """The published roots of both environments, as the library carries them."""
    for file, is_refused in (("appapi2.test.bankid.com.pem", True), ("appapi2.bankid.com.pem", False)):
        environment = {**PRODUCTION, "PIC_BANKID_ROOT": str(PUBLISHED / file)}
        if is_refused:
            assert faults_of(environment) == (f"PIC_BANKID_ROOT {FOR_TESTS}",)
        else:
            assert read_settings(environment).environment == "production"
        assert read_settings({**environment, **TEST}).environment == "test"


@pytest.mark.parametrize("name", ["A Simulator of BankID", "SIMULATOR", "simulator root"])
def test_what_the_simulator_issued_is_known_among_others(tmp_path: Path, name: str) -> None:
    """First or last in the file, with text between."""
    good, bad = certificate("Bank AB"), certificate(name)
    for pem in (bad, good + b"text\n" + bad, bad + good):
        (tmp_path / "rp.pem").write_bytes(pem)
        for environment in ({}, TEST):
            found = faults_of({**PRODUCTION, **environment, "PIC_BANKID_CERTIFICATE": str(tmp_path / "rp.pem")})
            assert found == (f"PIC_BANKID_CERTIFICATE {FOR_TESTS}",)


def test_a_look_at_a_file_never_stops_a_start_by_itself(tmp_path: Path) -> None:
    """Missing, a folder, too large, or no PEM: what is used is judged when it is opened."""
    (tmp_path / "large").write_bytes(certificate("SIMULATOR") + bytes(MOST_FILE_BYTES))
    (tmp_path / "broken").write_text("-----BEGIN CERTIFICATE-----\nAAA\n-----END CERTIFICATE-----")
    for name in ("nowhere", "large", "broken", "."):
        assert read_settings({**PRODUCTION, "PIC_BANKID_CERTIFICATE": str(tmp_path / name)}).environment == "production"
    assert read_file("\0") is None
    assert read_file(str(tmp_path / "broken")) is not None


@pytest.mark.parametrize(
    "host",
    [
        *("127.1", "2130706433", "0x7f000001", "0177.0.0.1", "0x7f.1", "0", "localhost.localdomain", "ip6-localhost"),
        *("LocalHost", "a.localhost.", "[::1]", "::ffff:127.0.0.1", "0.0.0.0"),  # noqa: S104
    ],
)
def test_this_machine_has_many_names(host: str) -> None:
    """All of them reach a simulator that stands beside the app."""
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "1.1", "a", "fade.example", "face.b00c", "localhost.example", "8.8.8.8", "::2"]
)
def test_other_machines_are_others(host: str) -> None:
    """Names that look like numbers, too."""
    assert not is_this_machine(host)


def test_azurites_account_is_refused_wherever_it_is() -> None:
    """Its key is published."""
    name = "PIC_STORAGE__blobServiceUri"
    told = f"{name} is Azurite's, which only PIC_ENVIRONMENT=local allows"
    assert faults_of({**PRODUCTION, name: "https://azurite.internal/devstoreaccount1"}) == (told,)


@pytest.mark.parametrize(
    ("minutes", "hours", "is_usable"), [("120", "1", False), ("61", "1", False), ("60", "1", True)]
)
def test_a_session_does_not_rest_longer_than_it_lasts(minutes: str, hours: str, is_usable: bool) -> None:  # noqa: FBT001
    """One of the two would mean nothing."""
    values = {**PRODUCTION, "PIC_SESSION_IDLE_MINUTES": minutes, "PIC_SESSION_HOURS": hours}
    if is_usable:
        assert read_settings(values).sign_in.idle_limit == read_settings(values).sign_in.absolute_limit
    else:
        assert faults_of(values) == ("PIC_SESSION_IDLE_MINUTES must not be longer than PIC_SESSION_HOURS",)


LIMITS = (
    *("PIC_LIMIT_STARTS_PER_ADDRESS", "PIC_LIMIT_STARTS_PER_BROWSER", "PIC_LIMIT_POLLS_PER_ADDRESS"),
    *("PIC_LIMIT_POLLS_PER_BROWSER", "PIC_LIMIT_SESSIONS_PER_PERSON", "PIC_LIMIT_CODES_PER_STAFF"),
    *("PIC_LIMIT_STAFF_PER_DEVICE", "PIC_LIMIT_STAFF_PER_ACCOUNT_AND_NETWORK", "PIC_LIMIT_STAFF_PER_NETWORK"),
    *("PIC_LIMIT_STAFF_PER_ACCOUNT", "PIC_LIMIT_STAFF_IN_ALL", "PIC_LIMIT_STAFF_QUESTIONS_PER_NETWORK"),
    "PIC_LIMIT_STAFF_LETTERS_PER_ACCOUNT",
    *("PIC_WATCH_FAILURES_PER_ACCOUNT", "PIC_WATCH_FAILURES_PER_NETWORK", "PIC_WATCH_FAILURES_IN_ALL"),
    *("PIC_WATCH_ACCOUNTS_PER_NETWORK", "PIC_WATCH_MISSES", "PIC_WATCH_DOWNLOADS", "PIC_WATCH_MAILS_PER_KIND"),
)


@pytest.mark.parametrize("name", [name for name in LIMITS if name.startswith("PIC_WATCH_")])
def test_what_is_watched_is_counted_from_two(name: str) -> None:
    """Of a threshold of one there would be nothing left to share; mails may be one."""
    values = {**PRODUCTION, name: "1/60"}
    if name == "PIC_WATCH_MAILS_PER_KIND":
        assert read_settings(values).watch.mails_per_kind is not None
    else:
        assert faults_of(values) == (f"{name} must allow 2 or more",)


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize(
    "value", ["off", "OFF", "0/60", "10", "10/0", "10/86401", "1000001/60", "-1/60", "1/60/1", "٣/60", " 1/60"]
)
def test_a_limit_is_a_number_outside_of_a_laptop(name: str, value: str) -> None:
    """A slip must not take a limit away."""
    (fault,) = faults_of({**PRODUCTION, name: value})
    assert fault.startswith(f"{name}{'=off is only' if value == 'off' else ' must be'}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIC_SIGN_IN_RISKS", "low,moderate,high"),
        ("PIC_SIGN_IN_RISKS", "high"),
        ("PIC_SIGN_IN_ADDRESSES", "off"),
        ("PIC_SIGN_IN_PROVIDERS", ","),
        ("PIC_SIGN_IN_PROVIDERS", "bankid,"),
        ("PIC_BANKID_ASSURANCE", "loa1"),
        ("PIC_SESSION_IDLE_MINUTES", "121"),
        ("PIC_SESSION_HOURS", "13"),
        ("PIC_SERVICE_NAME", "x" * 61),
        ("PIC_KEY_AGE_DAYS", "0"),
        ("PIC_KEY_AGE_DAYS", "3651"),
    ],
)
def test_a_setting_of_sign_in_or_keys_that_is_wrong_is_named(name: str, value: str) -> None:
    """Alone."""
    with pytest.raises(SettingsError) as refused:
        read_settings({**PRODUCTION, name: value})
    (fault,) = refused.value.faults
    assert fault.startswith(name)
