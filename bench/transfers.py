"""256 MiB through the running host, beside the SDK on the same store: plain, and with its own encryption.

In turns, with the other side first in every second pair: once on Azurite and once on a store in memory that answers at
once (there also the sealing as a library). A ratio is the median of the pairs' ratios; above 1 means faster than the
peer. The allocator is set on both sides.
"""

import asyncio
import hashlib
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Final

from azure.storage.blob.aio import ContainerClient

from bench import raw_client, upload_floor
from bench.library import PIECE_BYTES, sealing_library
from bench.sdk_peer import MIB, SdkPeer, Transfer, WrappingKey, sdk_peer
from bench.service import Service, random_file, running_service
from bench.store_stand_in import connection_string_of, store_stand_in
from shared.crypto.parts import PART_BYTES, sealed_length, unseal_part

SIZE_BYTES: Final = 256 * MIB
GIB: Final = 1024 * MIB
PAIRS: Final = 6
SINK_PAIRS: Final = 10
"""The store in memory is quick, so more pairs cost little, and its ratios scatter more."""

PEER_SIDE: Final = "pairs in turns, the allocator set on both sides, medians"
HOW: Final = {
    "upload_vs_sdk": f"256 MiB, Azurite, {PAIRS} {PEER_SIDE}: host / azure-storage-blob aio, 8 MiB blocks, 4 at once",
    "download_vs_sdk": f"256 MiB, Azurite, {PAIRS} {PEER_SIDE}: host, whose bytes are dropped as they come / "
    "azure-storage-blob aio, 8 MiB blocks, 4 at once, into memory (readall)",
    "upload_vs_cse": f"256 MiB, Azurite, {PAIRS} {PEER_SIDE}: host / the SDK's client-side encryption v2",
    "download_vs_cse": f"256 MiB, Azurite, {PAIRS} {PEER_SIDE}: host, whose bytes are dropped as they come / "
    "the SDK's client-side encryption v2, into memory (readall)",
    "download_vs_sdk_drained": "as download_vs_sdk, but the SDK drops what comes, too (readinto)",
    "download_vs_cse_drained": "as download_vs_cse, but the SDK drops what comes, too (readinto)",
    "upload_vs_sdk_sink": f"256 MiB, store in memory, {SINK_PAIRS} {PEER_SIDE}: host / azure-storage-blob aio",
    "upload_floor_vs_sdk_sink": f"256 MiB, store in memory, {SINK_PAIRS} {PEER_SIDE}: receiving, SHA-256, sealing and "
    "staging with threads and bare sockets, without server, framework, sign-in or records / azure-storage-blob aio",
    "download_vs_sdk_sink": f"256 MiB, store in memory, {SINK_PAIRS} {PEER_SIDE}: host / azure-storage-blob aio",
    "seal_upload_vs_cse_sink": f"256 MiB, store in memory, {SINK_PAIRS} {PEER_SIDE}: "
    "sealing and storing as a library / the SDK's client-side encryption v2; neither makes a digest of the content",
    "seal_digest_upload_vs_cse_sink": f"256 MiB, store in memory, {SINK_PAIRS} {PEER_SIDE}: "
    "the same with our SHA-256 of the content beside it, as in every upload through the host",
    "seal_download_vs_cse_sink": f"256 MiB, store in memory, {SINK_PAIRS} {PEER_SIDE}: "
    "reading and verifying as a library, into memory / the SDK's client-side encryption v2",
    "stored_vs_sent": "bytes of the blob of a 256 MiB file in Azurite / 256 MiB; its records hold some kilobytes more",
    "upload_cpu_s_per_gib": "processor time of the host for 256 MiB, store in memory, median, times 4",
    "download_cpu_s_per_gib": "processor time of the host for 256 MiB, store in memory, median, times 4",
}


class _Pairs:
    """Seconds by who and which way, one entry for each pair."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {}

    def add(self, side: str, seconds: float) -> None:
        self._seconds.setdefault(side, []).append(seconds)

    def ratio(self, side: str, peer: str) -> float:
        """How many times as fast ``side`` is as ``peer``."""
        pairs = zip(self._seconds[side], self._seconds[peer], strict=True)
        return statistics.median(theirs / ours for ours, theirs in pairs)

    def mib_per_second(self, side: str) -> float:
        return SIZE_BYTES / MIB / self.median(side)

    def median(self, side: str) -> float:
        return statistics.median(self._seconds[side])


def measure() -> dict[str, float]:
    """All figures of ``HOW``, and the speed of both sides in MiB/s."""
    with random_file(SIZE_BYTES) as file:
        content = file.read_bytes()
        with running_service() as service:
            found = asyncio.run(_on_azurite(service, file, content))
        with (
            tempfile.TemporaryDirectory(prefix="pic-bench-") as folder,
            store_stand_in(Path(folder) / "store.log") as endpoint,
            upload_floor.running(endpoint, Path(folder) / "floor.log") as floor,
            running_service(blob_endpoint=endpoint) as service,
        ):
            return found | asyncio.run(_on_sink(service, connection_string_of(endpoint), file, content, floor))


async def _on_azurite(service: Service, file: Path, content: bytes) -> dict[str, float]:
    pairs, stored = _Pairs(), 0.0
    account = service.stack.environment["PIC_STORAGE"]
    messages = service.thread()
    async with sdk_peer(account) as plain, sdk_peer(account, wrapping_key=WrappingKey()) as encrypting:
        peers = {"sdk": plain, "cse": encrypting}
        for pair in range(PAIRS + 1):
            kept = pairs if pair else _Pairs()  # The first pair warms all sides.
            host = _Host(service, service.draft(messages), kept)
            await _in_turn(pair, partial(host.up, file), partial(_peer_up, peers, content, kept))
            stored = stored or await _stored_bytes(service) / SIZE_BYTES
            await _in_turn(pair, host.down, partial(_peer_down, peers, content, kept, is_drained_too=True))
            await host.clear()
    return {
        **{f"download_vs_{peer}_drained": pairs.ratio("download host", f"drain {peer}") for peer in ("sdk", "cse")},
        **{f"{way}_vs_{peer}": pairs.ratio(f"{way} host", f"{way} {peer}") for way in WAYS for peer in ("sdk", "cse")},
        **{f"{way}_mib_per_s": pairs.mib_per_second(f"{way} host") for way in WAYS},
        **{f"{way}_sdk_mib_per_s": pairs.mib_per_second(f"{way} sdk") for way in WAYS},
        "stored_vs_sent": stored,
    }


WAYS: Final = ("upload", "download")

_LOOKS: Final = 120
_LOOK_SECONDS: Final = 0.25


async def _on_sink(service: Service, account: str, file: Path, content: bytes, floor: int) -> dict[str, float]:
    pairs = _Pairs()
    pieces = [content[start : start + PIECE_BYTES] for start in range(0, SIZE_BYTES, PIECE_BYTES)]
    async with AsyncExitStack() as running:
        plain = await running.enter_async_context(sdk_peer(account))
        encrypting = await running.enter_async_context(sdk_peer(account, wrapping_key=WrappingKey()))
        library = await running.enter_async_context(sealing_library(account))
        messages, peers = service.thread(), {"sdk": plain, "cse": encrypting}
        for pair in range(SINK_PAIRS + 1):
            kept = pairs if pair else _Pairs()
            host = _Host(service, service.draft(messages), kept)
            await _in_turn(pair, partial(host.up, file), partial(_peer_up, peers, content, kept))
            kept.add("upload floor", await asyncio.to_thread(_floor_up, floor, file, content))
            if not pair:
                await _check_floor(account, content)
            sealed, sealing = await library.upload(pieces, is_digested=False)
            kept.add("upload library", sealing.seconds)
            digested, sealing = await library.upload(pieces, is_digested=True)
            kept.add("digested upload library", sealing.seconds)
            await library.delete(digested)
            await _in_turn(pair, host.down, partial(_peer_down, peers, content, kept))
            kept.add("download library", (await library.download(sealed, pieces)).seconds)
            await host.clear()
            await library.delete(sealed)
    per_gib = GIB / SIZE_BYTES
    return {
        **{f"{way}_vs_sdk_sink": pairs.ratio(f"{way} host", f"{way} sdk") for way in WAYS},
        **{f"{way}_vs_cse_sink": pairs.ratio(f"{way} host", f"{way} cse") for way in WAYS},
        "upload_floor_vs_sdk_sink": pairs.ratio("upload floor", "upload sdk"),
        **{f"seal_{way}_vs_cse_sink": pairs.ratio(f"{way} library", f"{way} cse") for way in WAYS},
        "seal_digest_upload_vs_cse_sink": pairs.ratio("digested upload library", "upload cse"),
        **{f"{way}_cpu_s_per_gib": pairs.median(f"{way} host cpu") * per_gib for way in WAYS},
        **{f"{way}_sdk_cpu_s_per_gib": pairs.median(f"{way} sdk cpu") * per_gib for way in WAYS},
        **{f"{way}_sink_mib_per_s": pairs.mib_per_second(f"{way} host") for way in WAYS},
        **{f"{way}_sdk_sink_mib_per_s": pairs.mib_per_second(f"{way} sdk") for way in WAYS},
    }


async def _in_turn(pair: int, host: Callable[[], Awaitable[None]], peers: Callable[[], Awaitable[None]]) -> None:
    """Both, each the first in every second pair: whoever comes first pays for what the store has left to do."""
    for act in (host, peers) if pair % 2 else (peers, host):
        await act()


class _Host:
    """The host's side of a pair: one file of one message."""

    def __init__(self, service: Service, message: str, kept: _Pairs) -> None:
        self._service = service
        self._message = message
        self._kept = kept
        self._path = ""

    async def up(self, file: Path) -> None:
        before = self._service.cpu_seconds()
        self._path, seconds = await asyncio.to_thread(self._service.upload, self._message, file)
        self._kept.add("upload host", seconds)
        self._kept.add("upload host cpu", self._service.cpu_seconds() - before)

    async def down(self) -> None:
        before = self._service.cpu_seconds()
        self._kept.add("download host", await asyncio.to_thread(self._service.download, self._path, SIZE_BYTES))
        self._kept.add("download host cpu", self._service.cpu_seconds() - before)

    async def clear(self) -> None:
        """Delete, and wait until the jobs have cleared the content away: the next would be measured with them."""
        self._service.staff.call("DELETE", self._message, expect=204)
        for _ in range(_LOOKS):
            if not await _stored_bytes(self._service):
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise RuntimeError("the content of a deleted message is still there")


def _floor_up(port: int, file: Path, content: bytes) -> float:
    began = time.perf_counter()
    answer = raw_client.send_file(port, "PATCH", "/", {}, file)
    seconds = time.perf_counter() - began
    if answer.headers["content-sha256"] != hashlib.sha256(content).hexdigest():
        raise RuntimeError(f"the floor gave {answer.status} and another digest")
    return seconds


async def _check_floor(account: str, content: bytes) -> None:
    """What it stored can be unsealed. Raises ``IntegrityError``, ``ValueError``."""
    async with ContainerClient.from_connection_string(account, upload_floor.CONTAINER) as container:
        sealed = memoryview(await (await container.download_blob(upload_floor.BLOB)).readall())
    for start in range(0, len(content), PART_BYTES):
        part, sealed = sealed[: sealed_length(PART_BYTES)], sealed[sealed_length(PART_BYTES) :]
        if unseal_part(upload_floor.KEY, upload_floor.CONTEXT, part) != content[start : start + PART_BYTES]:
            raise ValueError("the floor stored other bytes")


async def _peer_up(peers: dict[str, SdkPeer], content: bytes, kept: _Pairs) -> None:
    for name, peer in peers.items():
        _keep(kept, f"upload {name}", await peer.upload("content", content))


async def _peer_down(peers: dict[str, SdkPeer], content: bytes, kept: _Pairs, *, is_drained_too: bool = False) -> None:
    for name, peer in peers.items():
        _keep(kept, f"download {name}", await peer.download("content", content))
        if is_drained_too:
            _keep(kept, f"drain {name}", await peer.drain("content", len(content)))
        await peer.delete("content")


def _keep(kept: _Pairs, side: str, transfer: Transfer) -> None:
    kept.add(side, transfer.seconds)
    kept.add(f"{side} cpu", transfer.cpu_seconds)


async def _stored_bytes(service: Service) -> float:
    environment = service.stack.environment
    container = ContainerClient.from_connection_string(environment["PIC_STORAGE"], environment["PIC_BLOB_CONTAINER"])
    async with container:
        return float(sum([blob.size async for blob in container.list_blobs()]))
