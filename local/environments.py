"""Virtual environments beside the project's own: each holds exactly what one file of requirements pins.

They lie in ``.local/`` and are made anew when their requirements have changed.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.node_process import ROOT

INSTALL_SECONDS: Final = 600


class EnvironmentFaultError(Exception):
    """An environment could not be made; the text is what the installer said last."""


def environment(name: str, requirements: Path, base: Path, *, built: tuple[str, ...] = ()) -> Path:
    """The Python of the environment ``name``, made with ``base`` where it does not exist yet.

    Only wheels are taken, but for ``built``: the code of a package runs when it is imported, and not before.

    Raises:
        EnvironmentFaultError: The requirements cannot be installed.
    """
    key = hashlib.sha256(requirements.read_bytes() + str(base).encode()).hexdigest()
    folder = ROOT / ".local" / name
    python, mark = folder / "bin/python", folder / "made-of.sha256"
    with alone(folder.with_suffix(".lock")):
        if mark.exists() and mark.read_text() == key and python.exists():
            return python
        shutil.rmtree(folder, ignore_errors=True)
        _must([base, "-m", "venv", folder])
        pip: list[str | Path] = [python, "-m", "pip", "install", "--quiet", "--no-input", "--disable-pip-version-check"]
        sources = [argument for each in built for argument in ("--no-binary", each)]
        _must([*pip, "--require-hashes", "--only-binary", ":all:", *sources, "-r", requirements])
        mark.write_text(key)
    return python


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Two runs at once must not build one thing."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _must(command: Sequence[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise EnvironmentFaultError(f"{Path(command[0]).name} failed:\n{done.stderr[-5000:]}")
