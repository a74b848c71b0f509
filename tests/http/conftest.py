"""The application on memory adapters, fresh for every test."""

from collections.abc import AsyncIterator

import pytest

from tests.support import wire


@pytest.fixture
async def world() -> AsyncIterator[wire.World]:
    """One organisation with one unit."""
    async with wire.world() as made:
        yield made
