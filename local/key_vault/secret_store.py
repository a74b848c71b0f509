"""The secrets of the vault: named texts with versions. One file per secret, in memory besides.

The vault keeps what stands behind a certificate as a secret of its name, so this is also where those are.
"""

import asyncio
import json
import re
import secrets
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from local.key_vault.answers import bad_parameter, secret_disabled, secret_not_found
from local.key_vault.files import write_whole

VALUE_CHARACTERS = 25_600
"""Of one secret. Source: Azure Key Vault, service limits."""

_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretVersion:
    """One version of a secret. Times are Unix seconds, as Key Vault counts them."""

    id: str
    value: str
    content_type: str | None
    enabled: bool
    created: int
    tags: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A named secret: its versions from oldest to newest, of which the last is current."""

    name: str
    versions: tuple[SecretVersion, ...]


class SecretStore:
    """All secrets of the vault. Names compare without case, as in Key Vault."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._secrets: dict[str, Secret] = {}
        self._changes = asyncio.Lock()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in sorted(directory.glob("*.json")):
            stored = json.loads(file.read_bytes())
            versions = tuple(SecretVersion(**each) for each in stored["versions"])
            self._secrets[stored["name"].lower()] = Secret(name=stored["name"], versions=versions)

    def read(self, name: str, version: str) -> tuple[Secret, SecretVersion]:
        """The version of that id, the current one for the empty id. Raises ``VaultError``."""
        secret = self._secrets.get(name.lower())
        if secret is None:
            raise secret_not_found(name)
        found = [each for each in secret.versions if each.id == version] if version else [secret.versions[-1]]
        if not found:
            raise secret_not_found(name, version)
        if not found[0].enabled:
            raise secret_disabled()
        return secret, found[0]

    async def set(
        self, name: str, value: str, *, content_type: str | None, enabled: bool, tags: dict[str, str]
    ) -> tuple[Secret, SecretVersion]:
        """A new secret, or a new version of an existing one."""
        if _NAME.fullmatch(name) is None:
            raise bad_parameter("The request URI contains an invalid name.")
        if len(value) > VALUE_CHARACTERS:
            raise bad_parameter("Property value is too long.")
        version = SecretVersion(
            id=secrets.token_hex(16),
            value=value,
            content_type=content_type,
            enabled=enabled,
            created=int(time.time()),
            tags=tags,
        )
        async with self._changes:
            existing = self._secrets.get(name.lower(), Secret(name=name, versions=()))
            secret = replace(existing, versions=(*existing.versions, version))
            content = json.dumps(asdict(secret)).encode()
            await asyncio.to_thread(write_whole, self._directory / f"{name.lower()}.json", content)
            self._secrets[name.lower()] = secret
            return secret, version
