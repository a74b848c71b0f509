"""Sealing a stream into parts and staging them: constant memory, several parts on their way at once."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final

from shared.crypto.contexts import part_context
from shared.crypto.parts import PART_BYTES, PartSealer, buffer_length
from shared.domain.errors import DependencyError, TooLargeError
from shared.domain.ids import RandomBytes
from shared.domain.ports import Blobs
from shared.domain.upload_rule import UploadedPart
from shared.services.digests import RunningDigest
from shared.services.part_room import ROOM, PartRoom
from shared.services.uploads import Upload

STAGED_AT_ONCE: Final = 5
"""Parts of an upload in memory: one that is being filled, and four on their way, which a store needs to be busy all
the time. In buffers used again, 8 MiB each. Fewer where many uploads run: see ``part_room``."""

_BATCH_BYTES: Final = 2 * 1024 * 1024
"""Digested in one go: a thread that takes up piece after piece contends with the loop for each of them."""

_BATCHES: Final = 2
"""Of an upload, handed to the thread and not taken along yet: with a second one waiting, it need not wait for the loop.
They are in memory beside the parts of the upload, and so is the one that is being gathered."""

_RANDOM_BYTES_OF_BLOCK = 10

_DIGESTING: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="digesting")
"""Takes the digests of all uploads of the process along, in the order in which they are handed over."""


@asynccontextmanager
async def _beside(digest: RunningDigest) -> AsyncIterator[Callable[[bytes], Awaitable[None]]]:
    """Takes the digest along in a thread, a batch at a time: it is the dearest step, and the loop has bytes to move.

    At the end, and after any fault, the digest has taken all that it was given. One that is incomplete takes nothing.
    """
    gathered: list[bytes] = []
    gathered_bytes = 0
    under_way: deque[asyncio.Future[None]] = deque()
    loop = asyncio.get_running_loop()

    async def take(data: bytes) -> None:
        nonlocal gathered, gathered_bytes
        if not digest.is_whole:
            return
        gathered.append(data)
        gathered_bytes += len(data)
        if gathered_bytes < _BATCH_BYTES:
            return
        batch, gathered, gathered_bytes = gathered, [], 0
        if len(under_way) == _BATCHES:
            await under_way.popleft()
        # Not ``to_thread``: that begins with the next turn of the loop, which may not come before the next wait here.
        under_way.append(loop.run_in_executor(_DIGESTING, digest.update, b"".join(batch)))

    try:
        yield take
    finally:
        while under_way:
            await under_way.popleft()
        digest.update(b"".join(gathered))


class PartWriter:
    """Takes the bytes of one request in order; parts are staged in the background.

    Block names are fresh for every attempt, so that the blocks of a lost race or a broken try are never referenced.
    """

    def __init__(
        self,
        *,
        blobs: Blobs,
        blob: str,
        upload: Upload,
        data_key: bytes,
        random: RandomBytes,
        room: PartRoom = ROOM,
    ) -> None:
        self._blobs = blobs
        self._blob = blob
        self._upload = upload
        self._data_key = data_key
        self._random = random
        self._next_index = len(upload.progress.parts)
        self._sealer: PartSealer | None = None
        self._staging: list[tuple[UploadedPart, asyncio.Task[None]]] = []
        self._slots = asyncio.Semaphore(1)
        self._room = room
        self._places = 0
        """Slots beyond the first, kept with their buffers until the end."""
        self._has_failed = False
        self._capacity = PART_BYTES
        self._buffer = bytearray()
        self._buffers: list[bytearray] = []
        """Free ones. Fresh buffers for each part would cost more than the sealing, and scatter over the heap."""

    async def write(self, body: AsyncIterator[bytes], *, at_most: int, digest: RunningDigest) -> None:
        """Seal and stage all of ``body``.

        Raises ``TooLargeError`` at the first byte beyond ``at_most``, and whatever ``body`` raises; what was read
        before counts and is kept by ``finish``. Raises ``DependencyError`` as soon as a part could not be staged.
        """
        left = at_most
        self._capacity = max(1, min(PART_BYTES, at_most))
        async with _beside(digest) as digested:
            async for data in body:
                if len(data) > left:
                    raise TooLargeError(self._upload.progress.bound)
                left -= len(data)
                await digested(data)
                await self._take(memoryview(data))

    async def _take(self, data: memoryview) -> None:
        while data:
            if self._sealer is None:
                if self._slots.locked() and self._places < STAGED_AT_ONCE - 1 and self._room.take():
                    self._places += 1
                    self._slots.release()
                await self._slots.acquire()
                if self._has_failed:
                    await self.finish()
                self._buffer = self._buffers.pop() if self._buffers else bytearray(buffer_length(self._capacity))
                self._sealer = PartSealer(self._data_key, self._context(), self._buffer, capacity=self._capacity)
            room = self._sealer.room
            self._sealer.update(data[:room])
            data = data[room:]
            if self._sealer.room == 0:
                self._close_part()

    def _context(self) -> bytes:
        upload = self._upload
        return part_context(upload.organisation, upload.thread, upload.file, self._next_index)

    def _close_part(self) -> None:
        sealer = self._sealer
        assert sealer is not None
        self._sealer = None
        block = f"{self._next_index:06d}-{self._random(_RANDOM_BYTES_OF_BLOCK).hex()}"
        part = UploadedPart(block=block, length=sealer.plaintext_length)
        self._staging.append((part, asyncio.create_task(self._stage(block, sealer.finalize(), self._buffer))))
        self._next_index += 1

    async def _stage(self, block: str, sealed: memoryview, buffer: bytearray) -> None:
        try:
            await self._blobs.stage(self._blob, block, sealed)
            self._buffers.append(buffer)  # Nobody reads it any more; that of a fault is left to the collector.
        except DependencyError:
            self._has_failed = True
            raise
        finally:
            self._slots.release()

    async def finish(self) -> tuple[UploadedPart, ...]:
        """Close the open part, wait until everything is staged, and return the parts.

        Raises ``DependencyError`` when a part could not be staged: then none of them counts.
        """
        if self._sealer is not None and self._sealer.plaintext_length:
            self._close_part()
        elif self._sealer is not None:
            self._sealer = None
            self._slots.release()
        for _, task in self._staging:
            await task
        self._leave()
        return tuple(part for part, _ in self._staging)

    async def abandon(self) -> None:
        """Stop staging. Blocks that are staged already are never referenced; the store drops them."""
        for _, task in self._staging:
            task.cancel()
        await asyncio.gather(*(task for _, task in self._staging), return_exceptions=True)
        self._leave()

    def _leave(self) -> None:
        self._buffers.clear()
        self._room.give(self._places)
        self._places = 0
