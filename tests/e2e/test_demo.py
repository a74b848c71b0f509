"""``make demo`` as its user runs it: the main job on both record stores, and what it says when a check fails."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.node_process import ROOT


def run_demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the demo with a stack of its own."""
    command = [sys.executable, "-m", "local.demo", "--own-stack", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)


@pytest.mark.parametrize("records", ["tables", "cosmos"])
def test_every_check_of_the_main_job_holds(tmp_path: Path, records: str) -> None:
    """From sign-in to the empty stores a year later, with a file of several parts."""
    file = tmp_path / "Utredning åäö (slutlig).pdf"
    file.write_bytes(os.urandom(20 * 1024 * 1024))
    done = run_demo("--records", records, str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Every check held" in done.stdout


def test_an_empty_file_does_the_main_job_too(tmp_path: Path) -> None:
    """No part, no block: still a file with a digest; a name that the service refuses is replaced, and it is said."""
    file = tmp_path / 'tom: "handling" <utkast>.txt'
    file.touch()
    done = run_demo(str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "refuses the name" in done.stdout


def test_a_missing_file_is_said_before_anything_starts(tmp_path: Path) -> None:
    """Exit 2, and the name."""
    done = run_demo(str(tmp_path / "missing.pdf"))
    assert done.returncode == 2
    assert "missing.pdf" in done.stderr
