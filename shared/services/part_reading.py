"""Reading sealed parts back: only what is asked for, verified before it is released, a bounded run ahead."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from shared.crypto.contexts import part_context
from shared.crypto.parts import PartUnsealer
from shared.crypto.ranges import CHUNK_BYTES, HEAD_BYTES, ChunkSpan, chunk_span, sealed_length, unseal_range
from shared.domain import places
from shared.domain.byte_ranges import ByteRange
from shared.domain.deadlines import Ticks, check_time
from shared.domain.errors import IntegrityError
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId
from shared.domain.ports import Blobs
from shared.services.part_heads import HEADS, PartHeads
from shared.services.part_room import ROOM, PartRoom
from shared.services.uploads import Upload

READ_AHEAD: Final = 4
"""Parts fetched before they are needed: memory per download is this plus one, times 8 MiB, and as much again while a
part of which only a piece is wanted is unsealed. Fewer where many downloads run: see ``part_room``."""

FIRST_BYTES: Final = 256 * 1024
"""The first piece of a long read, in whole chunks: it is on its way long before the whole first part could be."""

_LONG_BYTES: Final = 4 * FIRST_BYTES
"""From here on it pays to fetch the first piece by itself."""


_AT_ONCE_BYTES: Final = 512 * 1024
"""Unsealed without a detour through a thread, in less time than that would take."""

_UNSEALING: Final = ThreadPoolExecutor(1, thread_name_prefix="unsealing")
"""One at a time: a piece of a part is in memory twice meanwhile, and one thread unseals more than comes in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedFile:
    """Where a file's parts lie and how long each is in clear, in bytes, as the manifest says."""

    organisation: OrganisationId
    thread: ThreadId
    message: MessageId
    file: FileId
    part_lengths: Sequence[int]

    @property
    def blob(self) -> str:
        return places.blob(self.organisation, self.thread, self.message, self.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What is needed of one part: plaintext ``start`` to ``end`` inside it; ``sealed_at`` is its place in the blob."""

    index: int
    sealed_at: int
    length: int
    start: int
    end: int


def _pieces(lengths: Sequence[int], wanted: ByteRange) -> list[_Piece]:
    found: list[_Piece] = []
    plain_at = sealed_at = 0
    for index, length in enumerate(lengths):
        start, end = max(wanted.start - plain_at, 0), min(wanted.end - plain_at, length)
        if start < end:
            found.append(_Piece(index=index, sealed_at=sealed_at, length=length, start=start, end=end))
        plain_at += length
        sealed_at += sealed_length(length)
    return _begun_small(found)


def _begun_small(pieces: list[_Piece]) -> list[_Piece]:
    """The same, with a first piece that is soon there. It ends with a chunk: none is fetched twice."""
    if not pieces or pieces[0].end - pieces[0].start < _LONG_BYTES:
        return pieces
    first, *others = pieces
    cut = (first.start // CHUNK_BYTES) * CHUNK_BYTES + FIRST_BYTES
    return [replace(first, end=cut), replace(first, start=cut), *others]


class PartReader:
    """Streams a range of a file's plaintext. ``still`` is asked before each piece, and may refuse it."""

    def __init__(
        self,
        *,
        blobs: Blobs,
        file: SealedFile,
        data_key: bytes,
        room: PartRoom = ROOM,
        heads: PartHeads = HEADS,
        still: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        self._still = still
        self._blobs = blobs
        self._room = room
        self._heads = heads
        self._file = file
        self._data_key = data_key

    async def read(self, wanted: ByteRange) -> AsyncGenerator[bytes | bytearray, None]:
        """The plaintext of ``wanted``, piece by piece.

        Raises ``IntegrityError`` or ``NotFoundError`` instead of a piece that does not verify or is not there; what
        came before was verified, and the reader's caller must not let the short stream look whole. Raises what
        ``still`` raises.
        """
        pieces = deque(_pieces(self._file.part_lengths, wanted))
        ahead: deque[asyncio.Task[bytes | bytearray]] = deque()
        places = 0
        try:
            while pieces or ahead:
                if ahead:
                    data = await ahead[0]
                    ahead.popleft()
                else:
                    # Not in a task: it would wait for its turn, and the store could have begun.
                    data = await self._piece(pieces.popleft())
                if places > len(ahead):
                    self._room.give()
                    places -= 1
                # Not before the first piece has come: it would have to share the way with them.
                while pieces and len(ahead) < READ_AHEAD and self._room.take():
                    places += 1
                    ahead.append(asyncio.create_task(self._piece(pieces.popleft())))
                if self._still is not None:
                    await self._still()
                yield data
                del data  # Else it would stay until the next one is there.
        finally:
            self._room.give(places)
            for task in ahead:
                task.cancel()
            await asyncio.gather(*ahead, return_exceptions=True)

    async def _piece(self, piece: _Piece) -> bytes | bytearray:
        file = self._file
        context = part_context(file.organisation, file.thread, file.file, piece.index)
        if piece.start == 0 and piece.end == piece.length:
            unsealer = PartUnsealer(self._data_key, context, piece.length)
            await self._blobs.read_into(file.blob, piece.sealed_at, sealed_length(piece.length), unsealer.begin)
            return unsealer.finalize()
        span = chunk_span(piece.length, piece.start, piece.end)
        known = self._heads.get(file.blob, piece.sealed_at)
        head, chunks = await self._head_and_chunks(piece, span, known)
        try:
            plaintext = await self._unsealed(piece, span, context, head, chunks)
        except IntegrityError:
            if known is None:
                raise
            # What counts is what the store has now.
            head = bytes(await self._exactly(piece.sealed_at, HEAD_BYTES))
            if head == known:
                raise
            plaintext = await self._unsealed(piece, span, context, head, chunks)
        self._heads.keep(file.blob, piece.sealed_at, head)
        return plaintext

    async def _unsealed(
        self, piece: _Piece, span: ChunkSpan, context: bytes, head: bytes, chunks: memoryview
    ) -> bytearray:
        unseal = partial(unseal_range, self._data_key, context, head, chunks, span, piece.start, piece.end)
        return unseal() if chunks.nbytes <= _AT_ONCE_BYTES else await _apart(unseal)

    async def _head_and_chunks(self, piece: _Piece, span: ChunkSpan, known: bytes | None) -> tuple[bytes, memoryview]:
        if span.first_chunk == 0 and known is None:
            sealed = memoryview(await self._exactly(piece.sealed_at, span.sealed_end))
            return bytes(sealed[:HEAD_BYTES]), sealed[HEAD_BYTES:]
        start, length = piece.sealed_at + span.sealed_start, span.sealed_end - span.sealed_start
        if known is not None:
            return known, memoryview(await self._exactly(start, length))
        head = asyncio.create_task(self._exactly(piece.sealed_at, HEAD_BYTES))
        try:
            chunks = await self._exactly(start, length)
            return bytes(await head), memoryview(chunks)
        finally:
            head.cancel()
            await asyncio.gather(head, return_exceptions=True)

    async def _exactly(self, offset: int, length: int) -> bytes | bytearray:
        data = await self._blobs.read(self._file.blob, offset, length)
        if len(data) != length:
            raise IntegrityError
        return data


async def _apart(unseal: Callable[[], bytearray]) -> bytearray:
    return await asyncio.get_running_loop().run_in_executor(_UNSEALING, unseal)


async def plaintext_from(
    start: int, blobs: Blobs, upload: Upload, data_key: bytes, ticks: Ticks
) -> AsyncGenerator[bytes | bytearray, None]:
    """The plaintext of a committed upload from a byte on, read from its sealed parts.

    Raises ``IntegrityError``, and ``OutOfTimeError`` instead of a further piece once the deadline has come.
    """
    lengths = [part.length for part in upload.progress.parts]
    file = SealedFile(
        organisation=upload.organisation,
        thread=upload.thread,
        message=upload.message,
        file=upload.file,
        part_lengths=lengths,
    )
    reader = PartReader(blobs=blobs, file=file, data_key=data_key)
    async with aclosing(reader.read(ByteRange(start=start, end=upload.progress.size))) as pieces:
        async for piece in pieces:
            yield piece
            check_time(ticks)
