"""Going along two sides: in order, everything once, and only so much at a time."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.services.moving.bounds import PARTITIONS_AT_ONCE, Bound
from shared.services.moving.pairs import each_partition, paired
from tests.support.moves import Move
from tests.support.scene import Scene

NAMES = st.lists(st.text("ab|", min_size=1, max_size=3), unique=True).map(sorted)


async def each(names: Sequence[str]) -> AsyncIterator[str]:
    for name in names:
        yield name


@given(NAMES, NAMES)
def test_each_name_comes_once_with_whatever_has_it(source: list[str], target: list[str]) -> None:
    """Ascending; on both sides, or on one."""

    async def run() -> list[tuple[str | None, str | None]]:
        return [pair async for pair in paired(each(source), each(target), str)]

    found = asyncio.run(run())
    assert [left for left, _ in found if left is not None] == source
    assert [right for _, right in found if right is not None] == target
    both = [left or right or "" for left, right in found]
    assert both == sorted(set(source) | set(target))


async def test_a_list_of_partitions_goes_on_after_its_last_name() -> None:
    """However few an answer holds."""

    class Short:
        async def partitions(self, *, after: str = "") -> Sequence[str]:
            return [name for name in "abcde" if name > after][:2]

    assert [name async for name in each_partition(Short())] == list("abcde")


async def test_no_more_than_the_bound_run_at_once() -> None:
    """Whoever starts one more waits."""
    running = peak = done = 0

    async def work() -> None:
        nonlocal running, peak, done
        running += 1
        peak = max(peak, running)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        running -= 1
        done += 1

    bound = Bound(3)
    async with asyncio.TaskGroup() as group:
        for _ in range(50):
            await bound.start(group, work())
    assert (peak, done) == (3, 50)


async def test_one_that_fails_ends_the_others() -> None:
    """And nothing waits for a place for ever."""

    async def fail() -> None:
        raise KeyError

    async def wait() -> None:
        await asyncio.Event().wait()

    async def run() -> None:
        bound = Bound(2)
        async with asyncio.TaskGroup() as group:
            await bound.start(group, wait())
            await bound.start(group, fail())
            for _ in range(5):
                await bound.start(group, wait())

    with pytest.raises(BaseExceptionGroup) as ended:
        await run()
    assert ended.value.split(KeyError)[1] is None


async def test_as_many_partitions_are_under_way_as_the_bound_says() -> None:
    """In a move itself: hundreds of partitions never lie in memory together."""
    source = await Scene.make()
    records = source.container.record_store
    for number in range(100):
        await records.create(f"something|{number}", "a", {})
    under_way: set[str] = set()
    peak = 0
    query = records.query

    async def watched(partition: str, **more: object) -> object:
        nonlocal peak
        under_way.add(partition)
        peak = max(peak, len(under_way))
        await asyncio.sleep(0)
        page = await query(partition, **more)  # type: ignore[arg-type]
        under_way.discard(partition)
        return page

    records.query = watched  # type: ignore[method-assign,assignment]
    move = Move(source=source)
    await move.copy()
    assert peak <= PARTITIONS_AT_ONCE
    assert peak > 1
