"""The environment of the conformance suite: Python 3.13, exactly what requirements.txt pins, and the driver in it."""

import json
import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import environments
from local.deployed_python import ADVICE, find_python
from local.package.building import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "tests/conformance/toy"
DRIVER = "tests.conformance.drive"
PROGRAM = "import runpy, sys; sys.path.append(sys.argv[2]); runpy.run_module(sys.argv[1], run_name='__main__')"
"""Starts the driver with the packages of a folder and no other; it stands in the place of the worker's own start."""

RUN_SECONDS = 120
"""After which a worker is ended, whatever it does."""


class Worker:
    """A function app in the real runtime, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self._process = process
        self._output = output
        self.begun_at = time.time()
        self.started: dict[str, Any] = {}
        self.ended: dict[str, Any] = {}
        self.printed = ""
        """Everything that the app and the runtime wrote to either stream; complete once the worker has ended."""

    def tell(self, line: Mapping[str, Any]) -> dict[str, Any]:
        """Send the plan or a step (see ``drive.py``) and wait for the answer."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):  # it says below why it ended
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
        return self._answer()

    def end(self) -> None:
        """Let it end by itself, and take what it reports last."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self.ended = self._answer()
        self._process.wait()

    def read_output(self) -> None:
        self.printed = self._output.read_text(errors="replace")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        self.read_output()
        if not line:
            raise RuntimeError(f"the worker ended ({self._process.poll()}):\n{self.printed[-5000:]}")
        answer: dict[str, Any] = json.loads(line)
        if "refused" in answer:
            raise RuntimeError(f"the runtime refused the app: {answer['refused']}\n{self.printed[-5000:]}")
        return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one driven process answered, and all it printed."""

    started: dict[str, Any]
    steps: list[dict[str, Any]]
    ended: dict[str, Any]
    printed: str
    begun_at: float

    @property
    def indexed_seconds(self) -> float:
        """From the start of the process until every function was indexed."""
        return float(self.started["indexed_at"]) - self.begun_at


def is_ci() -> bool:
    """Whether nothing may be left out."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def environment() -> Path:
    """The Python of the conformance environment, which is made anew when requirements.txt has changed.

    Raises:
        RuntimeError: There is no Python 3.13.
        EnvironmentFaultError: The requirements cannot be installed.
    """
    return environments.environment("conformance-venv", ROOT / "requirements.txt", deployed_python())


def deployed_python() -> Path:
    """Raises ``RuntimeError`` with what to install."""
    found = find_python()
    if found is None:
        raise RuntimeError(ADVICE)
    return found


@contextmanager
def running_worker(
    app: Path, *, settings: Mapping[str, str], start: str = "reload", packages: Path | None = None
) -> Iterator[Worker]:
    """A worker with this app, ended when the block is left.

    What the app imports lies in ``packages``: for an unpacked package that is its own folder unless another is named;
    for the checkout the conformance environment. An unpacked package is not written to: Azure mounts it to be read.

    Its environment holds nothing but ``settings``: no HOME, no PATH, no language. With ``start="reload"`` they arrive
    only when the placeholder becomes the app, as on Flex Consumption.

    Raises:
        RuntimeError: It did not start, refused the app, or ended by itself.
    """
    own = app / PACKAGES
    packages = packages or (own if own.exists() else None)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # The driver, and for another app our package, are imported from here: in the root they would stand beside
        # the root's own function_app.
        imported = folder / "imported"
        imported.mkdir()
        for package in ("tests",) if (app / "functions").exists() else ("tests", "functions"):
            (imported / package).symlink_to(ROOT / package)
        command: list[str | Path] = [environment(), "-m", DRIVER]
        if packages is not None:
            command = [deployed_python(), "-S", "-B", "-c", PROGRAM, DRIVER, packages]
        output = folder / "output"
        with output.open("w") as stream:
            process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
                cwd=imported,
                env=dict(settings) if start == "init" else {},
            )
        deadline = threading.Timer(RUN_SECONDS, process.kill)
        deadline.start()
        worker = Worker(process, output)
        try:
            worker.started = worker.tell({"app": str(app), "start": start, "settings": dict(settings)})
            yield worker
            worker.end()
        finally:
            deadline.cancel()
            process.kill()
            with suppress(BrokenPipeError), process:
                pass
            worker.read_output()


def drive(
    app: Path,
    steps: Sequence[Mapping[str, Any]] = (),
    *,
    settings: Mapping[str, str],
    start: str = "reload",
    packages: Path | None = None,
) -> Run:
    """Run the app in a worker of its own and send it these steps, one after the other."""
    with running_worker(app, settings=settings, start=start, packages=packages) as worker:
        answers = [worker.tell(step) for step in steps]
    return Run(
        started=worker.started,
        steps=answers,
        ended=worker.ended,
        printed=worker.printed,
        begun_at=worker.begun_at,
    )


def sample_settings() -> dict[str, str]:
    """The settings that `make run` begins with."""
    values: dict[str, str] = json.loads((ROOT / "local.settings.sample.json").read_text())["Values"]
    return values
