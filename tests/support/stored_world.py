"""The application on real stores and a real vault; mail, queues and e-ID stay in memory."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.cosmos_records import CosmosRecords
from shared.adapters.table_records import TableRecords
from shared.container import Container
from shared.settings import read_settings
from tests.support.copies import Stores
from tests.support.key_vault import RunningKeyVault, adapter
from tests.support.memory_container import ENVIRONMENT, MemoryContainer, MovableNow


class RunningNow(MovableNow):
    """The system's clock, and ahead of it once it is moved."""

    def __init__(self) -> None:
        self.ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def move(self, **amount: float) -> None:
        self.ahead += timedelta(**amount)


def settings_of(stores: Stores, vault: RunningKeyVault) -> dict[str, str]:
    """What a process of its own needs, to work on the same stores and vault."""
    vaulted = {"PIC_KEY_VAULT_URL": vault.url, "PIC_KEY_VAULT_CA": str(vault.ca_file)}
    return {**ENVIRONMENT, **stores.environment, **vaulted}


@asynccontextmanager
async def instance_on(stores: Stores, vault: RunningKeyVault) -> AsyncIterator[MemoryContainer]:
    """An instance with nothing in memory, on these stores; makes what is not there of them."""
    environment = settings_of(stores, vault)
    real, keys = Container(read_settings(environment)), adapter(vault)
    made = MemoryContainer(**environment)
    of_it = ("record_store", "blobs", "journal_blobs", "audit_blobs")
    vars(made).update({name: getattr(real, name) for name in of_it}, keys=keys, clock=RunningNow())
    try:
        for port in (real.record_store, real.blobs, real.journal_blobs, real.audit_blobs):
            assert isinstance(port, TableRecords | CosmosRecords | BlockBlobs)
            await port.ensure()
        yield made
    finally:
        await made.close()
        await real.close()
        await keys.close()
