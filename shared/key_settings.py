"""The settings of keys: how old they may become, and the vaults of organisations that hold their own."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.domain.key_addresses import is_vault_host
from shared.setting_values import Reader, is_this_machine

_TENANT: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LOCAL: Final = re.compile(r"([0-9a-z.]{1,64}):[1-9][0-9]{0,4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """``own_vaults`` are hosts, each with the organisation's tenant; None: a vault in the service's own tenant.

    ``client_id`` is the application by which the service signs in to other tenants.
    """

    age_days: int
    own_vaults: Mapping[str, str | None] = field(default_factory=dict)
    client_id: str | None


def read_keys(read: Reader, *, is_local: bool) -> KeySettings:
    """Collects what is wrong in ``read.faults``."""

    def hosts(text: str) -> dict[str, str | None]:
        found: dict[str, str | None] = {}
        for one in text.split(","):
            host, separator, tenant = one.strip().partition("=")
            if not (is_vault_host(host) or (is_local and _is_local(host))) or host in found:
                raise ValueError
            if separator and not _TENANT.fullmatch(tenant):
                raise ValueError
            found[host] = tenant or None
        return found

    wanted = "different hosts of vaults with commas between, each with =tenant if it is in another tenant"
    empty: dict[str, str | None] = {}
    vaults = read.parsed("PIC_OWN_VAULTS", hosts, wanted, empty) if read.optional("PIC_OWN_VAULTS") else empty
    client = read.optional("PIC_OWN_VAULTS_CLIENT_ID")
    if client is not None:
        client = read.formed("PIC_OWN_VAULTS_CLIENT_ID", "", _TENANT, "the id of an application")
    elif any(vaults.values()):
        read.faults.append("PIC_OWN_VAULTS_CLIENT_ID is missing: a vault is in another tenant")
    return KeySettings(
        age_days=read.whole("PIC_KEY_AGE_DAYS", "365", 1, 3650),
        own_vaults=vaults,
        client_id=client,
    )


def _is_local(host: str) -> bool:
    found = _LOCAL.fullmatch(host)
    return found is not None and is_this_machine(found[1])
