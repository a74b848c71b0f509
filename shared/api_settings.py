"""The settings of API clients that Entra ID vouches for: whose tenants, for which application of ours."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from shared.domain.app_tokens import is_guid
from shared.domain.ids import is_id
from shared.setting_values import Reader

AUTHORITY: Final = "https://login.microsoftonline.com"
MOST_AUDIENCES: Final = 4
_AUDIENCE: Final = re.compile(r"[!-+\--~]{1,256}")
"""Printable ASCII without comma or space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAppSettings:
    """``tenants`` are those whose applications may be clients, each with the one organisation that it belongs to.

    ``audiences`` are what a token for us is made out to. Without tenants no such token is taken.
    """

    authority: str
    tenants: Mapping[str, str] = field(default_factory=dict)
    audiences: frozenset[str] = frozenset()


def read_api_apps(read: Reader, *, is_local: bool) -> ApiAppSettings:
    """Collects what is wrong in ``read.faults``."""
    wanted = "different tenant=organisation, ids both, with commas between"
    empty: dict[str, str] = {}
    tenants = read.parsed("PIC_API_ENTRA_TENANTS", _tenants, wanted, empty, "") if _is_set(read) else empty
    found: frozenset[str] = frozenset()
    if read.optional("PIC_API_ENTRA_AUDIENCES") is not None:
        wanted = f"one to {MOST_AUDIENCES} audiences with commas between"
        found = read.parsed("PIC_API_ENTRA_AUDIENCES", _audiences, wanted, found, "")
    elif tenants:
        read.faults.append("PIC_API_ENTRA_AUDIENCES is missing: tenants are set")
    web = ("https", "http") if is_local else ("https",)
    is_elsewhere = read.optional("PIC_API_ENTRA_AUTHORITY") is not None
    authority = read.origin("PIC_API_ENTRA_AUTHORITY", schemes=web) if is_elsewhere else AUTHORITY
    return ApiAppSettings(authority=authority, tenants=tenants, audiences=found)


def _is_set(read: Reader) -> bool:
    return read.optional("PIC_API_ENTRA_TENANTS") is not None


def _tenants(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in text.split(","):
        tenant, _, organisation = one.strip().partition("=")
        if not is_guid(tenant) or not is_id(organisation) or tenant in found:
            raise ValueError
        found[tenant] = organisation
    return found


def _audiences(text: str) -> frozenset[str]:
    found = frozenset(one.strip() for one in text.split(","))
    if len(found) > MOST_AUDIENCES or not all(_AUDIENCE.fullmatch(one) for one in found):
        raise ValueError
    return found
