"""``make secrets``: write .secrets.baseline anew: everything in the repository that looks like a secret and is none.

Whether something new looks like one is asked by ``tests/supply_chain/test_secrets.py``, which also wants a reason for
each entry. In tests only what has the form of a real token is looked for: their keys and passwords are made up.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.node_process import ROOT
from local.tools import program

BASELINE: Final = ROOT / ".secrets.baseline"
LOCKS: Final = ("package-lock.json", "requirements.txt", "requirements-dev.txt", ".secrets.baseline")
"""Full of digests, and written by programs; so are the requirements of tools."""
MADE_UP: Final = "tests/"
BY_LOOKS: Final = ("Base64HighEntropyString", "BasicAuthDetector", "HexHighEntropyString", "KeywordDetector")
"""What judges by entropy or by the name of a variable, and not by the form of what a provider issues."""
SECONDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Suspect:
    """Something that looks like a secret. ``digest``: the SHA-1 by which detect-secrets knows it again."""

    file: str
    kind: str
    digest: str


def tracked(root: Path) -> list[str]:
    """Every file of the repository that a person wrote, and what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    is_lock = {*LOCKS, *(name for name in listed if name.startswith("local/requirements/") and name.endswith(".txt"))}
    return [name for name in listed if name not in is_lock and (root / name).is_file()]


def scan(root: Path, files: Sequence[str]) -> dict[str, Any]:
    """What detect-secrets reports of these files, in its own form."""
    reports = [
        _report(root, [name for name in files if not name.startswith(MADE_UP)], ()),
        _report(root, [name for name in files if name.startswith(MADE_UP)], BY_LOOKS),
    ]
    return {**reports[0], "results": {**reports[0]["results"], **reports[1]["results"]}}


def suspects(report: dict[str, Any]) -> set[Suspect]:
    """Of a report or a baseline."""
    return {
        Suspect(file=name, kind=each["type"], digest=each["hashed_secret"])
        for name, found in report["results"].items()
        for each in found
    }


def _report(root: Path, files: Sequence[str], without: Sequence[str]) -> dict[str, Any]:
    if not files:
        return {"results": {}}
    # It verifies nothing: what was found would be sent to whoever issued it.
    off = [argument for plugin in without for argument in ("--disable-plugin", plugin)]
    done = subprocess.run(
        [program("detect-secrets"), "scan", "--no-verify", *off, *files],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def main() -> int:
    """The time of writing is left out: it says nothing and differs each time."""
    report = scan(ROOT, tracked(ROOT))
    del report["generated_at"]
    BASELINE.write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"{BASELINE.name}: {len(suspects(report))} that look like a secret")
    return 0


if __name__ == "__main__":
    sys.exit(main())
