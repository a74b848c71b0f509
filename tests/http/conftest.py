"""The application on memory adapters, fresh for every test."""

from collections.abc import AsyncIterator

import pytest

from tests.support import world as worlds
from tests.support.every_route import Scene


@pytest.fixture
async def world() -> AsyncIterator[worlds.World]:
    """One organisation with one unit."""
    async with worlds.world() as made:
        yield made


@pytest.fixture
async def scene(world: worlds.World) -> Scene:
    """A thread with a delivered message, a draft and an upload under way; and ``LOGIN``, who can sign in."""
    return await Scene.of(world)
