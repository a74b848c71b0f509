"""The application on memory adapters, fresh for every test."""

from collections.abc import AsyncIterator

import pytest

from shared.domain.principals import Role
from shared.services.administering import NewStaff
from tests.support import world as worlds
from tests.support.every_route import LOGIN, Scene
from tests.support.memory_container import PASSWORD


@pytest.fixture
async def world() -> AsyncIterator[worlds.World]:
    """One organisation with one unit."""
    async with worlds.world() as made:
        yield made


@pytest.fixture
async def scene(world: worlds.World) -> Scene:
    """A thread with a delivered message, a draft and an upload under way; and ``LOGIN``, who can sign in."""
    made = await Scene.of(world)
    new = NewStaff(name="Bo Exempel", mail_address=LOGIN, password=PASSWORD, role=Role.MEMBER, units=(world.unit,))
    await world.container.administering.add_staff(world.organisation, new)
    return made
