"""A deployment as one side of a move: its clients, and what its stores hold altogether.

For commands alone: whatever serves requests must not be able to list a store.
"""

from shared.clients import Clients
from shared.services.moving.sides import Side


def side_of(clients: Clients) -> Side:
    """The side that these clients reach. Raises ``TypeError`` for a store that cannot be listed."""
    from shared.adapters.block_blobs import BlockBlobs
    from shared.adapters.cosmos_records import CosmosRecords
    from shared.adapters.memory_blobs import MemoryBlobs
    from shared.adapters.memory_records import MemoryRecords
    from shared.adapters.table_records import TableRecords

    records, blobs = clients.record_store, clients.blobs
    if not isinstance(records, TableRecords | CosmosRecords | MemoryRecords):
        raise TypeError("records")
    if not isinstance(blobs, BlockBlobs | MemoryBlobs):
        raise TypeError("blobs")
    return Side(records=records, partitions=records, blobs=blobs, blocks=blobs, keys=clients.keys)
