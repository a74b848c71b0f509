"""``Blobs`` and ``Archive`` in memory: staged and committed blocks kept apart, as Azure does."""

from collections.abc import AsyncIterator, Callable, Sequence

from shared.adapters.blob_names import check_blob, check_block, check_blocks, check_range
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.inventories import Block
from shared.domain.ports import Taking

_PIECE_BYTES = 100_000
"""As much as a socket might give at once; no divisor of anything."""


class MemoryBlobs:
    """One container."""

    def __init__(self) -> None:
        self._staged: dict[str, dict[str, bytes]] = {}
        self._committed: dict[str, dict[str, bytes]] = {}
        self._content: dict[str, bytes] = {}
        self._blocks: dict[str, tuple[Block, ...]] = {}

    async def close(self) -> None:
        """There is nothing to close."""

    async def stage(self, blob: str, block: str, data: bytes | bytearray | memoryview) -> None:
        check_blob(blob)
        check_block(block, data)
        check_blocks([block, *self._staged.get(blob, {}), *self._committed.get(blob, {})])
        self._staged.setdefault(blob, {})[block] = bytes(data)

    async def commit(self, blob: str, blocks: Sequence[str]) -> None:
        check_blob(blob)
        check_blocks(blocks)
        known = self._committed.get(blob, {}) | self._staged.get(blob, {})
        if not known.keys() >= set(blocks):
            raise NotFoundError
        self._committed[blob] = {block: known[block] for block in blocks}
        self._content[blob] = b"".join(known[block] for block in blocks)
        self._blocks[blob] = tuple(Block(id=block, size_bytes=len(known[block])) for block in blocks)
        self._staged.pop(blob, None)

    async def create(self, blob: str, content: bytes) -> None:
        """``Archive``."""
        check_blob(blob)
        if blob in self._content:
            raise ConflictError
        self._content[blob] = content

    async def read(self, blob: str, offset: int, length: int) -> bytes:
        check_blob(blob)
        check_range(offset, length)
        if blob not in self._content:
            raise NotFoundError
        return self._content[blob][offset : offset + length]

    async def read_into(self, blob: str, offset: int, length: int, begin: Callable[[], Taking]) -> None:
        data = await self.read(blob, offset, length)
        take = begin()
        for start in range(0, len(data), _PIECE_BYTES):
            take(data[start : start + _PIECE_BYTES])

    async def delete(self, blob: str) -> None:
        check_blob(blob)
        for kept in (self._staged, self._committed, self._content, self._blocks):
            kept.pop(blob, None)

    async def list(self, prefix: str) -> AsyncIterator[str]:
        for name in sorted(self._staged.keys() | self._content.keys()):
            if name.startswith(prefix):
                yield name

    async def blocks(self, blob: str) -> Sequence[Block]:
        """``BlobsInventory``."""
        check_blob(blob)
        if blob not in self._blocks:
            raise NotFoundError
        return self._blocks[blob]

    async def ping(self) -> None:
        """Always answers."""
