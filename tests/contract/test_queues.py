"""What ``Queues`` promises, on every adapter."""

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from uuid import uuid4

import pytest
from azure.storage.queue.aio import QueueClient

from local.azurite import Azurite
from shared.adapters.memory_queues import MemoryQueues
from shared.adapters.storage_queues import StorageQueues
from shared.domain.errors import DependencyError

LIMIT_BYTES = 32 * 1024
ENVELOPE_BYTES = len('{"id":""}')


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """An adapter, its one queue, and how the Functions host would receive from it."""

    queues: MemoryQueues | StorageQueues
    queue: str
    receive: Callable[[], Awaitable[list[Mapping[str, str]]]]


@pytest.fixture(params=["memory", "azurite"])
async def case(request: pytest.FixtureRequest) -> AsyncIterator[Case]:
    name = f"q{uuid4().hex}"
    if request.param == "memory":
        memory = MemoryQueues([name])

        async def take() -> list[Mapping[str, str]]:
            visible = [entry for entry in memory.queued if entry.delay_seconds == 0]
            memory.queued = [entry for entry in memory.queued if entry.delay_seconds > 0]
            return [entry.message for entry in visible]

        yield Case(queues=memory, queue=name, receive=take)
        return
    connection_string = connection_string_of(request.getfixturevalue("azurite"))
    adapter = StorageQueues(connection_string=connection_string)
    await adapter.ensure([name])
    async with QueueClient.from_connection_string(connection_string, name) as client:

        async def receive() -> list[Mapping[str, str]]:
            return [
                json.loads(base64.b64decode(message.content, validate=True))
                async for message in client.receive_messages()
            ]

        yield Case(queues=adapter, queue=name, receive=receive)
    await adapter.close()


def connection_string_of(azurite: Azurite) -> str:
    return azurite.connection_string


async def test_a_message_arrives_as_it_was_put(case: Case) -> None:
    """Base64 of JSON: anything else lands in the poison queue of the Functions host at once."""
    message = {"thread": "t1", "message": "m1", "text": 'å"\\<&>\n'}
    await case.queues.put(case.queue, message)
    assert await case.receive() == [message]


async def test_two_messages_are_two(case: Case) -> None:
    """Equal ones are not merged: at least once, in no order."""
    for _ in range(2):
        await case.queues.put(case.queue, {"id": "1"})
    assert await case.receive() == [{"id": "1"}, {"id": "1"}]


async def test_a_delayed_message_is_not_visible_yet(case: Case) -> None:
    """The undo window of a sent message rests on it."""
    await case.queues.put(case.queue, {"id": "later"}, delay_seconds=3600)
    await case.queues.put(case.queue, {"id": "now"})
    assert await case.receive() == [{"id": "now"}]


async def test_the_longest_delay_is_taken(case: Case) -> None:
    """One second less than a message lives."""
    await case.queues.put(case.queue, {"id": "later"}, delay_seconds=7 * 24 * 3600 - 1)
    assert await case.receive() == []


@pytest.mark.parametrize("delay_seconds", [-1, 7 * 24 * 3600])
async def test_an_impossible_delay_is_refused(case: Case, delay_seconds: int) -> None:
    """It is a fault of ours, not of the queue."""
    with pytest.raises(ValueError, match="delay"):
        await case.queues.put(case.queue, {"id": "1"}, delay_seconds=delay_seconds)
    assert await case.receive() == []


async def test_the_longest_message_is_taken_and_one_byte_more_is_refused(case: Case) -> None:
    """The limit counts bytes of JSON, not characters."""
    longest = {"id": "å" * ((LIMIT_BYTES - ENVELOPE_BYTES) // 2) + "x" * ((LIMIT_BYTES - ENVELOPE_BYTES) % 2)}
    await case.queues.put(case.queue, longest)
    assert await case.receive() == [longest]
    with pytest.raises(ValueError, match="too long"):
        await case.queues.put(case.queue, {"id": longest["id"] + "x"})
    assert await case.receive() == []


async def test_a_queue_that_is_not_there_is_a_fault_of_the_dependency(case: Case) -> None:
    """A message that goes nowhere must not look sent."""
    with pytest.raises(DependencyError):
        await case.queues.put("missing", {"id": "1"})


async def test_making_a_queue_again_keeps_its_messages(case: Case) -> None:
    """Every start of a laptop's stack makes them."""
    await case.queues.put(case.queue, {"id": "1"})
    await case.queues.ensure([case.queue])
    assert await case.receive() == [{"id": "1"}]


async def test_taking_empties_one_queue_alone() -> None:
    """What the memory adapter adds for tests of services."""
    memory = MemoryQueues(["a", "b"])
    await memory.put("a", {"id": "1"})
    await memory.put("b", {"id": "2"}, delay_seconds=9)
    assert memory.take("b") == [{"id": "2"}]
    assert memory.take("b") == []
    assert memory.take("a") == [{"id": "1"}]


async def test_it_answers(case: Case) -> None:
    """For the readiness route."""
    await case.queues.ping()
