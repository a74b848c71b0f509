"""Processes of ours that are quick to start, so that many of them can be killed: each is a fork of one that is warm.

The warm one imports what they need, opens nothing and runs no loop. Started as ``python -m tests.support.forks``.
"""

import asyncio
import gc
import importlib
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, cast

from local.node_process import ROOT

TIMER = "timer"
"""In place of a command: the function of that name, called as the Functions host calls it."""

WARM = (
    "azure.core.rest._aiohttp",
    "functions.jobs",
    "local.host.triggered",
    "shared.adapters.clocks",
    "shared.adapters.key_vault",
    "shared.adapters.local_credential",
    "shared.adapters.memory_metrics",
    "shared.adapters.metric_lines",
    "shared.adapters.table_records",
    "shared.operations.__main__",
    "shared.services.auditing",
    "shared.services.declared_records",
    "shared.services.rotating_keys",
    "shared.services.watching",
)
"""What a rotation imports, most of it when it is first used."""


@dataclass(slots=True)
class Forks:
    """The warm process, as its parent sees it."""

    process: subprocess.Popen[str]
    _pid: int = 0
    _is_running: threading.Event = field(default_factory=threading.Event)

    def run(self, arguments: Sequence[str], environment: Mapping[str, str]) -> int:
        """Run to the end. Returns the exit status, and the number of the signal below zero."""
        self._is_running.clear()
        stdin, stdout = cast("IO[str]", self.process.stdin), cast("IO[str]", self.process.stdout)
        stdin.write(json.dumps([list(arguments), dict(environment)]) + "\n")
        stdin.flush()
        self._pid = int(stdout.readline())
        self._is_running.set()
        return int(stdout.readline())

    def kill(self) -> None:
        """End what runs, from another thread, as a power cut would."""
        self._is_running.wait()
        os.kill(self._pid, signal.SIGKILL)


@contextmanager
def forks() -> Iterator[Forks]:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.forks"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:  # Which ends with its input.
        yield Forks(process)


def _serve() -> None:
    for module in WARM:
        importlib.import_module(module)
    gc.freeze()  # Else the first collection in each fork would copy all of it.
    for line in sys.stdin:
        arguments, environment = json.loads(line)
        child = os.fork()
        if child == 0:
            os.environ.update(environment)
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            os._exit(_run(arguments))
        _tell(child)
        _tell(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def _tell(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


def _run(arguments: list[str]) -> int:
    from shared.operations.__main__ import main  # noqa: PLC0415

    if arguments[0] != TIMER:
        return main(arguments)
    asyncio.run(_call_timer(arguments[1]))
    return 0


async def _call_timer(name: str) -> None:
    import azure.functions as func  # noqa: PLC0415

    from functions.jobs import register  # noqa: PLC0415
    from local.host.triggered import TriggeringTimer  # noqa: PLC0415
    from shared.container import Container  # noqa: PLC0415
    from shared.settings import read_settings  # noqa: PLC0415

    app, container = func.FunctionApp(), Container(read_settings(os.environ))
    register(app, container)
    (function,) = [each for each in app.get_functions() if each.get_function_name() == name]
    try:
        await function.get_user_function()(TriggeringTimer(past_due=False))
    finally:
        await container.close()


if __name__ == "__main__":
    _serve()
