"""``Queues`` in memory, with what a test wants to know."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.adapters.queue_messages import written
from shared.domain.errors import DependencyError


@dataclass(frozen=True, slots=True, kw_only=True)
class Queued:
    """A message as the queue function will receive it."""

    queue: str
    message: Mapping[str, str]
    delay_seconds: int


class MemoryQueues:
    """``queued`` holds what was put and not yet taken, oldest first."""

    def __init__(self, queues: Sequence[str] = ()) -> None:
        self._known = set(queues)
        self.queued: list[Queued] = []

    async def ensure(self, queues: Sequence[str]) -> None:
        """Make the queues that are not there."""
        self._known.update(queues)

    async def close(self) -> None:
        """There is nothing to close."""

    async def put(self, queue: str, message: Mapping[str, str], *, delay_seconds: int = 0) -> None:
        text = written(message, delay_seconds)
        if queue not in self._known:
            raise DependencyError
        self.queued.append(Queued(queue=queue, message=json.loads(text), delay_seconds=delay_seconds))

    async def ping(self) -> None:
        """Always answers."""

    def take(self, queue: str) -> list[Mapping[str, str]]:
        """Remove and return all messages of ``queue``, whatever their delay."""
        taken = [entry.message for entry in self.queued if entry.queue == queue]
        self.queued = [entry for entry in self.queued if entry.queue != queue]
        return taken
