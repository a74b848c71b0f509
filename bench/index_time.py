"""From the start of a process until every function is indexed: our app, beside an app that says hello.

Both start in the real azure-functions-runtime on Python 3.13 as a worker that begins with its app, in turns. What the
ratio tells is what our imports and settings add to the cold start; starting Python and the runtime is in both.
"""

import asyncio
import json
import os
import statistics
from pathlib import Path

from tests.support.worker import ROOT, drive, environment, sample_settings

PAIRS = 15
"""A single pair varies by a third on a shared machine; the median of so many by a twentieth."""
HELLO = Path(__file__).parent / "hello"


async def measure() -> dict[str, float]:
    """Medians in seconds, and the median of the pairs' ratios. One pair beforehand warms the caches and bytecode."""
    await asyncio.to_thread(environment)
    await _pair()
    pairs = [await _pair() for _ in range(PAIRS)]
    return {
        "index_seconds": statistics.median(ours for ours, _ in pairs),
        "hello_seconds": statistics.median(hello for _, hello in pairs),
        "index_vs_hello": statistics.median(ours / hello for ours, hello in pairs),
        "pairs": float(PAIRS),
        "processors": float(os.cpu_count() or 0),
    }


async def _pair() -> tuple[float, float]:
    return await _indexed(ROOT), await _indexed(HELLO)


async def _indexed(app: Path) -> float:
    run = await asyncio.to_thread(drive, app, settings=sample_settings(), start="init")
    return run.indexed_seconds


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))
