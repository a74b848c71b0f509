"""What the figures must reach. A figure is compared when it is measured; whoever runs the bench is told."""

from collections.abc import Mapping
from typing import Final

AT_LEAST: Final[Mapping[str, float]] = {
    "upload_vs_sdk": 0.85,
    "download_vs_sdk": 0.85,
    "upload_vs_sdk_sink": 0.75,
    "download_vs_sdk_sink": 0.75,
    "upload_vs_cse": 0.9,
    "download_vs_cse": 1.4,
    "seal_upload_vs_cse_sink": 1.2,
    "seal_download_vs_cse_sink": 1.2,
    "transfer_copy_vs_sdk": 0.7,
}
AT_MOST: Final[Mapping[str, float]] = {
    "rss_flat": 1.1,
    "rss_one_mib": 64,
    "rss_sixteen_mib": 384,
    "range_vs_sdk": 2.5,
    "ttfb_vs_sdk": 2.0,
    "keyvault_calls_per_1000_files": 2,
    "stored_vs_sent": 1.003,
    "transfer_rss_flat": 1.2,
    "transfer_rss_mib": 256,
}


def over_limits(figures: Mapping[str, float]) -> list[str]:
    """One sentence for each figure that misses its bound."""
    low = [f"{name} is below {bound}" for name, bound in AT_LEAST.items() if figures.get(name, bound) < bound]
    return low + [f"{name} is above {bound}" for name, bound in AT_MOST.items() if figures.get(name, bound) > bound]
