"""The environment of the conformance suite: Python 3.13, exactly what requirements.txt pins, and the driver in it."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "tests/conformance/toy"
DRIVER = "tests.conformance.drive"
WANTED = ("3", "13")
"""The Python that the app is deployed on; azure-functions-runtime has no other."""

INSTALL_SECONDS = 300
RUN_SECONDS = 120
"""After which a worker is ended, whatever it does."""

ADVICE = (
    "The conformance suite needs Python 3.13, the version the app is deployed on: install it as python3.13 "
    "(pyenv install 3.13, uv python install 3.13, apt install python3.13-venv, brew install python@3.13), "
    "or name one in PIC_CONFORMANCE_PYTHON."
)


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


def find_python() -> Path | None:
    """A Python 3.13 that can make virtual environments, or None. ``PIC_CONFORMANCE_PYTHON`` names the only candidate."""
    if named := os.environ.get("PIC_CONFORMANCE_PYTHON"):
        return Path(named) if _is_wanted(Path(named)) else None
    home = Path.home()
    patterns = [
        (home / ".pyenv/versions", "3.13*/bin/python3.13"),
        (home / ".local/share/uv/python", "cpython-3.13*/bin/python3.13"),
        (home / "Library/Application Support/uv/python", "cpython-3.13*/bin/python3.13"),
        (Path("/opt/homebrew/bin"), "python3.13"),
        (Path("/usr/local/bin"), "python3.13"),
    ]
    candidates = [Path(sys.executable), *(Path(found) for found in [shutil.which("python3.13")] if found)]
    candidates += [found for folder, pattern in patterns for found in sorted(folder.glob(pattern), reverse=True)]
    return next((candidate for candidate in candidates if _is_wanted(candidate)), None)


def is_ci() -> bool:
    """Whether nothing may be left out."""
    return os.environ.get("CI", "").lower() not in {"", "0", "false"}


def environment() -> Path:
    """The Python of the conformance environment, which is made anew when requirements.txt has changed.

    Raises:
        RuntimeError: There is no Python 3.13, or the requirements cannot be installed.
    """
    requirements = ROOT / "requirements.txt"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()
    folder = ROOT / ".local/conformance-venv"
    python, mark = folder / "bin/python", folder / "requirements.sha256"
    with _alone(folder.with_suffix(".lock")):
        if mark.exists() and mark.read_text() == digest and _is_wanted(python):
            return python
        base = find_python()
        if base is None:
            raise RuntimeError(ADVICE)
        shutil.rmtree(folder, ignore_errors=True)
        _must([base, "-m", "venv", folder])
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        _must([*pip, "--require-hashes", "--only-binary", ":all:", "-r", requirements])
        mark.write_text(digest)
    return python


@contextmanager
def running_worker(app: Path, *, settings: Mapping[str, str], start: str = "reload") -> Iterator[Worker]:
    """A worker with this app, ended when the block is left.

    Its environment holds nothing but ``settings``: no HOME, no PATH, no language. With ``start="reload"`` they arrive
    only when the placeholder becomes the app, as on Flex Consumption.

    Raises:
        RuntimeError: It did not start, refused the app, or ended by itself.
    """
    python = environment()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # The driver, and for another app our package, are imported from here: in the root they would stand beside
        # the root's own function_app.
        imported = folder / "imported"
        imported.mkdir()
        for package in ("tests",) if app == ROOT else ("tests", "functions"):
            (imported / package).symlink_to(ROOT / package)
        output = folder / "output"
        with output.open("w") as stream:
            process = subprocess.Popen(
                [python, "-m", DRIVER],
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
    app: Path, steps: Sequence[Mapping[str, Any]] = (), *, settings: Mapping[str, str], start: str = "reload"
) -> Run:
    """Run the app in a worker of its own and send it these steps, one after the other."""
    with running_worker(app, settings=settings, start=start) as worker:
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


def _is_wanted(python: Path) -> bool:
    program = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
    try:  # a pyenv shim exists even where the version is not switched on
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return False
    return tuple(done.stdout.split()) == WANTED


def _must(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} failed:\n{done.stderr[-5000:]}")


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Two runs at once must not build one environment."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
