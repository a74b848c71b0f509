"""What stands in for a real part, and is refused outside of a laptop: addresses, keys, certificates, known peppers."""

from collections.abc import Callable, Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from shared.bankid_settings import BundleFile, PemFiles
from shared.domain.bankid_trust import is_of_another_environment
from shared.setting_values import Reader, is_this_machine

if TYPE_CHECKING:
    from shared.settings import Settings

SAMPLE_PEPPER: Final = b"local-only-pepper"
"""How the published peppers of ``local.settings.sample.json`` begin."""
DIFFERENT_BYTES: Final = 12
"""Random 32 bytes have fewer different ones less often than once in 10**12; what somebody typed has."""
LOCAL_FOLDER: Final = ".local"
"""Where a laptop's stack keeps the keys and certificates that it makes."""
DEVELOPMENT_ACCOUNT: Final = "devstoreaccount1"
"""Of Azurite: its key is published."""

ReadFile = Callable[[str], bytes | None]


def refuse_stand_ins(read: Reader, settings: "Settings", read_file: ReadFile) -> None:
    """Adds to the reader's faults. ``read_file`` gives None for a file that is not there yet."""
    _refuse_addresses(read, settings)
    bankid = settings.bankid.environment if settings.bankid else None
    refused = {
        "PIC_STORAGE": settings.storage.connection_string is not None,
        "PIC_COSMOS_KEY": settings.cosmos is not None and settings.cosmos.key is not None,
        "PIC_KEY_VAULT_CA": settings.key_vault_ca is not None,
        "PIC_CLOCK_FILE": settings.clock_file is not None,
        "PIC_METRICS_VIEW": settings.has_metrics_view,
        "PIC_BANKID_ENVIRONMENT=simulator": bankid == "simulator",
        "PIC_SMTP_SECURITY=none": settings.smtp.security == "none",
    }
    read.faults += [f"{name} is only for PIC_ENVIRONMENT=local" for name, is_set in refused.items() if is_set]
    if settings.environment == "production" and bankid not in {None, "production"}:
        read.faults.append("PIC_BANKID_ENVIRONMENT must be production in production")
    _refuse_files(read, settings, read_file)
    _refuse_peppers(read, settings)


def _refuse_addresses(read: Reader, settings: "Settings") -> None:
    addresses = {
        "PIC_PUBLIC_URL": settings.public_url,
        "PIC_KEY_VAULT_URL": settings.key_vault_url,
        "PIC_BANKID_URL": settings.bankid.url if settings.bankid else None,
        "PIC_API_ENTRA_AUTHORITY": settings.api_apps.authority,
        "PIC_COSMOS_ENDPOINT": settings.cosmos.endpoint if settings.cosmos else None,
        "PIC_STORAGE__blobServiceUri": settings.storage.blob_url,
        "PIC_STORAGE__queueServiceUri": settings.storage.queue_url,
        "PIC_STORAGE__tableServiceUri": settings.storage.table_url,
    }
    hosts = {name: urlsplit(address or "").hostname for name, address in addresses.items()}
    for name, host in {**hosts, "PIC_SMTP_HOST": settings.smtp.host}.items():
        if host and is_this_machine(host):
            read.faults.append(f"{name} is a loopback address, which only PIC_ENVIRONMENT=local allows")
    for name, address in addresses.items():
        if DEVELOPMENT_ACCOUNT in (address or ""):
            read.faults.append(f"{name} is Azurite's, which only PIC_ENVIRONMENT=local allows")


def _refuse_files(read: Reader, settings: "Settings", read_file: ReadFile) -> None:
    """What a name and a look at PEM can tell; the rest is judged on first use (``shared.crypto.certificates``)."""
    if settings.bankid is None:
        return
    files = {"PIC_BANKID_ROOT": settings.bankid.root_file}
    match settings.bankid.certificate:
        case PemFiles(certificate_file=certificate, key_file=key):
            files |= {"PIC_BANKID_CERTIFICATE": certificate, "PIC_BANKID_KEY": key}
        case BundleFile(file=file):
            files["PIC_BANKID_CERTIFICATE"] = file
        case _:  # in the vault, which the start of the app does not wait for
            pass
    for name, file in files.items():
        if LOCAL_FOLDER in PurePath(file).parts:
            read.faults.append(f"{name} is a file of the local stack, which only PIC_ENVIRONMENT=local allows")
        elif (
            settings.bankid.environment != "simulator"
            and (content := read_file(file)) is not None
            and is_of_another_environment(settings.bankid.environment, content)
        ):
            read.faults.append(f"{name} is for tests, or of the simulator, and not for PIC_BANKID_ENVIRONMENT")


def _refuse_peppers(read: Reader, settings: "Settings") -> None:
    known: Mapping[str, tuple[bytes, ...]] = {
        "PIC_SUBJECT_PEPPERS": tuple(settings.peppers.secrets.values()),
        "PIC_ADDRESS_PEPPER": (settings.address_pepper,),
        "PIC_PASSWORD_PEPPERS": tuple(settings.password_peppers.secrets.values()),
    }
    unread = {name for name in known if any(fault.startswith(f"{name} ") for fault in read.faults)}
    for name, secrets in known.items():
        if any(secret.startswith(SAMPLE_PEPPER) for secret in secrets):
            read.faults.append(f"{name} must not be that of the sample")
        elif name not in unread and any(len(set(secret)) < DIFFERENT_BYTES for secret in secrets):
            read.faults.append(f"{name} must be random: it repeats a few bytes")
    usable = [secret for name, secrets in known.items() if name not in unread for secret in set(secrets)]
    if len(set(usable)) != len(usable):
        read.faults.append(f"{', '.join(known)} must be different from each other")
