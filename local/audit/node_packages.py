"""Asks ``npm audit`` about every locked npm package, and about one that is known to be weak.

A registry that takes no such question answers with an error, and a mirror may answer that it knows nothing. The weak
one tells the latter apart.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from local.audit.verdicts import Checked, NotChecked, Verdict

WHAT: Final = "npm packages"
CANARY: Final = ("minimist", "0.0.8")
"""Known to be weak since long, and nothing that we use in this version."""
SECONDS: Final = 120
_FORMAT: Final = 2


def audit(folder: Path, environment: Mapping[str, str] | None = None) -> Verdict:
    """Ask about what ``package-lock.json`` in ``folder`` holds. ``environment`` tells npm more: where to ask."""
    npm = shutil.which("npm")
    if npm is None:
        return NotChecked(what=WHAT, reason="npm is not installed")
    with tempfile.TemporaryDirectory() as temporary:
        _plant(Path(temporary))
        known = _ask(npm, Path(temporary), environment or {})
    if isinstance(known, NotChecked):
        return known
    if CANARY[0] not in known["vulnerabilities"]:
        return NotChecked(what=WHAT, reason=f"nothing is known even of {CANARY[0]} {CANARY[1]}: nobody was asked")
    answer = _ask(npm, folder, environment or {})
    if isinstance(answer, NotChecked):
        return answer
    count = len(json.loads((folder / "package-lock.json").read_text(encoding="utf-8"))["packages"]) - 1
    found = sorted(f"{name}: {each['severity']}" for name, each in answer["vulnerabilities"].items())
    return Checked(what=WHAT, count=count, findings=tuple(found))


def _plant(folder: Path) -> None:
    name, version = CANARY
    own = {"name": "canary", "version": "1.0.0", "dependencies": {name: version}}
    locked = {"": own, f"node_modules/{name}": {"version": version}}
    lock = {"name": "canary", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": locked}
    (folder / "package.json").write_text(json.dumps(own), encoding="utf-8")
    (folder / "package-lock.json").write_text(json.dumps(lock), encoding="utf-8")


def _ask(npm: str, folder: Path, environment: Mapping[str, str]) -> dict[str, Any] | NotChecked:
    try:
        done = subprocess.run(
            [npm, "audit", "--json", "--package-lock-only"],
            cwd=folder,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=SECONDS,
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        return NotChecked(what=WHAT, reason=f"npm had no answer within {SECONDS} s")
    except ValueError:
        return NotChecked(what=WHAT, reason="npm gave no answer")
    if not isinstance(answer, dict) or answer.get("auditReportVersion") != _FORMAT:
        status = answer.get("statusCode") if isinstance(answer, dict) else None
        return NotChecked(what=WHAT, reason=f"the registry takes no such question (status {status})")
    return answer
