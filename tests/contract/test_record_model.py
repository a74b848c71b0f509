"""Records against a dictionary: whatever is done to both, in whatever order, they answer alike."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local.azurite import Azurite
from shared.adapters.memory_records import MemoryRecords
from shared.domain.errors import RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.ports import Body, Record, Records
from tests.support.record_stores import made, store

Model: TypeAlias = dict[tuple[str, str], Record]

PARTITIONS = ["a", "a|"]
IDS = ["A", "a|", "a|b", "b"]
BOUNDS = ["", "0", "a", "a|", "a}", "b", "~"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.dictionaries(st.text(), JSON, max_size=4)
PLACES = st.tuples(st.sampled_from(PARTITIONS), st.sampled_from(IDS))
STEPS = st.one_of(
    st.tuples(st.just("create"), PLACES, BODIES),
    st.tuples(st.just("replace"), PLACES, BODIES),
    st.tuples(st.just("replace stale"), PLACES, BODIES),
    st.tuples(st.just("delete"), PLACES, st.none()),
    st.tuples(st.just("delete stale"), PLACES, st.none()),
    st.tuples(
        st.just("query"),
        st.sampled_from(PARTITIONS),
        st.tuples(st.sampled_from(BOUNDS), st.none() | st.sampled_from(BOUNDS), st.integers(1, 4)),
    ),
)


async def outcome(operation: Callable[[], Awaitable[object]]) -> type[Exception] | None:
    try:
        await operation()
    except (RecordChangedError, RecordExistsError, RecordNotFoundError) as error:
        return type(error)
    return None


async def run(records: Records, steps: list[tuple[str, object, object]], prefix: str) -> None:
    """Do ``steps`` to ``records`` and to a dictionary, and compare after each."""
    model: Model = {}
    dead: Model = {}
    for step in steps:
        match step:
            case ("query", str(name), (str(start), end, int(limit))):
                assert end is None or isinstance(end, str)
                partition = prefix + name
                found: list[Record] = []
                continuation = None
                while True:
                    page = await records.query(partition, start=start, end=end, limit=limit, continuation=continuation)
                    assert len(page.records) <= limit
                    found += page.records
                    continuation = page.continuation
                    if continuation is None:
                        break
                expected = [
                    record
                    for place, record in sorted(model.items())
                    if place[0] == partition and start <= place[1] and (end is None or place[1] < end)
                ]
                assert found == expected
            case (str(verb), (str(name), str(id_)), body):
                place = (prefix + name, id_)
                await change(records, (verb, place, body), model, dead)
            case _:
                raise AssertionError
    for place, record in model.items():
        assert await records.get(*place) == record
        assert repr((await records.get(*place)).body) == repr(record.body)


async def change(records: Records, step: tuple[str, tuple[str, str], object], model: Model, dead: Model) -> None:
    verb, place, body = step
    known = model.get(place)
    stale = dead.get(place)
    match verb:
        case "create":
            if known is None:
                model[place] = await records.create(*place, as_body(body))
                assert repr(model[place].body) == repr(body)
            else:
                assert await outcome(lambda: records.create(*place, as_body(body))) is RecordExistsError
        case "replace" if known is not None:
            model[place] = await records.replace_if_match(known, as_body(body))
            assert repr(model[place].body) == repr(body)
            dead[place] = known
        case "delete" if known is not None:
            await records.delete_if_match(known)
            dead[place] = model.pop(place)
        case "replace stale" if stale is not None:
            expected = RecordNotFoundError if known is None else RecordChangedError
            assert await outcome(lambda: records.replace_if_match(stale, as_body(body))) is expected
        case "delete stale" if stale is not None:
            expected = RecordNotFoundError if known is None else RecordChangedError
            assert await outcome(lambda: records.delete_if_match(stale)) is expected
        case _ if known is None:
            assert await outcome(lambda: records.get(*place)) is RecordNotFoundError
        case _:
            assert await records.get(*place) == known


def as_body(body: object) -> Body:
    assert isinstance(body, dict)
    return body


@given(steps=st.lists(STEPS, min_size=20, max_size=60))
@settings(max_examples=100, deadline=None)
def test_memory_behaves_like_a_dictionary(steps: list[tuple[str, object, object]]) -> None:
    """All services are tested on it, so it must not be kinder than a store."""
    asyncio.run(run(MemoryRecords(), steps, ""))


@pytest.mark.parametrize("kind", ["tables"])
@given(steps=st.lists(STEPS, min_size=20, max_size=40))
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_table_storage_behaves_like_a_dictionary(
    kind: str, azurite: Azurite, steps: list[tuple[str, object, object]]
) -> None:
    """With texts and numbers that nobody would think of writing into a test."""

    async def with_store() -> None:
        async with made(store(kind, azurite.ports.table, name="model")) as records:
            await run(records, steps, uuid4().hex)

    asyncio.run(with_store())
