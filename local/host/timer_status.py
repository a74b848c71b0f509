"""What is remembered about a timer between two starts, and what follows from it when the host starts.

Stored as JSON `{"Last", "Next", "LastUpdated"}` in the host storage account, container azure-webjobs-hosts, blob
`timers/{host id}/{function}/status`. A moment that never was is the year 1, as the real host writes it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import BlobClient

from local.host.logs import host_log
from local.host.ncrontab import Schedule

NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerStatus:
    """`last`: the latest run; `next`: the one after it; `last_updated`: the moment that `next` was reckoned from."""

    last: datetime
    next: datetime
    last_updated: datetime

    def as_json(self) -> dict[str, str]:
        """The form that is stored and that a handler sees."""
        return {
            "Last": self.last.isoformat(),
            "Next": self.next.isoformat(),
            "LastUpdated": self.last_updated.isoformat(),
        }

    @classmethod
    def parse(cls, text: bytes) -> "TimerStatus":
        """Read the stored form.

        Raises:
            ValueError: It is not that form.
        """
        try:
            document = json.loads(text)
            last, following, updated = (
                datetime.fromisoformat(document[key]) for key in ("Last", "Next", "LastUpdated")
            )
        except (KeyError, TypeError) as exc:
            raise ValueError("not a timer status") from exc
        if any(moment.tzinfo is None for moment in (last, following, updated)):
            raise ValueError("a timer status without time zone")
        return cls(last=last, next=following, last_updated=updated)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The status to go on with, and whether a run was missed."""

    status: TimerStatus
    is_past_due: bool


def assess(stored: TimerStatus | None, schedule: Schedule, now: datetime) -> Assessment:
    """Decide what a host that starts at `now` (aware UTC) owes to the schedule.

    However many runs were missed, one is owed. A schedule that differs from the one the status was made under owes
    nothing: its next moment is reckoned from `now`, if the changed schedule would already be past.
    """
    if stored is None:
        fresh = TimerStatus(last=NEVER, next=schedule.next_after(now), last_updated=now)
        return Assessment(status=fresh, is_past_due=False)
    origin = stored.last if stored.last != NEVER else stored.last_updated
    expected = schedule.next_after(origin if origin != NEVER else now)
    if stored.next != expected:
        updated = origin
        if expected < now:
            expected, updated = schedule.next_after(now), now
        stored = TimerStatus(last=NEVER, next=expected, last_updated=updated)
    return Assessment(status=stored, is_past_due=stored.next < now)


def after_run(status: TimerStatus, schedule: Schedule, started: datetime, *, is_scheduled: bool) -> TimerStatus:
    """The status once the run that started at that moment has ended.

    A clock that is set back may let a scheduled run seem early; reckoning from its due time keeps it from running twice
    for one moment.
    """
    moment = max(started, status.next) if is_scheduled else started
    return TimerStatus(last=moment, next=schedule.next_after(moment), last_updated=moment)


class StatusBlob:
    """Where the status of one timer is kept."""

    def __init__(self, blob: BlobClient) -> None:
        self._blob = blob

    async def load(self) -> TimerStatus | None:
        """The stored status; None when there is none, or none that can be read."""
        try:
            stream = await self._blob.download_blob()
            return TimerStatus.parse(await stream.readall())
        except ResourceNotFoundError:
            return None
        except ValueError:
            host_log.warning("a timer's stored status cannot be read; it starts afresh")
            return None

    async def save(self, status: TimerStatus) -> None:
        """Replace the stored status."""
        await self._blob.upload_blob(json.dumps(status.as_json()), overwrite=True)
