"""Sealing and storing called as a library, without the host and without HTTP before it.

The very classes that the host uses: ``PartWriter`` with the digest and the look at the content, ``PartReader``, and
the adapter of the store. Records and keys are not part of it. Content is made before the clock starts, in pieces.
The digest can be left out, as the peer makes none.
"""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from bench.sdk_peer import MIB, Stopwatch, Transfer
from shared.adapters.block_blobs import BlockBlobs
from shared.domain.byte_ranges import ByteRange
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId, UploadId, new_id
from shared.domain.threads import Sealed
from shared.domain.upload_rule import Progress
from shared.services.digests import RunningDigest
from shared.services.part_reading import PartReader, SealedFile
from shared.services.part_writing import PartWriter
from shared.services.uploads import Upload

PIECE_BYTES = MIB
LIMIT_BYTES = 1 << 40


class SealingLibrary:
    """Uploads and downloads in one container. Made by ``sealing_library``."""

    def __init__(self, blobs: BlockBlobs) -> None:
        self._blobs = blobs
        self._data_key = os.urandom(32)

    async def upload(self, content: Sequence[bytes], *, is_digested: bool) -> tuple[SealedFile, Transfer]:
        """Seal, stage, commit; and beside it the SHA-256 of the content, with the look at it, if it ``is_digested``."""
        size = sum(map(len, content))
        begun = _begun(size)
        watch = Stopwatch()
        writer = PartWriter(
            blobs=self._blobs, blob=begun.blob, upload=begun, data_key=self._data_key, random=os.urandom
        )
        await writer.write(_each(content), at_most=size, digest=RunningDigest(is_whole=is_digested))
        parts = await writer.finish()
        await self._blobs.commit(begun.blob, [part.block for part in parts])
        transfer = watch.stop(size)
        lengths = [part.length for part in parts]
        return SealedFile(
            organisation=begun.organisation,
            thread=begun.thread,
            message=begun.message,
            file=begun.file,
            part_lengths=lengths,
        ), transfer

    async def download(self, file: SealedFile, content: Sequence[bytes]) -> Transfer:
        """Fetch, verify, unseal, into memory. Raises ``ValueError`` when it is not ``content``."""
        size = sum(map(len, content))
        watch = Stopwatch()
        found, at = memoryview(bytearray(size)), 0
        reader = PartReader(blobs=self._blobs, file=file, data_key=self._data_key)
        async for piece in reader.read(ByteRange(start=0, end=size)):
            found[at : at + len(piece)] = piece
            at += len(piece)
        transfer = watch.stop(size)
        if any(
            found[start : start + PIECE_BYTES] != content[start // PIECE_BYTES] for start in range(0, size, PIECE_BYTES)
        ):
            raise ValueError("the store gave back other bytes")
        return transfer

    async def delete(self, file: SealedFile) -> None:
        """Make room for the next run."""
        await self._blobs.delete(file.blob)


async def _each(content: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in content:
        yield piece


def _begun(size: int) -> Upload:
    now = datetime.now(UTC)
    return Upload(
        upload=UploadId(new_id(now, os.urandom)),
        organisation=OrganisationId(new_id(now, os.urandom)),
        thread=ThreadId(new_id(now, os.urandom)),
        message=MessageId(new_id(now, os.urandom)),
        file=FileId(new_id(now, os.urandom)),
        owner="bench",
        name=Sealed(""),
        media_type=Sealed(""),
        progress=Progress.begun(length=size, limit=LIMIT_BYTES, expires_at=now + timedelta(days=1)),
        created_at=now,
    )


@asynccontextmanager
async def sealing_library(connection_string: str) -> AsyncIterator[SealingLibrary]:
    """The library on a container of its own, which goes with the store."""
    blobs = BlockBlobs(container=f"library-{uuid4().hex}", connection_string=connection_string)
    try:
        await blobs.ensure()
        yield SealingLibrary(blobs)
    finally:
        await blobs.close()
