"""One side of a move: the stores and the vault of a deployment, and what they hold altogether."""

from dataclasses import dataclass

from shared.domain.inventories import BlobsInventory, RecordsInventory
from shared.domain.ports import Blobs, Keys, Records


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The source, of which a move only reads, or the target."""

    records: Records
    partitions: RecordsInventory
    blobs: Blobs
    blocks: BlobsInventory
    keys: Keys
