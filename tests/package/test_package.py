"""The package that is deployed: the same bytes again, what is in it, and what is not."""

import json
import os
import re
import stat
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from local.deployed_python import find_python
from local.package.archive import MODE, TIME
from local.package.budgets import MIB, PACKED_MIB
from local.package.building import PACKAGES, Package, build
from local.package.contents import contents
from local.package.pins import pins
from tests.support.worker import ROOT

PROGRAM: Final = """
import importlib.util, json, marshal, pathlib, sys
found = {"wrong": [], "count": 0, "sources": 0, "names": []}
root = pathlib.Path(sys.argv[1])
for source in sorted(root.rglob("*.py")):
    found["sources"] += 1
    compiled = source.parent / "__pycache__" / f"{source.stem}.cpython-313.pyc"
    raw = compiled.read_bytes() if compiled.exists() else b""
    is_ours = raw[:4] == importlib.util.MAGIC_NUMBER and raw[4:8] == b"\\x01\\0\\0\\0"
    if not is_ours or raw[8:16] != importlib.util.source_hash(source.read_bytes()):
        found["wrong"].append(str(source.relative_to(root)))
    elif marshal.loads(raw[16:]).co_filename != str(source.relative_to(root)):
        found["names"].append(str(source.relative_to(root)))
found["count"] = len(list(root.rglob("*.pyc")))
print(json.dumps(found))
"""
"""Flags 1: by hash, unchecked (PEP 552); the eight bytes behind are the hash of the source."""


@pytest.fixture(scope="module")
def entries(package: Package) -> Iterator[dict[str, zipfile.ZipInfo]]:
    with zipfile.ZipFile(package.packed) as packed:
        assert packed.testzip() is None
        found = packed.infolist()
        assert len({entry.filename for entry in found}) == len(found)
        yield {entry.filename: entry for entry in found}


@pytest.mark.timeout(480)  # two packages are built, where none is there yet
def test_the_same_input_is_the_same_package(package: Package, tmp_path: Path) -> None:
    """Elsewhere, later, for another user with other habits: whoever builds a release again can compare it."""
    python = find_python()
    assert python is not None
    program = (
        "import sys; from pathlib import Path; from local.package.building import build;"
        "print(build(*map(Path, sys.argv[1:])).sha256)"
    )
    habits = {
        "TZ": "Pacific/Kiritimati",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "HOME": str(tmp_path),
        "SOURCE_DATE_EPOCH": "1",
    }
    copy = tmp_path / "another checkout"
    for name, content in contents(ROOT).items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        (copy / name).write_bytes(content)
        (copy / name).chmod(0o700)
        os.utime(copy / name, (10**9, 10**9))
    done = subprocess.run(
        [sys.executable, "-c", f"import os; os.umask(0o077); {program}", copy, python, tmp_path / "deep" / "er"],
        cwd=ROOT,
        env={**os.environ, **habits},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == package.sha256


def test_nothing_is_left_half_built(tmp_path: Path) -> None:
    """Neither the failed package nor the one before it can be deployed by mistake."""
    (tmp_path / "package").mkdir()
    (tmp_path / "package.zip").write_bytes(b"old")
    with pytest.raises(Exception, match="is missing"):
        build(tmp_path / "nowhere", Path("python3.13"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_it_holds_our_files_and_no_other_of_ours(package: Package, entries: dict[str, zipfile.ZipInfo]) -> None:
    """No stand-in, test, measurement or document, and none of what a laptop keeps."""
    ours = {name for name in entries if not name.startswith(f"{PACKAGES}/") and "__pycache__" not in name}
    assert ours == set(contents(ROOT))
    assert {name.partition("/")[0] for name in ours} == {
        *("LICENSE", "function_app.py", "host.json", "requirements.txt", "functions", "shared", "web")
    }
    assert {"web/index.html", "shared/container.py", "functions/api.py"} <= ours
    with zipfile.ZipFile(package.packed) as packed:
        assert {name: packed.read(name) for name in ours} == contents(ROOT)


def test_it_holds_what_is_pinned_and_nothing_else(entries: dict[str, zipfile.ZipInfo]) -> None:
    """Each package in the version of the requirements for the deployed Python."""
    found = {}
    for name in entries:
        if matched := re.fullmatch(rf"{re.escape(PACKAGES)}/([^/]+)-([^-/]+)\.dist-info/METADATA", name):
            found[re.sub(r"[-_.]+", "-", matched[1]).lower()] = matched[2]
    pinned = pins((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    assert set(found) == set(pinned)
    assert [name for name, version in found.items() if version not in pinned[name]] == []
    assert found["azure-functions"] == pinned["azure-functions"][-1]


def test_compiled_parts_are_for_the_deployed_machine(entries: dict[str, zipfile.ZipInfo]) -> None:
    """Linux on x86-64, with the stable interface or that of Python 3.13."""
    compiled = [name for name in entries if name.endswith((".so", ".pyd", ".dylib", ".dll"))]
    assert len(compiled) > 5
    assert [name for name in compiled if not re.search(r"\.(cpython-313-x86_64-linux-gnu|abi3)\.so$", name)] == []


def test_names_stay_inside(entries: dict[str, zipfile.ZipInfo]) -> None:
    """No absolute path, no way up, no backslash, no drive (zip slip)."""
    assert [name for name in entries if name.startswith("/") or "\\" in name or ":" in name] == []
    assert [name for name in entries if {"", ".", ".."} & set(name.split("/"))] == []


def test_entries_tell_nothing_of_the_machine(entries: dict[str, zipfile.ZipInfo]) -> None:
    """No links, nobody's modes, one time, one order."""
    assert {entry.date_time for entry in entries.values()} == {TIME}
    assert {entry.external_attr >> 16 for entry in entries.values()} == {MODE}
    assert stat.S_ISREG(MODE)
    assert {(entry.create_system, entry.extra, entry.comment) for entry in entries.values()} == {(3, b"", b"")}
    assert list(entries) == sorted(entries)


def test_no_path_of_this_machine_is_packed(package: Package) -> None:
    """Paths tell who built it where, and differ from one builder to the next."""
    python = find_python()
    assert python is not None
    hidden = {str(path).encode() for path in (ROOT, Path.home(), python.parent.parent) if len(path.parts) > 2}
    assert hidden
    with zipfile.ZipFile(package.packed) as packed:
        telling = [name for name in packed.namelist() if any(path in packed.read(name) for path in hidden)]
    assert telling == []


def test_bytecode_is_taken_unseen_and_is_that_of_its_source(package: Package) -> None:
    """Every source has it; times of files do not count, so a deployment cannot make it worthless."""
    python = find_python()
    assert python is not None
    done = subprocess.run(
        [python, "-S", "-c", PROGRAM, package.unpacked], capture_output=True, text=True, check=True, timeout=120
    )
    found = json.loads(done.stdout)
    assert (found["wrong"], found["names"]) == ([], [])
    assert found["sources"] == found["count"] > 1000


def test_the_unpacked_folder_is_what_is_packed(package: Package, entries: dict[str, zipfile.ZipInfo]) -> None:
    """The tests in the real runtime run on the folder; what is deployed is the ZIP."""
    paths = {
        path.relative_to(package.unpacked).as_posix(): path for path in package.unpacked.rglob("*") if path.is_file()
    }
    assert set(paths) == set(entries)
    with zipfile.ZipFile(package.packed) as packed:
        assert [name for name, path in paths.items() if packed.read(name) != path.read_bytes()] == []


def test_it_keeps_to_its_budget(package: Package) -> None:
    """And the budget is not so wide that nobody would notice."""
    assert PACKED_MIB / 2 < package.packed_bytes / MIB < PACKED_MIB
