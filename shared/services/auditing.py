"""Audit: what happened, written before the effect it allows. A failure to write stops the act.

Whoever watches for what is suspicious sees each event when it stands in the log, and stops nothing (ADR 0032).
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Protocol

from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.errors import RecordExistsError
from shared.domain.ids import OrganisationId, RandomBytes, new_id
from shared.domain.metrics import Counter, Metrics
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock, Records
from shared.domain.principals import SessionHolder, Staff


def log_of(principal: SessionHolder) -> OrganisationId:
    """Whose log tells what the principal did with their own sessions."""
    return principal.organisation if isinstance(principal, Staff) else PLATFORM


class Watcher(Protocol):
    """Sees what was written. Raises nothing."""

    async def see(self, event: AuditEvent, organisation: OrganisationId, *, by: str, ids: Mapping[str, str]) -> None:
        """``event`` stands in the log of the organisation."""
        ...


class Audit:
    """Append-only events per organisation and month. ``watcher`` gives who sees them, if anybody does."""

    def __init__(
        self,
        *,
        records: Records,
        metrics: Metrics,
        clock: Clock,
        random: RandomBytes,
        watcher: Callable[[], Watcher] | None = None,
    ) -> None:
        self._records = records
        self._metrics = metrics
        self._clock = clock
        self._random = random
        self._watcher = watcher

    async def write(self, event: AuditEvent, organisation: OrganisationId, *, by: str, **ids: str) -> None:
        """Record that ``by`` (a reader key, or ``system``) did ``event`` to the things named by ``ids``."""
        now = self._clock()
        place = places.audit(organisation, now, new_id(now, self._random))
        body = {"event": event.value, "at": instant_text(now), "by": by, **ids}
        await self._records.create(place.partition, place.id, body)
        self._metrics.add(Counter.EVENTS, audit=event.value)
        await self._show(event, organisation, by=by, ids=ids)

    async def write_as(
        self,
        event: AuditEvent,
        organisation: OrganisationId,
        event_id: str,
        since: datetime,
        *,
        by: str,
        **ids: str,
    ) -> None:
        """As ``write``, once for each ``event_id``: in the month of ``since``, which all who write it agree on."""
        place = places.audit(organisation, since, event_id)
        with suppress(RecordExistsError):
            body = {"event": event.value, "at": instant_text(self._clock()), "by": by, **ids}
            await self._records.create(place.partition, place.id, body)
            self._metrics.add(Counter.EVENTS, audit=event.value)

    async def write_once_a_minute(self, event: AuditEvent, organisation: OrganisationId, *, by: str) -> None:
        """As ``write`` and in the same time, but one event a minute: for what strangers can repeat without end."""
        now = self._clock()
        new_id(now, self._random)  # Not used: to make one takes longer than all else that ``write`` does of its own.
        place = places.audit(organisation, now, places.minute_id(now, by))
        body = {"event": event.value, "at": instant_text(now), "by": by}
        self._metrics.add(Counter.EVENTS, audit=event.value)  # Each time: how often is what a figure is for.
        with suppress(RecordExistsError):
            await self._records.create(place.partition, place.id, body)
        await self._show(event, organisation, by=by, ids={})

    async def _show(self, event: AuditEvent, organisation: OrganisationId, *, by: str, ids: Mapping[str, str]) -> None:
        if self._watcher is not None:
            await self._watcher().see(event, organisation, by=by, ids=ids)
