"""What happens when something is installed: nothing runs, nothing is fetched besides what is pinned, nothing is new."""

import json
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local import lock
from local.package.pins import PinFaultError, pins
from local.tools import BUILT, TOOLS, requirements_of
from tests.support.worker import ROOT

LOCK = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
PYTHON_FILES = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt", *map(requirements_of, TOOLS)]


def needs_a_script(locked: dict[str, dict[str, Any]]) -> list[str]:
    return [path for path, package in locked.items() if package.get("hasInstallScript")]


def from_elsewhere(locked: dict[str, dict[str, Any]]) -> list[str]:
    """Without a digest, or from an address of its own: a repository, a file, another registry."""
    return [
        path
        for path, package in locked.items()
        if path
        and not package.get("link")
        and ("resolved" in package or not package.get("integrity", "").startswith("sha512-"))
    ]


def test_no_npm_package_has_an_install_script() -> None:
    """The lock notes which would run something, such as a download of a program."""
    assert needs_a_script(LOCK) == []
    assert needs_a_script({**LOCK, "node_modules/planted": {"hasInstallScript": True}}) == ["node_modules/planted"]


def test_every_npm_package_is_pinned_by_its_digest() -> None:
    """And comes from whichever registry the machine is set up for."""
    assert from_elsewhere(LOCK) == []
    for planted in ({}, {"integrity": "sha1-x"}, {"integrity": "sha512-x", "resolved": "git+ssh://example/x"}):
        assert from_elsewhere({"node_modules/planted": planted}) == ["node_modules/planted"]


def test_npm_runs_no_script_whoever_calls_it() -> None:
    """By the command of `make setup`, and by the settings of the folder."""
    assert "npm ci --ignore-scripts" in (ROOT / "Makefile").read_text(encoding="utf-8")
    assert "ignore-scripts=true" in (ROOT / ".npmrc").read_text(encoding="utf-8").splitlines()
    manifest = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    assert "scripts" not in manifest
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in manifest["devDependencies"].values())


def test_pip_builds_nothing_and_takes_nothing_without_its_hash() -> None:
    """Wherever it is called; a source distribution would run its own code."""
    texts = {
        name: (ROOT / name).read_text(encoding="utf-8")
        for name in ("Makefile", "local/environments.py", "local/package/wheels.py")
    }
    for text in texts.values():
        assert "--require-hashes" in text
        assert re.search(r'--only-binary"?,? "?:all:', text)
    assert set(BUILT) == {"sslyze"}


@pytest.mark.parametrize("path", PYTHON_FILES, ids=lambda path: path.name)
def test_every_python_package_is_pinned_by_its_hashes(path: Any) -> None:
    """And no index is named: each machine has its own."""
    text = path.read_text(encoding="utf-8")
    assert pins(text)
    assert "://" not in text
    with pytest.raises(PinFaultError):
        pins(f"{text}\nplanted>=1\n")


def test_a_resolved_version_is_a_week_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is told a date, and hashes; what it is told decides, so its command is looked at."""
    called: list[list[str]] = []

    def run(command: Sequence[object], **_: object) -> subprocess.CompletedProcess[str]:
        called.append([str(each) for each in command])
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr("local.lock.subprocess.run", run)
    lock.main()
    week = (datetime.now(UTC) - timedelta(days=7)).date()
    compiled = [command for command in called if "compile" in command]
    assert len(compiled) == 2 + len(TOOLS)
    for command in compiled:
        assert "--generate-hashes" in command
        assert "--no-emit-index-url" in command
        newest = datetime.fromisoformat(command[command.index("--exclude-newer") + 1]).date()
        assert timedelta(0) <= week - newest <= timedelta(days=1)  # midnight may lie between


def test_everything_wanted_is_locked() -> None:
    """Who adds a line to a source has to run `make lock`."""
    sources = [ROOT / "requirements.in", ROOT / "requirements-dev.in"]
    sources += [requirements_of(tool).with_suffix(".in") for tool in TOOLS]
    for source in sources:
        locked = pins(source.with_suffix(".txt").read_text(encoding="utf-8"))
        lines = [line for line in source.read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"]
        wanted = {re.split(r"[^A-Za-z0-9._-]", line)[0].lower().replace("_", "-") for line in lines}
        assert wanted
        assert wanted - set(locked) == set(), source.name
