"""Rate limits over two instances and one store: what they let through, what they cost, and what fails open or closed."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from shared.adapters.memory_metrics import MemoryMetrics
from shared.adapters.memory_records import MemoryRecords
from shared.domain.errors import DependencyError, RecordChangedError, TooManyRequestsError
from shared.domain.ids import Subject
from shared.domain.ports import Body, Record, Records
from shared.domain.rate_limits import Limit, SignInLimits
from shared.limit_settings import read_limits
from shared.services.auditing import Audit
from shared.services.buckets import KEPT, TRIES, Buckets
from shared.services.expiring import Expiries
from shared.services.limiting import HELD_KEYS, LEASES, Limiting
from shared.setting_values import Reader
from tests.support.memory_container import MovableNow
from tests.support.taps import Tap, TappedRecords, fault

ADDRESS, OTHER_ADDRESS = "203.0.113.7", "203.0.113.8"
SUBJECT, OTHER_SUBJECT = Subject("s1-" + "a" * 64), Subject("s1-" + "b" * 64)
MANY = 10_000
LIMITS = SignInLimits(
    starts_per_address=Limit(count=30, seconds=60),
    starts_per_browser=Limit(count=5, seconds=60),
    polls_per_address=Limit(count=1000, seconds=60),
    polls_per_browser=Limit(count=100, seconds=60),
    sessions_per_person=Limit(count=4, seconds=3600),
    codes_per_staff=None,
)


USUAL = read_limits(Reader({}), is_local=False)


@dataclass
class Stage:
    """One store and one clock, and as many instances as a test wants."""

    records: MemoryRecords = field(default_factory=MemoryRecords)
    clock: MovableNow = field(default_factory=MovableNow)

    def instance(self, records: Records | None = None, limits: SignInLimits = LIMITS) -> Limiting:
        """Another instance; it knows nothing that is not stored."""
        store = records or self.records
        audit = Audit(records=store, metrics=MemoryMetrics(), clock=self.clock, random=bytes)
        buckets = Buckets(records=store, expiries=Expiries(records=store), clock=self.clock)
        return Limiting(buckets=buckets, audit=audit, limits=limits, pepper=bytes(32), clock=self.clock)

    def tapped(self, tap: Tap) -> Limiting:
        """One whose calls are seen."""
        return self.instance(TappedRecords(self.records, tap))

    async def stored(self, prefix: str) -> list[Record]:
        """What is stored in partitions that begin so."""
        partitions = [name for name in list(self.records._partitions) if name.startswith(prefix)]
        return [record for name in partitions for record in (await self.records.query(name)).records]


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def let_through(*acts: Callable[[], Awaitable[None]], each: int = MANY) -> int:
    """How many of so many are not refused; the acts take turns."""
    count = 0
    for number in range(each):
        try:
            await acts[number % len(acts)]()
        except TooManyRequestsError:
            continue
        count += 1
    return count


async def refused(act: Awaitable[None]) -> int:
    """The seconds that a refusal says."""
    with pytest.raises(TooManyRequestsError) as raised:
        await act
    return raised.value.retry_after_seconds


def starts(limiting: Limiting, address: str = ADDRESS, browser: str | None = None) -> Callable[[], Awaitable[None]]:
    return lambda: limiting.allow_start(address=address, browser=browser)


def polls(limiting: Limiting, address: str = ADDRESS, browser: str | None = "browser") -> Callable[[], Awaitable[None]]:
    return lambda: limiting.allow_poll(address=address, browser=browser)


async def test_starts_are_counted_exactly_over_all_instances(stage: Stage) -> None:
    """An attacker whose requests are spread over three instances gets no more than over one."""
    assert await let_through(*(starts(stage.instance()) for _ in range(3)), each=300) == 30
    stage.clock.move(seconds=30)
    assert await let_through(*(starts(stage.instance()) for _ in range(3)), each=300) == 15


async def test_starts_at_once_are_counted_exactly_too(stage: Stage) -> None:
    """Three instances, a hundred requests each, all in flight together; a second wave is no luckier."""
    instances = [stage.instance() for _ in range(3)]
    for expected in (30, 0):
        answers = await asyncio.gather(
            *(starts(instances[number % 3])() for number in range(300)), return_exceptions=True
        )
        assert sum(answer is None for answer in answers) == expected
        assert all(isinstance(answer, TooManyRequestsError) for answer in answers if answer is not None)


async def test_a_crowd_behind_one_address_costs_a_few_writes(stage: Stage) -> None:
    """Requests that wait for a draw are drawn for together."""
    tap = Tap()
    instance = stage.tapped(tap)
    await asyncio.gather(*(starts(instance)() for _ in range(30)))
    assert len(tap.called("records.replace")) <= 2
    assert len(tap.calls) <= 8


async def test_a_browser_is_limited_wherever_it_goes_and_takes_nothing_from_its_neighbours(stage: Stage) -> None:
    """Its cookie counts before its address, so that what it is refused costs its office nothing."""
    first, second = stage.instance(), stage.instance()
    assert await let_through(starts(first, browser="a"), starts(second, OTHER_ADDRESS, "a"), each=100) == 5
    assert await let_through(starts(first, browser="b"), each=5) == 5
    assert await let_through(starts(first), each=100) == 30 - 3 - 5


async def test_other_addresses_are_unaffected(stage: Stage) -> None:
    """The limit is the stranger's and not everybody's."""
    instance = stage.instance()
    await let_through(starts(instance), each=100)
    await starts(instance, OTHER_ADDRESS)()
    await refused(starts(instance)())


async def test_a_network_of_ipv6_is_one_address(stage: Stage) -> None:
    """Or changing the last half of it would be a way around."""
    instance = stage.instance()
    found = [starts(instance, f"2001:db8::{number:x}") for number in range(1, 100)]
    assert await let_through(*found, each=99) == 30
    await starts(instance, "2001:db8:0:1::1")()


async def test_a_refusal_says_when_and_that_is_enough_and_no_more(stage: Stage) -> None:
    """Two seconds a token; said again while the time runs, and kept."""
    instance = stage.instance()
    await let_through(starts(instance), each=30)
    assert await refused(starts(instance)()) == 2
    stage.clock.move(seconds=1)
    assert await refused(starts(instance)()) == 1
    stage.clock.move(seconds=1)
    await starts(instance)()
    assert await refused(starts(instance)()) == 2


async def test_a_person_is_limited_and_no_other(stage: Stage) -> None:
    """Whoever asks, on whatever instance; and after its time there is room again."""
    first, second = stage.instance(), stage.instance()
    acts = [lambda one=one: one.allow_session(SUBJECT) for one in (first, second)]
    assert await let_through(*acts, each=50) == 4
    await first.allow_session(OTHER_SUBJECT)
    assert await refused(second.allow_session(SUBJECT)) == 900
    stage.clock.move(seconds=900)
    await second.allow_session(SUBJECT)


async def test_a_normal_sign_in_polls_without_a_single_call(stage: Stage) -> None:
    """Three minutes of polls every two seconds, and a code every second for thirty."""
    tap = Tap()
    instance = stage.instance(TappedRecords(stage.records, tap), USUAL)
    for second in range(180):
        if second % 2 == 0:
            await polls(instance)()
        if second < 30:
            await polls(instance)()
        stage.clock.move(seconds=1)
    assert tap.calls == []


async def test_two_hundred_who_poll_from_one_address_hardly_write(stage: Stage) -> None:
    """With the limits as they are by default: a minute of polls, and under one write for two hundred of them."""
    tap = Tap()
    instance = stage.instance(TappedRecords(stage.records, tap), USUAL)
    for _ in range(30):
        for person in range(200):
            await polls(instance, browser=str(person))()
        stage.clock.move(seconds=2)
    assert len(tap.calls) <= 6000 / 200


async def test_polls_stay_within_the_limit_and_a_lease_for_each_instance(stage: Stage) -> None:
    """However fast one order is polled: the shared bucket, and what each instance lets through by itself."""
    instances = [stage.instance() for _ in range(3)]
    lease = 100 // LEASES
    through = await let_through(*(polls(instance) for instance in instances))
    assert 100 <= through <= 100 + 3 * lease
    minute = 0
    for _ in range(60):
        stage.clock.move(seconds=1)
        minute += await let_through(*(polls(instance) for instance in instances), each=60)
    assert 100 <= minute <= 100 + 3 * lease * 2


async def test_what_an_instance_drew_ahead_is_worth_nothing_after_a_period(stage: Stage) -> None:
    """Or leases that were left over would add up to more than the limit and one lease."""
    instance, lease = stage.instance(), 100 // LEASES
    assert await let_through(polls(instance), each=lease + 1) == lease + 1
    stage.clock.move(seconds=600)
    assert await let_through(polls(instance)) == 100 + lease


async def test_polls_of_an_address_are_limited_over_all_its_browsers(stage: Stage) -> None:
    """A new cookie for each poll, or none at all, is no way around."""
    instances = [stage.instance() for _ in range(2)]
    lease = 1000 // LEASES
    through = 0
    for number in range(3000):
        browser = None if number % 2 else f"browser {number}"
        through += await let_through(polls(instances[number % 2], browser=browser), each=1)
    assert 1000 <= through <= 1000 + 2 * lease
    await polls(instances[0], OTHER_ADDRESS)()


async def test_whoever_goes_on_asking_costs_nothing(stage: Stage) -> None:
    """A refusal is remembered: no read, no write, and one event a minute."""
    tap = Tap()
    instance = stage.tapped(tap)
    await let_through(starts(instance), each=31)
    await let_through(polls(instance))
    before = len(tap.calls)
    await let_through(starts(instance), polls(instance), each=1000)
    assert len(tap.calls) == before


async def test_a_refused_start_is_audited_once_a_minute_for_each_key(stage: Stage) -> None:
    """On all instances together; neither the address nor the cookie can be read from it."""
    instances = [stage.instance() for _ in range(2)]
    for _ in range(3):
        await let_through(*(starts(one) for one in instances), each=100)
        await let_through(*(starts(one, OTHER_ADDRESS, "cookie") for one in instances), each=100)
        stage.clock.move(seconds=60)
    events = [record.body for record in await stage.stored("audit|")]
    assert {event["event"] for event in events} == {"session:person:limit"}
    assert len(events) == 6
    assert {str(event["by"]).partition("-")[0] for event in events} == {"address", "browser"}
    assert len({event["by"] for event in events}) == 2
    everything = str(stage.records._partitions)
    assert not any(secret in everything for secret in (ADDRESS, OTHER_ADDRESS, "cookie"))


async def test_a_session_too_many_is_audited_by_its_person(stage: Stage) -> None:
    """Whose account of what happened to them it is."""
    await let_through(lambda: stage.instance().allow_session(SUBJECT), each=6)
    (event,) = await stage.stored("audit|")
    assert event.body["by"] == SUBJECT


@pytest.mark.parametrize("back", [1, 3600, 86400 * 400])
async def test_a_clock_that_goes_back_locks_nobody_out(stage: Stage, back: int) -> None:
    """Neither the instance that refused nor one that reads its bucket; after a period it is as ever."""
    instances = [stage.instance() for _ in range(2)]
    for instance in instances:
        await let_through(starts(instance), polls(instance), each=3000)
    stage.clock.move(seconds=-back)
    stage.clock.move(seconds=61)
    for instance in instances:
        await starts(instance)()
        await polls(instance)()
    assert await let_through(*(starts(instance) for instance in instances), each=100) <= 30


class Busy:
    """A store in which somebody else always writes first."""

    def __init__(self, inner: Records) -> None:
        self._inner = inner
        self.writes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    async def create(self, partition: str, id: str, body: Body) -> Record:  # noqa: A002
        if partition.startswith("limit|"):
            self.writes += 1
            raise RecordChangedError
        return await self._inner.create(partition, id, body)


async def test_a_store_that_cannot_decide_refuses_starts_and_lets_polls_pass(stage: Stage) -> None:
    """A start costs an order at the e-ID, a poll nothing; and a poll does not go on asking."""
    busy = Busy(stage.records)
    instance = stage.instance(busy)  # type: ignore[arg-type]  # what it does not say itself, the store inside does
    assert await refused(starts(instance)()) == 1
    assert busy.writes == TRIES
    assert await refused(instance.allow_session(SUBJECT)) == 1
    busy.writes = 0
    assert await let_through(polls(instance), each=50) == 50
    assert busy.writes <= TRIES * 50 / (100 / LEASES)


async def test_a_store_that_fails_stops_starts_and_not_polls(stage: Stage) -> None:
    """As with every other dependency, the start can be tried again."""
    tap = Tap(at=1, act=fault)
    with pytest.raises(DependencyError):
        await starts(stage.tapped(tap))()
    polling = stage.tapped(Tap(at=1, act=fault))
    assert await let_through(polls(polling), each=30) == 30


async def test_off_is_off(stage: Stage) -> None:
    """Only a laptop may say so, and then nothing is stored."""
    none = SignInLimits(
        starts_per_address=None,
        starts_per_browser=None,
        polls_per_address=None,
        polls_per_browser=None,
        sessions_per_person=None,
        codes_per_staff=None,
    )
    tap = Tap()
    instance = stage.instance(TappedRecords(stage.records, tap), none)
    assert (
        await let_through(
            starts(instance, browser="a"), polls(instance), lambda: instance.allow_session(SUBJECT), each=3000
        )
        == 3000
    )
    assert tap.calls == []


async def test_an_instance_remembers_so_many_keys_and_no_more(stage: Stage) -> None:
    """A flood of cookies must not fill its memory."""
    instance = stage.instance()
    for number in range(HELD_KEYS + 10):
        await polls(instance, f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", None)()
    assert len(instance._held) == HELD_KEYS


async def test_a_full_bucket_goes_with_the_sweep_and_one_in_use_stays(stage: Stage) -> None:
    """It says nothing any more; the other is booked again, and what it counted still counts."""
    limits = SignInLimits(
        starts_per_address=Limit(count=2, seconds=7200),
        starts_per_browser=None,
        polls_per_address=None,
        polls_per_browser=None,
        sessions_per_person=None,
        codes_per_staff=None,
    )
    instance = stage.instance(limits=limits)
    buckets = Buckets(records=stage.records, expiries=Expiries(records=stage.records), clock=stage.clock)
    await starts(instance)()
    stage.clock.move(minutes=30)
    await starts(instance)()
    stage.clock.move(minutes=30)
    (bucket,) = await stage.stored("limit|")
    (booking,) = await stage.stored("expiry|2")
    key = booking.id.partition("|limit|")[2]
    assert bucket.partition == f"limit|{key}"
    await buckets.settle(key)
    assert await stage.stored("limit|") == [bucket]
    assert len(await stage.stored("expiry|2")) == 2
    assert await let_through(starts(stage.instance(limits=limits)), each=9) == 1
    stage.clock.move(hours=4)
    await buckets.settle(key)
    await buckets.settle(key)
    assert await stage.stored("limit|") == []
    assert await let_through(starts(instance), each=9) == 2, "an instance that still held the old record"


async def test_a_bucket_is_booked_before_it_exists(stage: Stage) -> None:
    """Whatever is stored, a sweep finds; and it is kept for a while, so that it is not made anew at each start."""
    tap = Tap()
    await starts(stage.tapped(tap))()
    partitions = [call.at.partition("|")[0] for call in tap.called("records.create")]
    assert partitions == ["expiry", "expiry", "limit"]
    at = (await stage.stored("expiry|2"))[0].id.partition("|")[0]
    assert at == f"{stage.clock.now + KEPT:%Y%m%d%H%M%S}000000"
