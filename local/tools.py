"""Tools that cannot stand beside the rest: each in an environment of its own, made when it is first wanted.

checkov pins half of what we use to other versions, sslyze asks for an older cryptography. `python -m local.tools` makes
all of them, so that no test has to wait for it.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from local.node_process import ROOT

TOOLS: Final = ("checkov", "sslyze")
"""Each has its pinned requirements in ``local/requirements``."""

INSTALL_SECONDS: Final = 600


class ToolError(Exception):
    """A tool could not be installed; the text says why."""


def requirements_of(tool: str) -> Path:
    """What is installed, with hashes; written by ``make lock``."""
    return ROOT / "local/requirements" / f"{tool}.txt"


def program(tool: str) -> Path:
    """The tool's own program, in its environment, which is made anew when its requirements have changed.

    Raises ``ToolError``.
    """
    wanted = f"{hashlib.sha256(requirements_of(tool).read_bytes()).hexdigest()} {sys.version}"
    folder = ROOT / ".local/tools" / tool
    mark, found = folder / "made-of", folder / "bin" / tool
    with _alone(folder.with_suffix(".lock")):
        if not (mark.exists() and mark.read_text(encoding="utf-8") == wanted and found.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            _must(sys.executable, "-m", "venv", folder)
            pip = (
                folder / "bin/python",
                "-m",
                "pip",
                "install",
                "--quiet",
                "--no-input",
                "--disable-pip-version-check",
            )
            _must(*pip, "--require-hashes", "-r", requirements_of(tool))
            mark.write_text(wanted, encoding="utf-8")
    return found


def _must(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise ToolError(done.stderr[-2000:])


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


def main(names: list[str]) -> int:
    """Make the environments of these tools, of all where none is named."""
    for name in names or TOOLS:
        try:
            print(f"- {name}: {program(name).relative_to(ROOT)}")
        except ToolError as fault:
            print(f"{name} could not be installed: {fault}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
