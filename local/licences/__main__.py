"""``make licences``: write docs/licences.md anew from what packages state. A licence that we may not use stops it."""

import sys
from collections import Counter
from pathlib import Path
from typing import Final

from local.licences.rules import DEPLOYED, DEVELOPMENT, LicenceFaultError, is_allowed
from local.licences.stated import of_npm, of_python
from local.node_process import ROOT
from local.package.pins import pins

REPORT: Final = ROOT / "docs/licences.md"

_HEAD: Final = """# Licences

Written by `make licences`; a test fails where it is not what packages state. What we may use stands in
`local/licences/rules.py`. The service itself is under Apache-2.0; the lists of words and passwords that it
carries have a [notice of their own](../shared/adapters/lists/NOTICE.md).

"""


def report(root: Path) -> str:
    """Raises ``LicenceFaultError`` for a licence that is not known, or that we may not use."""
    deployed = {name: of_python(name) for name in pins((root / "requirements.txt").read_text(encoding="utf-8"))}
    development = {
        name: of_python(name)
        for name in pins((root / "requirements-dev.txt").read_text(encoding="utf-8"))
        if name not in deployed
    }
    npm = of_npm(root / "package-lock.json")
    check(deployed, DEPLOYED)
    check({**development, **npm}, DEVELOPMENT)
    counted = sorted(Counter(npm.values()).items(), key=lambda pair: (-pair[1], pair[0]))
    return (
        _HEAD
        + "\n\n".join(
            [
                "## In the package",
                _table("package", deployed),
                "## On a laptop and in CI",
                _table("Python package", development),
                f"From npm, {len(npm)} packages:",
                "\n".join(
                    ["| licence | packages |", "|---|---|", *(f"| {name} | {count} |" for name, count in counted)]
                ),
            ]
        )
        + "\n"
    )


def check(stated: dict[str, str], allowed: frozenset[str]) -> None:
    """Raises ``LicenceFaultError`` with every package whose licence is not allowed."""
    refused = [f"{name}: {licence}" for name, licence in stated.items() if not is_allowed(licence, allowed)]
    if refused:
        raise LicenceFaultError("we may not use\n" + "\n".join(f"- {each}" for each in refused))


def _table(title: str, stated: dict[str, str]) -> str:
    rows = (f"| {name} | {licence} |" for name, licence in sorted(stated.items()))
    return "\n".join([f"| {title} | licence |", "|---|---|", *rows])


def main() -> int:
    """0 if the report was written, else 1."""
    try:
        text = report(ROOT)
    except LicenceFaultError as fault:
        print(fault, file=sys.stderr)
        return 1
    REPORT.write_text(text, encoding="utf-8")
    print(f"written: {REPORT.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
