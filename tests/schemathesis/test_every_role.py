"""Made-up requests for every operation of the description, by every role: none of them breaks anything."""

import json
import os
import subprocess
from typing import Final

import pytest

from local.tools import program
from tests.support.every_route import CALLS

EXAMPLES: Final = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "5"))
"""Requests for each operation and role."""

ROLES: Final = ("nobody", "staff", "admin", "auditor", "other_admin", "person")

HIDDEN: Final = {"portal", "portal_home", "metrics", "openapi"}
"""Not in the description."""


@pytest.mark.parametrize("role", ROLES)
def test_no_request_breaks_anything(role: str) -> None:
    """Whatever the description allows, and what it forbids: an answer of ours, a problem where there is one, no 5xx."""
    python = program("schemathesis").with_name("python")
    done = subprocess.run(
        [python, "-m", "tests.schemathesis.drive", role, str(EXAMPLES)],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout)
    assert told["faults"] == []
    assert set(told["operations"]) == set(CALLS) - HIDDEN
    statuses = {int(status): count for status, count in told["statuses"].items()}
    assert sum(statuses.values()) > len(told["operations"]) * EXAMPLES / 2
    assert role == "nobody" or {404, 422} <= set(statuses)
    assert role == "nobody" or statuses.get(200, 0) > 10
