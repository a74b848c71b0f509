"""The audit with the real clients: what is known is found, and silence is never taken for safety."""

import json
from pathlib import Path

import pytest

from local.audit import node_packages, python_packages
from local.audit.python_packages import groups
from local.audit.verdicts import CLEAN, FOUND, NOT_CHECKED, Checked, NotChecked, Verdict, status_of
from local.package.pins import pins
from local.tools import TOOLS, requirements_of
from tests.supply_chain.advisories import advisories
from tests.support.worker import ROOT

HASH = f"--hash=sha256:{'0' * 64}"
DJANGO, MINIMIST = python_packages.CANARY[0], node_packages.CANARY[0]


@pytest.fixture
def requirements(tmp_path: Path) -> Path:
    """Two packages, one of them in two versions."""
    path = tmp_path / "requirements.txt"
    lines = [f"h11==0.16.0 {HASH}", f"idna==3.19 ; python_version < '3.13' {HASH}", f"idna==3.20 {HASH}"]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One npm package, and one below it."""
    packages = {
        "": {"name": "p", "version": "1.0.0", "dependencies": {"one": "1.0.0"}},
        "node_modules/one": {"version": "1.0.0", "dependencies": {"two": "1.0.0"}},
        "node_modules/two": {"version": "1.0.0"},
    }
    lock = {"name": "p", "version": "1.0.0", "lockfileVersion": 3, "requires": True, "packages": packages}
    (tmp_path / "package.json").write_text(json.dumps(packages[""]))
    (tmp_path / "package-lock.json").write_text(json.dumps(lock))
    return tmp_path


def python(requirements: Path, url: str) -> Verdict:
    return python_packages.audit([requirements], "--osv-url", f"{url}/v1/query")


def node(project: Path, url: str) -> Verdict:
    quick = {"npm_config_fetch_retries": "0", "npm_config_cache": str(project / "cache")}
    return node_packages.audit(project, {"npm_config_registry": url, **quick})


def test_python_packages_of_which_nothing_is_known(requirements: Path) -> None:
    """All versions were asked about, and the weak one was known."""
    with advisories(DJANGO) as known:
        assert python(requirements, known.url) == Checked(what="Python packages", count=3, findings=())
    assert sorted(known.asked) == [DJANGO, DJANGO, "h11", "idna", "idna"]


def test_a_weak_python_package_is_found(requirements: Path) -> None:
    """In each of its versions, and below the one that is always weak."""
    with advisories(DJANGO, "idna") as known:
        verdict = python(requirements, known.url)
    assert isinstance(verdict, Checked)
    assert verdict.findings == ("idna 3.19: PYSEC-0000-idna", "idna 3.20: PYSEC-0000-idna")
    assert status_of([verdict]) == FOUND


def test_whoever_knows_nothing_is_not_believed(requirements: Path, project: Path) -> None:
    """A mirror that answers politely, and pip-audit that says "No known vulnerabilities found"."""
    with advisories() as known:
        verdicts = [python(requirements, known.url), node(project, known.url)]
    assert [type(verdict) for verdict in verdicts] == [NotChecked, NotChecked]
    assert "nobody was asked" in str(verdicts)
    assert status_of(verdicts) == NOT_CHECKED


@pytest.mark.parametrize("status", [404, 405, 500])
def test_whoever_refuses_the_question_has_not_answered_it(requirements: Path, project: Path, status: int) -> None:
    """As a registry does that mirrors packages and nothing else."""
    with advisories(DJANGO, MINIMIST, status=status) as known:
        verdicts = [python(requirements, known.url), node(project, known.url)]
    assert [type(verdict) for verdict in verdicts] == [NotChecked, NotChecked]


def test_without_a_network_nothing_is_checked(requirements: Path, project: Path) -> None:
    """Nobody listens there any more."""
    with advisories(DJANGO) as known:
        url = known.url
    assert [type(verdict) for verdict in (python(requirements, url), node(project, url))] == [NotChecked, NotChecked]


def test_npm_packages_are_asked_about(project: Path) -> None:
    """Those below others, too."""
    with advisories(MINIMIST) as known:
        assert node(project, known.url) == Checked(what="npm packages", count=2, findings=())
    assert {"one", "two", MINIMIST} <= set(known.asked)
    with advisories(MINIMIST, "two") as known:
        verdict = node(project, known.url)
    assert isinstance(verdict, Checked)
    assert "two: high" in verdict.findings
    assert status_of([verdict]) == FOUND


def test_without_npm_nothing_is_checked(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says so."""
    monkeypatch.setenv("PATH", str(project))
    assert node_packages.audit(project) == NotChecked(what="npm packages", reason="npm is not installed")


def test_the_status_tells_the_worst() -> None:
    """A finding is not hidden by what could not be checked, nor that by what is clean."""
    clean, found = Checked(what="a", count=1, findings=()), Checked(what="b", count=1, findings=("x",))
    unknown = NotChecked(what="c", reason="r")
    assert status_of([clean, clean]) == CLEAN == 0
    assert status_of([clean, unknown]) == NOT_CHECKED
    assert status_of([unknown, found]) == FOUND
    assert len({CLEAN, FOUND, NOT_CHECKED, 2}) == 4


def test_everything_that_is_pinned_is_asked_about() -> None:
    """Production, development and tools; the canaries are none of them."""
    files = [ROOT / "requirements.txt", ROOT / "requirements-dev.txt", *map(requirements_of, TOOLS)]
    texts = [file.read_text(encoding="utf-8") for file in files]
    asked = {(name, version) for group in groups(texts) for name, version in group.items()}
    assert asked == {(name, version) for text in texts for name, versions in pins(text).items() for version in versions}
    assert DJANGO not in {name for name, _ in asked}
    assert len(asked) > 150
