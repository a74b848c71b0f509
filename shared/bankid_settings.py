"""BankID's settings: where it is asked, what is trusted, where our certificate comes from, and where its app is.

What names alone can tell is judged here. What takes the files (``shared.crypto.certificates``) is judged when the
client is made: the start of the app reads no file and imports no vendor.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import SplitResult, urlsplit

from shared.domain.bankid_trust import BankIdEnvironment
from shared.setting_values import VAULT_NAME, Reader, is_this_machine

BANKID_HOSTS: Final[Mapping[str, str]] = MappingProxyType(
    {"test": "appapi2.test.bankid.com", "production": "appapi2.bankid.com"}
)
BUNDLES: Final = (".p12", ".pfx")
"""What a file with certificate and key in one is called (PKCS #12, RFC 7292)."""

APP_LINK: Final = "https://app.bankid.com/"
DESKTOP_LINK: Final = "bankid:///"

_FILE: Final = "PIC_BANKID_CERTIFICATE"
_KEY: Final = "PIC_BANKID_KEY"
_PASSPHRASE: Final = "PIC_BANKID_PASSPHRASE"  # noqa: S105 - the name of a setting
_VAULT: Final = "PIC_BANKID_VAULT_CERTIFICATE"
_NAME_AND_VERSION: Final = re.compile(rf"{VAULT_NAME}(/[0-9a-f]{{32}})?")
_HTTPS: Final = 443


@dataclass(frozen=True, slots=True, kw_only=True)
class PemFiles:
    """Our certificate, with whatever stands between it and its root, and its key, each in a PEM file."""

    certificate_file: str
    key_file: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleFile:
    """Both in one file, as BankID hands them out."""

    file: str
    passphrase: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultCertificate:
    """Both in the key vault, under the name of a certificate; without ``version``, the newest."""

    name: str
    version: str | None


CertificateSource = PemFiles | BundleFile | VaultCertificate


@dataclass(frozen=True, slots=True, kw_only=True)
class BankId:
    """The e-ID's address, the file with its pinned root, our certificate, and the links that open its app."""

    environment: BankIdEnvironment
    url: str
    root_file: str
    certificate: CertificateSource
    app_link: str
    """Opens the app on a phone or tablet; the token follows as its query."""
    desktop_link: str
    """The same on a computer."""


def read_bankid(read: Reader, *, is_local: bool) -> BankId:
    """BankID's part of the settings. What is wrong with it is added to the reader's faults."""
    name = read.choice("PIC_BANKID_ENVIRONMENT", BankIdEnvironment)
    return BankId(
        environment="simulator" if name == "simulator" else "test" if name == "test" else "production",
        url=_url(read, name) + "/",
        root_file=read.text("PIC_BANKID_ROOT"),
        certificate=_certificate(read),
        app_link=_link(read, "PIC_BANKID_APP_LINK", APP_LINK, is_local=is_local),
        desktop_link=_link(read, "PIC_BANKID_DESKTOP_LINK", DESKTOP_LINK, is_local=is_local),
    )


def _url(read: Reader, name: str) -> str:
    url = read.url("PIC_BANKID_URL")
    parts = urlsplit(url)
    if name in BANKID_HOSTS:
        belongs = parts.hostname == BANKID_HOSTS[name] and parts.port in {None, _HTTPS}
    else:
        belongs = parts.hostname not in BANKID_HOSTS.values()
    if url and not belongs:
        read.faults.append("PIC_BANKID_URL does not belong to PIC_BANKID_ENVIRONMENT")
    return url


def _certificate(read: Reader) -> CertificateSource:
    """Exactly one source: of two, nobody could say which one signs people in."""
    file, key, passphrase = read.optional(_FILE), read.optional(_KEY), read.optional(_PASSPHRASE)
    vault = read.optional(_VAULT)
    if vault is not None:
        alone = {_FILE: file, _KEY: key, _PASSPHRASE: passphrase}
        read.faults += [f"{_VAULT} excludes {other}" for other, value in alone.items() if value is not None]
        name, _, version = read.formed(
            _VAULT, "", _NAME_AND_VERSION, "a certificate in the vault: name or name/version"
        ).partition("/")
        return VaultCertificate(name=name, version=version or None)
    if file is not None and file.lower().endswith(BUNDLES):
        if key is not None:
            read.faults.append(f"{_KEY} must be empty: the file of {_FILE} holds the key")
        return BundleFile(file=file, passphrase=read.text(_PASSPHRASE))
    if passphrase is not None:
        read.faults.append(f"{_PASSPHRASE} is only for a {_FILE} that ends in {' or '.join(BUNDLES)}")
    return PemFiles(certificate_file=read.text(_FILE), key_file=read.text(_KEY))


def _link(read: Reader, name: str, default: str, *, is_local: bool) -> str:
    """The token that starts an order goes to this address: nobody but BankID may be there."""

    def parse(text: str) -> str:
        parts = urlsplit(text)
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        if not is_plain or not text.endswith("/") or not (_opens_bankid(parts) or (is_local and _is_here(parts))):
            raise ValueError
        return text

    return read.parsed(name, parse, f"an address of BankID's app that ends in /, such as {default}", default, default)


def _opens_bankid(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if parts.scheme == "bankid":
        return not parts.netloc
    return parts.scheme == "https" and f".{host}".endswith(".bankid.com") and parts.port in {None, _HTTPS}


def _is_here(parts: SplitResult) -> bool:
    """The simulator's stand-in for the app."""
    return parts.scheme in {"http", "https"} and is_this_machine(parts.hostname or "")
