"""The settings of Entra ID: which are refused, and that none is repeated."""

from collections.abc import Mapping

import pytest

from shared.entra_settings import ConfiguredEntra, read_entra
from shared.setting_values import Reader

CLIENT_ID = "c11e0000-0000-4000-8000-000000000001"
SECRET = "only-a-test-may-know-it"
CERTIFIED = "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nA\n"
GOOD = {"PIC_ENTRA_CLIENT_ID": CLIENT_ID, "PIC_ENTRA_SECRET": SECRET}


def read(changes: Mapping[str, str], *, is_local: bool = False) -> tuple[ConfiguredEntra | None, list[str]]:
    """What these settings come to, and what is wrong with them."""
    reader = Reader({**GOOD, **changes})
    return read_entra(reader, is_local=is_local), reader.faults


def test_without_an_application_it_is_off() -> None:
    """Also where the vault has a word in place of a secret."""
    assert read({"PIC_ENTRA_CLIENT_ID": "", "PIC_ENTRA_SECRET": "off"}) == (None, [])


@pytest.mark.parametrize(("secret", "way"), [(SECRET, "client_secret_post"), (CERTIFIED, "private_key_jwt")])
def test_a_secret_or_a_certificate(secret: str, way: str) -> None:
    """What it is, says how we prove who we are."""
    configured, faults = read({"PIC_ENTRA_SECRET": secret})
    assert faults == []
    assert configured is not None
    assert configured.registration.authentication == way
    assert configured.registration.issuer == "https://login.microsoftonline.com/{tenantid}/v2.0"
    assert secret not in repr(configured)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PIC_ENTRA_CLIENT_ID", "portal"),
        ("PIC_ENTRA_CLIENT_ID", CLIENT_ID.upper()),
        ("PIC_ENTRA_SECRET", ""),
        ("PIC_ENTRA_SECRET", "short"),
        ("PIC_ENTRA_SECRET", "-----BEGIN PRIVATE KEY-----\nA\n-----END PRIVATE KEY-----\n"),
        ("PIC_ENTRA_CLOUD", "https://login.example.com"),
        ("PIC_ENTRA_CLOUD", "https://login.microsoftonline.com.example.com"),
        ("PIC_ENTRA_CLOUD", "http://login.microsoftonline.com"),
        ("PIC_ENTRA_CLOUD", "http://127.0.0.1:8080"),
    ],
)
def test_what_cannot_be_is_refused(name: str, value: str) -> None:
    """One sentence, which names the setting and repeats nothing."""
    _, faults = read({name: value})
    assert len(faults) == 1
    assert faults[0].startswith(name)
    assert not value or value not in faults[0]


def test_a_stand_in_is_for_laptops_alone() -> None:
    """On this machine, without TLS."""
    assert read({"PIC_ENTRA_CLOUD": "http://127.0.0.1:8080"}, is_local=True)[1] == []
    assert read({"PIC_ENTRA_CLOUD": "http://10.0.0.1:8080"}, is_local=True)[1] != []
