"""Importing our app with any Python that the code supports: no vendor SDK, no route, no connection, no file."""

import json
import subprocess
import sys
from pathlib import Path

from local.route_table import MODULES
from tests.support.worker import ROOT, sample_settings

PROGRAM = """
import json, sys
sys.path.insert(0, sys.argv[1])
def refuse(event, arguments):
    if event in {"socket.connect", "socket.bind", "socket.getaddrinfo"}:
        raise RuntimeError(event)
    if event == "open" and isinstance(arguments[0], str) and isinstance(arguments[1], str):
        if arguments[1] != "r" and set(arguments[1]) & set("wax+"):
            raise RuntimeError(event)
sys.dont_write_bytecode = True
sys.addaudithook(refuse)
import function_app
print(json.dumps(sorted(sys.modules)))
"""

VENDORS = (
    *("azure.storage", "azure.cosmos", "azure.data", "azure.keyvault", "azure.identity", "azure.core", "msal"),
    *("aiohttp", "httpx", "argon2", "segno", "cryptography", "webauthn"),
)
ROUTES = frozenset(f"functions.{name}" for name in (*MODULES, "dependencies", "models", "description"))
NOT_YET = (*VENDORS, "shared.services", "shared.adapters", "pydantic.v1.")
"""What comes with the first request that needs it (ADR 0010)."""


def test_importing_the_app_loads_no_vendor_no_service_no_route_and_touches_nothing(tmp_path: Path) -> None:
    """Cold start is import time; and an app that calls out at import cannot start while a neighbour is down."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, ROOT],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=tmp_path,
        env=sample_settings(),
    )
    assert done.returncode == 0, done.stderr
    assert [name for name in json.loads(done.stdout) if name.startswith(NOT_YET) or name in ROUTES] == []
    assert done.stderr == ""
