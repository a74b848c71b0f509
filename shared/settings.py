"""Settings: read from the environment once, checked as a whole, frozen.

Every missing or wrong setting is reported in one message that names settings and never repeats values. The
environment's name decides one thing only: outside ``local``, whatever stands in for a real part is refused.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Final, Literal

from shared.api_settings import ApiAppSettings, read_api_apps
from shared.bankid_settings import BankId, read_bankid
from shared.crypto.pseudonyms import MAX_PEPPERS, MIN_PEPPER_BYTES, Peppers
from shared.domain.rate_limits import SignInLimits, StaffLimits
from shared.domain.security_events import WatchLimits
from shared.key_settings import KeySettings, read_keys
from shared.limit_settings import read_limits, read_staff_limits
from shared.scanner_settings import ScannerSettings, read_scanner
from shared.setting_names import name_faults
from shared.setting_stand_ins import ReadFile, refuse_stand_ins
from shared.setting_values import (
    AZURE_NAME,
    HEADER_NAME,
    TABLE_NAME,
    Reader,
    peppers,
    sender,
)
from shared.sign_in_settings import BANKID, SignIn, read_sign_in
from shared.watch_settings import read_watch

Environment = Literal["local", "test", "production"]
RecordStore = Literal["tables", "cosmos"]
Switch = Literal["off", "on"]
SmtpSecurity = Literal["none", "starttls", "tls"]

GIB: Final = 1024**3

MOST_FILE_BYTES: Final = 256 * 1024
"""Of a certificate's file that is looked into at the start."""


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
    journal_container: str
    """Of the journal of deletions."""
    audit_container: str
    """Of the copies of the audit logs, which the infrastructure lets nobody change."""
    table: str
    cosmos: Cosmos | None
    identity_client_id: str | None
    key_vault_url: str
    key_vault_ca: str | None
    keys: KeySettings
    peppers: Peppers
    address_pepper: bytes = field(repr=False)
    """Of sign-in addresses: what lies under them is lost with it, so it has no versions and never changes."""
    password_peppers: Peppers
    sign_in: SignIn
    bankid: BankId | None
    """None where it is not one of the e-IDs that are on."""
    api_apps: ApiAppSettings
    """Applications of Entra ID that may be API clients."""
    limits: SignInLimits
    staff_limits: StaffLimits
    watch: WatchLimits
    smtp: Smtp
    dispatch_queue: str
    notify_queue: str
    retention_days: int
    undo_seconds: int
    upload_max_bytes: int
    scanner: ScannerSettings | None
    clock_file: str | None
    has_metrics_view: bool
    client_address_header: str | None
    """The header in which the gateway states the client's address, overwriting what the client sent; None: the peer."""


def read_file(name: str) -> bytes | None:
    """What the file holds; None where it cannot be read yet, or is larger than any certificate."""
    with suppress(OSError, ValueError):
        if (file := Path(name)).stat().st_size <= MOST_FILE_BYTES:
            return file.read_bytes()
    return None


def read_settings(environment: Mapping[str, str], read_file: ReadFile = read_file) -> Settings:
    """The settings in these environment variables. Raises ``SettingsError`` with every fault.

    ``read_file`` looks into BankID's PEM files for what is refused at once; it gives None for a file that is not there.
    """
    read = Reader(environment)
    name = read.choice("PIC_ENVIRONMENT", Environment)
    is_local = name == "local"
    web = ("https", "http") if is_local else ("https",)
    records = read.choice("PIC_RECORDS", RecordStore, "cosmos")
    sign_in = read_sign_in(read, is_local=is_local)
    settings = Settings(
        environment=_environment(name),
        public_url=read.origin("PIC_PUBLIC_URL", schemes=web),
        records="tables" if records == "tables" else "cosmos",
        storage=_storage(read, is_local=is_local, tables=records == "tables"),
        blob_container=read.formed("PIC_BLOB_CONTAINER", "content", AZURE_NAME, "the name of a blob container"),
        journal_container=read.formed("PIC_JOURNAL_CONTAINER", "journal", AZURE_NAME, "the name of a blob container"),
        audit_container=read.formed("PIC_AUDIT_CONTAINER", "audit", AZURE_NAME, "the name of a blob container"),
        table=read.formed("PIC_TABLE", "records", TABLE_NAME, "the name of a table"),
        cosmos=_cosmos(read, web) if records == "cosmos" else None,
        identity_client_id=read.optional("AZURE_CLIENT_ID"),
        key_vault_url=read.url("PIC_KEY_VAULT_URL"),
        key_vault_ca=read.optional("PIC_KEY_VAULT_CA"),
        keys=read_keys(read, is_local=is_local),
        peppers=_peppers(read, "PIC_SUBJECT_PEPPERS"),
        address_pepper=read.pepper("PIC_ADDRESS_PEPPER"),
        password_peppers=_peppers(read, "PIC_PASSWORD_PEPPERS"),
        sign_in=sign_in,
        bankid=read_bankid(read, is_local=is_local) if BANKID in sign_in.providers else None,
        api_apps=read_api_apps(read, is_local=is_local),
        limits=read_limits(read, is_local=is_local),
        staff_limits=read_staff_limits(read, is_local=is_local),
        watch=read_watch(read, is_local=is_local),
        smtp=_smtp(read),
        dispatch_queue=read.formed("PIC_DISPATCH_QUEUE", "dispatch", AZURE_NAME, "the name of a queue"),
        notify_queue=read.formed("PIC_NOTIFY_QUEUE", "notify", AZURE_NAME, "the name of a queue"),
        retention_days=read.whole("PIC_RETENTION_DAYS", "365", 1, 365),
        undo_seconds=read.whole("PIC_UNDO_SECONDS", "30", 0, 3600),
        upload_max_bytes=read.whole("PIC_UPLOAD_MAX_BYTES", str(5 * GIB), 1, 100 * GIB),
        scanner=read_scanner(read),
        clock_file=read.optional("PIC_CLOCK_FILE"),
        has_metrics_view=read.choice("PIC_METRICS_VIEW", Switch, "off") == "on",
        client_address_header=_header(read),
    )
    if settings.dispatch_queue and settings.dispatch_queue == settings.notify_queue:
        read.faults.append("PIC_DISPATCH_QUEUE and PIC_NOTIFY_QUEUE must differ")
    containers = {
        "PIC_BLOB_CONTAINER": settings.blob_container,
        "PIC_JOURNAL_CONTAINER": settings.journal_container,
        "PIC_AUDIT_CONTAINER": settings.audit_container,
    }
    for (one, first), (other, second) in combinations(containers.items(), 2):
        if first and first == second:
            read.faults.append(f"{one} and {other} must differ")
    read.faults += name_faults(environment, is_local=is_local)
    if not is_local:
        refuse_stand_ins(read, settings, read_file)
    if read.faults:
        raise SettingsError(read.faults)
    return settings


def _peppers(read: Reader, name: str) -> Peppers:
    wanted = f"one to {MAX_PEPPERS} different version:base64 of at least {MIN_PEPPER_BYTES} bytes, with commas"
    return read.parsed(name, peppers, wanted, Peppers(1, {1: bytes(MIN_PEPPER_BYTES)}))


def _environment(name: str) -> Environment:
    return "local" if name == "local" else "test" if name == "test" else "production"


def _storage(read: Reader, *, is_local: bool, tables: bool) -> Storage:
    connection = read.optional("PIC_STORAGE")
    if connection is None and is_local:
        read.faults.append("PIC_STORAGE is missing")
    if is_local:
        return Storage(connection_string=connection, blob_url=None, queue_url=None, table_url=None)
    return Storage(
        connection_string=connection,
        blob_url=read.url("PIC_STORAGE__blobServiceUri"),
        queue_url=read.url("PIC_STORAGE__queueServiceUri"),
        table_url=read.url("PIC_STORAGE__tableServiceUri") if tables else None,
    )


def _cosmos(read: Reader, schemes: tuple[str, ...]) -> Cosmos:
    return Cosmos(
        endpoint=read.url("PIC_COSMOS_ENDPOINT", schemes=schemes),
        key=read.optional("PIC_COSMOS_KEY"),
        database=read.text("PIC_COSMOS_DATABASE", "pic"),
        container=read.text("PIC_COSMOS_CONTAINER", "records"),
    )


def _smtp(read: Reader) -> Smtp:
    security = read.choice("PIC_SMTP_SECURITY", SmtpSecurity, "starttls")
    user, password = read.optional("PIC_SMTP_USER"), read.optional("PIC_SMTP_PASSWORD")
    if (user is None) != (password is None):
        read.faults.append("PIC_SMTP_USER and PIC_SMTP_PASSWORD belong together")
    return Smtp(
        host=read.text("PIC_SMTP_HOST"),
        port=read.whole("PIC_SMTP_PORT", "587", 1, 65535),
        security="none" if security == "none" else "tls" if security == "tls" else "starttls",
        user=user,
        password=password,
        sender=read.parsed("PIC_MAIL_FROM", sender, "a plain mail address", ""),
    )


def _header(read: Reader) -> str | None:
    if read.optional("PIC_CLIENT_ADDRESS_HEADER") is None:
        return None
    return read.formed("PIC_CLIENT_ADDRESS_HEADER", "", HEADER_NAME, "the name of a header")
