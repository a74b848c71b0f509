"""A source and a target in memory, and moves between them."""

import argparse
from dataclasses import dataclass, field, replace

from shared.domain.ids import OrganisationId
from shared.domain.ports import Body
from shared.move_sides import side_of
from shared.operations import move
from shared.services.moving.deployment import Moving
from shared.services.moving.marker import Origin
from shared.services.moving.report import Report
from shared.services.moving.sides import Side
from tests.support.memory_container import MemoryContainer
from tests.support.scene import Scene
from tests.support.taps import Tap, TappedBlobs, TappedKeys, TappedRecords


def tapped(container: MemoryContainer, tap: Tap) -> Side:
    """A side whose every reading and writing goes through ``tap``."""
    side = side_of(container)
    return replace(
        side,
        records=TappedRecords(side.records, tap),
        blobs=TappedBlobs(side.blobs, tap),
        keys=TappedKeys(side.keys, tap),
    )


@dataclass
class Move:
    """A move from the stores of ``source``, which are called ``name``; ``told`` is every line of it."""

    source: Scene
    target: MemoryContainer = field(default_factory=MemoryContainer)
    own_keys: dict[str, str] = field(default_factory=dict)
    name: str = "here"
    told: list[str] = field(default_factory=list)

    def moving(self, source: Tap | None = None, target: Tap | None = None) -> Moving:
        """A run of it, behind taps if they are given."""
        first = self.source.container
        return Moving(
            source=tapped(first, source or Tap()),
            target=tapped(self.target, target or Tap()),
            origin=Origin(source=self.name, checks=move.checks_of(first.settings)),
            clock=first.clock,
            own_keys=self.own_keys,
        )

    async def copy(self) -> Report:
        """One pass."""
        self.target.clock.now = self.source.container.clock.now
        moving = self.moving()
        await moving.begin(move.checks_of(self.target.settings))
        return await moving.copy(self.told.append)

    async def verify(self, *, is_removing: bool = False) -> Report:
        """Compare, and change nothing."""
        return await self.moving().verify(self.told.append, is_removing=is_removing)

    async def final(self) -> Report:
        """The last pass; nothing may be wrong in it."""
        copied, verified = await self.copy(), await self.verify()
        assert (copied.faults, verified.faults, self.told) == (0, 0, [])
        await self.moving().complete(verified)
        return verified

    async def command(self, *words: str) -> int:
        """The command's pass between the two; its exit status."""
        parser = argparse.ArgumentParser()
        move.add_to(parser.add_subparsers())
        options = parser.parse_args(["move", "--target", "none", *words])
        return await move.move(self.source.container, self.target, options)

    def there(self, *, organisation: OrganisationId | None = None) -> Scene:
        """The target as a scene."""
        home = organisation or self.source.organisation
        return Scene(container=self.target, organisation=home, unit=self.source.unit)

    def bodies(self) -> dict[tuple[str, str], tuple[Body | None, Body | None]]:
        """Where source and target differ, the marker left out."""
        ours, theirs = self.source.bodies(), self.there().bodies()
        return {
            (place.partition, place.id): (ours.get(place), theirs.get(place))
            for place in ours.keys() | theirs.keys()
            if ours.get(place) != theirs.get(place) and place.partition != "move"
        }
