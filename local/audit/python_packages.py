"""Asks pip-audit about every pinned Python package, and about one that is known to be weak.

Without a network, or behind a mirror that knows no weaknesses, pip-audit may say that there are none. The weak one
tells the two apart: whoever does not know of that one knows of no other.
"""

import json
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from local.audit.verdicts import Checked, NotChecked, Verdict
from local.package.pins import pins
from local.tools import ToolError, program

WHAT: Final = "Python packages"
CANARY: Final = ("django", "1.11")
"""Known to be weak in many ways since long, and nothing that we use."""
SECONDS: Final = 300


def groups(texts: Iterable[str]) -> list[dict[str, str]]:
    """Every pinned version of these requirements; in one group a package has one version, as pip-audit wants it."""
    found: list[dict[str, str]] = []
    pairs = {(name, version) for text in texts for name, versions in pins(text).items() for version in versions}
    for name, version in sorted(pairs):
        free = next((group for group in found if name not in group), None)
        if free is None:
            found.append(free := {})
        free[name] = version
    return found


def audit(requirements: Sequence[Path], *options: str) -> Verdict:
    """Ask about all of them. ``options`` go to pip-audit: where to ask."""
    wanted = groups(path.read_text(encoding="utf-8") for path in requirements)
    findings: list[str] = []
    for group in wanted:
        answer = _ask({**group, CANARY[0]: CANARY[1]}, options)
        if isinstance(answer, NotChecked):
            return answer
        known = _weaknesses(answer)
        if known.get(CANARY[0], []) == []:
            return NotChecked(what=WHAT, reason=f"nothing is known even of {CANARY[0]} {CANARY[1]}: nobody was asked")
        if unasked := sorted(set(group) - set(known)):
            return NotChecked(what=WHAT, reason=f"no answer for {', '.join(unasked)}")
        findings += [f"{name} {version}: {', '.join(known[name])}" for name, version in group.items() if known[name]]
    return Checked(what=WHAT, count=sum(map(len, wanted)), findings=tuple(sorted(findings)))


def _ask(group: Mapping[str, str], options: Sequence[str]) -> dict[str, Any] | NotChecked:
    try:
        tool = program("pip-audit")
    except ToolError:
        return NotChecked(what=WHAT, reason="pip-audit could not be installed")
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as listed:
        listed.write("".join(f"{name}=={version}\n" for name, version in group.items()))
        listed.flush()
        command: list[str | Path] = [tool, "--strict", "--format", "json", "--progress-spinner", "off", "--desc", "off"]
        where = ["--vulnerability-service", "osv", "--disable-pip", "--no-deps", "--requirement", listed.name]
        try:
            done = subprocess.run(
                [*command, *where, *options], capture_output=True, text=True, check=False, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            return NotChecked(what=WHAT, reason=f"pip-audit had no answer within {SECONDS} s")
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.strip().rpartition("\n")[2]
        return NotChecked(what=WHAT, reason=f"pip-audit gave no answer: {last[:200]}")
    return answer if isinstance(answer, dict) else NotChecked(what=WHAT, reason="pip-audit gave no object")


def _weaknesses(answer: Mapping[str, Any]) -> dict[str, list[str]]:
    """The ids that are known of each package that was looked up; one that was skipped is not among them."""
    return {
        str(each["name"]): [str(weakness["id"]) for weakness in each["vulns"]]
        for each in answer.get("dependencies", [])
        if "vulns" in each
    }
