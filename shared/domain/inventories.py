"""What a store holds altogether: asked for when a whole deployment moves, and by nothing that serves a request.

``Records`` and ``Blobs`` have no such question on purpose: what it costs grows with what is stored. An import contract
keeps this module from whatever answers requests. The docstrings are the contract that ``tests/contract`` runs on every
adapter; errors as in ``shared.domain.ports``.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One committed block of a blob: its id, and how many bytes it holds."""

    id: str
    size_bytes: int


class RecordsInventory(Protocol):
    """The partitions of a record store."""

    async def partitions(self, *, after: str = "") -> Sequence[str]:
        """Some of the partitions that hold a record and come after ``after``, ascending by code point, none left out.

        Nothing is there after the last one given: empty means the end. A partition that is there from the first
        question to the last is in one of the answers, whatever is written meanwhile.
        """
        ...


class BlobsInventory(Protocol):
    """What the blobs of a store are made of."""

    async def blocks(self, blob: str) -> Sequence[Block]:
        """The committed blocks in order; none for an empty blob.

        Raises ``NotFoundError`` when there is no such committed blob, ``IntegrityError`` when it is not made of blocks.
        """
        ...
