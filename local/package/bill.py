"""The bill of materials beside a package: what is in it, in which version, under which licence (CycloneDX)."""

import subprocess
import tomllib
from pathlib import Path
from typing import Final

from local.node_process import ROOT
from local.package.building import PACKAGES, Package
from local.tools import program

BILL: Final = "package.cdx.json"
SECONDS: Final = 120


class BillError(Exception):
    """The bill could not be written; the text is what its writer said last."""


def write_bill(package: Package) -> Path:
    """Beside the ZIP.

    Raises:
        BillError: A package states no licence that is known, or the bill is not valid.
        ToolError: The library that writes it could not be installed.
    """
    target = package.packed.with_name(BILL)
    target.unlink(missing_ok=True)
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    python = program("cyclonedx-py").with_name("python")
    done = subprocess.run(
        [python, "-m", "local.package.bill_writer", package.unpacked / PACKAGES, package.sha256, version, target],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    if done.returncode != 0:
        raise BillError(f"the bill of materials could not be written:\n{done.stderr[-3000:]}")
    return target
