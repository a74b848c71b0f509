"""Start and end of the host: what it refuses, what it says, and how it leaves."""

import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.support.toy_host import start, toy_host, until


def failure(app: str, folder: Path, *options: str, **environment: str) -> tuple[int, str]:
    """Start a host that cannot start; its exit code and what it says."""
    process = start(app, folder, *options, stderr=subprocess.PIPE, **environment)
    _, said = process.communicate(timeout=20)
    return process.returncode, said


def test_a_taken_port_is_one_clear_line_and_exit_code_2(tmp_path: Path) -> None:
    """Said at once, before the app is imported."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, said = failure("web", tmp_path, "--port", str(port))

    assert code == 2
    assert f"port {port} on 127.0.0.1 is taken: choose another one with --port\n" == said


def test_every_missing_setting_is_named_at_once(tmp_path: Path) -> None:
    """Names in triggers and their connections, in one message."""
    code, said = failure("work", tmp_path)

    assert code == 2
    assert "function work: the setting TOY_QUEUE, TOY_STORAGE is missing" in said
    assert "function tick: the setting TOY_SCHEDULE, AzureWebJobsStorage is missing" in said


def test_a_schedule_that_is_none_stops_the_start(tmp_path: Path) -> None:
    """With the function's name and the reason."""
    storage = {"TOY_STORAGE": "UseDevelopmentStorage=true", "AzureWebJobsStorage": "UseDevelopmentStorage=true"}
    code, said = failure("work", tmp_path, TOY_QUEUE="q", TOY_SCHEDULE="0 0 0 30 2 *", **storage)

    assert code == 2
    assert "function tick: no month of the schedule has such a day: it would never come due" in said


def test_a_connection_that_is_none_is_not_repeated_in_the_message(tmp_path: Path) -> None:
    """It may hold a key with a typing mistake."""
    code, said = failure(
        "work",
        tmp_path,
        TOY_QUEUE="q",
        TOY_SCHEDULE="0 0 * * * *",
        TOY_STORAGE="AccountKey-c2VjcmV0",
        AzureWebJobsStorage="UseDevelopmentStorage=true",
    )

    assert code == 2
    assert "the setting TOY_STORAGE is not a connection string" in said
    assert "c2VjcmV0" not in said


REFUSED = [
    ("import azure.functions as func\n", "exactly one FunctionApp"),
    ("raise RuntimeError('why')\n", "could not be imported: RuntimeError"),
    (
        (
            "import azure.functions as func\napp = func.FunctionApp()\n"
            "@app.blob_trigger(arg_name='b', path='c/{n}', connection='S')\ndef f(b: func.InputStream) -> None: ...\n"
        ),
        "function f: the binding blobTrigger is not supported",
    ),
    (
        (
            "import azure.functions as func\napp = func.FunctionApp()\n"
            "@app.queue_trigger(arg_name='m', queue_name='q', connection='S')\n"
            "@app.retry(strategy='fixed_delay', max_retry_count='3', delay_interval='00:00:01')\n"
            "def f(m: func.QueueMessage) -> None: ...\n"
        ),
        "function f: @app.retry is not supported",
    ),
    (
        (
            "import functools\nimport azure.functions as func\napp = func.FunctionApp()\n"
            "def inner(other: func.HttpRequest) -> str: ...\n"
            "@app.route()\n@functools.wraps(inner)\ndef f(req: func.HttpRequest) -> str: ...\n"
        ),
        "function inner: its parameters must be req",
    ),
    (
        (
            "import azure.functions as func\nfrom azurefunctions.extensions import base\napp = func.FunctionApp()\n"
            "class WebApp(base.WebApp): ...\n"
            "@app.route()\ndef f(req: func.HttpRequest) -> str: ...\n"
        ),
        "function f: the app has a streaming provider",
    ),
]


@pytest.mark.parametrize(("script", "reason"), REFUSED, ids=["none", "raises", "blob", "retry", "wraps", "mixed"])
def test_an_app_that_azure_would_not_run_as_it_stands_is_refused(tmp_path: Path, script: str, reason: str) -> None:
    """Better here than in the deployment."""
    (tmp_path / "function_app.py").write_text(script)
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    code, said = failure("", tmp_path, "--app", str(tmp_path))

    assert code == 2
    assert reason in said


def test_local_settings_reach_the_app_and_the_environment_wins(tmp_path: Path) -> None:
    """Values before the import, so that settings read at import time are there."""
    (tmp_path / "function_app.py").write_text(
        "import os\nimport azure.functions as func\napp = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)\n"
        "READ = [os.environ[name] for name in ('TOY_A', 'TOY_B', 'WEBSITE_HOSTNAME', 'AZURE_FUNCTIONS_ENVIRONMENT')]\n"
        "@app.route()\ndef read(req: func.HttpRequest) -> str:\n    return ' '.join(READ)\n"
    )
    (tmp_path / "host.json").write_text('{"version": "2.0"}')
    (tmp_path / "local.settings.json").write_text('{"Values": {"TOY_A": "file", "TOY_B": "file"}}')

    with toy_host("", tmp_path, "--app", str(tmp_path), TOY_A="shell") as host:
        assert f"shell file localhost:{host.port} Development" == httpx.get(f"{host.url}/api/read").text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_running_request_end(tmp_path: Path, number: int) -> None:
    """Drain: the answer comes whole, new connections are refused, the exit code is 0."""
    with toy_host("streams", tmp_path) as host, ThreadPoolExecutor() as pool:
        answer = pool.submit(httpx.get, f"{host.url}/slow")
        until((tmp_path / "slow.begun").exists)
        assert host.stop(number) == 0

        assert answer.result().text == "slow but sure"


def test_a_request_longer_than_the_drain_does_not_keep_the_host(tmp_path: Path) -> None:
    """The bound is kept, and the exit code is still 0."""
    with toy_host("streams", tmp_path, "--drain-seconds", "0.2") as host, ThreadPoolExecutor() as pool:
        answer = pool.submit(httpx.get, f"{host.url}/slow")
        until((tmp_path / "slow.begun").exists)
        assert host.stop() == 0

        assert isinstance(answer.exception(), httpx.HTTPError) or answer.result().status_code == 500
        assert not (tmp_path / "slow.ended").exists()


def test_two_workers_answer_on_one_port(tmp_path: Path) -> None:
    """State kept in memory shows: requests meet two processes."""
    seen: set[int] = set()
    lock = threading.Lock()

    with toy_host("streams", tmp_path, "--workers", "2") as host:

        def ask(_: int) -> None:
            pid = httpx.get(f"{host.url}/memory").json()["pid"]
            with lock:
                seen.add(pid)

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(ask, range(64)))
        assert host.stop() == 0

    assert len(seen) == 2


def test_workers_end_with_their_parent(tmp_path: Path) -> None:
    """A killed parent leaves no process behind that holds the port."""
    with toy_host("streams", tmp_path, "--workers", "2") as host:
        host.process.kill()
        host.process.wait()

        def is_closed() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", host.port)) != 0

        until(is_closed)
