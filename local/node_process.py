"""A Node program that runs beside us: started, waited for, and stopped together with everything it started."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

START_SECONDS = 30.0
"""A cold start of Azurite takes 1 s; a busy laptop may need many times that."""

STOP_SECONDS = 5.0
"""How long a program may take to write its data and go, before it is killed."""

_END_WITH_PARENT = Path("local/end_with_parent.cjs")
_POLL_SECONDS = 0.02
_PORT_TAKEN = re.compile(r"EADDRINUSE[^\n]*?:(\d+)")


class StartError(Exception):
    """A program did not start. The text says which, why, and what to do."""


class PortTakenError(StartError):
    """Somebody else listens on ``port``."""

    def __init__(self, program: str, port: int) -> None:
        super().__init__(f"{program} cannot start: port {port} on 127.0.0.1 is taken")
        self.program = program
        self.port = port


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeProcess:
    """A running program. ``ports`` are those it said it listens on, in the order it said so."""

    program: str
    process: subprocess.Popen[bytes]
    ports: Sequence[int]

    def stop(self) -> None:
        """End the program and its children, and only those. May be repeated."""
        _stop(self.process)


def start(
    program: str,
    script: Path,
    arguments: Sequence[str],
    *,
    log: Path,
    listens: int,
    preload: Sequence[Path] = (),
    engine: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> NodeProcess:
    """Start ``script`` and wait until it said ``listens`` times that it is "successfully listening".

    ``script`` and ``preload`` (run before it) are relative to the project; ``engine`` are options of V8; ``log``
    receives what the program prints and begins empty. The program also ends when this process dies without stopping it.

    Raises:
        PortTakenError: a port is taken.
        StartError: Node or the package is missing, or the program ended or said nothing in time.
    """
    node = shutil.which("node")
    if node is None:
        raise StartError(f"{program} needs Node, which is not installed: install Node 20 and run `make setup`")
    if not (ROOT / script).is_file() or not (ROOT / "node_modules").is_dir():
        raise StartError(f"{program} is not installed ({script} is missing): install Node 20 and run `make setup`")
    log.parent.mkdir(parents=True, exist_ok=True)
    requires = [f"--require={ROOT / early}" for early in (_END_WITH_PARENT, *preload)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [node, *engine, *requires, str(ROOT / script), *arguments],
            cwd=log.parent,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        return NodeProcess(program=program, process=process, ports=_wait(program, process, log, listens))
    except BaseException:
        _stop(process)
        raise


def _wait(program: str, process: subprocess.Popen[bytes], log: Path, listens: int) -> list[int]:
    deadline = time.monotonic() + START_SECONDS
    while True:
        has_ended = process.poll() is not None
        said = log.read_text(errors="replace")
        ports = [int(port) for port in re.findall(r"successfully listening at \S+:(\d+)", said)]
        if len(ports) == listens:
            return ports
        if (taken := _PORT_TAKEN.search(said)) is not None:
            raise PortTakenError(program, int(taken.group(1)))
        if has_ended:
            raise StartError(f"{program} ended while starting: {said[-500:].strip()} (run `make setup` if in doubt)")
        if time.monotonic() > deadline:
            raise StartError(f"{program} did not listen within {START_SECONDS:.0f} s: {said[-500:].strip()}")
        time.sleep(_POLL_SECONDS)


def _stop(process: subprocess.Popen[bytes]) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_SECONDS)
    if process.stdin is not None:
        process.stdin.close()
