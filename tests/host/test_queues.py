"""Queue functions through a running host on Azurite."""

import asyncio
import base64
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import azure.functions as func
import httpx
import pytest
from azure.storage.queue import QueueServiceClient
from azure.storage.queue.aio import QueueServiceClient as AsyncQueueServiceClient

from local.azurite import Azurite
from local.host.configuration import QueueSettings
from local.host.functions import Function, QueueTrigger
from local.host.invoking import Invoker
from local.host.queues import QueueListener
from tests.support.toy_host import ToyHost, toy_host, until


@pytest.fixture(scope="module")
def name() -> str:
    return f"toy-{uuid.uuid4().hex[:12]}"


@pytest.fixture(scope="module")
def host(azurite: Azurite, name: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ToyHost]:
    with toy_host(
        "work",
        tmp_path_factory.mktemp("queues"),
        TOY_QUEUE=name,
        TOY_STORAGE=azurite.connection_string,
        TOY_SCHEDULE="0 0 0 1 1 *",
        AzureWebJobsStorage=azurite.connection_string,
    ) as running:
        until(lambda: name in queue_names(azurite))  # A missing queue is made.
        yield running


@pytest.fixture
def service(azurite: Azurite, host: ToyHost) -> Iterator[QueueServiceClient]:
    del host
    with QueueServiceClient.from_connection_string(azurite.connection_string) as made:
        yield made


def queue_names(azurite: Azurite) -> list[str]:
    with QueueServiceClient.from_connection_string(azurite.connection_string) as made:
        return [one.name for one in made.list_queues()]


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def is_empty(service: QueueServiceClient, name: str) -> bool:
    return service.get_queue_client(name).get_queue_properties().approximate_message_count == 0


def seen(host: ToyHost, text: str) -> list[dict[str, Any]]:
    return [one for one in host.noted("work") if one["text"] == text]


def poisoned(service: QueueServiceClient, name: str) -> list[str]:
    return [message.content for message in service.get_queue_client(f"{name}-poison").receive_messages()]


def test_a_message_is_worked_once_with_its_metadata_and_deleted(
    host: ToyHost, service: QueueServiceClient, name: str
) -> None:
    """Success deletes; the metadata are those of the real trigger."""
    sent = service.get_queue_client(name).send_message(encoded("hello å"))

    until(lambda: bool(seen(host, "hello å")) and is_empty(service, name))
    (note,) = seen(host, "hello å")
    assert (sent.id, 1, True) == (note["id"], note["count"], note["receipt"])
    assert all(note["moments"])


def test_a_failing_message_is_tried_five_times_and_then_poisoned(
    host: ToyHost, service: QueueServiceClient, name: str
) -> None:
    """MaxDequeueCount of the real host; the poison queue is an alarm for a person."""
    service.get_queue_client(name).send_message(encoded("fail for good"))

    until(lambda: is_empty(service, name) and len(seen(host, "fail for good")) == 5)
    assert [one["count"] for one in seen(host, "fail for good")] == [1, 2, 3, 4, 5]
    assert [encoded("fail for good")] == poisoned(service, name)
    assert "secret" not in host.log


def test_a_message_that_is_not_base64_is_poisoned_unseen(host: ToyHost, service: QueueServiceClient, name: str) -> None:
    """A producer without the encoding finds its mistake here, as it would in Azure."""
    service.get_queue_client(name).send_message("plain text, not base64")
    service.get_queue_client(name).send_message(encoded("after the plain one"))

    until(lambda: bool(seen(host, "after the plain one")) and is_empty(service, name))
    assert poisoned(service, name) == ["plain text, not base64"]


def test_run_now_with_the_master_key_gives_the_function_a_message(host: ToyHost) -> None:
    """POST /admin/functions/NAME: 202 at once, nothing in the queue."""
    url = f"{host.url}/admin/functions/work"
    statuses = [
        httpx.post(url, json={"input": "by hand"}, headers=host.master).status_code,
        httpx.post(url, json={"input": 7}, headers=host.master).status_code,
        httpx.post(url, content="", headers={**host.master, "content-type": "application/json"}).status_code,
        httpx.post(url, content='{"input": "no type"}', headers=host.master).status_code,
        httpx.post(url, json={"input": "no key"}).status_code,
    ]

    assert statuses == [202, 400, 400, 415, 401]
    until(lambda: bool(seen(host, "by hand")))
    assert not seen(host, "no key")


class Handler:
    """A handler that holds its message for longer than it stays invisible."""

    def __init__(self) -> None:
        self.counts: list[int | None] = []
        self.ended = asyncio.Event()

    async def handle(self, message: func.QueueMessage) -> None:
        self.counts.append(message.dequeue_count)
        await asyncio.sleep(3.2)
        self.ended.set()


@pytest.fixture
async def async_service(azurite: Azurite) -> AsyncIterator[AsyncQueueServiceClient]:
    async with AsyncQueueServiceClient.from_connection_string(azurite.connection_string) as made:
        yield made


async def test_a_message_stays_invisible_while_its_handler_runs(async_service: AsyncQueueServiceClient) -> None:
    """Renewed at half time: a run longer than ten minutes (here 2 s) is not started a second time beside itself."""
    queue = f"toy-{uuid.uuid4().hex[:12]}"
    handler = Handler()
    trigger = QueueTrigger(queue=queue, connection="unused")
    listener = QueueListener(
        function=Function(
            name="long", handler=handler.handle, parameter="message", wants_context=False, trigger=trigger
        ),
        trigger=trigger,
        service=async_service,
        settings=QueueSettings(max_polling_interval_seconds=0.1),
        invoker=Invoker(),
        invisible_seconds=2,
    )
    client = await async_service.create_queue(queue)
    async with client:
        await client.send_message(encoded("long"))
        running = asyncio.create_task(listener.run())
        await asyncio.wait_for(handler.ended.wait(), 10)
        listener.stop()
        await asyncio.wait_for(running, 5)

        assert handler.counts == [1]
        assert (await client.get_queue_properties()).approximate_message_count == 0


def test_sigterm_lets_a_running_message_end(azurite: Azurite, tmp_path: Path) -> None:
    """Drain: the handler comes to its end, the message is deleted, the exit code is 0."""
    name = f"toy-{uuid.uuid4().hex[:12]}"
    environment = {
        "TOY_QUEUE": name,
        "TOY_STORAGE": azurite.connection_string,
        "TOY_SCHEDULE": "0 0 0 1 1 *",
        "AzureWebJobsStorage": azurite.connection_string,
    }
    with (
        QueueServiceClient.from_connection_string(azurite.connection_string) as service,
        toy_host("work", tmp_path, **environment) as host,
    ):
        until(lambda: name in queue_names(azurite))
        service.get_queue_client(name).send_message(encoded("wait for me"))
        until(lambda: bool(seen(host, "wait for me")))

        assert host.stop() == 0
        assert seen(host, "waited")
        assert is_empty(service, name)
