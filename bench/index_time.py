"""From the start of a process until every function is indexed: our package, beside an app that says hello.

Both start in the real azure-functions-runtime on Python 3.13 as a worker that begins with its app, in turns, with the
packages of the package. What the ratio tells is what our imports and settings add to the cold start; starting Python
and the runtime is in both. The same package without its bytecode shows what that is worth.
"""

import asyncio
import json
import os
import shutil
import statistics
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.package.budgets import INDEX_VS_HELLO, MIB, PACKED_MIB
from local.package.building import PACKAGES
from local.package.contents import MADE_BY_PYTHON
from tests.support.package import built_package
from tests.support.worker import drive, sample_settings

ROUNDS: Final = 15
"""A single pair varies by a third on a shared machine; the median of so many by a twentieth."""
BARE_ROUNDS: Final = 5
"""Without bytecode a start takes several times as long, and the figure is far from any limit."""
HELLO: Final = Path(__file__).parent / "hello"

HOW: Final = {
    "package_mib": "size of build/package.zip as make package builds it",
    "index_vs_hello": f"median of {ROUNDS} pairs, in turns: process start to indexed, the unpacked package with its "
    "unchecked-hash bytecode / an app with one function, same runtime, same packages",
    "index_no_bytecode_vs_hello": f"median of {BARE_ROUNDS} pairs, in turns: the same package with every __pycache__ "
    "removed, neither source nor folder written to / the same app that says hello, with bytecode",
}


async def measure() -> dict[str, float]:
    """Medians in seconds, and the median of the pairs' ratios. One pair beforehand warms the caches of the disk."""
    package = await asyncio.to_thread(built_package)
    with tempfile.TemporaryDirectory() as temporary:
        bare = Path(temporary) / "package"
        ignore = shutil.ignore_patterns(MADE_BY_PYTHON)
        await asyncio.to_thread(shutil.copytree, package.unpacked, bare, ignore=ignore)
        packages = package.unpacked / PACKAGES
        pairs = (await _pairs(package.unpacked, packages, ROUNDS + 1))[1:]
        bare_pairs = (await _pairs(bare, packages, BARE_ROUNDS + 1))[1:]
    return {
        "package_mib": package.packed_bytes / MIB,
        "index_seconds": statistics.median(ours for ours, _ in pairs),
        "index_no_bytecode_seconds": statistics.median(ours for ours, _ in bare_pairs),
        "hello_seconds": statistics.median(hello for _, hello in pairs),
        "index_vs_hello": statistics.median(ours / hello for ours, hello in pairs),
        "index_no_bytecode_vs_hello": statistics.median(ours / hello for ours, hello in bare_pairs),
        "pairs": float(ROUNDS),
        "processors": float(os.cpu_count() or 0),
    }


def over_limits(figures: Mapping[str, float]) -> list[str]:
    """One sentence for each figure over its budget, and one if the bytecode is worth nothing: then it is not used."""
    most = {"package_mib": PACKED_MIB, "index_vs_hello": INDEX_VS_HELLO}
    over = [f"{name} is above {bound}" for name, bound in most.items() if figures[name] > bound]
    if figures["index_no_bytecode_vs_hello"] < 1.5 * figures["index_vs_hello"]:
        over.append("the package without bytecode starts as fast: its bytecode is not used")
    return over


async def _pairs(app: Path, packages: Path, rounds: int) -> list[tuple[float, float]]:
    return [(await _indexed(app, None), await _indexed(HELLO, packages)) for _ in range(rounds)]


async def _indexed(app: Path, packages: Path | None) -> float:
    run = await asyncio.to_thread(drive, app, settings=sample_settings(), start="init", packages=packages)
    return run.indexed_seconds


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))
