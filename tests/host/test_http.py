"""HTTP functions through a running host: routes, keys, limits, faults. Classic handlers, read whole."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.support.toy_host import ToyHost, toy_host

LIMIT = 100_000


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyHost]:
    with toy_host("web", tmp_path_factory.mktemp("web"), FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=str(LIMIT)) as running:
        yield running


@pytest.fixture
def client(host: ToyHost) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url) as made:
        yield made


def test_every_function_is_announced_with_its_address(host: ToyHost) -> None:
    """What `func start` prints: what there is, and where."""
    lines = [re.sub(r" +", " ", line) for line in host.printed]

    assert f"read_keyed http GET http://localhost:{host.port}/api/keyed (function)" in lines
    assert f"break_down http any method http://localhost:{host.port}/api/broken (anonymous)" in lines
    assert lines[-1] == "ready"


def test_a_classic_handler_gets_the_request_and_its_context(client: httpx.Client) -> None:
    """Sync handlers run too: any v2 function app does."""
    answer = client.get("/api/open/a%20b/7?x=1&y=")

    assert answer.text.startswith("{'word': 'a b', 'number': '7'} {'x': '1', 'y': ''} read_open ")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"


def test_the_invocation_id_of_the_client_is_replaced(client: httpx.Client) -> None:
    """A client that chose it could make the real worker pair the wrong requests."""
    answer = client.get("/api/open/word", headers={"x-ms-invocation-id": "chosen"})

    assert re.fullmatch(r"[0-9a-f-]{36}", answer.headers["x-seen"])
    assert answer.text.endswith(answer.headers["x-seen"])


def test_a_literal_beats_a_parameter_in_any_case(client: httpx.Client) -> None:
    """As ASP.NET routes in the real host."""
    assert client.get("/API/OPEN/LITERAL").text == "literal"


def test_a_body_comes_back_byte_for_byte(client: httpx.Client) -> None:
    """Up to and including the limit."""
    body = bytes(range(250)) * (LIMIT // 250)
    answer = client.post("/api/echo", content=body)

    assert (201, "application/octet-stream; charset=utf-8", body) == (
        answer.status_code,
        answer.headers["content-type"],
        answer.content,
    )


@pytest.mark.parametrize("method", ["HEAD", "POST", "DELETE"])
def test_another_method_on_a_known_path_is_not_found(client: httpx.Client, method: str) -> None:
    """404 and not 405: the real host has no route left once the method is excluded."""
    assert client.request(method, "/api/keyed").status_code == 404


def test_a_handler_without_methods_takes_them_all(client: httpx.Client) -> None:
    """No methods listed means any, strange ones included."""
    assert {client.request(method, "/api/nothing").status_code for method in ("GET", "PUT", "MKCOL")} == {500}


def test_keys_open_their_levels(host: ToyHost, client: httpx.Client) -> None:
    """Header or query; the wrong one and none at all are refused alike."""
    own = host.keys["functions"]["read_keyed"]["default"]
    master = host.keys["masterKey"]

    statuses = [
        client.get(path, headers=headers).status_code
        for path, headers in [
            ("/api/keyed", {}),
            ("/api/keyed", {"x-functions-key": "wrong"}),
            ("/api/keyed", {"x-functions-key": own}),
            (f"/api/keyed?code={own}", {}),
            ("/api/keyed", {"x-functions-key": host.keys["functionKeys"]["default"]}),
            ("/api/mastered", {"x-functions-key": own}),
            ("/api/mastered", {"x-functions-key": master}),
        ]
    ]

    assert statuses == [401, 401, 200, 200, 200, 401, 200]


def test_a_body_that_says_it_is_too_long_is_refused_unread(host: ToyHost) -> None:
    """413 before a byte of it was sent, and the connection closed instead of reading on."""
    answer = host.said_to(b"POST /api/echo HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % (LIMIT + 1))

    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_body_that_turns_out_too_long_is_refused_in_the_middle(client: httpx.Client) -> None:
    """Chunked: nobody knows before."""
    answer = client.post("/api/echo", content=(b"x" * 1000 for _ in range(200)))

    assert answer.status_code == 413


@pytest.mark.parametrize("path", ["/api/broken", "/api/nothing"])
def test_a_failing_handler_is_a_500_that_says_nothing(client: httpx.Client, path: str) -> None:
    """An exception, and an answer that is none."""
    answer = client.get(path)

    assert (answer.status_code, answer.text) == (500, "Internal Server Error")


def test_the_log_names_the_class_of_a_fault_and_nothing_from_outside(host: ToyHost, client: httpx.Client) -> None:
    """Messages of exceptions and query strings may hold personal data."""
    client.get("/api/broken?who=somebody")

    assert re.search(r"ERROR \[break_down/[0-9a-f-]{36}\] local.host: failed error=RuntimeError", host.log)
    assert "secret" not in host.log
    assert "somebody" not in host.log


def test_what_the_app_logs_carries_the_invocation(host: ToyHost, client: httpx.Client) -> None:
    """From a thread, too."""
    seen = client.get("/api/open/word").headers["x-seen"]

    assert f"INFO [read_open/{seen}] toy: said by the app" in host.log


def test_admin_is_behind_the_master_key(host: ToyHost, client: httpx.Client) -> None:
    """401 for whoever has none, 404 for what is not there, whatever the app's own routes are."""
    assert {401} == {
        client.request(method, path, headers=headers).status_code
        for method, path in [("GET", "/admin/host/status"), ("POST", "/Admin/functions/echo"), ("GET", "/runtime/x")]
        for headers in ({}, {"x-functions-key": host.keys["functionKeys"]["default"]})
    }
    assert client.post("/admin/functions/unknown", json={}, headers=host.master).status_code == 404
    assert client.get("/admin/elsewhere", headers=host.master).status_code == 404
    assert client.post("/admin/functions/echo", json={}, headers=host.master).status_code == 400
    assert client.get("/admin/host/ping").status_code == 200


def test_the_status_says_that_the_host_runs(host: ToyHost, client: httpx.Client) -> None:
    """What a launcher may wait for."""
    status = client.get("/admin/host/status", headers=host.master).json()

    assert status["state"] == "Running"
    assert status["id"].startswith("local-")
    assert status["processUptime"] >= 0


def test_the_answer_does_not_say_what_serves_it(client: httpx.Client) -> None:
    """No server header."""
    assert "server" not in client.get("/api/open/word").headers
