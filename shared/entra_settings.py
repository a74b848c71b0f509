"""The settings of sign-ins by Entra ID: which application we are in its tenants, and how we prove it.

Without ``PIC_ENTRA_CLIENT_ID`` it is off.
"""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from shared.domain.entra_registrations import PUBLIC_CLOUD, EntraRegistration, registration
from shared.domain.entra_rules import GUID
from shared.setting_values import Reader, is_this_machine

CLIENT_ID: Final = "PIC_ENTRA_CLIENT_ID"
SECRET: Final = "PIC_ENTRA_SECRET"  # noqa: S105 - the name of a setting
CLOUD: Final = "PIC_ENTRA_CLOUD"

MIN_SECRET_CHARACTERS: Final = 16
AUTHORITIES: Final = frozenset(
    {PUBLIC_CLOUD, "https://login.microsoftonline.us", "https://login.partner.microsoftonline.cn"}
)
"""Of the public cloud and the national ones. Source: Microsoft Entra, "National clouds"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfiguredEntra:
    """``secret`` is a client secret, or a private key and its certificate as PEM."""

    registration: EntraRegistration
    secret: str = field(repr=False)


def read_entra(read: Reader, *, is_local: bool) -> ConfiguredEntra | None:
    """None: off. Collects what is wrong in ``read.faults``; no value is repeated."""
    client_id, secret = read.optional(CLIENT_ID), read.optional(SECRET)
    authority = read.text(CLOUD, PUBLIC_CLOUD).rstrip("/")
    if client_id is None:
        return None
    if not GUID.fullmatch(client_id):
        read.faults.append(f"{CLIENT_ID} must be the id of an application, in lower case")
    if authority not in AUTHORITIES and not (is_local and _is_loopback(authority)):
        read.faults.append(f"{CLOUD} must be one of {', '.join(sorted(AUTHORITIES))}")
    is_certificate = secret is not None and secret.startswith("-----BEGIN ")
    if secret is None or not _is_usable(secret, is_certificate=is_certificate):
        read.faults.append(f"{SECRET} must be a long secret, or a private key and its certificate as PEM")
    return ConfiguredEntra(
        registration=registration(client_id=client_id, authority=authority, is_certificate=is_certificate),
        secret=secret or "",
    )


def _is_usable(secret: str, *, is_certificate: bool) -> bool:
    if is_certificate:
        return "PRIVATE KEY-----" in secret and "-----BEGIN CERTIFICATE-----" in secret
    return len(secret) >= MIN_SECRET_CHARACTERS and secret.isascii() and secret.isprintable()


def _is_loopback(authority: str) -> bool:
    try:
        host = urlsplit(authority).hostname
    except ValueError:
        return False
    return authority.startswith("http://") and host is not None and is_this_machine(host)
