"""The package that would be deployed, built once for all processes and runs that share its inputs."""

import hashlib
import json
import shutil
from dataclasses import asdict
from pathlib import Path

from local.environments import alone
from local.package.building import PACKED, UNPACKED, Package, build
from local.package.contents import contents
from tests.support.worker import ROOT, deployed_python


def built_package() -> Package:
    """Raises ``RuntimeError`` where there is no Python 3.13, and whatever ``build`` raises."""
    python = deployed_python()
    folder = ROOT / ".local/package"
    facts = folder / "package.json"
    with alone(folder.with_suffix(".lock")):
        key = _key(python)
        if facts.exists() and (known := json.loads(facts.read_text()))["key"] == key:
            return Package(packed=folder / PACKED, unpacked=folder / UNPACKED, **known["package"])
        shutil.rmtree(folder, ignore_errors=True)
        package = build(ROOT, python, folder)
        told = {name: value for name, value in asdict(package).items() if not isinstance(value, Path)}
        facts.write_text(json.dumps({"key": key, "package": told}))
    return package


def _key(python: Path) -> str:
    """Everything that decides about the bytes, the builder itself included."""
    digest = hashlib.sha256(str(python).encode())
    sources = {path.name: path.read_bytes() for path in sorted((ROOT / "local/package").glob("*.py"))}
    for name, content in {**contents(ROOT), **sources}.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()
