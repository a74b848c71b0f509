"""The ``Keys`` port on Azure Key Vault.

Calls it costs the vault: ``wrap`` one read of the current version, which is how a disabled key is noticed; the
wrapping itself needs the public part alone, and the SDK does it here. ``unwrap`` one operation inside the vault, the
only place where the private part exists, and one read the first time a version is met. Needs no more than the role
Key Vault Crypto Service Encryption User, except that ``create`` needs the right to create where the key is missing.
"""

import asyncio
import re
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.keyvault.keys import KeyOperation, KeyVaultKey, KeyVaultKeyIdentifier
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import KeyWrapAlgorithm
from azure.keyvault.keys.crypto.aio import CryptographyClient

from shared.adapters.retries import Retries, dependable
from shared.adapters.vault_transport import vault_transport
from shared.domain.errors import DependencyError, IntegrityError, KeyUnavailableError
from shared.domain.ports import WrappedKey

KEY_BYTES = 32
KEY_SIZE_BITS = 3072
"""Of keys made here. Keys in production are made by the infrastructure, in an HSM."""

MAX_CLIENTS = 500
"""Key versions whose client is kept, the least recently used goes first. A client is a public key and a name."""

_ALGORITHM = KeyWrapAlgorithm.rsa_oaep_256
_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_REFUSED_STATUSES = frozenset({403, 404, 409})
"""Disabled or not allowed; gone; deleted and recoverable, so that its name is taken."""


class KeyVaultKeys:
    """Wraps and unwraps with RSA keys of one vault.

    ``ca_file`` is for the emulator: the only authority to trust. ``verify_challenge_resource`` guards against a
    vault address that would carry our token elsewhere; only an emulator has to have it off.
    """

    def __init__(
        self,
        *,
        vault_url: str,
        credential: AsyncTokenCredential,
        ca_file: str | None = None,
        verify_challenge_resource: bool = True,
        key_size_bits: int = KEY_SIZE_BITS,
        hardware_protected: bool = False,
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self._vault_url = vault_url.rstrip("/")
        self._key_size_bits = key_size_bits
        self._hardware_protected = hardware_protected
        self._max_clients = max_clients
        self._keys = KeyClient(
            self._vault_url,
            credential,
            verify_challenge_resource=verify_challenge_resource,
            retry_policy=Retries(),
            transport=vault_transport(ca_file),
        )
        self._clients: OrderedDict[str, CryptographyClient] = OrderedDict()
        self._creation = asyncio.Lock()

    async def create(self, name: str) -> str:
        _check_name(name)
        # The vault knows no "create if absent": a second creation makes a further version. The lock spares the vault
        # that within this process; between processes it does no harm, because the current version is read again.
        async with _translated(), self._creation:
            try:
                key = await self._keys.get_key(name)
            except ResourceNotFoundError:
                await self._keys.create_rsa_key(
                    name,
                    size=self._key_size_bits,
                    hardware_protected=self._hardware_protected,
                    key_operations=[KeyOperation.wrap_key, KeyOperation.unwrap_key],
                )
                key = await self._keys.get_key(name)
        return _usable(key)

    async def wrap(self, name: str, key: bytes) -> WrappedKey:
        _check_name(name)
        if len(key) != KEY_BYTES:
            raise ValueError(len(key))
        async with _translated():
            current = await self._keys.get_key(name)
            kek = _usable(current)
            # A client of the bare public part: it would fail rather than ask the vault once more.
            result = await CryptographyClient.from_jwk(current.key).wrap_key(_ALGORITHM, key)
        return WrappedKey(kek=kek, wrapped=result.encrypted_key)

    async def unwrap(self, wrapped: WrappedKey) -> bytes:
        client = self._client(wrapped.kek)
        if not wrapped.wrapped:
            raise IntegrityError
        async with _translated():
            try:
                result = await client.unwrap_key(_ALGORITHM, wrapped.wrapped)
            except HttpResponseError as exc:
                if exc.status_code == 400:  # noqa: PLR2004 - BadParameter: the padding does not verify
                    raise IntegrityError from exc
                raise
        # Whoever knows the public key can wrap whatever they like under it.
        if len(result.key) != KEY_BYTES:
            raise IntegrityError
        return result.key

    async def ping(self) -> None:
        async with _translated():
            async for _ in self._keys.list_properties_of_keys(max_page_size=1):
                return

    async def close(self) -> None:
        """Close the connections. The clients of key versions share them and hold nothing else."""
        self._clients.clear()
        await self._keys.close()

    def _client(self, kek: str) -> CryptographyClient:
        client = self._clients.get(kek)
        if client is None:
            name, version = self._parse(kek)
            client = self._keys.get_cryptography_client(name, key_version=version)
            self._clients[kek] = client
            if len(self._clients) > self._max_clients:
                self._clients.popitem(last=False)
        self._clients.move_to_end(kek)
        return client

    def _parse(self, kek: str) -> tuple[str, str]:
        """Name and version. An address in another vault, or without version, names no key of ours."""
        try:
            parsed = KeyVaultKeyIdentifier(kek)
        except ValueError as exc:
            raise KeyUnavailableError from exc
        expected = f"{self._vault_url}/keys/{parsed.name}/{parsed.version}"
        if not parsed.version or kek.lower() != expected.lower():
            raise KeyUnavailableError
        return parsed.name, parsed.version


def _check_name(name: str) -> None:
    if _NAME.fullmatch(name) is None:
        raise ValueError(len(name))


def _usable(key: KeyVaultKey) -> str:
    """The address, with version, of a key that may be used. The SDK itself would wrap under a disabled one."""
    if not key.properties.enabled:
        raise KeyUnavailableError
    return key.id


@asynccontextmanager
async def _translated() -> AsyncIterator[None]:
    """The vault's errors in our words, and one deadline. Nothing of a request or an answer goes along."""
    async with dependable():
        try:
            yield
        except HttpResponseError as exc:
            if exc.status_code in _REFUSED_STATUSES:
                raise KeyUnavailableError from exc
            raise
        except ValueError as exc:  # What the SDK raises when a challenge points at another resource than this vault.
            raise DependencyError from exc
