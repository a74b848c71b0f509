"""``make lock``: resolve the requirements anew for every Python the code supports, with hashes.

Nothing younger than a week is taken: a release that turns out to be hostile or broken is usually withdrawn by then.
"""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.node_process import ROOT
from local.tools import TOOLS

COOLDOWN = timedelta(days=7)
OLDEST_PYTHON = "3.11"


def compile_requirements(source: str, target: str, *constraints: str) -> None:
    """Resolve ``source`` into ``target``. Raises ``CalledProcessError`` after the resolver has said why."""
    newest = (datetime.now(UTC) - COOLDOWN).date().isoformat()
    subprocess.run(
        [
            *(Path(sys.executable).with_name("uv"), "pip", "compile", "--quiet", "--upgrade", "--universal"),
            *("--python-version", OLDEST_PYTHON, "--exclude-newer", newest, "--generate-hashes"),
            *("--no-header", "--no-emit-index-url", "--no-emit-find-links"),
            *(argument for constraint in constraints for argument in ("--constraint", constraint)),
            *(source, "--output-file", target),
        ],
        cwd=ROOT,
        check=True,
    )


def main() -> None:
    """Production first; development then takes the same versions of what both need."""
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "uv"], check=True)
    compile_requirements("requirements.in", "requirements.txt")
    compile_requirements("requirements-dev.in", "requirements-dev.txt", "requirements.txt")
    for tool in TOOLS:
        compile_requirements(f"local/requirements/{tool}.in", f"local/requirements/{tool}.txt")


if __name__ == "__main__":
    main()
