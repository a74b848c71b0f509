"""BankID's settings: one source for our certificate, and links that lead to BankID's app and nowhere else."""

import json
import re

import pytest

from shared.bankid_settings import BundleFile, PemFiles, VaultCertificate
from shared.settings import SettingsError, read_settings
from tests.unit.test_broker_settings import PEM as BROKER_KEY
from tests.unit.test_settings import PRODUCTION, SAMPLE

PEM = {"PIC_BANKID_CERTIFICATE": "rp.pem", "PIC_BANKID_KEY": "rp-key.pem"}
BUNDLE = {"PIC_BANKID_CERTIFICATE": "rp.p12", "PIC_BANKID_PASSPHRASE": "kanarie-pass"}
VAULT = {"PIC_BANKID_VAULT_CERTIFICATE": "bankid-rp"}
CERTIFICATE = ("CERTIFICATE", "KEY", "PASSPHRASE", "VAULT_CERTIFICATE")
WITHOUT = {name: value for name, value in PRODUCTION.items() if not name.endswith(CERTIFICATE)}


def faults_of(values: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as raised:
        read_settings(values)
    return raised.value.faults


def named(faults: tuple[str, ...]) -> set[str]:
    return {name for fault in faults for name in re.findall(r"PIC_[A-Z_]+", fault)}


@pytest.mark.parametrize(
    ("values", "source"),
    [
        (PEM, PemFiles(certificate_file="rp.pem", key_file="rp-key.pem")),
        (BUNDLE, BundleFile(file="rp.p12", passphrase="kanarie-pass")),
        ({**BUNDLE, "PIC_BANKID_CERTIFICATE": "RP.PFX"}, BundleFile(file="RP.PFX", passphrase="kanarie-pass")),
        (VAULT, VaultCertificate(name="bankid-rp", version=None)),
        ({**VAULT, "PIC_BANKID_KEY": ""}, VaultCertificate(name="bankid-rp", version=None)),
        (
            {"PIC_BANKID_VAULT_CERTIFICATE": f"bankid-rp/{'0a' * 16}"},
            VaultCertificate(name="bankid-rp", version="0a" * 16),
        ),
    ],
)
def test_a_certificate_comes_from_one_of_three_places(values: dict[str, str], source: object) -> None:
    """And what opens it is not shown."""
    settings = read_settings({**WITHOUT, **values})
    assert settings.bankid is not None
    assert settings.bankid.certificate == source
    assert "kanarie" not in repr(settings)
    assert "rp-key" not in repr(settings)


@pytest.mark.parametrize(
    ("values", "names"),
    [
        ({}, {"CERTIFICATE", "KEY"}),
        ({"PIC_BANKID_CERTIFICATE": "rp.pem"}, {"KEY"}),
        ({"PIC_BANKID_KEY": "rp-key.pem"}, {"CERTIFICATE"}),
        ({**PEM, "PIC_BANKID_PASSPHRASE": "kanarie"}, {"PASSPHRASE", "CERTIFICATE"}),
        ({"PIC_BANKID_CERTIFICATE": "rp.p12"}, {"PASSPHRASE"}),
        ({**BUNDLE, "PIC_BANKID_KEY": "rp-key.pem"}, {"KEY", "CERTIFICATE"}),
        ({"PIC_BANKID_PASSPHRASE": "kanarie"}, {"PASSPHRASE", "CERTIFICATE", "KEY"}),
        ({**VAULT, "PIC_BANKID_CERTIFICATE": "rp.pem"}, {"VAULT_CERTIFICATE", "CERTIFICATE"}),
        ({**VAULT, "PIC_BANKID_KEY": "rp.pem"}, {"VAULT_CERTIFICATE", "KEY"}),
        ({**VAULT, **PEM}, {"VAULT_CERTIFICATE", "CERTIFICATE", "KEY"}),
        ({**VAULT, **BUNDLE}, {"VAULT_CERTIFICATE", "CERTIFICATE", "PASSPHRASE"}),
        ({"PIC_BANKID_VAULT_CERTIFICATE": "kanarie/1"}, {"VAULT_CERTIFICATE"}),
        ({"PIC_BANKID_VAULT_CERTIFICATE": "a" * 128}, {"VAULT_CERTIFICATE"}),
    ],
)
def test_every_other_combination_is_a_fault(values: dict[str, str], names: set[str]) -> None:
    """Nobody should have to find out which of two certificates signs people in."""
    faults = faults_of({**WITHOUT, **values})
    assert named(faults) == {f"PIC_BANKID_{name}" for name in names}
    assert "kanarie" not in str(faults)


HERE = ("http://127.0.0.1:8945/app/", "https://localhost:8945/app/", "http://[::1]:1/")
APP = ("https://app.bankid.com/", "https://app.test.bankid.com/", "bankid:///")
NOWHERE = (
    *("https://app.bankid.com", "https://app.bankid.com/?a=b", "https://app.bankid.com/#", "http://app.bankid.com/"),
    *("https://evilbankid.com/", "https://bankid.com.example/", "https://app.bankid.com@portal.example/"),
    *("https://app.bankid.com:8443/", "https://app.bankid.com:x/", "javascript:alert(1)/", "bankid://portal.example/"),
    *("http://192.0.2.1/app/", "kanarie", "https://u:kanarie@app.bankid.com/"),
)


def test_where_bankid_is_off_nothing_of_it_is_needed() -> None:
    """Who comes by a broker alone has no certificate of BankID's. Once it is on, all of it is missed."""
    broker = {
        "name": "freja",
        "title": "Freja eID+",
        "kind": "sweden-connect",
        "issuer": "https://op.example",
        "client_id": "portal",
        "authentication": "private_key_jwt",
        "assurance": {"http://id.elegnamnden.se/loa/1.0/loa3": "loa3"},
    }
    without = {name: value for name, value in PRODUCTION.items() if not name.startswith("PIC_BANKID_")}
    by_broker = {
        **without,
        "PIC_OIDC_PROVIDERS": json.dumps([broker]),
        "PIC_OIDC_SECRETS": json.dumps({"freja": BROKER_KEY}),
    }
    assert read_settings({**by_broker, "PIC_SIGN_IN_PROVIDERS": "freja"}).bankid is None
    missed = named(faults_of({**by_broker, "PIC_SIGN_IN_PROVIDERS": "bankid,freja"}))
    assert missed == {f"PIC_BANKID_{name}" for name in ("ENVIRONMENT", "URL", "ROOT", "CERTIFICATE", "KEY")}


@pytest.mark.parametrize("name", ["PIC_BANKID_APP_LINK", "PIC_BANKID_DESKTOP_LINK"])
def test_the_token_of_an_order_goes_to_bankids_app_alone(name: str) -> None:
    """Whoever gets it can put the order before another person. A stand-in for the app is for a laptop."""
    for link in APP:
        for base in (SAMPLE, PRODUCTION):
            bankid = read_settings({**base, name: link}).bankid
            assert bankid is not None
            assert link in {bankid.app_link, bankid.desktop_link}
    for link in HERE:
        read_settings({**SAMPLE, name: link})
        assert named(faults_of({**PRODUCTION, name: link})) == {name}
    for link in NOWHERE:
        for base in (SAMPLE, PRODUCTION):
            faults = faults_of({**base, name: link})
            assert named(faults) == {name}
            assert "kanarie" not in str(faults)


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ("test", "https://appapi2.test.bankid.com:8443/rp/v6.0/"),
        ("production", "https://appapi2.bankid.com:8443/rp/v6.0/"),
        ("simulator", "https://appapi2.bankid.com/rp/v6.0/"),
        ("simulator", "https://appapi2.test.bankid.com/rp/v6.0/"),
    ],
)
def test_the_address_belongs_to_the_environment(environment: str, url: str) -> None:
    """Also on a laptop: a simulator's settings must not reach a real BankID."""
    values = {**SAMPLE, "PIC_BANKID_ENVIRONMENT": environment, "PIC_BANKID_URL": url}
    assert "PIC_BANKID_URL" in named(faults_of(values))
