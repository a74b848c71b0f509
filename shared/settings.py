"""Settings: read from the environment once, checked as a whole, frozen.

Every missing or wrong setting is reported in one message that names settings and never repeats values. The
environment's name decides one thing only: outside ``local``, whatever stands in for a real part is refused.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeVar, get_args
from urllib.parse import urlsplit

from shared.crypto.pseudonyms import MIN_PEPPER_BYTES, Peppers

T = TypeVar("T")

Environment = Literal["local", "test", "production"]
RecordStore = Literal["tables", "cosmos"]
SmtpSecurity = Literal["none", "starttls", "tls"]
BankIdEnvironment = Literal["simulator", "test", "production"]

BANKID_HOSTS: Final = {"test": "appapi2.test.bankid.com", "production": "appapi2.bankid.com"}

GIB: Final = 1024**3

SAMPLE_PEPPER: Final = b"local-only-pepper"
"""How the published peppers of ``local.settings.sample.json`` begin."""


class SettingsError(Exception):
    """All faults of the settings at once, one line each."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("The settings are not usable:\n" + "\n".join(f"- {fault}" for fault in faults))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Storage:
    """How to reach Azure Storage: a connection string (Azurite), or service addresses and the managed identity."""

    connection_string: str | None = field(repr=False)
    blob_url: str | None
    queue_url: str | None
    table_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosmos:
    """How to reach Cosmos DB. ``key`` is for the emulator; in Azure the managed identity signs in."""

    endpoint: str
    key: str | None = field(repr=False)
    database: str
    container: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BankId:
    """The e-ID's address and the files with its pinned root and our certificate and key."""

    environment: BankIdEnvironment
    url: str
    root_file: str
    certificate_file: str
    key_file: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Smtp:
    """The mail server."""

    host: str
    port: int
    security: SmtpSecurity
    user: str | None
    password: str | None = field(repr=False)
    sender: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything the container needs to know."""

    environment: Environment
    public_url: str
    records: RecordStore
    storage: Storage
    blob_container: str
    table: str
    cosmos: Cosmos | None
    identity_client_id: str | None
    key_vault_url: str
    key_vault_ca: str | None
    peppers: Peppers
    password_pepper: bytes = field(repr=False)
    bankid: BankId
    smtp: Smtp
    dispatch_queue: str
    notify_queue: str
    retention_days: int
    undo_seconds: int
    upload_max_bytes: int
    clock_file: str | None
    client_address_header: str | None
    """The header in which the gateway states the client's address, overwriting what the client sent; None: the peer."""


class _Reader:
    """Reads values and collects what is wrong with them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._values = environment
        self.faults: list[str] = []

    def optional(self, name: str) -> str | None:
        return self._values.get(name) or None

    def text(self, name: str, default: str | None = None) -> str:
        value = self._values.get(name) or default
        if value is None:
            self.faults.append(f"{name} is missing")
        return value or ""

    def parsed(self, name: str, parse: Callable[[str], T], wanted: str, fallback: T, default: str | None = None) -> T:
        value = self.text(name, default)
        if not value:
            return fallback
        try:
            return parse(value)
        except ValueError:
            self.faults.append(f"{name} must be {wanted}")
            return fallback

    def whole(self, name: str, default: str, low: int, high: int) -> int:
        def parse(text: str) -> int:
            if not text.isascii() or not text.isdecimal() or not low <= int(text) <= high:
                raise ValueError
            return int(text)

        return self.parsed(name, parse, f"a whole number from {low} to {high}", low, default)

    def url(self, name: str, *, schemes: tuple[str, ...] = ("https",)) -> str:
        def parse(text: str) -> str:
            parts = urlsplit(text)
            if parts.scheme not in schemes or not parts.hostname or parts.query or parts.fragment or parts.username:
                raise ValueError
            return text.rstrip("/")

        return self.parsed(name, parse, f"an address that begins with {' or '.join(schemes)}://", "")

    def pepper(self, name: str) -> bytes:
        return self.parsed(name, _pepper, f"at least {MIN_PEPPER_BYTES} bytes in base64", bytes(MIN_PEPPER_BYTES))


def _pepper(text: str) -> bytes:
    try:
        secret = base64.b64decode(text, validate=True)
    except binascii.Error as fault:
        raise ValueError from fault
    if len(secret) < MIN_PEPPER_BYTES:
        raise ValueError
    return secret


def _peppers(text: str) -> Peppers:
    secrets: dict[int, bytes] = {}
    for item in text.split(","):
        version, separator, secret = item.strip().partition(":")
        if not separator or not version.isdecimal() or int(version) in secrets:
            raise ValueError
        secrets[int(version)] = _pepper(secret)
    return Peppers(max(secrets), secrets)


def _choice(allowed: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in allowed:
            raise ValueError
        return text

    return parse


def read_settings(environment: Mapping[str, str]) -> Settings:
    """The settings in these environment variables. Raises ``SettingsError`` with every fault."""
    read = _Reader(environment)

    def choice(name: str, options: object, default: str | None = None) -> str:
        allowed: tuple[str, ...] = get_args(options)
        return read.parsed(name, _choice(allowed), "one of " + ", ".join(allowed), allowed[-1], default)

    name = choice("PIC_ENVIRONMENT", Environment)
    is_local = name == "local"
    web = ("https", "http") if is_local else ("https",)
    records = choice("PIC_RECORDS", RecordStore, "cosmos")
    security = choice("PIC_SMTP_SECURITY", SmtpSecurity, "starttls")
    settings = Settings(
        environment=_environment(name),
        public_url=read.url("PIC_PUBLIC_URL", schemes=web),
        records="tables" if records == "tables" else "cosmos",
        storage=_storage(read, is_local=is_local, tables=records == "tables"),
        blob_container=read.text("PIC_BLOB_CONTAINER", "content"),
        table=read.text("PIC_TABLE", "records"),
        cosmos=_cosmos(read, web) if records == "cosmos" else None,
        identity_client_id=read.optional("AZURE_CLIENT_ID"),
        key_vault_url=read.url("PIC_KEY_VAULT_URL"),
        key_vault_ca=read.optional("PIC_KEY_VAULT_CA"),
        peppers=read.parsed(
            "PIC_SUBJECT_PEPPERS",
            _peppers,
            f"version:base64 pairs of at least {MIN_PEPPER_BYTES} bytes, separated by commas",
            Peppers(1, {1: bytes(MIN_PEPPER_BYTES)}),
        ),
        password_pepper=read.pepper("PIC_PASSWORD_PEPPER"),
        bankid=_bankid(read),
        smtp=Smtp(
            host=read.text("PIC_SMTP_HOST"),
            port=read.whole("PIC_SMTP_PORT", "587", 1, 65535),
            security="none" if security == "none" else "tls" if security == "tls" else "starttls",
            user=read.optional("PIC_SMTP_USER"),
            password=read.optional("PIC_SMTP_PASSWORD"),
            sender=read.text("PIC_MAIL_FROM"),
        ),
        dispatch_queue=read.text("PIC_DISPATCH_QUEUE", "dispatch"),
        notify_queue=read.text("PIC_NOTIFY_QUEUE", "notify"),
        retention_days=read.whole("PIC_RETENTION_DAYS", "365", 1, 365),
        undo_seconds=read.whole("PIC_UNDO_SECONDS", "30", 0, 3600),
        upload_max_bytes=read.whole("PIC_UPLOAD_MAX_BYTES", str(5 * GIB), 1, 100 * GIB),
        clock_file=read.optional("PIC_CLOCK_FILE"),
        client_address_header=read.optional("PIC_CLIENT_ADDRESS_HEADER"),
    )
    if not is_local:
        _refuse_stand_ins(read, settings)
    if read.faults:
        raise SettingsError(read.faults)
    return settings


def _environment(name: str) -> Environment:
    return "local" if name == "local" else "test" if name == "test" else "production"


def _storage(read: _Reader, *, is_local: bool, tables: bool) -> Storage:
    connection = read.optional("PIC_STORAGE")
    if connection is None and is_local:
        read.faults.append("PIC_STORAGE is missing")
    if connection is not None or is_local:
        return Storage(connection_string=connection, blob_url=None, queue_url=None, table_url=None)
    return Storage(
        connection_string=None,
        blob_url=read.url("PIC_STORAGE__blobServiceUri"),
        queue_url=read.url("PIC_STORAGE__queueServiceUri"),
        table_url=read.url("PIC_STORAGE__tableServiceUri") if tables else None,
    )


def _cosmos(read: _Reader, schemes: tuple[str, ...]) -> Cosmos:
    return Cosmos(
        endpoint=read.url("PIC_COSMOS_ENDPOINT", schemes=schemes),
        key=read.optional("PIC_COSMOS_KEY"),
        database=read.text("PIC_COSMOS_DATABASE", "pic"),
        container=read.text("PIC_COSMOS_CONTAINER", "records"),
    )


def _bankid(read: _Reader) -> BankId:
    allowed: tuple[str, ...] = get_args(BankIdEnvironment)
    name = read.parsed("PIC_BANKID_ENVIRONMENT", _choice(allowed), "one of " + ", ".join(allowed), "production")
    url = read.url("PIC_BANKID_URL")
    host = urlsplit(url).hostname
    if url and name in BANKID_HOSTS and host != BANKID_HOSTS[name]:
        read.faults.append("PIC_BANKID_URL does not belong to PIC_BANKID_ENVIRONMENT")
    return BankId(
        environment="simulator" if name == "simulator" else "test" if name == "test" else "production",
        url=url + "/",
        root_file=read.text("PIC_BANKID_ROOT"),
        certificate_file=read.text("PIC_BANKID_CERTIFICATE"),
        key_file=read.text("PIC_BANKID_KEY"),
    )


def _refuse_stand_ins(read: _Reader, settings: Settings) -> None:
    """Nothing that stands in for a real part works outside of a laptop."""
    loopback = {"localhost", "127.0.0.1", "::1"}
    addresses = {
        "PIC_PUBLIC_URL": settings.public_url,
        "PIC_KEY_VAULT_URL": settings.key_vault_url,
        "PIC_BANKID_URL": settings.bankid.url,
        "PIC_COSMOS_ENDPOINT": settings.cosmos.endpoint if settings.cosmos else "",
        "PIC_STORAGE__blobServiceUri": settings.storage.blob_url or "",
    }
    for name, address in addresses.items():
        if urlsplit(address).hostname in loopback:
            read.faults.append(f"{name} is a loopback address, which only PIC_ENVIRONMENT=local allows")
    refused = {
        "PIC_STORAGE": settings.storage.connection_string is not None,
        "PIC_COSMOS_KEY": settings.cosmos is not None and settings.cosmos.key is not None,
        "PIC_KEY_VAULT_CA": settings.key_vault_ca is not None,
        "PIC_CLOCK_FILE": settings.clock_file is not None,
        "PIC_BANKID_ENVIRONMENT=simulator": settings.bankid.environment == "simulator",
        "PIC_SMTP_SECURITY=none": settings.smtp.security == "none",
    }
    read.faults += [f"{name} is only for PIC_ENVIRONMENT=local" for name, is_set in refused.items() if is_set]
    known = [*settings.peppers.secrets.values(), settings.password_pepper]
    if any(pepper.startswith(SAMPLE_PEPPER) for pepper in known):
        read.faults.append("PIC_SUBJECT_PEPPERS and PIC_PASSWORD_PEPPER must not be those of the sample")
    if settings.environment == "production" and settings.bankid.environment != "production":
        read.faults.append("PIC_BANKID_ENVIRONMENT must be production in production")
