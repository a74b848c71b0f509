"""How every Azure client tries again: soon, a little apart from the others, and never for long.

The vendors' own policies do not fit a request that somebody waits for. Storage waits 15 s before its first retry
and never repeats a 429; azure-core repeats up to ten times with waits of up to two minutes. ``Retries`` takes their
place: ``retry_policy=Retries()`` for keys, ``retry_policy=StorageRetries()`` for blobs and queues, and for tables
``retry_total=0, per_call_policies=[StorageRetries()]``.

A repeated request may have taken effect the first time. All methods of our ports may be repeated; an adapter for
which a second attempt looks different (create) has to recognise its own first one.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from itertools import count
from typing import Any, TypeVar

from azure.core.exceptions import (
    AzureError,
    IncompleteReadError,
    ServiceRequestError,
    ServiceResponseError,
    ServiceResponseTimeoutError,
)
from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from shared.domain.deadlines import current_deadline, deadline
from shared.domain.errors import DependencyError

BUDGET_SECONDS = 18.0
"""For one operation with all its attempts and waits. Below 20 s, so that three of them in a row still fit into the
60 s that browsers and gateways commonly wait."""

FIRST_WAIT_SECONDS = 0.2
WAIT_GROWTH = 1.4
LONGEST_WAIT_SECONDS = 4.0
"""0.2, 0.28, 0.39, 0.55 ...: four refusals in a row, which a store that moves a partition gives, cost 1.4 to 1.8 s."""

JITTER = 0.25
"""Each wait is longer by a random part, up to this share of it: clients that failed together come back apart."""

PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""Statuses of a server that may do better next time."""

THROTTLED = frozenset({429, 503})
"""Statuses whose Retry-After is honoured (RFC 9110 section 10.2.3, RFC 6585 section 4)."""

T = TypeVar("T")


class Retries(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Repeats what may pass, until ``budget_seconds`` or the deadline of the request at hand is used up.

    A wait that would not end in time is not begun: the refusal is handed on at once. ``clock`` counts seconds like
    ``time.monotonic``, ``chance`` gives a number from 0 to 1.
    """

    passing = PASSING
    """A subclass may know more of its service."""

    def __init__(
        self,
        *,
        budget_seconds: float = BUDGET_SECONDS,
        first_wait_seconds: float = FIRST_WAIT_SECONDS,
        chance: Callable[[], float] = random.random,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__()
        self._budget_seconds = budget_seconds
        self._first_wait_seconds = first_wait_seconds
        self._chance = chance
        self._clock = clock
        self._sleep = sleep

    async def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        """The first answer that is final, else the last one.

        Raises:
            AzureError: the last attempt got no answer, or the time is up.
        """
        return await self.repeat(
            lambda: self.next.send(request),
            said=lambda response: (response.http_response.status_code, response.http_response.headers),
            let_go=lambda response: self._let_go(response.http_response),
        )

    async def repeat(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        said: Callable[[T], tuple[int, Mapping[str, str]]],
        let_go: Callable[[T], Awaitable[None]],
    ) -> T:
        """``send`` for any request: ``said`` gives status and headers of an answer, ``let_go`` drops an unread one."""
        until = self._clock() + self._budget_seconds
        outer = current_deadline()
        if outer is not None:
            until = min(until, outer)
        for number in count():
            try:
                answer = await self._attempt(attempt, until - self._clock())
            except (ServiceRequestError, ServiceResponseError, IncompleteReadError):
                wait = self._wait_seconds(number)
                if self._clock() + wait >= until:
                    raise
            else:
                status, headers = said(answer)
                if status not in self.passing:
                    return answer
                wait = self._wait_seconds(number)
                if status in THROTTLED:
                    wait = max(wait, retry_after_seconds(headers) + self._first_wait_seconds * self._chance())
                if self._clock() + wait >= until:
                    return answer
                await let_go(answer)
            await self._sleep(wait)
        raise AssertionError

    async def _attempt(self, attempt: Callable[[], Awaitable[T]], seconds: float) -> T:
        try:
            async with asyncio.timeout(max(seconds, 0)):
                return await attempt()
        except TimeoutError as exc:
            raise ServiceResponseTimeoutError("no time left") from exc

    async def _let_go(self, response: AsyncHttpResponse) -> None:
        """A streamed answer that nobody reads would hold its connection."""
        await response.close()

    def _wait_seconds(self, attempt: int) -> float:
        wait = min(self._first_wait_seconds * WAIT_GROWTH**attempt, LONGEST_WAIT_SECONDS)
        return wait * (1 + JITTER * self._chance())


class StorageRetries(Retries):
    """The same for the storage clients, whose pipelines expect their own policy in this place.

    They leave notes about a second location among the options, which would reach the transport as unknown
    arguments, and read the location that was asked off the answer. We ask the primary only.
    """

    async def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        for note in ("hosts", "location_mode", "retry_to_secondary"):
            request.context.options.pop(note, None)
        response = await super().send(request)
        answer: Any = response.http_response
        answer.location_mode = "primary"
        return response


def retry_after_seconds(headers: Mapping[str, str]) -> float:
    """What the server asks us to wait; 0 when it does not say, or not so that we understand.

    A date is read against the server's own ``Date``, so that neither clock needs to be right.
    """
    milliseconds = headers.get("x-ms-retry-after-ms") or headers.get("retry-after-ms")
    if milliseconds is not None and milliseconds.isascii() and milliseconds.isdigit():
        return int(milliseconds) / 1000
    value = headers.get("Retry-After", "")
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max((parsedate_to_datetime(value) - parsedate_to_datetime(headers["Date"])).total_seconds(), 0.0)
    except (KeyError, ValueError, TypeError):
        return 0.0


@asynccontextmanager
async def dependable(budget_seconds: float = BUDGET_SECONDS) -> AsyncIterator[None]:
    """One operation of a port: all requests inside share one deadline, and what goes wrong is a ``DependencyError``.

    Wraps also what no policy sees: reading a streamed body, and the vendor's own loops around it. Errors with a
    meaning of their own (not found, changed) are to be caught inside.
    """
    try:
        with deadline(time.monotonic() + budget_seconds) as own:
            async with asyncio.timeout(max(own.moment - time.monotonic(), 0)):
                yield
    except (AzureError, TimeoutError) as exc:
        raise DependencyError from exc
