"""The keys of the vault and their lifecycle: versions, disabling, soft delete. One file per key, in memory besides.

Nothing here knows HTTP. Whatever changes a key writes its file before the change becomes visible.
"""

import asyncio
import base64
import json
import re
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias, cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from local.key_vault.answers import (
    bad_parameter,
    key_disabled,
    key_is_deleted,
    key_not_found,
    operation_not_permitted,
    purge_protected,
)
from local.key_vault.files import write_whole

KeyType: TypeAlias = Literal["RSA", "RSA-HSM"]
KEY_TYPES: tuple[KeyType, ...] = ("RSA", "RSA-HSM")
KEY_SIZES = (2048, 3072, 4096)
DEFAULT_KEY_SIZE = 2048
KEY_OPERATIONS = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey")
RETENTION_DAYS = 90
"""What a deleted key's ``scheduledPurgeDate`` says. The emulator purges nothing by itself."""

_OAEP_256 = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyVersion:
    """One version of a key. Times are Unix seconds, as Key Vault counts them."""

    id: str
    private: rsa.RSAPrivateKey
    operations: tuple[str, ...]
    enabled: bool
    created: int
    updated: int
    tags: tuple[tuple[str, str], ...] = ()

    def wrap(self, value: bytes) -> bytes:
        """RSA-OAEP-256 under the public part."""
        self._require("wrapKey")
        try:
            return self.private.public_key().encrypt(value, _OAEP_256)
        except ValueError as exc:
            raise bad_parameter("The parameter value is too long for this key.") from exc

    def unwrap(self, value: bytes) -> bytes:
        """The inverse of ``wrap``. Refuses what was not wrapped under this version."""
        self._require("unwrapKey")
        try:
            return self.private.decrypt(value, _OAEP_256)
        except ValueError as exc:
            raise bad_parameter("The parameter is incorrect.") from exc

    def _require(self, operation: str) -> None:
        if not self.enabled:
            raise key_disabled(operation)
        if operation not in self.operations:
            raise operation_not_permitted(operation)


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A named key: its versions from oldest to newest, of which the last is current."""

    name: str
    type: KeyType
    versions: tuple[KeyVersion, ...]
    deleted: int | None = None

    @property
    def current(self) -> KeyVersion:
        return self.versions[-1]

    def version(self, id: str) -> KeyVersion:  # noqa: A002
        """The version of that id, the current one for the empty id."""
        if not id:
            return self.current
        for version in self.versions:
            if version.id == id:
                return version
        raise key_not_found(self.name, id)


class KeyStore:
    """All keys of the vault. Names compare without case, as in Key Vault."""

    def __init__(self, directory: Path, *, purge_protection: bool) -> None:
        self.purge_protection = purge_protection
        self._directory = directory
        self._keys: dict[str, Key] = {}
        self._changes = asyncio.Lock()
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        for file in sorted(directory.glob("*.json")):
            key = _from_json(json.loads(file.read_bytes()))
            self._keys[key.name.lower()] = key

    @property
    def recovery_level(self) -> str:
        """What Key Vault says of a key's way back after deletion."""
        return "Recoverable" if self.purge_protection else "Recoverable+Purgeable"

    def key(self, name: str) -> Key:
        """A key that is not deleted."""
        key = self._keys.get(name.lower())
        if key is None or key.deleted is not None:
            raise key_not_found(name)
        return key

    def deleted_key(self, name: str) -> Key:
        """A key in the soft-deleted state."""
        key = self._keys.get(name.lower())
        if key is None or key.deleted is None:
            raise key_not_found(name)
        return key

    def list(self, *, deleted: bool) -> Sequence[Key]:
        """Keys in order of name, either those in use or those deleted."""
        return [key for _, key in sorted(self._keys.items()) if (key.deleted is not None) == deleted]

    async def create(
        self,
        name: str,
        *,
        type: KeyType,  # noqa: A002
        size: int,
        operations: tuple[str, ...],
        enabled: bool,
        tags: tuple[tuple[str, str], ...],
    ) -> Key:
        """A new key, or a new version of an existing one (as Key Vault does)."""
        if _NAME.fullmatch(name) is None:
            raise bad_parameter("The request URI contains an invalid name.")
        version = await _new_version(size, operations, enabled=enabled, tags=tags)
        async with self._changes:
            existing = self._keys.get(name.lower())
            if existing is not None and existing.deleted is not None:
                raise key_is_deleted(name)
            if existing is None:
                return await self._keep(Key(name=name, type=type, versions=(version,)))
            return await self._keep(replace(existing, type=type, versions=(*existing.versions, version)))

    async def rotate(self, name: str) -> Key:
        """A new version like the current one. The old ones go on unwrapping."""
        like = self.key(name).current
        version = await _new_version(like.private.key_size, like.operations, enabled=True, tags=like.tags)
        async with self._changes:
            key = self.key(name)
            return await self._keep(replace(key, versions=(*key.versions, version)))

    async def update(
        self,
        name: str,
        version: str,
        *,
        enabled: bool | None,
        operations: tuple[str, ...] | None,
        tags: tuple[tuple[str, str], ...] | None,
    ) -> tuple[Key, KeyVersion]:
        """Change what is given and leave what is None."""
        async with self._changes:
            key = self.key(name)
            old = key.version(version)
            new = replace(
                old,
                enabled=old.enabled if enabled is None else enabled,
                operations=old.operations if operations is None else operations,
                tags=old.tags if tags is None else tags,
                updated=int(time.time()),
            )
            versions = tuple(new if each is old else each for each in key.versions)
            return await self._keep(replace(key, versions=versions)), new

    async def delete(self, name: str) -> Key:
        """Soft delete: no version can be used until the key is recovered."""
        async with self._changes:
            return await self._keep(replace(self.key(name), deleted=int(time.time())))

    async def recover(self, name: str) -> Key:
        """Undo a soft delete."""
        async with self._changes:
            return await self._keep(replace(self.deleted_key(name), deleted=None))

    async def purge(self, name: str) -> None:
        """Destroy a deleted key for good."""
        if self.purge_protection:
            raise purge_protected()
        async with self._changes:
            key = self.deleted_key(name)
            await asyncio.to_thread(self._file(key.name).unlink)
            del self._keys[key.name.lower()]

    async def _keep(self, key: Key) -> Key:
        content = json.dumps(_to_json(key)).encode()
        await asyncio.to_thread(write_whole, self._file(key.name), content)
        self._keys[key.name.lower()] = key
        return key

    def _file(self, name: str) -> Path:
        return self._directory / f"{name.lower()}.json"


async def _new_version(
    size: int, operations: tuple[str, ...], *, enabled: bool, tags: tuple[tuple[str, str], ...]
) -> KeyVersion:
    private = await asyncio.to_thread(rsa.generate_private_key, public_exponent=65537, key_size=size)
    now = int(time.time())
    return KeyVersion(
        id=secrets.token_hex(16),
        private=private,
        operations=operations,
        enabled=enabled,
        created=now,
        updated=now,
        tags=tags,
    )


def _to_json(key: Key) -> dict[str, object]:
    return {
        "name": key.name,
        "type": key.type,
        "deleted": key.deleted,
        "versions": [
            {
                "id": version.id,
                "pkcs8": base64.b64encode(
                    version.private.private_bytes(
                        serialization.Encoding.DER,
                        serialization.PrivateFormat.PKCS8,
                        serialization.NoEncryption(),
                    )
                ).decode(),
                "operations": version.operations,
                "enabled": version.enabled,
                "created": version.created,
                "updated": version.updated,
                "tags": dict(version.tags),
            }
            for version in key.versions
        ],
    }


def _from_json(stored: dict[str, object]) -> Key:
    """What ``_to_json`` wrote; the file is the emulator's own."""
    versions = [
        KeyVersion(
            id=cast("str", each["id"]),
            private=_private_key(cast("str", each["pkcs8"])),
            operations=tuple(cast("list[str]", each["operations"])),
            enabled=cast("bool", each["enabled"]),
            created=cast("int", each["created"]),
            updated=cast("int", each["updated"]),
            tags=tuple(cast("dict[str, str]", each["tags"]).items()),
        )
        for each in cast("list[dict[str, object]]", stored["versions"])
    ]
    return Key(
        name=cast("str", stored["name"]),
        type=cast("KeyType", stored["type"]),
        versions=tuple(versions),
        deleted=cast("int | None", stored["deleted"]),
    )


def _private_key(text: str) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(base64.b64decode(text), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key
