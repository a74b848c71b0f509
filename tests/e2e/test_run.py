"""``make run`` as its user meets it: one table, clear errors, and nothing left behind."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path

import httpx
import psutil
import pytest

from local.node_process import ROOT
from local.ports import StackPorts, free_ports, setting_of


def environment_of(ports: StackPorts) -> dict[str, str]:
    """The settings that move every port."""
    return {setting_of(field.name): str(getattr(ports, field.name)) for field in fields(ports)}


@contextmanager
def run(data: Path, ports: StackPorts) -> Iterator[subprocess.Popen[str]]:
    """``make run`` with its own data and ports, in a process group of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "local", "--data", str(data)],
        cwd=ROOT,
        env={**os.environ, **environment_of(ports), "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(40)
        assert process.stdout is not None
        process.stdout.close()


def read_until(process: subprocess.Popen[str], wanted: str) -> str:
    """What the process prints up to a line with ``wanted``."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        said += line
        if wanted in line:
            return said
    raise AssertionError(f"it ended before it said {wanted!r}:\n{said}")


def test_it_prints_one_table_serves_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Progress line by line, addresses that answer, demo sign-ins that work; Ctrl-C ends every process."""
    ports = free_ports()
    with run(tmp_path / "data", ports) as process:
        said = read_until(process, "Ctrl-C")
        for part in ("Azurite", "Key Vault", "BankID", "mail catcher", "Functions host"):
            assert re.search(rf"^- .*{part}.* is running$", said, re.MULTILINE), said
        for port, path in ((ports.api, "/portal"), (ports.mail_page, "/"), (ports.bankid_page, "/")):
            page = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=10, trust_env=False)
            assert page.status_code == httpx.codes.OK
        figures = httpx.get(f"http://127.0.0.1:{ports.api}/metrics", timeout=10, trust_env=False)
        assert f"http://127.0.0.1:{ports.api}/metrics" in said
        assert 'pic_requests_total{route="portal_home",status="200",outcome="done"} 1' in figures.text
        address, password = re.findall(r"Sign in: Anna.*?\s(\S+@\S+)\s+(\S+)", said)[0]
        signed_in = httpx.post(
            f"http://127.0.0.1:{ports.api}/api/v1/staff/sign-in",
            json={"mail_address": address, "password": password},
            timeout=10,
            trust_env=False,
        )
        assert signed_in.json()["name"] == "Anna Exempel"
        below = psutil.Process(process.pid).children(recursive=True)
        assert len(below) >= 5
        process.send_signal(signal.SIGINT)
        assert process.wait(40) == 0
    gone, alive = psutil.wait_procs(below, timeout=5)
    assert alive == [], gone


def test_a_taken_port_is_named_with_the_setting_that_moves_it(tmp_path: Path) -> None:
    """Exit 2 before anything starts."""
    ports = free_ports()
    with socket.create_server(("127.0.0.1", ports.mail_page)), run(tmp_path / "data", ports) as process:
        said = read_until(process, "PIC_LOCAL_PORT_MAIL_PAGE")
        assert f"port {ports.mail_page} on 127.0.0.1 is taken" in said
        assert process.wait(20) == 2


def test_a_part_that_does_not_start_is_named_and_the_others_are_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last step fails on a wrong setting: its words are shown, and no process is left."""
    monkeypatch.setenv("AzureFunctionsJobHost__extensions__queues__batchSize", "many")
    with run(tmp_path / "data", free_ports()) as process:
        said = read_until(process, "Could not start")
        assert process.wait(40) == 2
        assert "batchSize" in said + (process.stdout.read() if process.stdout else "")
    left = [p for p in psutil.process_iter(["cmdline"]) if str(tmp_path) in " ".join(p.info["cmdline"] or [])]
    assert left == []


def test_what_was_there_before_a_restart_is_there_after_it(tmp_path: Path) -> None:
    """Same data, same ports: the demo sign-in of the first run works in the second."""
    ports = free_ports()
    passwords: list[str] = []
    for _ in range(2):
        with run(tmp_path / "data", ports) as process:
            said = read_until(process, "Ctrl-C")
            passwords += re.findall(r"Sign in: Anna.*?\s\S+@\S+\s+(\S+)", said)
            address = re.findall(r"Sign in: Anna.*?\s(\S+@\S+)", said)[0]
            answer = httpx.post(
                f"http://127.0.0.1:{ports.api}/api/v1/staff/sign-in",
                json={"mail_address": address, "password": passwords[-1]},
                timeout=10,
                trust_env=False,
            )
            assert answer.status_code == httpx.codes.OK, answer.text
        time.sleep(0.2)
    assert passwords[0] == passwords[1]
