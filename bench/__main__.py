"""``python -m bench [PART ...]``: measure, print, and store every figure in ``build/bench.json``.

Figures are ratios against a named peer in the same run; this machine is shared, so absolutes say little. The process
runs with the allocator settings of the host, so that the SDK as the peer has them too. How a figure was obtained stands
beside it, under ``how``.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from bench import (
    authorising,
    bounds,
    index_time,
    key_vault_calls,
    latency,
    memory,
    messages,
    moves,
    passwords,
    sign_in,
    transfers,
)
from bench.service import running_service
from local.node_process import ROOT
from local.stack import ALLOCATOR

RESULTS: Final = ROOT / "build" / "bench.json"


def _messages() -> dict[str, float]:
    with running_service() as service:
        return messages.measure(service)


def _sign_in() -> dict[str, float]:
    with running_service(overrides=sign_in.OVERRIDES) as service:
        return asyncio.run(sign_in.measure(service))


PARTS: Final[dict[str, Callable[[], dict[str, float]]]] = {
    "transfers": transfers.measure,
    "latency": latency.measure,
    "memory": memory.measure,
    "key-vault": key_vault_calls.measure,
    "messages": _messages,
    "sign-in": _sign_in,
    "passwords": passwords.measure,
    "authorising": lambda: asyncio.run(authorising.measure()),
    "move": moves.measure,
    "index": lambda: asyncio.run(index_time.measure()),
}

TRANSFER_ENGINE: Final = ("transfers", "latency", "memory", "key-vault")
LIMITS: Final[dict[str, Callable[[Mapping[str, float]], list[str]]]] = {
    "sign-in": sign_in.over_limits,
    "passwords": passwords.over_limits,
    "authorising": authorising.over_limits,
    "index": index_time.over_limits,
    "move": bounds.over_limits,
    **dict.fromkeys(TRANSFER_ENGINE, bounds.over_limits),
}
"""What the figures of a part must not exceed; the others are compared by whoever reads them."""

HOW: Final = {
    **transfers.HOW,
    **latency.HOW,
    **memory.HOW,
    **key_vault_calls.HOW,
    **moves.HOW,
    **passwords.HOW,
    **authorising.HOW,
    **index_time.HOW,
}


def main() -> int:
    """Run the parts that are named, or all; 1 if a figure is over its limit."""
    parser = argparse.ArgumentParser(prog="python -m bench", description="Measure, into build/bench.json.")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parts: list[str] = parser.parse_args().parts or list(PARTS)
    if any(os.environ.get(name) != value for name, value in ALLOCATOR.items()):
        os.execve(sys.executable, [sys.executable, "-m", "bench", *parts], {**os.environ, **ALLOCATOR})  # noqa: S606
    found: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    is_over = False
    for part in parts:
        print(f"measuring {part}", flush=True)
        figures = {name: round(value, 3) for name, value in PARTS[part]().items()}
        for name, value in figures.items():
            print(f"  {name:<28} {value:>12,.3f}", flush=True)
        found |= figures
        for fault in LIMITS[part](figures) if part in LIMITS else ():
            print(f"  OVER THE LIMIT: {fault}", flush=True)
            is_over = True
    found["how"] = {name: how for name, how in HOW.items() if name in found}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(found, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"stored in {RESULTS.relative_to(ROOT)}")
    return 1 if is_over else 0


if __name__ == "__main__":
    sys.exit(main())
