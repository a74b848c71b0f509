"""The SDK's own client and our adapter, both at the vault that the run shares."""

from collections.abc import AsyncIterator

import pytest
from azure.keyvault.keys.aio import KeyClient

from shared.adapters.key_vault import KeyVaultKeys
from shared.adapters.local_credential import LocalCredential
from tests.support.key_vault import RunningKeyVault, adapter, sdk_client


@pytest.fixture
async def client(key_vault: RunningKeyVault) -> AsyncIterator[KeyClient]:
    async with sdk_client(key_vault) as client:
        yield client


@pytest.fixture
async def keys(key_vault: RunningKeyVault) -> AsyncIterator[KeyVaultKeys]:
    """The adapter. Faults end and counters begin anew with every test that asks for it."""
    await key_vault.reset_counters()
    keys = adapter(key_vault)
    yield keys
    await keys.close()
    await key_vault.end_faults()


@pytest.fixture
async def token() -> str:
    """What the vault accepts."""
    return (await LocalCredential().get_token("https://vault.azure.net/.default")).token
