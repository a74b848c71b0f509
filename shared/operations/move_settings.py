"""The settings of the target of a move: read from a file, because two sets do not fit into one environment.

The file has the form of ``local.settings.json``. It holds secrets, so nobody but its owner may read it.
"""

import hashlib
import json
import stat
from pathlib import Path
from typing import Final

from shared.settings import Settings, SettingsError, read_settings

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def read_settings_file(name: str) -> Settings:
    """The settings in this file. Raises ``SettingsError`` with every fault; no value is repeated."""
    try:
        file = Path(name)
        if file.stat().st_mode & _OTHERS:
            raise SettingsError(["the file must be readable by its owner alone (chmod 600)"])
        content = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as fault:
        raise SettingsError(["the file cannot be read as JSON"]) from fault
    values = content.get("Values") if isinstance(content, dict) else None
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise SettingsError(['the file must hold {"Values": {...}} with texts, as local.settings.json does'])
    return read_settings(values)


def store_addresses(settings: Settings) -> tuple[str, str]:
    """Where records and blobs lie, each as one text: two deployments with the same one share a store."""
    cosmos, storage = settings.cosmos, settings.storage
    if cosmos is not None:
        records = f"{_address(cosmos.endpoint)} {cosmos.database} {cosmos.container}"
    else:
        records = f"{_account(storage.connection_string, storage.table_url, 'TableEndpoint')} {settings.table}"
    blobs = f"{_account(storage.connection_string, storage.blob_url, 'BlobEndpoint')} {settings.blob_container}"
    return records.lower(), blobs.lower()


def source_digest(settings: Settings) -> str:
    """By which a target knows its source again: a digest of where the stores are."""
    return hashlib.sha256("\n".join(store_addresses(settings)).encode()).hexdigest()


def _account(connection_string: str | None, url: str | None, endpoint: str) -> str:
    if connection_string is None:
        return _address(url or "")
    parts = dict(part.partition("=")[::2] for part in connection_string.split(";"))
    # Without an address of its own an account is known by its name; a shortcut stands for itself.
    return _address(parts.get(endpoint) or parts.get("AccountName") or connection_string)


def _address(url: str) -> str:
    return url.rstrip("/").replace("//localhost", "//127.0.0.1")
