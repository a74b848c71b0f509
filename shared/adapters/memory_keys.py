"""The ``Keys`` port in memory. What is wrapped is a random handle; the key behind it never leaves this object."""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime

from shared.domain.errors import IntegrityError, KeyUnavailableError
from shared.domain.key_addresses import is_key_name, key_address
from shared.domain.ports import KeyTraits, WrappedKey

_KEY_BYTES = 32
_HANDLE_BYTES = 256
"""As long as a ciphertext of RSA-2048."""


@dataclass(slots=True)
class _Version:
    """One version: the keys under it, by handle."""

    kek: str
    enabled: bool = True
    wrapped: dict[bytes, bytes] = field(default_factory=dict, repr=False)


@dataclass(slots=True)
class _Key:
    versions: list[_Version]
    deleted: bool = False
    traits: KeyTraits = field(
        default_factory=lambda: KeyTraits(kek="", kind="RSA-HSM", size_bits=3072, wraps=True, is_purgeable=False)
    )


class MemoryKeys:
    """For unit tests. The methods below ``close`` do what an administrator does.

    An address names a key in a vault of an organisation; ``add`` puts one there.
    """

    def __init__(self) -> None:
        self._keys: dict[str, _Key] = {}

    async def create(self, name: str) -> str:
        if not is_key_name(name):
            raise ValueError(len(name))
        if name.lower() not in self._keys:
            self._keys[name.lower()] = _Key([_new_version(name)])
        return self._current(name).kek

    async def describe(self, key: str) -> KeyTraits:
        kek = self._current(key).kek
        return replace(self._keys[key.lower()].traits, kek=kek)

    async def renew(self, name: str) -> str:
        self._current(name)
        return self.rotate(name)

    async def destroy(self, name: str) -> datetime | None:
        if not is_key_name(name):
            raise ValueError(len(name))
        self._keys.pop(name.lower(), None)
        return None

    async def wrap(self, key: str, secret: bytes) -> WrappedKey:
        if len(secret) != _KEY_BYTES:
            raise ValueError(len(secret))
        version = self._current(key)
        handle = secrets.token_bytes(_HANDLE_BYTES)
        version.wrapped[handle] = secret
        return WrappedKey(kek=version.kek, wrapped=handle)

    async def unwrap(self, wrapped: WrappedKey) -> bytes:
        version = self._version(wrapped.kek)
        try:
            return version.wrapped[wrapped.wrapped]
        except KeyError:
            raise IntegrityError from None

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """There is nothing to close."""

    def add(self, address: str, traits: KeyTraits | None = None) -> None:
        """An organisation makes a key in its own vault."""
        self._keys[address.lower()] = _Key([_new_version(address)])
        if traits is not None:
            self._keys[address.lower()].traits = traits

    def disable(self, kek: str) -> None:
        """Forbid every use of that key version."""
        self._named(kek).enabled = False

    def enable(self, kek: str) -> None:
        """Undo ``disable``."""
        self._named(kek).enabled = True

    def rotate(self, name: str) -> str:
        """A new current version; returns its KEK."""
        self._keys[name.lower()].versions.append(_new_version(name))
        return self._keys[name.lower()].versions[-1].kek

    def delete(self, name: str) -> None:
        """Soft delete: all versions are out of use."""
        self._keys[name.lower()].deleted = True

    def recover(self, name: str) -> None:
        """Undo ``delete``."""
        self._keys[name.lower()].deleted = False

    def _current(self, name: str) -> _Version:
        key = self._keys.get(_checked(name).lower())
        if key is None:
            raise KeyUnavailableError
        return self._version(key.versions[-1].kek)

    def _version(self, kek: str) -> _Version:
        """The version, if it may be used."""
        version = next(
            (each for key in self._keys.values() if not key.deleted for each in key.versions if each.kek == kek), None
        )
        if version is None or not version.enabled:
            raise KeyUnavailableError
        return version

    def _named(self, kek: str) -> _Version:
        return next(each for key in self._keys.values() for each in key.versions if each.kek == kek)


def _checked(key: str) -> str:
    if not is_key_name(key) and key_address(key) is None:
        raise ValueError(len(key))
    return key


def _new_version(name: str) -> _Version:
    return _Version(f"{name if key_address(name) else f'memory://keys/{name}'}/{secrets.token_hex(16)}")
