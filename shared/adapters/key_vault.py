"""The ``Keys`` port on Azure Key Vault.

Calls it costs the vault: ``wrap`` one read of the current version, which is how a disabled key is noticed; the
wrapping itself needs the public part alone, and the SDK does it here. ``unwrap`` one operation inside the vault, the
only place where the private part exists, and one read the first time a version is met. These need no more than the
role Key Vault Crypto Service Encryption User; ``create`` where the key is missing, ``renew`` and ``destroy`` need the
rights they are called after, in the service's own vault.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from urllib.parse import urlsplit

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceExistsError,
    ResourceNotFoundError,
)
from azure.keyvault.keys import KeyOperation, KeyVaultKey
from azure.keyvault.keys.aio import KeyClient
from azure.keyvault.keys.crypto import KeyWrapAlgorithm
from azure.keyvault.keys.crypto.aio import CryptographyClient

from shared.adapters.retries import Retries, dependable
from shared.adapters.vault_transport import vault_transport
from shared.domain.errors import DependencyError, IntegrityError, KeyUnavailableError
from shared.domain.key_addresses import KeyAddress, is_key_name, key_address
from shared.domain.ports import KeyTraits, WrappedKey

KEY_BYTES = 32
KEY_SIZE_BITS = 3072
"""Of keys made here. Keys in production are made by the infrastructure, in an HSM."""

MAX_CLIENTS = 500
"""Key versions whose client is kept, the least recently used goes first. A client is a public key and a name."""

_ALGORITHM = KeyWrapAlgorithm.rsa_oaep_256
_FORBIDDEN = 403
_REFUSED_STATUSES = frozenset({403, 404, 409})
"""Disabled or not allowed; gone; deleted and recoverable, so that its name is taken."""


class KeyVaultKeys:
    """Wraps and unwraps with RSA keys of the service's vault, and of the vaults of organisations in ``vaults``.

    ``vaults`` gives the credential for each host; no other host is ever asked. ``ca_file`` is for the emulator: the
    only authority to trust. ``verify_challenge_resource`` guards against a vault address that would carry our token
    elsewhere; only an emulator has to have it off.
    """

    def __init__(
        self,
        *,
        vault_url: str,
        credential: AsyncTokenCredential,
        vaults: Mapping[str, AsyncTokenCredential] | None = None,
        ca_file: str | None = None,
        verify_challenge_resource: bool = True,
        key_size_bits: int = KEY_SIZE_BITS,
        hardware_protected: bool = False,
        max_clients: int = MAX_CLIENTS,
    ) -> None:
        self._host = urlsplit(vault_url).netloc.lower()
        self._key_size_bits = key_size_bits
        self._hardware_protected = hardware_protected
        self._max_clients = max_clients
        # Each vault has connections of its own: one that hangs does not take them from the others.
        self._vaults = {
            host: KeyClient(
                f"https://{host}",
                token,
                verify_challenge_resource=verify_challenge_resource,
                retry_policy=Retries(),
                transport=vault_transport(ca_file),
            )
            for host, token in {**(vaults or {}), self._host: credential}.items()
        }
        self._clients: OrderedDict[str, CryptographyClient] = OrderedDict()
        self._creation = asyncio.Lock()

    @property
    def _keys(self) -> KeyClient:
        return self._vaults[self._host]

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

    async def describe(self, key: str) -> KeyTraits:
        async with self._asking(key) as (vault, name):
            found = await vault.get_key(name)
        operations = {str(getattr(operation, "value", operation)) for operation in found.key_operations}
        level = found.properties.recovery_level or ""
        return KeyTraits(
            kek=_usable(found),
            kind=str(getattr(found.key_type, "value", found.key_type)),
            size_bits=len(getattr(found.key, "n", None) or b"") * 8,
            wraps={"wrapKey", "unwrapKey"} <= operations,
            is_purgeable="Purgeable" in level,
        )

    async def renew(self, name: str) -> str:
        _check_name(name)
        async with _translated():
            return _usable(await self._keys.rotate_key(name))

    async def destroy(self, name: str) -> datetime | None:
        _check_name(name)
        async with _translated():
            with suppress(ResourceNotFoundError, ResourceExistsError):  # Deleted already, or purged, or never there.
                await self._keys.delete_key(name)
            try:
                deleted = await self._keys.get_deleted_key(name)
            except ResourceNotFoundError:
                return None
            try:
                await self._keys.purge_deleted_key(name)
            except HttpResponseError as exc:
                if exc.status_code != _FORBIDDEN:
                    raise
                # Purge protection, or a right that is kept apart from that to delete: the vault does it in its time.
                return deleted.scheduled_purge_date or datetime.max.replace(tzinfo=UTC)
        return None

    async def wrap(self, key: str, secret: bytes) -> WrappedKey:
        if len(secret) != KEY_BYTES:
            raise ValueError(len(secret))
        async with self._asking(key) as (vault, name):
            current = await vault.get_key(name)
            kek = _usable(current)
            # A client of the bare public part: it would fail rather than ask the vault once more.
            result = await CryptographyClient.from_jwk(current.key).wrap_key(_ALGORITHM, secret)
        return WrappedKey(kek=kek, wrapped=result.encrypted_key)

    async def unwrap(self, wrapped: WrappedKey) -> bytes:
        address = self._parse(wrapped.kek)
        client = self._client(wrapped.kek, address)
        if not wrapped.wrapped:
            raise IntegrityError
        async with _translated(is_foreign=address.host != self._host):
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
        for vault in self._vaults.values():
            await vault.close()

    @asynccontextmanager
    async def _asking(self, key: str) -> AsyncIterator[tuple[KeyClient, str]]:
        """The vault of ``key`` and its name there."""
        address = key_address(key)
        if address is None:
            _check_name(key)
            address = KeyAddress(host=self._host, name=key, version=None)
        vault = self._vaults.get(address.host)
        if vault is None or address.version is not None:
            raise KeyUnavailableError
        async with _translated(is_foreign=address.host != self._host):
            yield vault, address.name

    def _client(self, kek: str, address: KeyAddress) -> CryptographyClient:
        client = self._clients.get(kek)
        if client is None:
            client = self._vaults[address.host].get_cryptography_client(address.name, key_version=address.version)
            self._clients[kek] = client
            if len(self._clients) > self._max_clients:
                self._clients.popitem(last=False)
        self._clients.move_to_end(kek)
        return client

    def _parse(self, kek: str) -> KeyAddress:
        """An address in a vault that is not of the settings, or without version, names no key of ours."""
        address = key_address(kek)
        if address is None or address.version is None or address.host not in self._vaults:
            raise KeyUnavailableError
        return address


def _check_name(name: str) -> None:
    if not is_key_name(name):
        raise ValueError(len(name))


def _usable(key: KeyVaultKey) -> str:
    """The address, with version, of a key that may be used. The SDK itself would wrap under a disabled one."""
    if not key.properties.enabled:
        raise KeyUnavailableError
    return key.id


@asynccontextmanager
async def _translated(*, is_foreign: bool = False) -> AsyncIterator[None]:
    """The vault's errors in our words, and one deadline. Nothing of a request or an answer goes along.

    An organisation that withdraws our sign-in to its tenant has withdrawn its key; in our own tenant that is a fault.
    """
    async with dependable():
        try:
            yield
        except ClientAuthenticationError as exc:
            if is_foreign or exc.status_code in _REFUSED_STATUSES:
                raise KeyUnavailableError from exc
            raise
        except HttpResponseError as exc:
            if exc.status_code in _REFUSED_STATUSES:
                raise KeyUnavailableError from exc
            raise
        except ValueError as exc:  # What the SDK raises when a challenge points at another resource than this vault.
            raise DependencyError from exc
