"""The vaults of organisations in the settings: exact hosts, each a vault in Azure, and nothing of this machine."""

import pytest

from shared.key_settings import KeySettings, read_keys
from shared.setting_values import Reader

TENANT = "01234567-89ab-cdef-0123-456789abcdef"


def read(*, is_local: bool = False, **values: str) -> tuple[KeySettings, list[str]]:
    reader = Reader(values)
    return read_keys(reader, is_local=is_local), reader.faults


def test_without_any_no_other_vault_is_asked() -> None:
    """The default."""
    found, faults = read()
    assert (found.own_vaults, found.age_days, faults) == ({}, 365, [])


def test_vaults_in_our_tenant_and_in_others() -> None:
    """The application is needed for the latter alone."""
    found, faults = read(PIC_OWN_VAULTS="a01.vault.azure.net, b01.managedhsm.azure.net")
    assert (found.own_vaults, faults) == ({"a01.vault.azure.net": None, "b01.managedhsm.azure.net": None}, [])
    found, faults = read(PIC_OWN_VAULTS=f"a01.vault.azure.net={TENANT}", PIC_OWN_VAULTS_CLIENT_ID=TENANT)
    assert (found.own_vaults, found.client_id, faults) == ({"a01.vault.azure.net": TENANT}, TENANT, [])
    _, faults = read(PIC_OWN_VAULTS=f"a01.vault.azure.net={TENANT}")
    assert faults == ["PIC_OWN_VAULTS_CLIENT_ID is missing: a vault is in another tenant"]


@pytest.mark.parametrize(
    "text",
    [
        "evil.example",
        "https://a01.vault.azure.net",
        "a01.vault.azure.net/keys/pic",
        "a01.vault.azure.net:443",
        "a01.vault.azure.net=",
        "a01.vault.azure.net=common",
        "a01.vault.azure.net,a01.vault.azure.net",
        "a01.vault.azure.net,",
        "127.0.0.1:8943",
        "169.254.169.254",
    ],
)
def test_whatever_is_no_vault_stops_the_start(text: str) -> None:
    """Our token would go there."""
    found, faults = read(PIC_OWN_VAULTS=text)
    assert found.own_vaults == {}
    assert [fault.partition(" ")[0] for fault in faults] == ["PIC_OWN_VAULTS"]


def test_on_a_laptop_an_emulator_may_be_one() -> None:
    """And still no other machine."""
    assert read(is_local=True, PIC_OWN_VAULTS="127.0.0.1:8943")[0].own_vaults == {"127.0.0.1:8943": None}
    assert read(is_local=True, PIC_OWN_VAULTS="10.0.0.1:8943")[1]


@pytest.mark.parametrize("days", ["0", "3651", "x"])
def test_an_age_outside_the_bounds(days: str) -> None:
    """A day to ten years."""
    assert read(PIC_KEY_AGE_DAYS=days)[1]
