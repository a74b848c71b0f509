"""The pinned packages as Azure's Linux takes them, in a folder: wheels alone, each by its hash, and nothing built."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from local.package.pins import pins

PLATFORMS: Final = (
    *(f"manylinux_2_{minor}_x86_64" for minor in range(28, 16, -1)),
    *("manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64"),
)
"""Newest first. Flex Consumption and the container's Debian have a later glibc than 2.28, which all wheels support."""

NOT_IMPORTED: Final = ("bin", "share")
"""Scripts, whose first line names the Python of this machine, and manual pages."""

OF_THE_INSTALLER: Final = ("INSTALLER", "RECORD", "REQUESTED", "direct_url.json")
"""What an installer notes to remove a package again. It lists the scripts, and so differs from machine to machine."""

INSTALL_SECONDS: Final = 600


class InstallError(Exception):
    """The packages could not be had; the text is what the installer said last."""


def install(requirements: Path, python: Path, target: Path) -> None:
    """Fill ``target``, which must not exist, with what ``requirements`` pins for the deployed Python, ``python``.

    Raises:
        PinFaultError: Not everything is pinned.
        InstallError: A package is missing, has no wheel, has another hash, or needs what is not pinned.
    """
    pins(requirements.read_text(encoding="utf-8"))
    command: list[str | Path] = [
        *(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-input", "--no-compile"),
        *("--disable-pip-version-check", "--require-hashes", "--only-binary", ":all:", "--target", target),
        *("--implementation", "cp", "--python-version", "3.13"),
        *(argument for platform in PLATFORMS for argument in ("--platform", platform)),
        *("--requirement", requirements),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=INSTALL_SECONDS)
    if done.returncode != 0:
        raise InstallError(f"the packages could not be installed:\n{done.stderr[-5000:]}")
    for name in NOT_IMPORTED:
        shutil.rmtree(target / name, ignore_errors=True)
    for noted in target.glob("*.dist-info/*"):
        if noted.name in OF_THE_INSTALLER:
            noted.unlink()
