"""The times of requests fit each other, the worker's own limit, and what stands between us and clients."""
# ruff: noqa: ARG001  # an ASGI application has three parameters, wanted or not

import json
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.api import create_api
from functions.request_context import RequestContext
from functions.time_limits import (
    ANSWER_SECONDS,
    CLOSING_SECONDS,
    JOB_SECONDS,
    RECEIVING,
    REQUEST_SECONDS,
    STREAMING,
    TRANSFER_SECONDS,
    TimeLimits,
)
from functions.waiting import LAST_WORDS_SECONDS
from shared.adapters.clamd import STEP_SECONDS
from shared.adapters.retries import BUDGET_SECONDS
from shared.domain.deadlines import current_deadline, deadline
from tests.support.memory_container import MemoryContainer
from tests.support.wire import Wire

ROUTES = sorted(str(route.name) for route in iter_route_contexts(create_api(MemoryContainer()).routes))
FRONT_END_SECONDS = 230
"""learn.microsoft.com/azure/azure-functions/functions-scale, Timeout."""


async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
    """What is not called."""
    raise AssertionError


def context_of(app: ASGIApp, route: str | None, limits: TimeLimits) -> RequestContext:
    """Around ``app``, which it takes for that route."""
    return RequestContext(
        app,
        name_of=lambda _: route,
        headers_of=lambda _: {},
        too_large=nothing,
        late=nothing,
        internal=nothing,
        count=lambda *_: None,
        limits=limits,
    )


def function_timeout() -> float:
    """What the host kills after."""
    text = json.loads((Path(__file__).parents[2] / "host.json").read_text(encoding="utf-8"))["functionTimeout"]
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def test_all_ends_before_the_worker_is_killed() -> None:
    """By some minutes: with it would go every other request of the process."""
    longest = max(*(TimeLimits().whole(route) for route in ROUTES), JOB_SECONDS)
    assert longest + LAST_WORDS_SECONDS + 180 <= function_timeout()


def test_an_answer_comes_before_the_front_end_gives_up() -> None:
    """Also the one that says that there was no time."""
    assert REQUEST_SECONDS < ANSWER_SECONDS
    assert ANSWER_SECONDS + LAST_WORDS_SECONDS < FRONT_END_SECONDS


def test_an_upload_has_time_to_be_closed() -> None:
    """The last piece at the scanner, and the part, its record and an audit event at stores that only just answer."""
    limits = TimeLimits()
    assert CLOSING_SECONDS >= STEP_SECONDS + 3 * BUDGET_SECONDS
    for route in ROUTES:
        kept_back = limits.whole(route) - limits.taking(route)
        assert kept_back == (CLOSING_SECONDS if route in RECEIVING else 0)


@pytest.mark.parametrize("route", [*ROUTES, None])
async def test_every_route_has_one_deadline(route: str | None) -> None:
    """Handed down by the context to whatever the route does. What is no route of ours has that of the short ones."""
    seen: list[float | None] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append(current_deadline())
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    context = context_of(app, route, TimeLimits(request=1e6, answer=2e6, transfer=3e6, closing=1))
    wire = Wire().put()
    await context(wire.scope, wire.receive, wire.send)
    long = dict.fromkeys(STREAMING, 3e6) | {"send_message": 2e6}
    (moment,) = seen
    assert moment is not None
    assert moment // 1e6 == long.get(route or "", 1e6) // 1e6
    assert current_deadline() is None


def test_the_long_routes_are_routes() -> None:
    """A renamed one would fall back to the short time in silence."""
    assert {*STREAMING, "send_message"} <= set(ROUTES)
    assert TimeLimits().whole("create_upload") == TRANSFER_SECONDS


def test_a_deadline_comes_nearer_for_those_who_work_under_it_already() -> None:
    """And never goes further away, nor beyond the one around it."""
    with deadline(30.0) as outer, deadline(20.0) as inner:
        inner.shorten(25.0)
        assert current_deadline() == 20.0
        inner.shorten(15.0)
        assert current_deadline() == 15.0
        outer.shorten(10.0)
        assert current_deadline() == 10.0


async def test_a_late_last_word_is_still_heard() -> None:
    """An answer that says why there is no more is sent after the deadline; more of a stream is not."""
    sent: list[Message] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 503, "headers": []})
        await send({"type": "http.response.body"})

    async def keep(message: Message) -> None:
        sent.append(message)

    context = context_of(app, "download_file", TimeLimits(transfer=0.0))
    await context(Wire().scope, Wire().put().receive, keep)
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
