"""What a key is called: one spelling, and no host but a vault's."""

import pytest

from shared.domain.key_addresses import KeyAddress, is_key_name, is_vault_host, key_address

VERSION = "0123456789abcdef" * 2


def test_an_address_is_read_with_and_without_version() -> None:
    """As the vault itself writes it."""
    address = "https://kommunen.vault.azure.net/keys/Pic-1"
    host = "kommunen.vault.azure.net"
    assert key_address(address) == KeyAddress(host=host, name="Pic-1", version=None)
    assert key_address(f"{address}/{VERSION}") == KeyAddress(host=host, name="Pic-1", version=VERSION)
    assert key_address(f"https://127.0.0.1:8943/keys/pic/{VERSION}") is not None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pic",
        "http://a.vault.azure.net/keys/pic",
        "https://A.vault.azure.net/keys/pic",
        "https://u@a.vault.azure.net/keys/pic",
        "https://a.vault.azure.net/secrets/pic",
        "https://a.vault.azure.net/keys/pic/",
        "https://a.vault.azure.net/keys/pic/1",
        f"https://a.vault.azure.net/keys/pic/{VERSION}/unwrapkey",
        "https://a.vault.azure.net/keys/pic?x",
        "https://a.vault.azure.net/keys/pic#x",
        "https://a.vault.azure.net/keys/../pic",
        "https://a.vault.azure.net:0/keys/pic",
        "https://a.vault.azure.net/keys/pic\n",
        " https://a.vault.azure.net/keys/pic",
    ],
)
def test_any_other_spelling_is_none(text: str) -> None:
    """An address decides where our token goes."""
    assert key_address(text) is None


@pytest.mark.parametrize("host", ["kommunen.vault.azure.net", "k-1.managedhsm.azure.net"])
def test_hosts_of_vaults(host: str) -> None:
    """In Azure's public cloud."""
    assert is_vault_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "vault.azure.net",
        ".vault.azure.net",
        "a.b.vault.azure.net",
        "kommunen.vault.azure.net.evil.example",
        "evil.example/.vault.azure.net",
        "kommunen.vault.azure.net:444",
        "169.254.169.254",
        "localhost",
        "kommunenvault.azure.net",
    ],
)
def test_no_other_host_is_a_vault(host: str) -> None:
    """Whatever it ends or begins with."""
    assert not is_vault_host(host)


@pytest.mark.parametrize(("name", "is_one"), [("a", True), ("A-1", True), ("", False), ("a/b", False), ("å", False)])
def test_names(name: str, is_one: bool) -> None:  # noqa: FBT001
    """The rule of the vault."""
    assert is_key_name(name) is is_one
