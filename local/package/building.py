"""Builds the package that is deployed: our files, the pinned packages, and bytecode for both; the same again each time.

What it is built of is all that decides about its bytes: neither the place nor the time nor the user of this machine.
The patch version of Python 3.13 and the version of zlib belong to what it is built of.
"""

import hashlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.package.archive import archive
from local.package.budgets import check_size
from local.package.bytecode import compile_all
from local.package.contents import contents
from local.package.wheels import install

PACKAGES: Final = ".python_packages/lib/site-packages"
"""Where the worker looks for what an app imports."""
UNPACKED: Final = "package"
PACKED: Final = "package.zip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A built package: the ZIP, and the folder with the same files."""

    packed: Path
    unpacked: Path
    sha256: str
    packed_bytes: int
    unpacked_bytes: int


def build(root: Path, python: Path, output: Path) -> Package:
    """Build the package of the project at ``root`` for the deployed Python, ``python``, into ``output``.

    Nothing is left in ``output`` of an earlier package, and nothing half done of this one.

    Raises:
        ContentFaultError: Something of ours is missing or must not be packed.
        PinFaultError: The requirements are not pinned.
        InstallError: The pinned packages cannot be had.
        CompileError: A source cannot be compiled.
        BudgetError: The package is too large.
    """
    unpacked, packed = output / UNPACKED, output / PACKED
    output.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(unpacked, ignore_errors=True)
    packed.unlink(missing_ok=True)
    making, packing = output / "making", output / "packing"
    shutil.rmtree(making, ignore_errors=True)
    try:
        for name, content in contents(root).items():
            path = making / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        install(root / "requirements.txt", python, making / PACKAGES)
        compile_all(making, python)
        archive(making, packing)
        sizes = {
            "packed_bytes": packing.stat().st_size,
            "unpacked_bytes": sum(path.stat().st_size for path in making.rglob("*") if path.is_file()),
        }
        check_size(**sizes)
        packing.rename(packed)
        making.rename(unpacked)
    finally:
        shutil.rmtree(making, ignore_errors=True)
        packing.unlink(missing_ok=True)
    digest = hashlib.sha256(packed.read_bytes()).hexdigest()
    return Package(packed=packed, unpacked=unpacked, sha256=digest, **sizes)
