"""The environment of the conformance suite: Python 3.13, exactly what requirements.txt pins, and the driver in it."""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TOY = ROOT / "tests/conformance/toy"
DRIVER = ROOT / "tests/conformance/drive.py"
WANTED = ("3", "13")
"""The Python that the app is deployed on; azure-functions-runtime has no other."""

INSTALL_SECONDS = 300
RUN_SECONDS = 90

ADVICE = (
    "The conformance suite needs Python 3.13, the version the app is deployed on: install it as python3.13 "
    "(pyenv install 3.13, uv python install 3.13, apt install python3.13-venv, brew install python@3.13)."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one driven process reported, and all it printed."""

    report: dict[str, Any]
    printed: str
    begun_at: float

    @property
    def indexed_seconds(self) -> float:
        """From the start of the process until every function was indexed."""
        return float(self.report["indexed_at"]) - self.begun_at


def find_python() -> Path | None:
    """A Python 3.13 that can make virtual environments, or None."""
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


def drive(
    app: Path, steps: Sequence[Mapping[str, Any]] = (), *, settings: Mapping[str, str], start: str = "reload"
) -> Run:
    """Run the app in a worker of its own and send it what ``steps`` describe (see ``drive.py``).

    The worker's environment holds nothing but ``settings``: no HOME, no PATH, no language. With ``start="reload"``
    they arrive only when the placeholder becomes the app, as on Flex Consumption.
    """
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        # Another app imports our package from here: beside the root's own function_app it would find that one.
        (folder / "packages").mkdir()
        (folder / "packages/functions").symlink_to(ROOT / "functions")
        report = folder / "report.json"
        plan: dict[str, Any] = {
            "app": str(app),
            "path": [] if app == ROOT else [str(folder / "packages")],
            "report": str(report),
            "start": start,
            "settings": dict(settings),
            "steps": list(steps),
        }
        python = environment()
        begun_at = time.time()
        done = subprocess.run(
            [python, DRIVER],
            input=json.dumps(plan),
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
            cwd=folder,
            env=dict(settings) if start == "init" else {},
        )
        printed = done.stdout + done.stderr
        if done.returncode != 0:
            raise RuntimeError(f"the driver ended with {done.returncode}:\n{printed[-5000:]}")
        reported = json.loads(report.read_text())
    if "refused" in reported:
        raise RuntimeError(f"the runtime refused the app: {reported['refused']}\n{printed[-5000:]}")
    return Run(report=reported, printed=printed, begun_at=begun_at)


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
