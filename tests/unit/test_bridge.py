"""What a handler answers when an ASGI application stands behind it."""
# ruff: noqa: ARG001  # an ASGI application has three parameters, wanted or not

import asyncio
import traceback
from collections.abc import AsyncIterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from functions.bridge import BrokenAnswerError, bridge
from tests.support.wire import INVOCATION, Wire, app_of, chunks, endless

SECRET = "what a person wrote"


async def test_an_answer_arrives_as_the_application_gave_it() -> None:
    """Status, headers (a repeated one too) and body are the application's own."""
    response = JSONResponse({"unit": 1}, status_code=201)
    response.set_cookie("a", "1")
    response.set_cookie("b", "2")
    wire = await Wire().call(bridge(app_of(response)))
    assert (wire.status, wire.body) == (201, b'{"unit":1}')
    assert [name for name, _ in wire.sent[0]["headers"]].count(b"set-cookie") == 2


async def test_a_body_reaches_the_application_piece_by_piece() -> None:
    """Content is read as it comes, never gathered."""
    seen: list[bytes] = []

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        seen.extend([piece async for piece in Request(scope, receive).stream()])
        await Response()(scope, receive, send)

    await Wire("PATCH").put(b"one", more=True).put(b"two", more=True).put(b"three").call(bridge(api))
    assert [piece for piece in seen if piece] == [b"one", b"two", b"three"]


async def test_chunks_stream_in_order_and_end() -> None:
    """A streamed answer arrives whole."""
    wire = await Wire().put().call(bridge(app_of(StreamingResponse(chunks(5)))))
    assert wire.body == b"01234"
    assert wire.is_ended


async def test_a_fault_before_the_answer_is_a_neutral_500(caplog: pytest.LogCaptureFixture) -> None:
    """Neither the client nor the log learns the text of a fault; the log names its class and the invocation."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError(SECRET)

    wire = await Wire().call(bridge(api))
    assert (wire.status, wire.headers[b"content-type"]) == (500, b"application/problem+json")
    assert SECRET.encode() not in wire.body
    assert [f"http_fault class=ValueError invocation={INVOCATION}"] == caplog.messages
    assert SECRET not in caplog.text


async def test_a_fault_before_the_first_chunk_is_still_a_500() -> None:
    """Headers wait for the first piece of the body, so a download whose first read fails is no cut 200."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise KeyError(SECRET)

    assert (await Wire().call(bridge(api))).status == 500


async def test_a_fault_in_a_group_is_named_by_its_members(caplog: pytest.LogCaptureFixture) -> None:
    """A task group's own name would say nothing."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        raise ExceptionGroup(SECRET, [KeyError(SECRET), ValueError(SECRET), KeyError(SECRET)])

    await Wire().call(bridge(api))
    assert "class=ExceptionGroup(KeyError, ValueError) " in caplog.text


async def test_an_invocation_id_that_a_client_made_up_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Some hosts let the client's own header through: it must not write our log."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError

    await Wire(headers=[(b"x-ms-invocation-id", b"a invocation=b class=c")]).call(bridge(api))
    assert caplog.messages == ["http_fault class=ValueError invocation=unknown"]


async def test_a_fault_mid_stream_breaks_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    """A cut download must never look whole, and the server that logs the cut must not see the fault's text."""

    async def failing() -> AsyncIterator[bytes]:
        yield b"some"
        raise ValueError(SECRET)

    wire = Wire().put()
    with pytest.raises(BrokenAnswerError) as broken:
        await wire.call(bridge(app_of(StreamingResponse(failing()))))
    assert not wire.is_ended
    assert SECRET not in "".join(traceback.format_exception(broken.value))
    assert broken.value.__context__ is None
    assert [f"http_fault class=ValueError invocation={INVOCATION}"] == caplog.messages


async def test_a_store_that_fails_is_not_taken_for_a_client_that_left(caplog: pytest.LogCaptureFixture) -> None:
    """Starlette turns every OSError of a producer into a disconnect, a timeout too: it is a fault, logged and cut."""

    async def failing() -> AsyncIterator[bytes]:
        yield b"some"
        raise TimeoutError(SECRET)

    wire = Wire().put()
    with pytest.raises(BrokenAnswerError):
        await wire.call(bridge(app_of(StreamingResponse(failing()))))
    assert [f"http_fault class=TimeoutError invocation={INVOCATION}"] == caplog.messages


async def test_an_answer_without_an_end_breaks_the_connection() -> None:
    """An application that returns in the middle has not answered."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})

    wire = Wire().put()
    with pytest.raises(BrokenAnswerError):
        await wire.call(bridge(api))
    assert not wire.is_ended


@pytest.mark.parametrize(
    "messages",
    [
        [],
        [{"type": "http.response.start", "status": 200}],
        [{"type": "http.response.body", "body": b"x"}],
        [{"type": "http.response.start", "status": 103}, {"type": "http.response.body", "body": b""}],
    ],
    ids=["nothing", "no body", "no start", "an informational status"],
)
async def test_what_is_no_answer_becomes_a_500(messages: list[Message]) -> None:
    """A fault of the application never becomes a request that hangs."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        for message in messages:
            await send(message)

    assert (await Wire().call(bridge(api))).status == 500


async def test_an_application_that_cancels_itself_answers_500() -> None:
    """A cancellation that nobody asked for is a fault like any other."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        raise asyncio.CancelledError

    assert (await Wire().call(bridge(api))).status == 500


async def test_a_fault_after_the_answer_is_logged_and_harms_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """FastAPI answers 500 itself and raises again: the answer stands, and the fault is not lost."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await Response(b"ours", status_code=500)(scope, receive, send)
        raise ValueError(SECRET)

    wire = await Wire().call(bridge(api))
    assert (wire.status, wire.body) == (500, b"ours")
    assert [f"http_fault class=ValueError invocation={INVOCATION}"] == caplog.messages


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_an_answer_that_may_have_no_body_has_none(method: str, status: int) -> None:
    """RFC 9110 section 6.4.1, whatever the application sends."""
    wire = await Wire(method).put().call(bridge(app_of(Response(b"body", status_code=status))))
    assert (status, b"") == (wire.status, wire.body)
    assert wire.is_ended


async def test_a_streamed_answer_to_head_stops_its_producer() -> None:
    """The client has all it will get, so nothing more is produced for it."""
    wire = await Wire("HEAD").put().call(bridge(app_of(StreamingResponse(endless()))))
    assert (wire.status, wire.body) == (200, b"")


async def test_length_is_kept_for_head_and_dropped_for_204() -> None:
    """RFC 9110 section 8.6: HEAD tells the length of what GET would send; 204 must not tell any."""
    head = await Wire("HEAD").call(bridge(app_of(Response(b"body"))))
    none = await Wire("GET").call(
        bridge(app_of(Response(b"", status_code=204, headers={"Content-Length": "0", "x-kept": "1"})))
    )
    assert head.headers[b"content-length"] == b"4"
    assert list(none.headers) == [b"x-kept"]


async def test_the_application_sees_nothing_of_the_routing_around_it() -> None:
    """The application routes by itself: what the worker or the local host left in the scope must not mislead it."""
    seen: Scope = {}

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        seen.update(scope)
        await Response()(scope, receive, send)

    outer: dict[str, Any] = {
        "app": 1,
        "router": 1,
        "endpoint": 1,
        "path_params": {"a": 1},
        "fastapi_astack": 1,
        "state": {"a": 1},
    }
    await Wire("GET", **outer).call(bridge(api))
    assert set() == set(outer) & set(seen)
    assert seen["asgi"]["spec_version"] == "2.4"


async def test_the_server_may_add_headers_before_it_sends() -> None:
    """The local host adds its own, as any Starlette response allows."""
    wire = Wire()
    response = await wire.begin(bridge(app_of(Response(b"x"))))
    response.headers["x-host"] = "local"
    await response(wire.scope, wire.receive, wire.send)
    assert wire.headers[b"x-host"] == b"local"
