"""Moving a whole deployment from one pair of stores and its vault to another: in passes, each of which may be killed.

A pass copies what the target lacks. While the source goes on working, each finds less; the last one runs once the
source is stopped, is verified item by item, and ends the move: from then on no run writes to the target.
"""

from collections.abc import Mapping

from shared.domain.ports import Clock
from shared.services.moving.blobs import KIND, BlobMoving
from shared.services.moving.keys import KeyMoving
from shared.services.moving.marker import Marker, Origin
from shared.services.moving.records import RecordMoving
from shared.services.moving.report import Report, Tell
from shared.services.moving.sides import Side


class Moving:
    """One move. ``own_keys`` names for keys in vaults of organisations those that take their place."""

    def __init__(
        self, *, source: Side, target: Side, origin: Origin, clock: Clock, own_keys: Mapping[str, str] | None = None
    ) -> None:
        keys = KeyMoving(source=source, target=target, clock=clock, own_keys=own_keys or {})
        self._marker = Marker(source=source, target=target, origin=origin, clock=clock)
        self._records = RecordMoving(source=source, target=target, keys=keys)
        self._blobs = BlobMoving(source=source, target=target)

    async def begin(self, target_checks: Mapping[str, str]) -> None:
        """Take the target, or take it up again. Before all else. Raises as ``Marker.begin``."""
        await self._marker.begin(target_checks)

    async def resume(self, target_checks: Mapping[str, str]) -> None:
        """Return if the target is this move's. Writes nothing. Raises as ``Marker.resume``."""
        await self._marker.resume(target_checks)

    async def copy(self, tell: Tell) -> Report:
        """One pass. May be killed and repeated."""
        report = Report(tell=tell)
        await self._records.copy(report)
        await self._blobs.copy(report)
        return report

    async def verify(self, tell: Tell, *, is_removing: bool) -> Report:
        """Compare everything. ``is_removing``: a blob with other bytes goes, so that the next pass moves it anew."""
        report = Report(tell=tell)
        await self._records.verify(report)
        await self._blobs.verify(report, is_removing=is_removing)
        return report

    async def complete(self, verified: Report) -> None:
        """End the move after a ``verify`` without faults."""
        assert not verified.faults
        blobs = verified.kinds[KIND].verified
        await self._marker.complete(records=verified.items - blobs, blobs=blobs)
