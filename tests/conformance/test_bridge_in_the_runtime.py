"""The provider and the bridge inside the real Azure Functions runtime, with a small app of every kind of route."""

import hashlib
import json
from typing import Any

import pytest

from tests.support.worker import TOY, Run, drive

MIB = 1024 * 1024
SMALL, SIZE = 16 * MIB, 64 * MIB
FLAT_BYTES = 16 * MIB
"""How much more the process may hold while 64 MiB pass through it than for 16 MiB: a third of what is more."""

CANARY = "canary-5d1c"
HEADERS = {
    "authorization": f"Bearer {CANARY}-authorization",
    "cookie": f"__Host-session={CANARY}-cookie",
    "content-type": "application/json",
}
QUERY = f"token={CANARY}-query"
SETTINGS = {"PIC_TOY": f"{CANARY}-setting"}


def http(function: str, method: str, path: str, **more: Any) -> dict[str, Any]:
    return {"http": {"function": function, "method": method, "path": f"{path}?{QUERY}", "headers": HEADERS, **more}}


STEPS: dict[str, dict[str, Any]] = {
    "sum": http("create_sum", "POST", "/api/v1/sums", text='{"left": 2, "right": 3}'),
    "invalid": http("create_sum", "POST", "/api/v1/sums", text='{"left": 2}'),
    "environment": http("read_environment", "GET", "/api/v1/environment/PIC_TOY", params={"name": "PIC_TOY"}),
    "rest": http("portal", "GET", "/api/v1/portal/a/b.js", params={"path": "a/b.js"}),
    "head": http("upload_offset", "HEAD", "/api/v1/uploads/7", params={"upload": "7"}),
    "options": http("upload_options", "OPTIONS", "/api/v1/uploads"),
    "delete": http("cancel_upload", "DELETE", "/api/v1/uploads/7", params={"upload": "7"}),
    "small up": http("append_upload", "PATCH", "/api/v1/uploads/1", size=SMALL),
    "small down": http("download_file", "GET", "/api/v1/files/2/measured"),
    "up": http("append_upload", "PATCH", "/api/v1/uploads/2", size=SIZE),
    "down": http("download_file", "GET", "/api/v1/files/8/measured"),
    "down unmeasured": http("download_file", "GET", "/api/v1/files/8/chunked"),
    "fault": http("read_fault", "GET", "/api/v1/faults"),
    "fault mid-stream": http("download_file", "GET", "/api/v1/files/1/fault"),
    "left down": http("download_file", "GET", "/api/v1/files/1000/measured", leave_after=MIB),
    "left up": http("append_upload", "PATCH", "/api/v1/uploads/9", size=SIZE, leave_after=MIB),
    "many": http("portal", "GET", "/api/v1/portal/x", count=400, parallel=20),
    "queue": {"queue": {"function": "dispatch", "text": "hello"}},
    "poison": {"queue": {"function": "dispatch", "text": "poison", "dequeued": 5}},
    "timer": {"timer": {"function": "retain", "is_past_due": True}},
    "seen": http("read_seen", "GET", "/api/v1/seen"),
}

pytestmark = pytest.mark.usefixtures("needs_python_313")


@pytest.fixture(scope="module")
def run(needs_python_313: None) -> Run:  # noqa: ARG001  # it fails first, with what to install
    """One worker, started the way Flex Consumption starts it, and all the steps in it."""
    return drive(TOY, list(STEPS.values()), settings=SETTINGS)


@pytest.fixture(scope="module")
def steps(run: Run) -> dict[str, dict[str, Any]]:
    return dict(zip(STEPS, run.steps, strict=True))


def test_streams_are_on(run: Run) -> None:
    """Without our provider the worker would buffer every body and pass it through the invocation."""
    assert run.started["streams"]


def test_json_in_and_json_out(steps: dict[str, dict[str, Any]]) -> None:
    """Validation and answers are FastAPI's."""
    assert (steps["sum"]["status"], steps["sum"]["text"]) == (200, '{"sum":5}')
    assert steps["invalid"]["status"] == 422


def test_the_rest_of_a_path_reaches_its_function(steps: dict[str, dict[str, Any]]) -> None:
    """{*path} for the host, {path:path} for FastAPI."""
    assert steps["rest"]["text"] == '{"path":"a/b.js"}'


@pytest.mark.parametrize(
    ("step", "status", "header"),
    [("head", 200, ["upload-offset", "7"]), ("options", 204, ["tus-version", "1.0.0"]), ("delete", 204, None)],
)
def test_methods_without_a_body_work(
    steps: dict[str, dict[str, Any]], step: str, status: int, header: list[str] | None
) -> None:
    """Tus needs HEAD, OPTIONS, PATCH and DELETE, which the official samples never show."""
    assert (steps[step]["status"], steps[step]["length"]) == (status, 0)
    assert header is None or header in steps[step]["headers"]


def test_an_upload_streams_in(steps: dict[str, dict[str, Any]]) -> None:
    """64 MiB arrive intact and are never held: memory stays flat."""
    answer = json.loads(steps["up"]["text"])
    assert answer["length"] == SIZE
    assert answer["sha256"] == steps["up"]["sent_sha256"]
    assert steps["up"]["peak_bytes"] - steps["small up"]["peak_bytes"] < FLAT_BYTES


@pytest.mark.parametrize("step", ["down", "down unmeasured"])
def test_a_download_streams_out(steps: dict[str, dict[str, Any]], step: str) -> None:
    """64 MiB in pieces of 8 MiB, with a length and without: intact, whole, memory flat."""
    assert steps[step]["is_whole"]
    assert (steps[step]["length"], steps[step]["sha256"]) == (SIZE, hashlib.sha256(bytes(SIZE)).hexdigest())
    assert steps[step]["peak_bytes"] - steps["small down"]["peak_bytes"] < FLAT_BYTES


def test_a_fault_answers_500_without_its_text(steps: dict[str, dict[str, Any]], run: Run) -> None:
    """The class and the invocation are logged, the text neither sent nor printed."""
    assert steps["fault"]["status"] == 500
    assert run.printed.count("http_fault class=ValueError invocation=0000") == 2
    assert "what-a-person-wrote" not in run.printed + steps["fault"]["text"]


def test_a_fault_mid_stream_breaks_the_connection(steps: dict[str, dict[str, Any]]) -> None:
    """The client knows that the file is not whole, without a Content-Length too."""
    assert not steps["fault mid-stream"]["is_whole"]
    assert steps["fault mid-stream"]["broken"] == "RemoteProtocolError"


def test_clients_that_leave_stop_the_application(steps: dict[str, dict[str, Any]]) -> None:
    """A download's producer is stopped and cleans up; an upload's reader learns of it."""
    seen = json.loads(steps["seen"]["text"])
    assert "download 1000 over" in seen
    assert "upload 9 ClientDisconnect" in seen


def test_queue_and_timer_functions_run(steps: dict[str, dict[str, Any]]) -> None:
    """With their message, its metadata and the timer's state."""
    seen = json.loads(steps["seen"]["text"])
    assert seen[-3:] == ["queue hello 1", "queue poison 5", "timer True"]
    assert [steps[step]["invocation"] for step in ("queue", "poison", "timer")] == ["Success", "Failure", "Success"]


def test_a_failing_queue_function_tells_the_host_no_text(steps: dict[str, dict[str, Any]]) -> None:
    """What it raises goes to the host, and from there into its logs."""
    assert "JobFailedError" in steps["poison"]["fault"]


def test_the_environment_arrives_with_the_app(steps: dict[str, dict[str, Any]]) -> None:
    """A placeholder worker becomes the app: nothing was read before, and no HOME or PATH is assumed."""
    environment = json.loads(steps["environment"]["text"])
    assert environment["value"] == SETTINGS["PIC_TOY"]
    assert not {"HOME", "PATH", "USER"} & set(environment["all"])


def test_nothing_is_left_of_a_call(run: Run) -> None:
    """No entry in the runtime's coordinator (1.9 kB a call with the official provider) and no task."""
    assert (run.ended["entries_left"], run.ended["tasks_left"]) == (0, 0)


def test_nothing_secret_is_printed(run: Run) -> None:
    """Neither query, cookie, token nor setting, at any log level; the official provider prints path and query."""
    assert CANARY not in run.printed
    assert "/api/v1/files" not in run.printed


def test_no_protobuf_is_needed(run: Run) -> None:
    """The worker's own transport stays out of the app's process memory and of its start."""
    assert [name for name in run.ended["modules"] if name.startswith(("google.protobuf", "grpc"))] == []
