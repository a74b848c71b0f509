"""The application on memory adapters, fresh for every test."""

from collections.abc import AsyncIterator

import pytest

from tests.support import world as worlds


@pytest.fixture
async def world() -> AsyncIterator[worlds.World]:
    """One organisation with one unit."""
    async with worlds.world() as made:
        yield made
