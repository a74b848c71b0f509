"""The one retry policy of all Azure clients, on a clock that moves only by what is waited."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import cast

import pytest
from azure.core.exceptions import AzureError, ClientAuthenticationError, ServiceRequestError
from azure.core.pipeline import PipelineContext, PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import AsyncHTTPPolicy
from azure.core.rest import AsyncHttpResponse, HttpRequest

from shared.adapters.retries import Retries, dependable, retry_after_seconds
from shared.domain.deadlines import current_deadline, deadline
from shared.domain.errors import DependencyError

Answer = int | tuple[int, Mapping[str, str]] | Exception


class Clock:
    """Seconds; each sleep moves it, and so does each attempt of a slow server."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


class Response:
    def __init__(self, status: int, headers: Mapping[str, str]) -> None:
        self.status_code = status
        self.headers = headers
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class Server(AsyncHTTPPolicy[HttpRequest, AsyncHttpResponse]):
    """Gives the scripted answers, the last one for ever."""

    def __init__(self, answers: Sequence[Answer], meanwhile: Callable[[], Awaitable[None]] | None = None) -> None:
        super().__init__()
        self.answers = answers
        self.meanwhile = meanwhile
        self.given: list[Response] = []
        self.calls = 0

    async def send(self, request: PipelineRequest[HttpRequest]) -> PipelineResponse[HttpRequest, AsyncHttpResponse]:
        answer = self.answers[min(self.calls, len(self.answers) - 1)]
        self.calls += 1
        if self.meanwhile is not None:
            await self.meanwhile()
        if isinstance(answer, Exception):
            raise answer
        status, headers = answer if isinstance(answer, tuple) else (answer, {})
        self.given.append(Response(status, headers))
        return PipelineResponse(request.http_request, cast("AsyncHttpResponse", self.given[-1]), request.context)


async def ask(server: Server, clock: Clock, *, chance: float = 0.0, budget_seconds: float = 18.0) -> int:
    policy = Retries(budget_seconds=budget_seconds, clock=clock, sleep=clock.sleep, chance=lambda: chance)
    policy.next = server
    request = PipelineRequest(HttpRequest("GET", "http://store.test/"), PipelineContext(None))
    return (await policy.send(request)).http_response.status_code


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.mark.parametrize("status", [200, 201, 206, 304, 400, 401, 403, 404, 409, 412, 416, 501, 505])
async def test_a_final_answer_is_asked_for_once(clock: Clock, status: int) -> None:
    """Repeating a 404 or 412 could only hide what the store said."""
    server = Server([status])
    assert await ask(server, clock) == status
    assert server.calls == 1
    assert clock.waits == []


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
@pytest.mark.parametrize("chance", [0.0, 1.0])
async def test_four_refusals_are_absorbed_in_less_than_two_seconds(clock: Clock, status: int, chance: float) -> None:
    """The vendor's policy needs 19 s for one 503 and gives up after 88 s; a 429 it never repeats."""
    server = Server([status] * 4 + [200])
    assert await ask(server, clock, chance=chance) == 200
    assert 1.4 < sum(clock.waits) < 1.8
    assert 0.2 <= clock.waits[0] <= 0.5


async def test_waits_grow_to_a_ceiling_and_stay_apart(clock: Clock) -> None:
    """A store that is down must not be asked ever faster, nor by everybody at the same moment."""
    server = Server([503])
    assert await ask(server, clock, budget_seconds=60) == 503
    assert clock.waits == sorted(clock.waits)
    assert clock.waits[-1] == 4.0
    apart = Clock()
    await ask(Server([503]), apart, budget_seconds=60, chance=1.0)
    assert apart.waits[0] == pytest.approx(0.25)
    assert apart.waits[-1] == 5.0


@pytest.mark.parametrize("answer", [503, ServiceRequestError("refused")])
async def test_the_budget_is_never_exceeded(clock: Clock, answer: Answer) -> None:
    """18 s for one operation, whatever goes wrong: somebody waits for it."""
    server = Server([answer])
    if isinstance(answer, Exception):
        with pytest.raises(ServiceRequestError):
            await ask(server, clock)
    else:
        assert await ask(server, clock) == answer
    assert 10 < sum(clock.waits) < 18


@pytest.mark.parametrize("status", [429, 503])
async def test_retry_after_is_honoured(clock: Clock, status: int) -> None:
    """A throttling store that is asked too early throttles longer."""
    server = Server([(status, {"Retry-After": "3"}), 200])
    assert await ask(server, clock, chance=0.5) == 200
    assert clock.waits == [pytest.approx(3.1)]


async def test_a_short_retry_after_does_not_undo_the_growing_waits(clock: Clock) -> None:
    """Retry-After: 0 for ever would make a busy loop."""
    server = Server([(429, {"Retry-After": "0"})] * 4 + [200])
    assert await ask(server, clock) == 200
    assert clock.waits == [pytest.approx(wait) for wait in (0.2, 0.28, 0.392, 0.5488)]


async def test_a_retry_after_beyond_the_budget_ends_at_once(clock: Clock) -> None:
    """Nobody is helped by a wait whose end is a refusal."""
    server = Server([(429, {"Retry-After": "30"})])
    assert await ask(server, clock) == 429
    assert clock.waits == []


async def test_the_deadline_of_the_request_is_stronger_than_the_budget(clock: Clock) -> None:
    """One deadline is handed down; the third dependency in a row gets only what is left of it."""
    server = Server([503])
    with deadline(clock.now + 1.0):
        assert await ask(server, clock) == 503
    assert sum(clock.waits) < 1.0


async def test_refused_answers_are_closed_and_the_last_one_stays_readable(clock: Clock) -> None:
    """A streamed refusal that nobody reads would hold its connection."""
    server = Server([503, 503, 200])
    await ask(server, clock)
    assert [response.closed for response in server.given] == [True, True, False]


async def test_refused_credentials_are_not_repeated(clock: Clock) -> None:
    """They do not get better, and repeating them locks accounts."""
    server = Server([ClientAuthenticationError("no")])
    with pytest.raises(ClientAuthenticationError):
        await ask(server, clock)
    assert server.calls == 1


async def test_a_server_that_hangs_is_left_when_the_time_is_up() -> None:
    """The budget holds without an answer, too."""

    async def hang() -> None:
        await asyncio.Event().wait()

    policy = Retries(budget_seconds=0.05)
    policy.next = Server([200], meanwhile=hang)
    request = PipelineRequest(HttpRequest("GET", "http://store.test/"), PipelineContext(None))
    with pytest.raises(AzureError):
        await policy.send(request)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, 0.0),
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "-7"}, 0.0),
        ({"Retry-After": "soon"}, 0.0),
        ({"Retry-After": "٣"}, 0.0),
        ({"x-ms-retry-after-ms": "250"}, 0.25),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:05 GMT"}, 0.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:28:05 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 5.0),
        ({"Retry-After": "Wed, 21 Oct 2026 07:27:00 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 0.0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(headers: Mapping[str, str], seconds: float) -> None:
    """Seconds, milliseconds as Azure writes them, a date; nonsense counts as silence."""
    assert retry_after_seconds(headers) == seconds


def test_an_inner_deadline_never_lengthens_an_outer_one() -> None:
    """Else a dependency could buy itself time that the caller does not have."""
    assert current_deadline() is None
    with deadline(10.0), deadline(20.0) as own:
        assert own.moment == current_deadline() == 10.0
    with deadline(20.0), deadline(10.0) as own:
        assert own.moment == current_deadline() == 10.0
    assert current_deadline() is None


async def test_errors_of_the_vendor_leave_as_our_own() -> None:
    """The services know one family of errors, and no text of the vendor's, which may hold addresses."""
    with pytest.raises(DependencyError, match=r"^$"):
        async with dependable():
            raise AzureError("https://store.test/content/name")


async def test_an_operation_ends_when_its_time_is_up() -> None:
    """Also where no policy watches: reading a streamed body."""
    with pytest.raises(DependencyError):
        async with dependable(0.02):
            await asyncio.Event().wait()


async def test_a_cancelled_operation_stays_cancelled() -> None:
    """Taking cancellation for a fault would make a request that nobody waits for go on."""
    with pytest.raises(asyncio.CancelledError):
        async with dependable():
            raise asyncio.CancelledError
