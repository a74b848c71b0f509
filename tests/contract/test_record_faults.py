"""What the record adapters do when the network and the service fail, seen through a proxy that makes the faults."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import pytest

from local.azurite import Azurite
from local.cosmos import Cosmos
from shared.domain.deadlines import deadline
from shared.domain.errors import DependencyError, RecordChangedError, RecordExistsError, RecordNotFoundError
from tests.support.fault_proxy import Cut, Fault, FaultProxy, Hang, Pass, Refuse, fault_proxy
from tests.support.record_stores import Store, made, store


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An adapter behind a proxy, and a second one that reaches the same records directly."""

    kind: str
    proxy: FaultProxy
    records: Store
    direct: Store


@pytest.fixture(params=["tables", "cosmos"])
async def case(request: pytest.FixtureRequest, azurite: Azurite, cosmos: Cosmos) -> AsyncIterator[Case]:
    kind: str = request.param
    port = azurite.ports.table if kind == "tables" else cosmos.port
    name = f"f{time.time_ns()}"
    async with (
        fault_proxy(port) as proxy,
        made(store(kind, port, name=name)) as direct,
        made(store(kind, proxy.port, name=name, budget_seconds=5)) as records,
    ):
        # The Cosmos client asks about the account and the container first; the faults are for what follows.
        await records.ping()
        proxy.requests.clear()
        yield Case(kind=kind, proxy=proxy, records=records, direct=direct)


async def test_each_operation_on_a_small_record_is_one_request(case: Case) -> None:
    """Half the time of a message is spent waiting for the store."""
    counts: list[int] = []
    record = await case.records.create("p", "r", {"n": 1})
    counts.append(len(case.proxy.requests))
    record = await case.records.replace_if_match(record, {"n": 2})
    counts.append(len(case.proxy.requests))
    await case.records.get("p", "r")
    counts.append(len(case.proxy.requests))
    await case.records.delete_if_match(record)
    counts.append(len(case.proxy.requests))
    assert counts == [1, 2, 3, 4]


async def test_a_query_is_one_request(case: Case) -> None:
    """After the first, for which the Cosmos client asks how the container is divided."""
    for name in ("a", "b", "c"):
        await case.direct.create("p", name, {})
    await case.records.query("p")
    case.proxy.requests.clear()
    page = await case.records.query("p", limit=2)
    assert [record.id for record in page.records] == ["a", "b"]
    assert len(case.proxy.requests) == 1


async def test_a_create_whose_answer_is_lost_has_succeeded(case: Case) -> None:
    """The repetition meets its own record: to the caller there was one create, and it worked."""
    case.proxy.faults[:] = [Cut()]
    created = await case.records.create("p", "r", {"n": 1})
    assert created == await case.direct.get("p", "r")
    assert created.body == {"n": 1}
    await case.records.replace_if_match(created, {"n": 2})


async def test_a_replace_whose_answer_is_lost_has_succeeded(case: Case) -> None:
    """Else the winner of a race would take itself for the loser, and nobody would go on with the work."""
    first = await case.direct.create("p", "r", {"n": 1})
    case.proxy.faults[:] = [Cut()]
    second = await case.records.replace_if_match(first, {"n": 2})
    assert second == await case.direct.get("p", "r")
    assert second.etag != first.etag
    await case.records.delete_if_match(second)


async def test_losing_several_answers_changes_nothing_of_that(case: Case) -> None:
    """Also the look at the record may be disturbed."""
    case.proxy.faults[:] = [Cut(), Cut(after_bytes=20), Refuse(status=503), Pass(), Cut()]
    created = await case.records.create("p", "r", {"n": 1})
    assert created == await case.direct.get("p", "r")


async def test_a_delete_whose_answer_is_lost_says_not_found(case: Case) -> None:
    """Nothing is left to recognise, and taking every 404 for success would let two delete the same record."""
    first = await case.direct.create("p", "r", {"n": 1})
    case.proxy.faults[:] = [Cut()]
    with pytest.raises(RecordNotFoundError):
        await case.records.delete_if_match(first)
    with pytest.raises(RecordNotFoundError):
        await case.direct.get("p", "r")


async def test_a_repeated_write_never_takes_the_record_of_another_for_its_own(case: Case) -> None:
    """The same body proves nothing; only the id of the write does."""
    first = await case.direct.create("p", "r", {"n": 1})
    await case.direct.replace_if_match(first, {"n": 2})
    case.proxy.faults[:] = [Refuse(status=503)]
    with pytest.raises(RecordExistsError):
        await case.records.create("p", "r", {"n": 2})
    case.proxy.faults[:] = [Refuse(status=503)]
    with pytest.raises(RecordChangedError):
        await case.records.replace_if_match(first, {"n": 2})


async def test_a_write_that_landed_and_was_overtaken_has_lost(case: Case) -> None:
    """Somebody replaced it before the repetition: what the caller would hold is stale already."""
    case.proxy.faults[:] = [Cut(), Refuse(status=503), Refuse(status=503)]
    creating = asyncio.create_task(case.records.create("p", "r", {"n": 1}))
    landed = None
    while landed is None:
        with contextlib.suppress(RecordNotFoundError):
            landed = await case.direct.get("p", "r")
    await case.direct.replace_if_match(landed, {"n": 2})
    with pytest.raises(RecordExistsError):
        await creating
    assert (await case.direct.get("p", "r")).body == {"n": 2}


PASSING_FAULTS: dict[str, list[Fault]] = {
    "busy": [Refuse(status=503)],
    "busy twice": [Refuse(status=503), Refuse(status=500)],
    "throttled": [Refuse(status=429, headers={"x-ms-retry-after-ms": "300"})],
    "timed out": [Refuse(status=408)],
    "reset": [Cut(), Cut(after_bytes=30)],
}


@pytest.mark.parametrize("faults", PASSING_FAULTS.values(), ids=PASSING_FAULTS.keys())
async def test_passing_faults_are_absorbed(case: Case, faults: list[Fault]) -> None:
    """By waiting a little, on reading as on writing."""
    record = await case.direct.create("p", "r", {"n": 1})
    case.proxy.faults[:] = faults
    assert await case.records.get("p", "r") == record
    case.proxy.faults[:] = faults
    assert (await case.records.query("p")).records == [record]
    case.proxy.faults[:] = [fault for fault in faults if isinstance(fault, Refuse)]
    await case.records.replace_if_match(record, {"n": 2})
    assert not case.proxy.faults


async def test_retry_after_is_honoured(case: Case) -> None:
    """A throttling store that is asked too early throttles longer."""
    case.proxy.faults[:] = [Refuse(status=429, headers={"Retry-After": "1"})]
    began = time.monotonic()
    await case.records.ping()
    assert 1.0 <= time.monotonic() - began < 3.0


@pytest.mark.parametrize("fault", [Refuse(status=503), Refuse(status=403), Hang()], ids=["busy", "refused", "silent"])
async def test_lasting_faults_are_the_fault_of_the_dependency(case: Case, fault: Fault) -> None:
    """In time, and never as "not there", "there already" or "changed"."""
    record = await case.direct.create("p", "r", {"n": 1})
    for operation in (
        lambda: case.records.get("p", "missing"),
        lambda: case.records.create("p", "r", {}),
        lambda: case.records.replace_if_match(record, {}),
        lambda: case.records.delete_if_match(record),
        lambda: case.records.query("p"),
        case.records.ping,
        case.records.now,
    ):
        case.proxy.faults[:] = [fault] * 20
        began = time.monotonic()
        with deadline(began + 0.2), pytest.raises(DependencyError):
            await operation()
        assert time.monotonic() - began < 1.5
    case.proxy.faults.clear()
    assert await case.direct.get("p", "r") == record


@pytest.mark.parametrize("kind", ["tables", "cosmos"])
async def test_a_dead_store_is_the_fault_of_the_dependency_within_the_budget(kind: str) -> None:
    """Nobody listens: every operation says so, and soon."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        records = store(kind, taken.getsockname()[1], budget_seconds=0.5)
        for operation in (
            lambda: records.get("p", "r"),
            lambda: records.create("p", "r", {}),
            lambda: records.query("p"),
            records.ping,
            records.now,
        ):
            began = time.monotonic()
            with pytest.raises(DependencyError):
                await operation()
            assert time.monotonic() - began < 2.0
        await records.close()


async def test_a_store_that_comes_up_late_is_used(azurite: Azurite, cosmos: Cosmos) -> None:
    """An app may start before its store: the first failure must not stick."""
    for kind, port in (("tables", azurite.ports.table), ("cosmos", cosmos.port)):
        name = f"l{time.time_ns()}"
        async with fault_proxy(port) as proxy, made(store(kind, port, name=name)):
            records = store(kind, proxy.port, name=name, budget_seconds=0.5)
            proxy.faults[:] = [Refuse(status=503)] * 20
            with pytest.raises(DependencyError):
                await records.ping()
            proxy.faults.clear()
            await records.ping()
            await records.close()


@pytest.mark.parametrize("kind", ["tables", "cosmos"])
async def test_a_missing_table_or_container_is_not_a_missing_record(
    kind: str, azurite: Azurite, cosmos: Cosmos
) -> None:
    """A slip in the configuration must not look like an empty store: retention would certify that all is gone."""
    records = store(kind, azurite.ports.table if kind == "tables" else cosmos.port, budget_seconds=1)
    with pytest.raises(DependencyError):
        await records.get("p", "r")
    with pytest.raises(DependencyError):
        await records.ping()
    with pytest.raises(DependencyError):
        await records.query("p")
    await records.close()


COSMOS_NOT_FOUND_OTHERWISE: dict[str, Mapping[str, str]] = {
    "the replica lags": {"x-ms-substatus": "1002"},
    "the container is gone": {"x-ms-substatus": "1003"},
}


@pytest.mark.parametrize("headers", COSMOS_NOT_FOUND_OTHERWISE.values(), ids=COSMOS_NOT_FOUND_OTHERWISE.keys())
async def test_cosmos_404_with_a_substatus_is_not_a_missing_record(headers: Mapping[str, str], cosmos: Cosmos) -> None:
    """The service says 404 for much; only without a sub-status does it speak of the record."""
    name = f"s{time.time_ns()}"
    async with (
        fault_proxy(cosmos.port) as proxy,
        made(store("cosmos", cosmos.port, name=name)) as direct,
        made(store("cosmos", proxy.port, name=name, budget_seconds=1)) as records,
    ):
        record = await direct.create("p", "r", {})
        await records.ping()
        for operation in (
            lambda: records.get("p", "r"),
            lambda: records.replace_if_match(record, {}),
            lambda: records.delete_if_match(record),
        ):
            proxy.faults[:] = [Refuse(status=404, headers=headers)] * 20
            with pytest.raises(DependencyError):
                await operation()


async def test_cosmos_asks_again_where_two_writes_met(cosmos: Cosmos) -> None:
    """449 is the service's own word for it, and no other service knows it."""
    name = f"w{time.time_ns()}"
    async with (
        fault_proxy(cosmos.port) as proxy,
        made(store("cosmos", proxy.port, name=name)) as records,
    ):
        first = await records.create("p", "r", {"n": 1})
        proxy.faults[:] = [Refuse(status=449)]
        assert (await records.replace_if_match(first, {"n": 2})).body == {"n": 2}
