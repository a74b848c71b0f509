"""``make audit``: is a weakness known of anything that we use? 0: none, 1: yes, 3: could not be checked."""

import sys
from typing import assert_never

from local.audit import node_packages, python_packages
from local.audit.verdicts import Checked, NotChecked, status_of
from local.node_process import ROOT
from local.tools import TOOLS, requirements_of


def main() -> int:
    """Ask about what is deployed, what a laptop needs, and the tools."""
    requirements = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt", *map(requirements_of, TOOLS)]
    verdicts = [python_packages.audit(requirements), node_packages.audit(ROOT)]
    for verdict in verdicts:
        match verdict:
            case Checked(what=what, count=count, findings=()):
                print(f"{what}: nothing is known of any of {count}")
            case Checked(what=what, findings=findings):
                print(f"{what}: KNOWN WEAKNESSES\n" + "\n".join(f"- {finding}" for finding in findings))
            case NotChecked(what=what, reason=reason):
                print(f"{what}: COULD NOT BE CHECKED: {reason}")
            case _:
                assert_never(verdict)
    return status_of(verdicts)


if __name__ == "__main__":
    sys.exit(main())
