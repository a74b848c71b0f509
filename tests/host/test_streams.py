"""Streaming handlers through a running host: both ways, flat memory, and clients that leave."""

import hashlib
import socket
from collections.abc import Iterator

import httpx
import pytest

from tests.support.toy_host import ToyHost, toy_host, until

MIB = 1 << 20
PIECE = b"\x5a" * MIB
LIMIT = 96 * MIB


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyHost]:
    folder = tmp_path_factory.mktemp("streams")
    with toy_host(
        "streams", folder, "--first-byte-seconds", "0.5", FUNCTIONS_REQUEST_BODY_SIZE_LIMIT=str(LIMIT)
    ) as running:
        yield running


@pytest.fixture
def client(host: ToyHost) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=host.url, timeout=30) as made:
        yield made


def send_down(client: httpx.Client, pieces: int) -> int:
    with client.stream("GET", f"/down/{pieces}") as answer:
        return sum(len(piece) for piece in answer.iter_raw())


def send_up(client: httpx.Client, pieces: int) -> dict[str, object]:
    answer: dict[str, object] = client.post("/up", content=(PIECE for _ in range(pieces))).json()
    return answer


def test_64_mib_pass_both_ways_with_flat_memory(client: httpx.Client) -> None:
    """Nothing is buffered: after a first 8 MiB have warmed it up, the process grows no more to speak of."""
    send_up(client, 8)
    send_down(client, 8)
    before = client.get("/memory").json()["peak"]

    assert {
        "length": 64 * MIB,
        "sha256": hashlib.sha256(PIECE * 64).hexdigest(),
    } == send_up(client, 64)
    assert send_down(client, 64) == 64 * MIB
    assert client.get("/memory").json()["peak"] - before < 8 * MIB


def test_a_slow_reader_holds_the_producer_back(host: ToyHost, client: httpx.Client) -> None:
    """Back-pressure: a producer without end fills buffers of the size of a few pieces, and then waits."""
    before = client.get("/memory").json()["peak"]
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(b"GET /produced/held HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        peaks = [client.get("/memory").json()["peak"] for _ in range(50)]
        assert not (host.folder / "held").exists()

    assert max(peaks) - before < 16 * MIB
    until((host.folder / "held").exists)


def test_a_client_that_leaves_in_mid_upload_reaches_the_handler(host: ToyHost) -> None:
    """So that it can give up what it has begun."""
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(b"POST /watched/left HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\nabc")
        until((host.folder / "left.begun").exists)

    until((host.folder / "left").exists)
    until(lambda: "the client left" in host.log)
    assert (host.folder / "left").read_text() == "the client left"


def test_a_client_that_leaves_in_mid_download_stops_the_producer(host: ToyHost) -> None:
    """A stream without a reader would run for ever."""
    with socket.create_connection(("127.0.0.1", host.port)) as connection:
        connection.sendall(b"GET /produced/gone HTTP/1.1\r\nhost: x\r\n\r\n")
        assert connection.recv(100)

    until((host.folder / "gone").exists)


def test_a_stream_that_fails_is_cut_and_its_text_stays_inside(host: ToyHost, client: httpx.Client) -> None:
    """Ended politely, half a file would look like a whole one."""
    with pytest.raises(httpx.RemoteProtocolError):
        client.get("/cut")

    assert "failed error=RuntimeError" in host.log
    assert "secret" not in host.log


def test_a_body_over_the_limit_is_413_and_the_handler_sees_a_client_that_left(
    host: ToyHost, client: httpx.Client
) -> None:
    """As behind the real host: the front end answers, the worker's stream ends in the middle."""
    answer = client.post("/watched/over", content=(PIECE for _ in range(97)))

    assert answer.status_code == 413
    until((host.folder / "over").exists)


def test_an_answer_that_does_not_begin_in_time_is_504_and_the_handler_goes_on(
    host: ToyHost, client: httpx.Client
) -> None:
    """Azure's load balancer gives up after 230 s, here 0.5 s, and does not cancel the function."""
    answer = client.get("/slow")

    assert answer.status_code == 504
    until((host.folder / "slow.ended").exists)


def test_the_rest_of_a_path_reaches_the_handler_with_a_fresh_invocation_id(client: httpx.Client) -> None:
    """Starlette's path_params hold the route parameters, as in the real runtime."""
    rest, invocation = client.get("/hidden/a/b%20c", headers={"x-ms-invocation-id": "chosen"}).text.rsplit(" ", 1)

    assert rest == "a/b c"
    assert len(invocation) == 36
