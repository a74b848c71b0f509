"""The worked example of the documentation, run as it stands against the whole stack: it sends, once, and resumes."""

import hashlib
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from local.demo.client import Client
from tests.e2e.conftest import PERSON, Running

SCRIPT = Path(__file__).resolve().parents[2] / "docs" / "examples" / "send_message.py"
CLIENTS = "/api/v1/organisation/clients"
SCOPES = ["threads:read", "threads:write", "messages:send", "messages:read"]
RECIPIENT = {"personal_number": PERSON, "mail_address": "mottagare@example.se"}


@pytest.fixture(scope="module")
def secret(running: Running) -> dict[str, str]:
    """A client's id and secret, as an admin gets them."""
    new = {"name": "Diariet", "units": [running.seeded.unit], "scopes": SCOPES}
    member = next(each for each in running.seeded.staff if each.role == "admin")
    with closing(Client(running.stack.api_url)) as admin:
        admin.sign_in(member.mail_address, member.password)
        made = admin.ask("POST", CLIENTS, expect=201, json=new)
        return admin.ask("POST", f"{CLIENTS}/{made['client']}/secrets", expect=201, json={})


def run(running: Running, secret: dict[str, str], file: Path, case: str) -> subprocess.CompletedProcess[str]:
    """The script as somebody would start it, with nothing but Python and its own environment."""
    arguments = ["--unit", running.seeded.unit, "--subject", "Beslut", "--text", "Hej!", "--case", case]
    return subprocess.run(
        [sys.executable, "-I", SCRIPT, *arguments, "--file", file],
        input=json.dumps(RECIPIENT),
        env={
            "PIC_URL": running.stack.api_url,
            "PIC_CLIENT_ID": secret["client_id"],
            "PIC_CLIENT_SECRET": secret["secret"],
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def sent(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Longer than a piece of the script, and than a part of ours."""
    found = tmp_path / "beslut åäö.txt"
    found.write_bytes(b"Beslut. " * 1_200_000)
    return found


def test_the_script_sends_a_message_with_a_file_once(running: Running, secret: dict[str, str], file: Path) -> None:
    """It arrives byte by byte; run again, nothing more is sent."""
    first = sent(run(running, secret, file, "2026-17"))
    assert sent(run(running, secret, file, "2026-17")) == first
    with closing(running.staff()) as staff:
        messages = staff.ask("GET", f"/api/v1/threads/{first['thread']}")["messages"]
        opened = staff.ask("POST", f"/api/v1/threads/{first['thread']}/messages/{first['message']}/open")
    assert [message["message"] for message in messages] == [first["message"]]
    (only,) = opened["files"]
    assert (opened["text"], only["name"]) == ("Hej!", file.name)
    assert only["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_run_that_was_cut_off_is_gone_on_with(running: Running, secret: dict[str, str], file: Path) -> None:
    """Killed while it uploads, twice; the next run with the same name finishes what there is, in the same thread."""
    arguments = ["--unit", running.seeded.unit, "--subject", "Beslut", "--text", "Hej!", "--case", "2026-18"]
    environment = {
        "PIC_URL": running.stack.api_url,
        "PIC_CLIENT_ID": secret["client_id"],
        "PIC_CLIENT_SECRET": secret["secret"],
    }
    with closing(running.staff()) as staff:
        before = staff.ask("GET", f"/api/v1/threads?unit={running.seeded.unit}")["threads"]
    for seconds in (0.6, 1.2):
        with subprocess.Popen(
            [sys.executable, "-I", SCRIPT, *arguments, "--file", file],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        ) as child:
            assert child.stdin is not None
            child.stdin.write(json.dumps(RECIPIENT).encode())
            child.stdin.close()
            try:
                child.wait(seconds)
            except subprocess.TimeoutExpired:
                child.kill()
    done = sent(run(running, secret, file, "2026-18"))
    with closing(running.staff()) as staff:
        opened = staff.ask("POST", f"/api/v1/threads/{done['thread']}/messages/{done['message']}/open")
        after = staff.ask("GET", f"/api/v1/threads?unit={running.seeded.unit}")["threads"]
    assert [each["length"] for each in opened["files"]] == [file.stat().st_size]
    assert len(after) == len(before) + 1


def test_the_host_serves_what_clients_look_for(running: Running) -> None:
    """Under the address that RFC 8414 fixes, which begins with a dot."""
    with closing(Client(running.stack.api_url)) as nobody:
        told = nobody.ask("GET", "/.well-known/oauth-authorization-server")
    assert told["token_endpoint"] == f"{told['issuer']}/api/v1/oauth/token"


def test_a_script_that_may_not_is_told_why(running: Running, secret: dict[str, str], file: Path) -> None:
    """By the word of the service, and without a trace of Python."""
    done = run(running, {**secret, "secret": "wrong"}, file, "2026-19")
    assert done.returncode != 0
    assert "invalid_client" in done.stderr
    assert "Traceback" not in done.stderr
