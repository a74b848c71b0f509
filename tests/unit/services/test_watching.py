"""Watching over two instances and one store: what is noticed, what it costs, and that it never fails what it watches."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest

from shared.adapters.memory_metrics import MemoryMetrics
from shared.adapters.memory_queues import MemoryQueues
from shared.adapters.memory_records import MemoryRecords
from shared.crypto.known_devices import marked
from shared.domain.alerts import parse_alert
from shared.domain.assurance import Assurance
from shared.domain.audit_events import AuditEvent
from shared.domain.ids import OrganisationId, StaffId, Subject
from shared.domain.metrics import Counter
from shared.domain.ports import Records
from shared.domain.principals import Person, Role, Staff
from shared.domain.rate_limits import Limit, Trier
from shared.domain.security_events import NATURES, SecurityEvent, WatchLimits
from shared.limit_settings import read_limits
from shared.services.auditing import Audit
from shared.services.buckets import Buckets
from shared.services.expiring import Expiries
from shared.services.limiting import Limiting
from shared.services.watching import HELD_NETWORKS, Watching
from shared.setting_values import Reader
from shared.watch_settings import read_watch
from tests.support.memory_container import MovableNow
from tests.support.taps import Tap, TappedRecords, fault

ORGANISATION, STAFF = OrganisationId("01hf0000000000000000000001"), StaffId("01hf0000000000000000000002")
LOGIN, OTHER_LOGIN = "a" * 64, "b" * 64
HOME = Trier(client_address="203.0.113.7", keepsake=None)
THRESHOLD = 20
USUAL = Limit(count=THRESHOLD, seconds=900)
LIMITS = WatchLimits(
    account_failures=USUAL,
    network_failures=None,
    all_failures=None,
    spraying=None,
    misses=USUAL,
    downloads=USUAL,
    watches_devices=True,
    mails_per_kind=Limit(count=3, seconds=3600),
)
MEMBER = Staff(organisation=ORGANISATION, staff=STAFF, role=Role.MEMBER, units=frozenset(), name="Anna")
PERSON = Person(subject=Subject("s1-" + "c" * 64), name="Tolvan", provider="bankid", assurance=next(iter(Assurance)))


@dataclass
class Stage:
    """One store, one queue and one clock, and as many instances as a test wants."""

    records: MemoryRecords = field(default_factory=MemoryRecords)
    queues: MemoryQueues = field(default_factory=lambda: MemoryQueues(("notify",)))
    clock: MovableNow = field(default_factory=MovableNow)
    metrics: MemoryMetrics = field(default_factory=MemoryMetrics)

    def instance(self, limits: WatchLimits = LIMITS, records: Records | None = None, queue: str = "notify") -> Watching:
        """Another instance; it knows nothing that is not stored."""
        store = records or self.records
        audit = Audit(records=store, metrics=self.metrics, clock=self.clock, random=bytes)
        buckets = Buckets(records=store, expiries=Expiries(records=store), clock=self.clock)
        usual = read_limits(Reader({}), is_local=False)
        return Watching(
            limiting=Limiting(buckets=buckets, audit=audit, limits=usual, pepper=bytes(32), clock=self.clock),
            audit=audit,
            queues=self.queues,
            metrics=self.metrics,
            limits=limits,
            pepper=bytes(32),
            notify_queue=queue,
            clock=self.clock,
        )

    def noticed(self, kind: SecurityEvent | None = None) -> list[dict[str, Any]]:
        """The security events in all logs."""
        found = [
            {**json.loads(encoded), "log": partition.split("|")[1]}
            for partition, records in self.records._partitions.items()
            if partition.startswith("audit|")
            for encoded, _ in records.values()
        ]
        return [each for each in found if "kind" in each and kind in {None, each["kind"]}]

    def counted(self, result: str) -> int:
        """What the figure says."""
        return sum(
            series.count
            for series in self.metrics.read()
            if series.figure is Counter.SECURITY and ("result", result) in series.labels
        )


@pytest.fixture
def stage() -> Stage:
    return Stage()


async def fail(watching: Watching, times: int, login: str = LOGIN, trier: Trier = HOME) -> None:
    """So many refused passwords for somebody's account."""
    for _ in range(times):
        await watching.refused(login, trier, (ORGANISATION, STAFF))


async def fetch(watching: Watching, times: int, by: str = STAFF) -> None:
    """So many files."""
    for _ in range(times):
        await watching.see(AuditEvent.FILE_FETCHED, ORGANISATION, by=by, ids={})


async def miss(watching: Watching, times: int) -> None:
    """So many ids of nothing."""
    for _ in range(times):
        await watching.missed(MEMBER)


RULES: dict[SecurityEvent, Callable[[Watching, int], Awaitable[None]]] = {
    SecurityEvent.ACCOUNT_FAILURES: fail,
    SecurityEvent.DOWNLOADS: fetch,
    SecurityEvent.MISSES: miss,
}


@pytest.mark.parametrize("kind", RULES)
async def test_a_threshold_is_what_is_usual_and_one_more_is_an_event(stage: Stage, kind: SecurityEvent) -> None:
    """Below and at it nothing is noted; above it one event, one message and one count, however much follows."""
    watching, act = stage.instance(), RULES[kind]
    await act(watching, THRESHOLD - 1)
    assert stage.noticed() == []
    await act(watching, 1)
    assert stage.noticed() == []
    await act(watching, 1)
    (event,) = stage.noticed()
    assert (event["event"], event["kind"], event["log"]) == ("security:notice", kind.value, ORGANISATION)
    assert event["severity"] == NATURES[kind].severity.value
    await act(watching, 200)
    assert (len(stage.noticed()), len(stage.queues.queued), stage.counted("noticed")) == (1, 1, 1)


@pytest.mark.parametrize("kind", [SecurityEvent.NETWORK_FAILURES, SecurityEvent.ALL_FAILURES, SecurityEvent.SPRAYING])
async def test_guesses_from_one_place_and_in_all_are_counted_apart(stage: Stage, kind: SecurityEvent) -> None:
    """At different accounts, each of them once: no account is conspicuous, the place is. Nobody is mailed of it."""
    limits = {
        SecurityEvent.NETWORK_FAILURES: replace(LIMITS, network_failures=USUAL),
        SecurityEvent.ALL_FAILURES: replace(LIMITS, all_failures=USUAL),
        SecurityEvent.SPRAYING: replace(LIMITS, spraying=USUAL),
    }
    watching = stage.instance(limits[kind])
    for number in range(THRESHOLD):
        await watching.refused(f"{number:064x}", HOME, None)
    assert stage.noticed() == []
    for number in range(THRESHOLD, THRESHOLD * 3):
        await watching.refused(f"{number:064x}", HOME, None)
    (event,) = stage.noticed()
    assert (event["kind"], event["log"], event["by"], event["staff"]) == (kind.value, "platform", "system", "none")
    assert "203.0.113.7" not in str(event)
    assert not stage.queues.queued


async def test_one_account_tried_over_and_over_is_no_spraying(stage: Stage) -> None:
    """Nor are two. And the network is what is counted: one of IPv6 is one, whatever address in it is used."""
    watching = stage.instance(replace(LIMITS, account_failures=None, spraying=USUAL))
    for _ in range(100):
        await watching.refused(LOGIN, HOME, None)
        await watching.refused(OTHER_LOGIN, HOME, None)
    assert stage.noticed() == []
    for number in range(THRESHOLD + 1):
        trier = Trier(client_address=f"2001:db8::{number:x}", keepsake=None)
        await watching.refused(f"{number:064x}", trier, None)
    assert len(stage.noticed(SecurityEvent.SPRAYING)) == 1


async def test_accounts_of_many_networks_are_forgotten_and_not_the_count(stage: Stage) -> None:
    """An instance remembers a bounded number of networks; who comes back after that is counted on."""
    watching = stage.instance(replace(LIMITS, account_failures=None, spraying=USUAL))
    for number in range(HELD_NETWORKS + 5):
        trier = Trier(client_address=f"198.51.{number // 250}.{number % 250}", keepsake=None)
        await watching.refused(LOGIN, trier, None)
    assert len(watching._tried) == HELD_NETWORKS


async def test_several_instances_see_the_same(stage: Stage) -> None:
    """Together they note one event; each further one may have seen a tenth more before."""
    instances = [stage.instance() for _ in range(3)]
    lease = THRESHOLD // 10
    for number in range(THRESHOLD + 2 * 2 * lease + 3):
        await fail(instances[number % 3], 1)
    assert len(stage.noticed()) == 1
    for each in instances:
        await fail(each, 50)
    assert len(stage.noticed()) == 1
    assert len(stage.queues.queued) <= 3
    assert len({str(queued.message) for queued in stage.queues.queued}) == 1


async def test_accounts_are_counted_apart(stage: Stage) -> None:
    """And events of two are two."""
    watching = stage.instance()
    await fail(watching, THRESHOLD)
    await fail(watching, THRESHOLD, login=OTHER_LOGIN)
    assert stage.noticed() == []
    await fail(watching, 1)
    await fail(watching, 1, login=OTHER_LOGIN)
    assert len(stage.noticed()) == 2


async def test_what_is_slow_is_usual_and_a_new_period_is_a_new_event(stage: Stage) -> None:
    """As many again after the period, and an attack that goes on is told of once in each."""
    watching = stage.instance()
    for _ in range(5):
        await fail(watching, THRESHOLD)
        stage.clock.move(seconds=900)
    assert stage.noticed() == []
    for expected in (1, 2, 3):
        await fail(watching, THRESHOLD * 3)
        assert len(stage.noticed()) == expected
        stage.clock.move(seconds=900)


@pytest.mark.parametrize("jump", [timedelta(hours=1), timedelta(days=366), timedelta(hours=-1), timedelta(days=-1)])
async def test_a_clock_that_jumps_neither_hides_nor_floods(stage: Stage, jump: timedelta) -> None:
    """On the same instance and on another: the next burst is noted, and is one event."""
    watching = stage.instance()
    await fail(watching, THRESHOLD + 1)
    assert len(stage.noticed()) == 1
    stage.clock.now += jump
    for each in (watching, stage.instance()):
        await fail(each, THRESHOLD * 3)
    assert len(stage.noticed()) == 2
    assert len(stage.queues.queued) <= 3


async def test_a_burst_costs_next_to_nothing(stage: Stage) -> None:
    """Ten thousand failures at one account: some twenty writes. At ten thousand accounts, once each: none."""
    tap = Tap()
    watching = stage.instance(records=TappedRecords(stage.records, tap))
    await fail(watching, 10_000)
    assert len(tap.calls) <= 40
    assert len(stage.queues.queued) == 1
    tap.calls.clear()
    for number in range(1000):
        await watching.refused(f"{number:064x}", HOME, None)
    assert tap.calls == []


async def test_what_is_usual_costs_no_call(stage: Stage) -> None:
    """The first tenth of a threshold: a few mistyped passwords, an opened message with its files, a stale link."""
    tap = Tap()
    watching = stage.instance(records=TappedRecords(stage.records, tap))
    for act in RULES.values():
        await act(watching, THRESHOLD // 10)
    assert tap.calls == []


async def test_an_account_that_nobody_has_makes_the_same_calls(stage: Stage) -> None:
    """To the store and to the queue, from the first failure to the last: only the log is another."""
    found = []
    for login, owner in ((LOGIN, (ORGANISATION, STAFF)), (OTHER_LOGIN, None)):
        tap = Tap()
        watching = stage.instance(records=TappedRecords(stage.records, tap))
        steps = []
        for _ in range(THRESHOLD * 2):
            before = len(tap.calls), len(stage.queues.queued)
            await watching.refused(login, HOME, owner)
            calls = [(call.name, call.at.partition("|")[0]) for call in tap.calls[before[0] :]]
            steps.append((calls, len(stage.queues.queued) - before[1]))
        found.append(steps)
    assert found[0] == found[1]
    assert sum(queued for _, queued in found[0]) == 1
    assert {event["log"]: event["staff"] for event in stage.noticed()} == {ORGANISATION: STAFF, "platform": "none"}


@pytest.mark.parametrize("at", range(1, 12))
async def test_a_store_in_trouble_fails_nothing_and_the_next_failure_tries_again(stage: Stage, at: int) -> None:
    """Whatever call it is that fails: watching is not what is watched. In the end the event is there."""
    tap = Tap(at=at, act=fault)
    watching = stage.instance(records=TappedRecords(stage.records, tap))
    await fail(watching, THRESHOLD * 2)
    assert tap.was_reached
    assert len(stage.noticed()) == 1
    assert len(stage.queues.queued) == 1


async def test_a_store_that_is_gone_loses_events_and_says_so(stage: Stage) -> None:
    """By a figure: operations are told that nobody was."""
    watching = stage.instance(records=TappedRecords(stage.records, Tap(at=1, act=fault)))
    await watching.see(AuditEvent.SETTINGS_CHANGED, ORGANISATION, by=STAFF, ids={"changed": "x"})
    assert (stage.counted("lost"), stage.counted("noticed")) == (1, 0)


async def test_a_queue_that_is_gone_is_asked_again(stage: Stage) -> None:
    """The event stands in the log by then, once."""
    broken = stage.instance(queue="not there")
    for _ in range(3):
        await broken.see(AuditEvent.SETTINGS_CHANGED, ORGANISATION, by=STAFF, ids={"changed": "x"})
    assert stage.counted("lost") == 3
    assert len(stage.noticed()) == 1
    await stage.instance().see(AuditEvent.SETTINGS_CHANGED, ORGANISATION, by=STAFF, ids={"changed": "x"})
    assert (len(stage.noticed()), len(stage.queues.queued)) == (1, 1)


async def test_changes_are_told_once_an_hour_for_each_who_makes_them(stage: Stage) -> None:
    """Somebody who saves settings five times changed them once."""
    watching = stage.instance()
    for _ in range(5):
        await watching.see(AuditEvent.SETTINGS_CHANGED, ORGANISATION, by=STAFF, ids={"changed": "x"})
    assert [event["by"] for event in stage.noticed()] == [STAFF]
    await watching.see(AuditEvent.SETTINGS_CHANGED, ORGANISATION, by="system", ids={"changed": "x"})
    assert {event["by"] for event in stage.noticed()} == {STAFF, "system"}
    stage.clock.move(hours=1)
    await watching.see(AuditEvent.SETTINGS_CHANGED, ORGANISATION, by=STAFF, ids={"changed": "x"})
    assert len(stage.noticed()) == 3


async def test_a_new_device_is_one_that_did_not_know_the_account(stage: Stage) -> None:
    """By the cookie that gives it its own count of attempts; another account's says nothing."""
    watching = stage.instance()
    knows = marked(None, LOGIN, bytes(32), bytes)
    other = marked(None, OTHER_LOGIN, bytes(32), bytes)
    await watching.proved(LOGIN, Trier(client_address="203.0.113.7", keepsake=knows), ORGANISATION, STAFF)
    await watching.proved(LOGIN, None, ORGANISATION, STAFF)
    assert stage.noticed() == []
    for number, keepsake in enumerate((None, other, "x", knows + "x"), start=1):
        for _ in range(2):
            await watching.proved(LOGIN, Trier(client_address="203.0.113.7", keepsake=keepsake), ORGANISATION, STAFF)
        assert len(stage.noticed()) == number
        stage.clock.move(hours=1)
    assert {(each["kind"], each["staff"], each["by"]) for each in stage.noticed()} == {("new-device", STAFF, STAFF)}
    assert [queued.message["staff"] for queued in stage.queues.queued] == [STAFF] * 4


async def test_a_person_who_looks_for_ids_is_noted_on_the_platform(stage: Stage) -> None:
    """No organisation's affair, and no pseudonym on a queue."""
    watching = stage.instance()
    for _ in range(THRESHOLD + 1):
        await watching.missed(PERSON)
    (event,) = stage.noticed()
    assert (event["log"], event["by"]) == ("platform", PERSON.subject)
    assert PERSON.subject not in str(stage.queues.queued)


def test_the_defaults_let_an_office_work() -> None:
    """One address with 300 staff, of whom a tenth mistype twice on a Monday, and each fetches a file a minute."""
    limits = read_watch(Reader({}), is_local=False)
    assert limits.network_failures is not None
    assert limits.network_failures.count >= 300 // 10 * 2
    assert limits.spraying is not None
    assert limits.spraying.count >= 300 // 10
    assert limits.downloads is not None
    assert limits.downloads.count >= limits.downloads.seconds // 60


async def test_a_client_whose_proofs_are_refused_is_no_account_of_staff(stage: Stage) -> None:
    """Known: told to the admins of its organisation, and to no owner. Unknown: in the log of the platform."""
    watching = stage.instance()
    for _ in range(THRESHOLD + 1):
        await watching.see(AuditEvent.CLIENT_REFUSED, ORGANISATION, by="01hf0000000000000000000003", ids={})
        await watching.see(AuditEvent.CLIENT_REFUSED, OrganisationId("platform"), by="unknown", ids={})
    assert {(event["log"], event["about"], event["staff"]) for event in stage.noticed()} == {
        (ORGANISATION, "01hf0000000000000000000003", "none"),
        ("platform", "unknown", "none"),
    }
    assert all(parse_alert(queued.message).staff is None for queued in stage.queues.queued)
