"""What the suite does where there is no Python 3.13: it says so on a laptop, and fails in CI."""

import os
import subprocess
import sys
from pathlib import Path

from local.deployed_python import ADVICE
from tests.support.worker import ROOT

NEEDS_IT = "tests/conformance/test_our_app_in_the_runtime.py"
NEEDS_IT_NOT = "tests/conformance/test_cold_import.py"


def run_pytest(nowhere: Path, *tests: str | Path, ci: str) -> subprocess.CompletedProcess[str]:
    """Run these tests where no Python 3.13 can be found."""
    hidden = {"HOME": str(nowhere), "PATH": str(nowhere), "PIC_CONFORMANCE_PYTHON": str(nowhere / "python3.13")}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        cwd=ROOT,
        env={**os.environ, **hidden, "CI": ci},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_laptop_runs_the_rest_and_says_what_did_not_run(tmp_path: Path) -> None:
    """Nobody takes a green run for a complete one."""
    done = run_pytest(tmp_path, NEEDS_IT, NEEDS_IT_NOT, ci="")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "conformance did NOT run" in done.stdout
    assert ADVICE in done.stdout
    assert " passed" in done.stdout


def test_a_laptop_still_fails_with_the_rest(tmp_path: Path) -> None:
    """What is left out excuses nothing else."""
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_it() -> None:\n    raise AssertionError\n")
    done = run_pytest(tmp_path, NEEDS_IT, failing, ci="false")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "conformance did NOT run" in done.stdout


def test_ci_fails_with_what_to_install(tmp_path: Path) -> None:
    """A missing interpreter is a fault of the pipeline, not a reason to skip."""
    done = run_pytest(tmp_path, NEEDS_IT, ci="true")
    assert done.returncode == 1, done.stdout + done.stderr
    assert ADVICE in done.stdout
    assert "passed" not in done.stdout
