"""Going along two sides in order: what stands on both comes as a pair, what stands on one side comes alone."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TypeVar

from shared.domain.inventories import RecordsInventory

T = TypeVar("T")


async def each_partition(inventory: RecordsInventory) -> AsyncGenerator[str, None]:
    """Every partition that holds a record, ascending."""
    after = ""
    while names := await inventory.partitions(after=after):
        for name in names:
            yield name
        after = names[-1]


async def paired(
    source: AsyncIterator[T], target: AsyncIterator[T], name: Callable[[T], str]
) -> AsyncGenerator[tuple[T | None, T | None], None]:
    """Both merged by ``name``, in which each must ascend. One of the two may be None, never both."""
    left, right = await anext(source, None), await anext(target, None)
    while left is not None or right is not None:
        if right is None or (left is not None and name(left) < name(right)):
            yield left, None
            left = await anext(source, None)
        elif left is None or name(right) < name(left):
            yield None, right
            right = await anext(target, None)
        else:
            yield left, right
            left, right = await anext(source, None), await anext(target, None)
