"""Whose task runs when: back-pressure, clients that leave, cancellation, and nothing left behind."""
# ruff: noqa: ARG001  # an ASGI application has three parameters, wanted or not

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from functions.bridge import BrokenAnswerError, bridge
from tests.support.wire import Wire, app_of, chunks, endless

SECRET = "what a person wrote"


@pytest.fixture(autouse=True)
async def _nothing_left_behind() -> AsyncIterator[None]:
    """Every test also shows that no task outlives its request."""
    before = asyncio.all_tasks()
    yield
    assert asyncio.all_tasks() - before == {asyncio.current_task()}


@pytest.mark.parametrize("held", [1, 2, 4], ids=["the headers", "the first chunk", "a later chunk"])
async def test_the_application_waits_for_a_slow_client(held: int) -> None:
    """Back-pressure: while one message is on its way no further chunk is made, wherever in the answer that is."""
    made = 0

    async def counted() -> AsyncIterator[bytes]:
        nonlocal made
        for _ in range(10):
            made += 1
            yield b"x"

    wire = Wire().put()
    stuck = asyncio.Event()

    async def send(message: Message) -> None:
        if len(wire.sent) + 1 == held:
            wire.flowing.clear()
            stuck.set()
        await wire.send(message)

    response = await wire.begin(bridge(app_of(StreamingResponse(counted()))))
    sending = asyncio.create_task(response(wire.scope, wire.receive, send))
    await stuck.wait()
    for _ in range(50):  # every chance to run ahead
        await asyncio.sleep(0)
    assert (made, len(wire.sent)) == (max(1, held - 1), held)
    wire.flowing.set()
    await sending
    assert (made, wire.body) == (10, b"x" * 10)


async def test_a_client_that_leaves_a_download_stops_the_application(caplog: pytest.LogCaptureFixture) -> None:
    """The producer is cancelled and cleans up before the call ends; a client's leaving is no fault."""
    cleaned = []

    async def stuck() -> AsyncIterator[bytes]:
        try:
            yield b"x"
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    wire = Wire().put()
    response = await wire.begin(bridge(app_of(StreamingResponse(stuck()))))
    sending = asyncio.create_task(response(wire.scope, wire.receive, wire.send))
    await wire.arrived.wait()
    wire.leave()
    await sending
    assert cleaned == [True]
    assert not wire.is_ended
    assert caplog.messages == []


async def test_a_client_that_leaves_stops_a_busy_application() -> None:
    """An application that never waits for anything but `send` is stopped as well."""
    wire = Wire().put()
    response = await wire.begin(bridge(app_of(StreamingResponse(endless()))))
    wire.flowing.clear()
    sending = asyncio.create_task(response(wire.scope, wire.receive, wire.send))
    await wire.arrived.wait()
    wire.leave()
    await sending
    assert not wire.is_ended


async def test_a_client_that_leaves_an_upload_reaches_the_reader(caplog: pytest.LogCaptureFixture) -> None:
    """The reader learns of it at the next piece and can abandon what it staged; nothing is logged as a fault."""
    seen: list[type[BaseException]] = []

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async for _ in Request(scope, receive).stream():
                pass
        except ClientDisconnect as left:
            seen.append(type(left))
            raise

    wire = Wire("PATCH").put(b"some", more=True)
    wire.leave()
    await wire.call(bridge(api))
    assert [ClientDisconnect] == seen
    assert caplog.messages == []


async def test_work_before_the_answer_ends_even_when_the_client_left() -> None:
    """What has begun to change records is not stopped half-way by somebody's closing a window."""
    done = []

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        assert await Request(scope, receive).is_disconnected()
        done.append(True)
        await Response()(scope, receive, send)

    wire = Wire("POST")
    wire.leave()
    await wire.call(bridge(api))
    assert done == [True]


async def test_background_work_ends_after_the_answer_though_the_server_reports_a_disconnect() -> None:
    """Servers report the end of an answer as a disconnect: that must not cancel what comes after it."""
    done = []

    async def work() -> None:
        for _ in range(20):
            await asyncio.sleep(0)
        done.append(True)

    wire = Wire().put()
    response = await wire.begin(bridge(app_of(StreamingResponse(chunks(2), background=BackgroundTask(work)))))
    real = wire.send

    async def send(message: Message) -> None:
        await real(message)
        if message.get("more_body") is False:
            wire.leave()

    await response(wire.scope, wire.receive, send)
    assert done == [True]


async def test_an_early_answer_leaves_the_unread_body_to_the_application() -> None:
    """Watching for a disconnect takes no content away: an echo reads every piece, in order."""

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        async for piece in Request(scope, receive).stream():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    wire = Wire("POST").put(b"one", more=True).put(b"two", more=True).put(b"three")
    assert (await wire.call(bridge(api))).body == b"onetwothree"


async def test_an_answer_to_an_unread_upload_ends() -> None:
    """413 without reading what the client is still sending."""
    wire = (
        await Wire("PATCH").put(b"much", more=True).call(bridge(app_of(StreamingResponse(chunks(3), status_code=413))))
    )
    assert (wire.status, wire.body) == (413, b"012")


async def test_an_application_may_ask_whether_the_client_left_while_it_streams() -> None:
    """Both readers of `receive` see the disconnect."""
    seen: list[bool] = []

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await request.body()

        async def body() -> AsyncIterator[bytes]:
            yield b"x"
            seen.append(await request.is_disconnected())
            message = await receive()
            seen.append(message["type"] == "http.disconnect")

        await StreamingResponse(body())(scope, receive, send)

    wire = Wire().put()
    response = await wire.begin(bridge(api))
    sending = asyncio.create_task(response(wire.scope, wire.receive, wire.send))
    await wire.arrived.wait()
    for _ in range(20):
        await asyncio.sleep(0)
    wire.leave()
    await sending
    assert seen[0] is False
    assert all(seen[1:])


async def test_a_handler_that_is_cancelled_takes_its_application_along() -> None:
    """A host that gives up waiting gets its resources back."""
    started, cleaned = asyncio.Event(), []

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            started.set()
            await asyncio.Event().wait()
        finally:
            cleaned.append(True)

    handling = asyncio.create_task(Wire().begin(bridge(api)))
    await started.wait()
    handling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await handling
    assert cleaned == [True]


async def test_an_answer_that_is_cancelled_takes_its_application_along() -> None:
    """A server that shuts down leaves no producer behind."""
    wire = Wire().put()
    response = await wire.begin(bridge(app_of(StreamingResponse(endless()))))
    wire.flowing.clear()
    sending = asyncio.create_task(response(wire.scope, wire.receive, wire.send))
    await wire.arrived.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await sending


async def test_an_answer_that_nobody_takes_ends_by_itself() -> None:
    """A server that is gone before it sends must not leave a task waiting for ever."""
    ended = asyncio.Event()

    async def api(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await Response(b"x")(scope, receive, send)
        finally:
            ended.set()

    wire = Wire()
    response = await wire.begin(bridge(api, opening_seconds=0.01))
    await ended.wait()
    with pytest.raises(BrokenAnswerError):
        await response(wire.scope, wire.receive, wire.send)
    assert wire.sent == []


async def test_a_thousand_calls_leave_no_task_and_no_log(caplog: pytest.LogCaptureFixture) -> None:
    """The fixture counts the tasks; a call that went well writes nothing."""
    caplog.set_level(logging.DEBUG, logger="functions")
    for _ in range(1000):
        await Wire().put().call(bridge(app_of(StreamingResponse(chunks(3)))))
    assert caplog.messages == []
