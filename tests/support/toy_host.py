"""The Functions host as a process of its own, serving one of the toy apps in tests/host/apps."""

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
APPS = ROOT / "tests" / "host" / "apps"
START_SECONDS = 30.0


class HostDidNotStartError(Exception):
    """The process ended before it was ready."""


class ToyHost:
    """A running host. `folder` is where the toy app writes and where the keys lie."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, printed: list[str]) -> None:
        self.process = process
        self.folder = folder
        self.printed = printed
        listening = next(line for line in printed if line.startswith("listening on "))
        self.port = int(listening.rpartition(":")[2])
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def keys(self) -> dict[str, Any]:
        keys: dict[str, Any] = json.loads((self.folder / "host" / "keys.json").read_text())
        return keys

    @property
    def master(self) -> dict[str, str]:
        """The header that opens everything."""
        return {"x-functions-key": self.keys["masterKey"]}

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def said_to(self, request: bytes) -> bytes:
        """Everything that comes back on a connection of its own, until the host closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            connection.sendall(request)
            return b"".join(iter(lambda: connection.recv(65536), b""))

    def noted(self, name: str) -> list[dict[str, Any]]:
        """What the toy app wrote down."""
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(20)


@contextmanager
def toy_host(app: str, folder: Path, *options: str, **environment: str) -> Iterator[ToyHost]:
    """Start a host and wait until it is ready; whatever happens, it is gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "log").open("a") as log:
        process = start(app, folder, *options, stderr=log, **environment)
    try:
        yield ToyHost(process, folder, _printed_until_ready(process))
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()


def start(app: str, folder: Path, *options: str, stderr: Any, **environment: str) -> subprocess.Popen[str]:
    """The bare process, not waited for."""
    command = [sys.executable, "-m", "local.host", "--app", str(APPS / app), "--data", str(folder / "host")]
    if "--port" not in options:
        command += ["--port", "0"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PIC_", "AzureWebJobs"))}
    return subprocess.Popen(
        [*command, *options],
        cwd=ROOT,
        env={**clean, "PYTHONWARNINGS": "error", "TOY_FOLDER": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that another process does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def _printed_until_ready(process: subprocess.Popen[str]) -> list[str]:
    lines: queue.Queue[str] = queue.Queue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line.rstrip("\n"))
        lines.put("")

    threading.Thread(target=read, daemon=True).start()
    printed: list[str] = []
    while not printed or printed[-1] != "ready":
        printed.append(lines.get(timeout=START_SECONDS))
        if not printed[-1]:
            raise HostDidNotStartError(printed)
    return printed
