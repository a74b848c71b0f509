"""Rate limits on the real stores: instances that draw from one bucket at the same time never get more than it holds."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from shared.adapters.memory_metrics import MemoryMetrics
from shared.domain.errors import TooManyRequestsError
from shared.domain.ports import Records
from shared.domain.rate_limits import Limit, SignInLimits
from shared.services.auditing import Audit
from shared.services.buckets import Buckets
from shared.services.expiring import Expiries
from shared.services.limiting import LEASES, Limiting
from tests.support.record_stores import made, store

ADDRESS = "203.0.113.7"
LIMITS = SignInLimits(
    starts_per_address=Limit(count=25, seconds=3600),
    starts_per_browser=None,
    polls_per_address=Limit(count=200, seconds=3600),
    polls_per_browser=None,
    sessions_per_person=None,
    codes_per_staff=None,
)


class Now:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Now:
    return Now()


@pytest.fixture(params=["tables", "cosmos"])
async def instances(request: pytest.FixtureRequest, clock: Now) -> AsyncIterator[list[Limiting]]:
    """Three of them, each with connections of its own to one table or container."""
    stand_in = request.getfixturevalue("azurite" if request.param == "tables" else "cosmos")
    port = stand_in.ports.table if request.param == "tables" else stand_in.port
    name = f"limits{uuid4().hex}"
    async with (
        made(store(request.param, port, name=name)) as first,
        made(store(request.param, port, name=name)) as second,
        made(store(request.param, port, name=name)) as third,
    ):
        await first.ping()
        yield [instance(records, clock) for records in (first, second, third)]


def instance(records: Records, clock: Now) -> Limiting:
    buckets = Buckets(records=records, expiries=Expiries(records=records), clock=clock)
    audit = Audit(records=records, metrics=MemoryMetrics(), clock=clock, random=bytes)
    return Limiting(buckets=buckets, audit=audit, limits=LIMITS, pepper=bytes(32), clock=clock)


async def at_once(instances: list[Limiting], *, polls: bool, times: int) -> int:
    """How many of so many requests are let through, all in flight at the same time."""

    async def one(number: int) -> bool:
        limiting = instances[number % len(instances)]
        try:
            if polls:
                await limiting.allow_poll(address=ADDRESS, browser=None)
            else:
                await limiting.allow_start(address=ADDRESS, browser=None)
        except TooManyRequestsError:
            return False
        return True

    return sum(await asyncio.gather(*(one(number) for number in range(times))))


async def test_starts_on_three_instances_at_once_never_exceed_the_limit(instances: list[Limiting], clock: Now) -> None:
    """And reach it: nobody is refused because others were asking. Then as many as have come since."""
    assert await at_once(instances, polls=False, times=90) == 25
    assert await at_once(instances, polls=False, times=90) == 0
    clock.now += timedelta(seconds=3600 / 25 * 10)
    assert await at_once(instances, polls=False, times=90) == 10


async def test_polls_on_three_instances_at_once_never_exceed_the_limit_and_the_leases(
    instances: list[Limiting], clock: Now
) -> None:
    """What each instance lets through by itself is all that comes on top."""
    lease = 200 // LEASES
    assert await at_once(instances, polls=True, times=900) == 200 + 3 * lease
    clock.now += timedelta(seconds=3600)
    assert await at_once(instances, polls=True, times=900) == 200 + 3 * lease
