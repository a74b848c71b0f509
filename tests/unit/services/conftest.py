"""The services on memory adapters, fresh for every test."""

import pytest

from tests.support.scene import Scene


@pytest.fixture
async def scene() -> Scene:
    """One organisation with one unit."""
    return await Scene.make()
