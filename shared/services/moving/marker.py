"""What the target knows of the move that fills it: from where, with which peppers, and whether it is complete.

Written before anything else into a target that holds nothing, so that nobody's data is ever taken for the rest of an
earlier run: a pass removes what the source does not have.
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from shared.domain import places
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import InvalidInputError, RecordChangedError, RecordExistsError, RecordNotFoundError
from shared.domain.places import PLATFORM
from shared.domain.ports import Body, Clock, Record
from shared.services.moving.sides import Side

PEPPERS: Final = "peppers"
NOT_EMPTY: Final = "target-not-empty"
OTHER_MOVE: Final = "other-move"
HALF_FILLED: Final = "source-half-filled"
NO_SOURCE: Final = "no-source"
NOT_BEGUN: Final = "not-begun"
COMPLETE: Final = "complete"
"""Why a move is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Which deployment a move comes from: a digest of where its stores are, and check values of its peppers."""

    source: str
    checks: Mapping[str, str]


class Marker:
    """Reads and writes it."""

    def __init__(self, *, source: Side, target: Side, origin: Origin, clock: Clock) -> None:
        self._source = source
        self._target = target
        self._origin = origin
        self._clock = clock

    async def begin(self, target_checks: Mapping[str, str]) -> None:
        """Return if the target is this move's, or holds nothing and becomes so.

        Raises ``InvalidInputError`` with the reason; then nothing has been written.
        """
        await self._check_source(target_checks)
        found = await _read(self._target)
        if found is None:
            if await self._holds_something():
                raise InvalidInputError(NOT_EMPTY)
            found = await self._create()
        self._check(found)

    async def resume(self, target_checks: Mapping[str, str]) -> None:
        """Return if the target is this move's. Writes nothing. Raises as ``begin``."""
        await self._check_source(target_checks)
        found = await _read(self._target)
        if found is None:
            raise InvalidInputError(NOT_BEGUN)
        self._check(found)

    async def _check_source(self, target_checks: Mapping[str, str]) -> None:
        if not _equal(target_checks, self._origin.checks):
            raise InvalidInputError(PEPPERS)
        known = await _read(self._source)
        if known is not None and Fields(known.body).optional_instant("completed_at") is None:
            raise InvalidInputError(HALF_FILLED)
        if not await self._is_a_deployment():
            raise InvalidInputError(NO_SOURCE)

    def _check(self, found: Record) -> None:
        fields = Fields(found.body)
        if fields.text("source") != self._origin.source:
            raise InvalidInputError(OTHER_MOVE)
        if not _equal(_checks(fields), self._origin.checks):
            raise InvalidInputError(PEPPERS)  # They were changed since this move began.
        if fields.optional_instant("completed_at") is not None:
            raise InvalidInputError(COMPLETE)

    async def complete(self, *, records: int, blobs: int) -> None:
        """From here on the target is a deployment of its own, and no run writes to it any more."""
        found = await _read(self._target)
        if found is None:
            raise InvalidInputError(OTHER_MOVE)
        done: Body = {"completed_at": instant_text(self._clock()), "records": records, "blobs": blobs}
        try:
            await self._target.records.replace_if_match(found, {**found.body, **done})
        except RecordChangedError:
            return  # Another run has come to the same end.

    async def _create(self) -> Record:
        place = places.the_move()
        try:
            return await self._target.records.create(place.partition, place.id, self._body(self._clock()))
        except RecordExistsError:
            return await self._target.records.get(place.partition, place.id)

    def _body(self, now: datetime) -> Body:
        return {
            "source": self._origin.source,
            "checks": dict(self._origin.checks),
            "begun_at": instant_text(now),
            "completed_at": None,
        }

    async def _is_a_deployment(self) -> bool:
        """Whether the source has the platform's key. One that lost everything would empty a target half filled."""
        entry = places.organisation_entry(PLATFORM)
        try:
            await self._source.records.get(entry.partition, entry.id)
        except RecordNotFoundError:
            return False
        return True

    async def _holds_something(self) -> bool:
        if await self._target.partitions.partitions():
            return True
        async for _ in self._target.blobs.list(""):
            return True
        return False


async def _read(side: Side) -> Record | None:
    place = places.the_move()
    try:
        return await side.records.get(place.partition, place.id)
    except RecordNotFoundError:
        return None


def _checks(fields: Fields) -> Mapping[str, str]:
    checks = fields.optional_nested("checks")
    return {} if checks is None else {name: checks.text(name) for name in checks.body}


def _equal(ours: Mapping[str, str], theirs: Mapping[str, str]) -> bool:
    names = sorted(ours)
    return names == sorted(theirs) and all(hmac.compare_digest(ours[name], theirs[name]) for name in names)
