"""Peak memory of the host: with a large file beside a small one, with one transfer, with sixteen at once.

The store in memory is a process of its own and answers at once, so that whatever piles up piles up in the host.
"""

import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from bench.sdk_peer import MIB
from bench.service import Service, forget_peak, peak_bytes, random_file, running_service
from bench.store_stand_in import store_stand_in

SMALL_BYTES: Final = 64 * MIB
LARGE_BYTES: Final = 2048 * MIB
MANY: Final = 16
T = TypeVar("T")

HOW: Final = {
    "rss_flat": "peak resident memory of a host during an upload and a download: 2 GiB / 64 MiB, store in memory; "
    "counted from when somebody has signed in, which takes more for a moment than either",
    "rss_one_mib": "peak resident memory above idle, larger of one upload and one download of 256 MiB, store in memory",
    "rss_sixteen_mib": "peak resident memory above idle, larger of 16 uploads and 16 downloads of 64 MiB at once, "
    "store in memory",
}


def measure() -> dict[str, float]:
    """The figures of ``HOW``. Idle is a host that has taken and given one small file, so that all is loaded."""
    small, large = _peak(SMALL_BYTES), _peak(LARGE_BYTES)
    with _service() as service:
        one = _above_idle(service, 256 * MIB, 1)
    with _service() as service:
        many = _above_idle(service, SMALL_BYTES, MANY)
    return {
        "rss_flat": large / small,
        "rss_small_mib": small / MIB,
        "rss_large_mib": large / MIB,
        "rss_one_upload_mib": one[0] / MIB,
        "rss_one_download_mib": one[1] / MIB,
        "rss_one_mib": max(one) / MIB,
        "rss_sixteen_upload_mib": many[0] / MIB,
        "rss_sixteen_download_mib": many[1] / MIB,
        "rss_sixteen_mib": max(many) / MIB,
    }


@contextmanager
def _service() -> Iterator[Service]:
    with tempfile.TemporaryDirectory(prefix="pic-bench-") as folder:
        log = Path(folder) / "store.log"
        with store_stand_in(log) as endpoint, running_service(blob_endpoint=endpoint) as service:
            yield service


def _peak(size_bytes: int) -> int:
    with _service() as service, random_file(size_bytes) as file:
        draft = service.draft(service.thread())
        forget_peak(service.host())
        path, _ = service.upload(draft, file)
        service.download(path, size_bytes)
        return peak_bytes(service.host())


def _above_idle(service: Service, size_bytes: int, at_once: int) -> tuple[int, int]:
    """Peaks of the uploads and of the downloads."""
    host = service.host()
    messages = service.thread()
    with random_file(1000) as tiny, random_file(size_bytes) as file:
        path, _ = service.upload(service.draft(messages), tiny)
        service.download(path, 1000)
        idle = forget_peak(host)
        drafts = [service.draft(messages) for _ in range(at_once)]
        paths = _at_once([partial(service.upload, draft, file) for draft in drafts])
        up = peak_bytes(host) - idle
        forget_peak(host)
        _at_once([partial(service.download, path, size_bytes) for path, _ in paths])
        return up, peak_bytes(host) - idle


def _at_once(acts: list[Callable[[], T]]) -> list[T]:
    with ThreadPoolExecutor(len(acts)) as pool:
        return [act.result() for act in [pool.submit(act) for act in acts]]
