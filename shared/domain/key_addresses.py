"""What a key-encryption key is called: a name in the service's own vault, or an address in an organisation's.

An address is ``https://<vault>/keys/<name>``, and names a version with one more part. One spelling of each is read:
an address decides where our token goes, so there is nothing to interpret in it.
"""

import re
from dataclasses import dataclass
from typing import Final

VAULT_SUFFIXES: Final = (".vault.azure.net", ".managedhsm.azure.net")
"""Hosts of Key Vault and Managed HSM in Azure's public cloud. No vault of an organisation is anywhere else."""

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_VAULT = re.compile(r"[a-z][0-9a-z-]{1,22}[0-9a-z]")
_ADDRESS = re.compile(
    r"https://([0-9a-z.-]{1,253}(?::[1-9][0-9]{0,4})?)/keys/([0-9A-Za-z-]{1,127})(?:/([0-9a-f]{32}))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyAddress:
    """A key, or with ``version`` one version of it, in the vault at ``host`` (with its port, if it names one)."""

    host: str
    name: str
    version: str | None


def is_key_name(text: str) -> bool:
    """Whether ``text`` can be the name of a key."""
    return _NAME.fullmatch(text) is not None


def key_address(text: str) -> KeyAddress | None:
    """The parts of an address; None for what is none."""
    found = _ADDRESS.fullmatch(text)
    return None if found is None else KeyAddress(host=found[1], name=found[2], version=found[3])


def is_vault_host(host: str) -> bool:
    """Whether ``host`` can be a vault or HSM in Azure: one label and a known suffix, without a port."""
    return any(host.endswith(suffix) and _VAULT.fullmatch(host.removesuffix(suffix)) for suffix in VAULT_SUFFIXES)
