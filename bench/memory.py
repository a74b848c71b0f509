"""Peak memory of the host with a large file, beside that with a small one: a fresh host for each."""

from bench.sdk_peer import MIB
from bench.service import peak_bytes, random_file, running_service

SMALL_BYTES = 64 * MIB
LARGE_BYTES = 1024 * MIB


def measure() -> dict[str, float]:
    """``rss_flat`` is large over small, each after one upload and one download."""
    small, large = _peak(SMALL_BYTES), _peak(LARGE_BYTES)
    return {"rss_flat": large / small, "rss_small_mib": small / MIB, "rss_large_mib": large / MIB}


def _peak(size_bytes: int) -> int:
    with running_service() as service, random_file(size_bytes) as file:
        path, _ = service.upload(service.draft(service.thread()), file)
        service.download(path, size_bytes)
        return peak_bytes(service.host())
