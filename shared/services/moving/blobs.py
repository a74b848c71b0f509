"""Blobs on their way: sealed bytes as they are, block by block, in constant memory whatever their size.

Nothing is unsealed. The blocks keep their ids, lengths and order, although the format asks for none of that. What is
there already with the same blocks is taken for moved until it is verified; what turns out to hold other bytes is taken
away, so that the next pass moves it again.
"""

import asyncio
import hashlib
from typing import Final

from shared.domain.errors import IntegrityError, NotFoundError
from shared.domain.inventories import Block
from shared.services.moving.bounds import BLOBS_AT_ONCE, CONTENT_AT_ONCE, Bound
from shared.services.moving.report import Report
from shared.services.moving.sides import Side

KIND: Final = "blob"

_LARGE_BYTES: Final = 512 * 1024
"""From here on it takes longer to digest than to change threads."""


class BlobMoving:
    """Copies blobs, and verifies them."""

    def __init__(self, *, source: Side, target: Side) -> None:
        self._source = source
        self._target = target
        self._content = asyncio.Semaphore(CONTENT_AT_ONCE)

    async def copy(self, report: Report) -> None:
        """Make the target's blobs those of the source."""
        bound = Bound(BLOBS_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            async for blob in self._source.blobs.list(""):
                await bound.start(group, self._copy(report, blob))
        async with asyncio.TaskGroup() as group:
            async for blob in self._target.blobs.list(""):
                await bound.start(group, self._remove_if_gone(report, blob))

    async def verify(self, report: Report, *, is_removing: bool) -> None:
        """Read every blob of both sides and tell each that is not as it should be.

        ``is_removing``: the target's blob goes when it holds other bytes.
        """
        bound = Bound(BLOBS_AT_ONCE)
        async with asyncio.TaskGroup() as group:
            async for blob in self._source.blobs.list(""):
                await bound.start(group, self._verify(report, blob, is_removing=is_removing))
        async with asyncio.TaskGroup() as group:
            async for blob in self._target.blobs.list(""):
                await bound.start(group, self._tell_if_gone(report, blob))

    async def _copy(self, report: Report, blob: str) -> None:
        try:
            blocks = await _blocks(self._source, blob)
            if blocks is None:
                return  # Merely staged: an upload under way, which begins again.
            report.kinds[KIND].found += 1
            if await _blocks(self._target, blob) == blocks:
                return
            bound = Bound(CONTENT_AT_ONCE)
            offset = 0
            async with asyncio.TaskGroup() as group:
                for block in blocks:
                    await bound.start(group, self._copy_block(blob, block, offset))
                    offset += block.size_bytes
            await self._target.blobs.commit(blob, [block.id for block in blocks])
            report.kinds[KIND].written += 1
        except* NotFoundError:
            await self._target.blobs.delete(blob)  # It was deleted meanwhile.
        except* IntegrityError:
            report.fault(KIND, "unreadable", blob)

    async def _copy_block(self, blob: str, block: Block, offset: int) -> None:
        async with self._content:
            data = await _exactly(self._source, blob, offset, block.size_bytes)
            await self._target.blobs.stage(blob, block.id, data)

    async def _remove_if_gone(self, report: Report, blob: str) -> None:
        if await _blocks(self._source, blob) is None:
            await self._target.blobs.delete(blob)
            report.kinds[KIND].removed += 1

    async def _verify(self, report: Report, blob: str, *, is_removing: bool) -> None:
        try:
            blocks = await _blocks(self._source, blob)
            if blocks is None:
                return
            report.kinds[KIND].found += 1
            there = await _blocks(self._target, blob)
            if there is None:
                report.fault(KIND, "missing", blob)
            elif there != blocks:
                report.fault(KIND, "other blocks", blob)
            elif await self._is_same(blob, blocks):
                report.kinds[KIND].verified += 1
            else:
                report.fault(KIND, "other bytes", blob)
                if is_removing:
                    await self._target.blobs.delete(blob)
        except NotFoundError:
            report.fault(KIND, "deleted meanwhile", blob)
        except IntegrityError:
            report.fault(KIND, "unreadable", blob)

    async def _is_same(self, blob: str, blocks: tuple[Block, ...]) -> bool:
        """Whether both sides have the same SHA-256 over all sealed bytes."""
        ours, theirs, offset = hashlib.sha256(), hashlib.sha256(), 0
        for block in blocks:
            async with self._content:
                sides = (self._source, self._target)
                found = await asyncio.gather(*(_exactly(side, blob, offset, block.size_bytes) for side in sides))
                for digest, data in zip((ours, theirs), found, strict=True):
                    if len(data) < _LARGE_BYTES:
                        digest.update(data)
                    else:
                        await asyncio.to_thread(digest.update, data)
            offset += block.size_bytes
        return ours.digest() == theirs.digest()

    async def _tell_if_gone(self, report: Report, blob: str) -> None:
        if await _blocks(self._source, blob) is None:
            report.fault(KIND, "not at the source", blob)


async def _blocks(side: Side, blob: str) -> tuple[Block, ...] | None:
    try:
        return tuple(await side.blocks.blocks(blob))
    except NotFoundError:
        return None


async def _exactly(side: Side, blob: str, offset: int, size_bytes: int) -> bytes | bytearray:
    data = await side.blobs.read(blob, offset, size_bytes)
    if len(data) != size_bytes:
        raise IntegrityError
    return data
