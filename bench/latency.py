"""A small range at the end of a large file, and the first byte of it, beside the plain SDK on the same Azurite."""

import asyncio
import statistics
from typing import Final

from bench.sdk_peer import MIB, sdk_peer
from bench.service import Service, random_file, running_service
from shared.domain.manifest import PART_BYTES

SIZE_BYTES: Final = 1024 * MIB
RANGE_BYTES: Final = 1024
PEER_RANGE_BYTES: Final = 16 * 1024
"""What a sealed range of a kilobyte takes at least: one chunk."""

WARM_UP: Final = 5
WARM_UP_OF_RANGES: Final = 100
"""Azurite takes about as many until its own compiler is done with what answers: ours asks it for records as well, which
nothing else has warmed; Azure's stores have no such beginning."""
RANGES: Final = 60
FIRST_BYTES: Final = 25

HOW: Final = {
    "range_vs_sdk": f"last 1 KiB of a 1 GiB file through the host / the SDK's read of the last 16 KiB, Azurite, "
    f"median of {RANGES} pairs in turns after {WARM_UP_OF_RANGES}, both over connections that stay open; the "
    "host's time includes sign-in, records and the audit event; the head of the part is known from the range before",
    "first_range_vs_sdk": f"the same, each range in a part that nobody has read of before, {RANGES} pairs in turns",
    "ttfb_vs_sdk": f"first byte of a 1 GiB download through the host / first piece the SDK hands out, Azurite, "
    f"median of {FIRST_BYTES} pairs in turns; the host's time includes sign-in, records and the audit event",
}


def measure() -> dict[str, float]:
    """The ratios of ``HOW`` (above 1: slower than the SDK), and milliseconds of both sides."""
    with running_service() as service, random_file(SIZE_BYTES) as file:
        path, _ = service.upload(service.draft(service.thread()), file)
        return asyncio.run(_measure(service, path, file.read_bytes()))


async def _measure(service: Service, path: str, content: bytes) -> dict[str, float]:
    ranges: list[tuple[float, float]] = []
    first_ranges: list[tuple[float, float]] = []
    firsts: list[tuple[float, float]] = []
    async with sdk_peer(service.stack.environment["PIC_STORAGE"]) as peer:
        await peer.upload("content", content)
        for _ in range(WARM_UP_OF_RANGES + RANGES):
            ours = await asyncio.to_thread(service.fetch_range, path, f"-{RANGE_BYTES}", RANGE_BYTES)
            theirs = await peer.read_range("content", SIZE_BYTES - PEER_RANGE_BYTES, PEER_RANGE_BYTES)
            ranges.append((ours, theirs))
        for part in range(RANGES):
            at = part * PART_BYTES + PART_BYTES // 2
            wanted = f"{at}-{at + RANGE_BYTES - 1}"
            ours = await asyncio.to_thread(service.fetch_range, path, wanted, RANGE_BYTES)
            first_ranges.append((ours, await peer.read_range("content", at, PEER_RANGE_BYTES)))
        for _ in range(WARM_UP + FIRST_BYTES):
            ours = await asyncio.to_thread(service.first_byte, path)
            firsts.append((ours, await peer.first_bytes("content")))
    return {
        **_figures("range", ranges[WARM_UP_OF_RANGES:]),
        **_figures("first_range", first_ranges),
        **_figures("ttfb", firsts[WARM_UP:]),
    }


def _figures(name: str, pairs: list[tuple[float, float]]) -> dict[str, float]:
    return {
        f"{name}_vs_sdk": statistics.median(ours / theirs for ours, theirs in pairs),
        f"{name}_ms": statistics.median(ours for ours, _ in pairs) * 1000,
        f"{name}_sdk_ms": statistics.median(theirs for _, theirs in pairs) * 1000,
    }
