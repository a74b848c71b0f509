"""The peer of every transfer figure: what the plain azure-storage-blob SDK does with the same bytes.

Blocks of 8 MiB, four at once, as the SDK is shipped: its own upload and download calls, retries and transport. With a
wrapping key it encrypts by itself (client-side encryption, version 2: AES-256-GCM in regions of 4 MiB).
Content is made before the clock starts and checked after it stops. How the allocator is set is the caller's choice,
for this side as for the other; a ratio says which side was tuned. Compare in turn, the median of five pairs or more.
"""

import asyncio
import io
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import uuid4

from azure.storage.blob.aio import ContainerClient
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BLOCK_BYTES = 8 * 1024 * 1024
CONCURRENCY = 4
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """One way of some content. ``cpu_seconds`` are those of this process."""

    size_bytes: int
    seconds: float
    cpu_seconds: float

    @property
    def mib_per_second(self) -> float:
        return self.size_bytes / MIB / self.seconds


class Stopwatch:
    """Wall and processor time since it was made."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._began_cpu = time.process_time()

    def stop(self, size_bytes: int) -> Transfer:
        """What was needed for ``size_bytes``."""
        seconds, cpu_seconds = time.perf_counter() - self._began, time.process_time() - self._began_cpu
        return Transfer(size_bytes=size_bytes, seconds=seconds, cpu_seconds=cpu_seconds)


class _Drain(io.RawIOBase):
    """Keeps nothing. The SDK asks for a place to which it can go back."""

    def __init__(self) -> None:
        super().__init__()
        self._at = 0

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, _: int = 0, /) -> int:
        self._at = offset
        return offset

    def write(self, data: "ReadableBuffer", /) -> int:
        length = memoryview(data).nbytes
        self._at += length
        return length


class SdkPeer:
    """Uploads and downloads in one container. Made by ``sdk_peer``."""

    def __init__(self, container: ContainerClient, concurrency: int) -> None:
        self._container = container
        self._concurrency = concurrency

    async def upload(self, name: str, content: bytes) -> Transfer:
        """Write the whole blob, over one that is there."""
        blob = self._container.get_blob_client(name)
        watch = Stopwatch()
        await blob.upload_blob(content, overwrite=True, max_concurrency=self._concurrency)
        return watch.stop(len(content))

    async def download(self, name: str, content: bytes) -> Transfer:
        """Read the whole blob into memory.

        Raises:
            ValueError: it is not ``content``.
        """
        blob = self._container.get_blob_client(name)
        watch = Stopwatch()
        found = await (await blob.download_blob(max_concurrency=self._concurrency)).readall()
        transfer = watch.stop(len(content))
        if found != content:
            raise ValueError("the store gave back other bytes")
        return transfer

    async def drain(self, name: str, size_bytes: int) -> Transfer:
        """Read the whole blob and drop it as it comes. Raises ``ValueError`` when it is not so long."""
        blob = self._container.get_blob_client(name)
        watch = Stopwatch()
        length = await (await blob.download_blob(max_concurrency=self._concurrency)).readinto(
            cast("IO[bytes]", _Drain())
        )
        if length != size_bytes:
            raise ValueError("the store gave back another length")
        return watch.stop(size_bytes)

    async def read_range(self, name: str, offset: int, length: int) -> float:
        """Read a range; seconds. Raises ``ValueError`` when it is shorter."""
        blob = self._container.get_blob_client(name)
        watch = Stopwatch()
        found = await (await blob.download_blob(offset, length)).readall()
        seconds = watch.stop(length).seconds
        if len(found) != length:
            raise ValueError("the store gave back a shorter range")
        return seconds

    async def first_bytes(self, name: str) -> float:
        """Begin to read the whole blob, and stop at the first piece that the SDK hands out; seconds."""
        blob = self._container.get_blob_client(name)
        watch = Stopwatch()
        async for piece in (await blob.download_blob(max_concurrency=self._concurrency)).chunks():
            return watch.stop(len(piece)).seconds
        raise ValueError("the blob is empty")

    async def delete(self, name: str) -> None:
        """Make room for the next run."""
        await self._container.delete_blob(name)


class WrappingKey:
    """A key-encryption key in memory, as the SDK wants it for encryption of its own. Costs next to nothing."""

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def get_kid(self) -> str:
        return "bench"

    def get_key_wrap_algorithm(self) -> str:
        return "A256KW"

    def wrap_key(self, key: bytes) -> bytes:
        return aes_key_wrap(self._key, key)

    def unwrap_key(self, key: bytes, algorithm: str) -> bytes:  # noqa: ARG002 - the SDK's signature
        return aes_key_unwrap(self._key, key)


@asynccontextmanager
async def sdk_peer(
    connection_string: str, *, concurrency: int = CONCURRENCY, wrapping_key: WrappingKey | None = None
) -> AsyncIterator[SdkPeer]:
    """A peer in a container of its own, which is deleted at the end. With ``wrapping_key`` it encrypts."""
    encryption: dict[str, Any] = {"require_encryption": True, "encryption_version": "2.0"}
    encryption = {} if wrapping_key is None else {**encryption, "key_encryption_key": wrapping_key}
    async with ContainerClient.from_connection_string(
        connection_string,
        f"peer-{uuid4().hex}",
        max_block_size=BLOCK_BYTES,
        max_single_put_size=BLOCK_BYTES,
        max_single_get_size=BLOCK_BYTES,
        max_chunk_get_size=BLOCK_BYTES,
        **encryption,
    ) as container:
        await container.create_container()
        try:
            yield SdkPeer(container, concurrency)
        finally:
            await container.delete_container()


async def upload_and_download(connection_string: str, size_mib: int) -> tuple[Transfer, Transfer]:
    """One pair, on random content, after a warm-up of one block."""
    content, warm_up = os.urandom(size_mib * MIB), os.urandom(BLOCK_BYTES)
    async with sdk_peer(connection_string) as peer:
        await peer.upload("warm-up", warm_up)
        await peer.download("warm-up", warm_up)
        return await peer.upload("content", content), await peer.download("content", content)


if __name__ == "__main__":
    for way in asyncio.run(upload_and_download(os.environ["PIC_STORAGE"], 256)):
        print(asdict(way) | {"mib_per_second": round(way.mib_per_second, 1)})
