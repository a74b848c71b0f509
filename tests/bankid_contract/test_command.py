"""``make bankid-contract`` without a certificate: one line, and exit code 2."""

import os
import subprocess
import sys
from pathlib import Path

from tests.bankid_contract.contract_host import NAMES, missing

ROOT = Path(__file__).resolve().parents[2]


def test_what_is_missing_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    """It names what is not given, and also a file that is not there."""
    environment = {name: value for name, value in os.environ.items() if name not in NAMES}
    certificate, key, root = NAMES
    (tmp_path / "rp.pem").touch()
    environment |= {certificate: str(tmp_path / "rp.pem"), key: str(tmp_path / "nowhere")}
    ended = subprocess.run(
        [sys.executable, "-m", "tests.bankid_contract"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.count("\n") == 1
    assert f"{key}, {root}" in ended.stderr
    assert f"{certificate}," not in ended.stderr


def test_nothing_is_missing_once_all_is_given(tmp_path: Path) -> None:
    """Three files."""
    (tmp_path / "file").touch()
    assert missing(dict.fromkeys(NAMES, str(tmp_path / "file"))) == []
    assert missing({}) == list(NAMES)
