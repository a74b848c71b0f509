"""Audit: what happened, written before the effect it allows. A failure to write stops the act."""

from contextlib import suppress

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


class Audit:
    """Append-only events per organisation and month."""

    def __init__(self, *, records: Records, metrics: Metrics, clock: Clock, random: RandomBytes) -> None:
        self._records = records
        self._metrics = metrics
        self._clock = clock
        self._random = random

    async def write(self, event: AuditEvent, organisation: OrganisationId, *, by: str, **ids: str) -> None:
        """Record that ``by`` (a reader key, or ``system``) did ``event`` to the things named by ``ids``."""
        now = self._clock()
        place = places.audit(organisation, now, new_id(now, self._random))
        body = {"event": event.value, "at": instant_text(now), "by": by, **ids}
        await self._records.create(place.partition, place.id, body)
        self._metrics.add(Counter.EVENTS, audit=event.value)

    async def write_once_a_minute(self, event: AuditEvent, organisation: OrganisationId, *, by: str) -> None:
        """As ``write`` and in the same time, but one event a minute: for what strangers can repeat without end."""
        now = self._clock()
        place = places.audit(organisation, now, places.minute_id(now, by))
        body = {"event": event.value, "at": instant_text(now), "by": by}
        self._metrics.add(Counter.EVENTS, audit=event.value)  # Each time: how often is what a figure is for.
        with suppress(RecordExistsError):
            await self._records.create(place.partition, place.id, body)
