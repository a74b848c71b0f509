"""What bandit finds in our code: nothing that is not explained, beside it or here."""

import json
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import pytest

from local.tools import program
from tests.support.worker import ROOT

SEARCHED: Final = ("functions", "shared", "local", "bench", "function_app.py")

OFF: Final = {"B101": "asserts state impossibilities; hostile input gets errors, and nothing runs with -O"}
"""Checks that are not made, and why."""

OF_OUR_OWN: Final = ("local/", "bench/")
PROGRAMS: Final = {"B404", "B603", "B606", "B607"}
"""Starting programs: the tools of a laptop start others, by lists of arguments of their own and without a shell. No such
thing is deployed, where these would be findings."""

EXPLAINED: Final = {
    ("B311", "local/host/queues.py"): "how long to wait, as the real host does",
    ("B105", "bench/passwords.py"): "made up, to be measured",
    ("B105", "functions/oauth.py"): "what the description says of a field",
    ("B105", "shared/broker_settings.py"): "names of ways to authenticate (OpenID Connect), not passwords",
    ("B105", "shared/adapters/storage_authorising.py"): "no token yet",
}
"""By check and file, where the line itself says nothing. What is explained and no longer found has to go as well."""

_REASON: Final = re.compile(r"# noqa: [A-Z0-9, ]*\bS(\d{3})\b[A-Z0-9, ]*(?: - | {2}# )\S")
"""Our linter has the same checks by the same numbers; a line that it lets pass says why."""

Finding = tuple[str, str, int]


def search(folder: Path, names: Iterable[str]) -> tuple[set[Finding], list[Any]]:
    """Check, file and line of each finding, and what could not be read."""
    done = subprocess.run(
        [program("bandit"), "--quiet", "--format", "json", "--skip", ",".join(OFF), "--recursive", *names],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=200,
    )
    report = json.loads(done.stdout)
    return {(each["test_id"], each["filename"], each["line_number"]) for each in report["results"]}, report["errors"]


def is_explained(folder: Path, finding: Finding) -> bool:
    check, name, line = finding
    if name.startswith(OF_OUR_OWN) and check in PROGRAMS:
        return True
    said = _REASON.search((folder / name).read_text(encoding="utf-8").splitlines()[line - 1])
    return (said is not None and said[1] == check[1:]) or (check, name) in EXPLAINED


@pytest.fixture(scope="module")
def found() -> set[Finding]:
    findings, unread = search(ROOT, SEARCHED)
    assert unread == []
    return findings


def test_every_finding_is_explained(found: set[Finding]) -> None:
    """By a reason in its line, or above."""
    assert sorted(finding for finding in found if not is_explained(ROOT, finding)) == []


def test_every_explanation_is_needed(found: set[Finding]) -> None:
    """Otherwise it would excuse what comes later."""
    assert set(EXPLAINED) <= {(check, name) for check, name, _ in found}
    assert {check for check, name, _ in found if name.startswith(OF_OUR_OWN)} >= PROGRAMS


def test_what_is_deployed_starts_no_program(found: set[Finding]) -> None:
    """Not even with a reason."""
    assert [finding for finding in found if finding[0] in PROGRAMS and not finding[1].startswith(OF_OUR_OWN)] == []


def test_planted_mistakes_are_found(tmp_path: Path) -> None:
    """A reason for another check excuses none, nor does a mark without a reason."""
    planted = {
        "shared/a.py": "import subprocess\nsubprocess.run('ls', shell=True)\n",
        "shared/b.py": "import pickle\npickle.loads(b'')\n",
        "functions/c.py": "PASSWORD = 'hunter2'  # noqa: S105\n",
        "functions/d.py": "import random\nrandom.random()  # noqa: S105 - a word\n",
        "local/e.py": "import tempfile\ntempfile.mktemp()\n",
        "local/f.py": "import yaml\nyaml.load('', Loader=yaml.Loader)\n",
        "bench/g.py": "import ssl\nssl._create_unverified_context()\n",
        "bench/h.py": "import hashlib\nhashlib.md5(b'')\n",
    }
    excused = {"shared/x.py": "PASSWORD = 'word'  # noqa: S105 - a word\n", "local/y.py": "import subprocess\n"}
    for name, text in {**planted, **excused}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    findings, unread = search(tmp_path, ["shared", "functions", "local", "bench"])
    assert unread == []
    assert {finding[1] for finding in findings if not is_explained(tmp_path, finding)} == set(planted)
    assert set(excused) <= {finding[1] for finding in findings}
