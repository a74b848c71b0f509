"""256 MiB through the running host, beside the plain SDK on the same Azurite, in turns."""

import asyncio
import statistics

from bench.sdk_peer import MIB, sdk_peer
from bench.service import Service, random_file

SIZE_BYTES = 256 * MIB
PAIRS = 5


async def measure(service: Service) -> dict[str, float]:
    """Ratios of speed (above 1: faster than the SDK), medians of the pairs; and both sides in MiB/s."""
    ups: list[tuple[float, float]] = []
    downs: list[tuple[float, float]] = []
    with random_file(SIZE_BYTES) as file:
        content = file.read_bytes()
        messages = service.thread()
        async with sdk_peer(service.stack.environment["PIC_STORAGE"]) as peer:
            for pair in range(PAIRS + 1):
                message = service.draft(messages)
                path, up = await asyncio.to_thread(service.upload, message, file)
                peer_up = await peer.upload("content", content)
                down = await asyncio.to_thread(service.download, path, SIZE_BYTES)
                peer_down = await peer.download("content", content)
                service.staff.call("DELETE", message, expect=204)
                await peer.delete("content")
                if pair:  # The first pair warms both sides.
                    ups.append((peer_up.seconds, up))
                    downs.append((peer_down.seconds, down))
    return {
        "upload_vs_sdk": statistics.median(peer / ours for peer, ours in ups),
        "download_vs_sdk": statistics.median(peer / ours for peer, ours in downs),
        "upload_mib_per_s": SIZE_BYTES / MIB / statistics.median(ours for _, ours in ups),
        "upload_sdk_mib_per_s": SIZE_BYTES / MIB / statistics.median(peer for peer, _ in ups),
        "download_mib_per_s": SIZE_BYTES / MIB / statistics.median(ours for _, ours in downs),
        "download_sdk_mib_per_s": SIZE_BYTES / MIB / statistics.median(peer for peer, _ in downs),
    }
