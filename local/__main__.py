"""``python -m local``: run the whole service here until Ctrl-C. ``make run`` calls this."""

import argparse
import asyncio
import signal
import sys
import threading
from pathlib import Path

from local.node_process import ROOT, StartError
from local.ports import read_ports
from local.seed import ORGANISATION, UNIT, Seed, seed
from local.stack import Stack, running_stack
from shared.domain.errors import PicError
from shared.settings import SettingsError

NOTE = "stack.json"
"""Where a running stack says where it is, in its data folder."""


def _table(stack: Stack, seeded: Seed) -> str:
    rows = [
        ("Portal", f"{stack.public_url}/portal"),
        ("API", f"{stack.api_url}/api/openapi.json"),
        ("Figures", f"{stack.api_url}/metrics"),
        ("Mail catcher", stack.mail_url),
        ("BankID simulator", stack.bankid_url),
        ("Organisation, unit", f"{ORGANISATION}, {UNIT}"),
        *((f"Sign in: {m.name} ({m.role})", f"{m.mail_address}  {m.password}") for m in seeded.staff),
    ]
    width = max(len(name) for name, _ in rows)
    line = "-" * (width + 2 + max(len(value) for _, value in rows))
    return "\n".join([line, *(f"{name:<{width}}  {value}" for name, value in rows), line])


def _wait_for_signal() -> None:
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    stop.wait()


def main() -> int:
    """Exit codes: 0 stopped by a signal, 2 could not start (the last lines say which part and why)."""
    parser = argparse.ArgumentParser(prog="python -m local", description="Run the whole service on this machine.")
    parser.add_argument("--records", choices=["tables", "cosmos"], default="tables", help="where records are kept")
    parser.add_argument("--data", type=Path, default=ROOT / ".local", help="where everything is kept")
    parser.add_argument("--without-host", action="store_true", help="leave the Functions host to `func start`")
    arguments = parser.parse_args()
    data: Path = arguments.data.resolve()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with running_stack(
            ports=read_ports(),
            data=data,
            records=arguments.records,
            with_host=not arguments.without_host,
            prepare=lambda environment: asyncio.run(seed(environment, data)),
            progress=lambda line: print(f"- {line}", flush=True),
        ) as (stack, seeded):
            note = data / NOTE
            stack.describe(note)
            try:
                print(_table(stack, seeded), "\nEverything runs on this machine only. Ctrl-C stops it.", flush=True)
                _wait_for_signal()
            finally:
                note.unlink()
                print("Stopping.", flush=True)
    except KeyboardInterrupt:
        return 0
    except (StartError, SettingsError, PicError) as fault:
        print(f"\nCould not start: {str(fault) or type(fault).__name__}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
