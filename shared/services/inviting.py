"""Invitations on the queue, from which the mails are sent."""

from shared.domain.ids import OrganisationId, RandomBytes, StaffId, new_id
from shared.domain.ports import Clock, Queues


class QueuedInvitations:
    """Asks for invitations, by ids alone."""

    def __init__(self, *, queues: Queues, notify_queue: str, clock: Clock, random: RandomBytes) -> None:
        self._queues = queues
        self._notify_queue = notify_queue
        self._clock = clock
        self._random = random

    async def invite(self, organisation: OrganisationId, staff: StaffId) -> None:
        """Ask for the mail. Raises ``DependencyError``."""
        request = new_id(self._clock(), self._random)
        ids = {"organisation": organisation, "staff": staff, "request": request}
        await self._queues.put(self._notify_queue, {"letter": "activation", **ids})
