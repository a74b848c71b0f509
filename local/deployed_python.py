"""Finds the Python that the app is deployed on, which need not be the one that this runs on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

WANTED: Final = ("3", "13")
"""What Flex Consumption runs our app with (infra/); azure-functions-runtime has no older one."""

ADVICE: Final = (
    "Python 3.13 is needed, the version the app is deployed on: install it as python3.13 "
    "(pyenv install 3.13, uv python install 3.13, apt install python3.13-venv, brew install python@3.13), "
    "or name one in PIC_CONFORMANCE_PYTHON."
)


def find_python() -> Path | None:
    """One that can make virtual environments, or None. ``PIC_CONFORMANCE_PYTHON`` names the only candidate."""
    if named := os.environ.get("PIC_CONFORMANCE_PYTHON"):
        return Path(named) if is_wanted(Path(named)) else None
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
    return next((candidate for candidate in candidates if is_wanted(candidate)), None)


def is_wanted(python: Path) -> bool:
    program = "import ensurepip, sys, venv; print(*sys.version_info[:2])"
    try:  # a pyenv shim exists even where the version is not switched on
        done = subprocess.run([python, "-c", program], capture_output=True, text=True, check=False, timeout=30)
    except OSError:
        return False
    return tuple(done.stdout.split()) == WANTED
