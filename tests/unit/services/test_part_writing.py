"""The digest beside the sealing: on its way at once, complete at the end, whatever pieces the bytes come in."""

import hashlib
import os
import threading
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from shared.adapters.memory_blobs import MemoryBlobs
from shared.domain.errors import SourceCutError
from shared.domain.ids import FileId, MessageId, OrganisationId, ThreadId, UploadId, new_id
from shared.domain.threads import Sealed
from shared.domain.upload_rule import Progress
from shared.services.digests import RunningDigest
from shared.services.part_writing import PartWriter
from shared.services.uploads import Upload

MIB = 1024 * 1024
PATIENCE_SECONDS = 10.0


def writer_of(size: int) -> PartWriter:
    """For an upload of that length, on a store in memory."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    upload = Upload(
        upload=UploadId(new_id(now, os.urandom)),
        organisation=OrganisationId(new_id(now, os.urandom)),
        thread=ThreadId(new_id(now, os.urandom)),
        message=MessageId(new_id(now, os.urandom)),
        file=FileId(new_id(now, os.urandom)),
        owner="owner",
        name=Sealed(""),
        media_type=Sealed(""),
        progress=Progress.begun(length=size, limit=size, expires_at=now + timedelta(days=1)),
        created_at=now,
    )
    return PartWriter(blobs=MemoryBlobs(), blob=upload.blob, upload=upload, data_key=bytes(32), random=os.urandom)


class ToldDigest(RunningDigest):
    """Says that it has taken something, and in which threads."""

    def __init__(self) -> None:
        super().__init__(is_whole=True)
        self.has_taken = threading.Event()
        self.threads: set[int] = set()

    def update(self, data: bytes | bytearray | memoryview) -> None:
        super().update(data)
        self.threads.add(threading.get_ident())
        self.has_taken.set()


async def test_the_digest_is_on_its_way_while_the_loop_is_busy() -> None:
    """It does not begin only when the loop has nothing else to do: then nothing would run beside anything."""
    digest = ToldDigest()

    async def body() -> AsyncIterator[bytes]:
        yield bytes(4 * MIB)
        assert digest.has_taken.wait(PATIENCE_SECONDS), "the digest waits for the loop"
        yield bytes(4 * MIB)

    writer = writer_of(8 * MIB)
    await writer.write(body(), at_most=8 * MIB, digest=digest)
    await writer.finish()
    assert digest.digest() == hashlib.sha256(bytes(8 * MIB)).digest()


@pytest.mark.parametrize(
    "lengths",
    [[], [1], [100, 200, 300], [2 * MIB], [2 * MIB - 1, 1, 1], [1_000_003] * 11, [9 * MIB, 5], [300_000] * 40],
    ids=lambda lengths: f"{len(lengths)}-pieces-of-{sum(lengths)}",
)
async def test_the_digest_is_of_all_bytes_in_their_order(lengths: Sequence[int]) -> None:
    """However they are cut, over several batches, and with several of them waiting."""
    pieces = [os.urandom(length) for length in lengths]
    digest = RunningDigest(is_whole=True)
    writer = writer_of(max(1, sum(lengths)))
    await writer.write(_each(pieces), at_most=sum(lengths), digest=digest)
    parts = await writer.finish()
    assert sum(part.length for part in parts) == digest.length == digest.look.length == sum(lengths)
    assert digest.digest() == hashlib.sha256(b"".join(pieces)).digest()


async def test_after_a_cut_the_digest_is_of_what_counts() -> None:
    """Also of the bytes that had not come to a batch."""
    pieces = [os.urandom(MIB), os.urandom(MIB), os.urandom(MIB), os.urandom(7)]

    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        raise SourceCutError

    digest, writer = RunningDigest(is_whole=True), writer_of(8 * MIB)
    with pytest.raises(SourceCutError):
        await writer.write(body(), at_most=8 * MIB, digest=digest)
    parts = await writer.finish()
    assert sum(part.length for part in parts) == digest.length == 3 * MIB + 7
    assert digest.digest() == hashlib.sha256(b"".join(pieces)).digest()


async def test_an_incomplete_digest_takes_nothing() -> None:
    """It could not be completed: the bytes before it went to another instance."""
    digest, writer = ToldDigest(), writer_of(4 * MIB)
    digest.is_whole = False
    await writer.write(_each([bytes(4 * MIB)]), at_most=4 * MIB, digest=digest)
    await writer.finish()
    assert digest.length == 0
    assert not digest.threads - {threading.get_ident()}


async def _each(pieces: Sequence[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
