"""Tools that cannot stand beside the rest: each in an environment of its own, made when it is first wanted.

checkov pins half of what we use to other versions, sslyze asks for an older cryptography, schemathesis brings forty
packages for one test, and what only looks at code has no business among what the code runs with.
`python -m local.tools` makes all of them, so that no test has to wait for it.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from local.environments import EnvironmentFaultError, environment
from local.node_process import ROOT

TOOLS: Final = ("bandit", "checkov", "cyclonedx-py", "detect-secrets", "pip-audit", "schemathesis", "sslyze")
"""Each has its pinned requirements in ``local/requirements``."""

BUILT: Final[Mapping[str, tuple[str, ...]]] = {"sslyze": ("sslyze",)}
"""What has no wheel: installing it runs its own code. Everything else is only unpacked."""


class ToolError(Exception):
    """A tool could not be installed; the text says why."""


def requirements_of(tool: str) -> Path:
    """What is installed, with hashes; written by ``make lock``."""
    return ROOT / "local/requirements" / f"{tool}.txt"


def program(tool: str) -> Path:
    """The tool's own program, in its environment, which is made anew when its requirements have changed.

    Raises ``ToolError``.
    """
    try:
        python = environment(f"tools/{tool}", requirements_of(tool), Path(sys.executable), built=BUILT.get(tool, ()))
    except EnvironmentFaultError as fault:
        raise ToolError(str(fault)) from fault
    return python.with_name(tool)


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
