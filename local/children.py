"""Python programs that run beside us: started, waited for until they say they are ready, and stopped."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from local.node_process import ROOT, StartError

START_SECONDS = 60.0
"""A cold start compiles the bytecode of every package; a busy laptop may need a while."""

STOP_SECONDS = 15.0
"""How long a program may take to finish what it is doing, before it is killed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A running program. ``ready`` is the line with which it said so."""

    name: str
    process: subprocess.Popen[str]
    ready: str

    def kill(self) -> None:
        """End the program as a power cut would."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self) -> None:
        """End the program, and only it. May be repeated."""
        for sign in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, sign)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.process.wait(STOP_SECONDS)


def start(
    name: str, module: str, arguments: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
) -> Child:
    """Start ``python -m module`` and wait until it prints a line with ``ready``.

    What it prints goes to ``log``. Raises ``StartError`` when it ends first, says nothing in time, or cannot run; the
    text holds the last line it printed.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        env={**os.environ, **(environment or {}), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    lines: queue.Queue[str] = queue.Queue()
    threading.Thread(target=_pump, args=(cast("IO[str]", process.stdout), log, lines), daemon=True).start()
    last = ""
    try:
        while True:
            line = lines.get(timeout=START_SECONDS)
            if not line:
                break
            if "ready" in line.lower().split():
                return Child(name=name, process=process, ready=line.strip())
            last = line.strip()
    except queue.Empty:
        Child(name=name, process=process, ready="").stop()
        raise StartError(f"{name} was not ready within {START_SECONDS:.0f} s (see {log.name})") from None
    except BaseException:
        Child(name=name, process=process, ready="").stop()
        raise
    Child(name=name, process=process, ready="").stop()
    raise StartError(last or f"{name} ended while starting (see {log.name})")


def _pump(output: IO[str], log: Path, lines: "queue.Queue[str]") -> None:
    with output, log.open("w", encoding="utf-8") as file:
        for line in output:
            file.write(line)
            file.flush()
            lines.put(line)
    lines.put("")
