"""One queue function: polls, runs the handler for each message, deletes, retries or moves to the poison queue.

As the Storage extension of the real host does it: at most batchSize messages are asked for, and no more while more than
newBatchThreshold are at work; a message is invisible for ten minutes, renewed at half time while its handler runs; a
handler that succeeds deletes it, one that fails makes it visible after visibilityTimeout, and the failure at
maxDequeueCount moves it to `QUEUE-poison`, as does at once a body that is not base64. An empty queue is asked ever more
rarely, from every 100 ms to maxPollingInterval. A missing queue is made (the real host waits for somebody to make it).
"""

import asyncio
import base64
import random
from binascii import Error as NotBase64Error
from contextlib import suppress

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueServiceClient

from local.host.configuration import QueueSettings
from local.host.functions import Function, QueueTrigger
from local.host.invoking import Invoker
from local.host.logs import error_name, host_log
from local.host.triggered import MessageMetadata, TriggeringMessage

INVISIBLE_SECONDS = 600
SHORTEST_POLL_SECONDS = 0.1

_POISON = "-poison"
_NEVER_EXPIRES = -1


class QueueListener:
    """Works one queue off."""

    def __init__(
        self,
        *,
        function: Function,
        trigger: QueueTrigger,
        service: QueueServiceClient,
        settings: QueueSettings,
        invoker: Invoker,
        invisible_seconds: int = INVISIBLE_SECONDS,
    ) -> None:
        self._function = function
        self._settings = settings
        self._invoker = invoker
        self._invisible_seconds = invisible_seconds
        self._queue = service.get_queue_client(trigger.queue)
        is_poison_queue = trigger.queue.endswith(_POISON)
        self._poison = None if is_poison_queue else service.get_queue_client(trigger.queue + _POISON)
        self._stopping = asyncio.Event()
        self._at_work: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work the queue off until `stop`, then see the messages at work to their end."""
        delay = SHORTEST_POLL_SECONDS
        while not self._stopping.is_set():
            try:
                messages = await self._receive()
            except ResourceNotFoundError:
                await self._create()
                messages = []
            except AzureError as exc:
                host_log.warning("queue of %s: storage failed: %s", self._function.name, error_name(exc))
                messages = []
            for message in messages:
                task = asyncio.create_task(self._process(message))
                self._at_work.add(task)
                task.add_done_callback(self._at_work.discard)
            if messages:
                delay = SHORTEST_POLL_SECONDS
                await self._wait_for_room()
            else:
                await _is_set_within(self._stopping, delay)
                # Hosts that poll in step would ask all at once; the real host spreads them by a fifth as well.
                delay = min(delay * random.uniform(1.6, 2.4), self._settings.max_polling_interval_seconds)  # noqa: S311
        if self._at_work:
            await asyncio.wait(self._at_work)

    def stop(self) -> None:
        """Ask for no more messages; `run` ends with the last one at work."""
        self._stopping.set()

    async def _receive(self) -> list[QueueMessage]:
        batch = self._queue.receive_messages(
            messages_per_page=self._settings.batch_size, visibility_timeout=self._invisible_seconds
        )
        # One page is one request; the pager would go on asking until the queue is empty.
        page = await anext(batch.by_page(), None)
        return [] if page is None else [message async for message in page]

    async def _create(self) -> None:
        try:
            with suppress(ResourceExistsError):
                await self._queue.create_queue()
        except AzureError as exc:
            host_log.warning("queue of %s cannot be made: %s", self._function.name, error_name(exc))

    async def _wait_for_room(self) -> None:
        while len(self._at_work) > self._settings.new_batch_threshold and not self._stopping.is_set():
            await asyncio.wait(self._at_work, return_when=asyncio.FIRST_COMPLETED)

    async def _process(self, message: QueueMessage) -> None:
        try:
            await self._work(message)
        except AzureError as exc:
            # The message is still in the queue and becomes visible again: at least once is what a queue promises.
            host_log.warning("a message of %s was left: %s", self._function.name, error_name(exc))

    async def _work(self, message: QueueMessage) -> None:
        attempt = message.dequeue_count or 1
        if attempt > self._settings.max_dequeue_count:
            await self._move_to_poison(message)
            return
        try:
            body = self._decoded(message.content or "")
        except ValueError:
            host_log.error("a message of %s is not base64", self._function.name)
            await self._move_to_poison(message)
            return
        ended = asyncio.Event()
        renewing = asyncio.create_task(self._renew(message, ended))
        try:
            succeeded = await self._invoker.attempt(self._function, _triggering(message, body))
        finally:
            ended.set()
            # Not cancelled: a renewal on its way may already have replaced the receipt that deleting needs.
            await renewing
        if succeeded:
            await self._queue.delete_message(message.id, message.pop_receipt)
        elif attempt >= self._settings.max_dequeue_count:
            await self._move_to_poison(message)
        else:
            delay = round(self._settings.visibility_timeout_seconds)
            await self._queue.update_message(message.id, message.pop_receipt, visibility_timeout=delay)

    def _decoded(self, content: str) -> bytes:
        if not self._settings.is_base64:
            return content.encode()
        try:
            return base64.b64decode(content, validate=True)
        except NotBase64Error as exc:
            raise ValueError("not base64") from exc

    async def _renew(self, message: QueueMessage, ended: asyncio.Event) -> None:
        while not await _is_set_within(ended, self._invisible_seconds / 2):
            try:
                renewed = await self._queue.update_message(
                    message.id, message.pop_receipt, visibility_timeout=self._invisible_seconds
                )
            except AzureError as exc:
                host_log.warning("a message of %s was not renewed: %s", self._function.name, error_name(exc))
            else:
                message.pop_receipt = renewed.pop_receipt

    async def _move_to_poison(self, message: QueueMessage) -> None:
        if self._poison is None:
            host_log.error("a message of %s failed for good and stays in its queue", self._function.name)
            return
        with suppress(ResourceExistsError):
            await self._poison.create_queue()
        # First copied, then deleted: a crash in between leaves it twice, never not at all.
        await self._poison.send_message(message.content, time_to_live=_NEVER_EXPIRES)
        await self._queue.delete_message(message.id, message.pop_receipt)
        host_log.error("a message of %s was moved to the poison queue", self._function.name)


async def _is_set_within(event: asyncio.Event, seconds: float) -> bool:
    try:
        return await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False


def _triggering(message: QueueMessage, body: bytes) -> TriggeringMessage:
    metadata = MessageMetadata(
        id=message.id,
        dequeue_count=message.dequeue_count or 1,
        pop_receipt=message.pop_receipt or "",
        insertion_time=message.inserted_on,
        expiration_time=message.expires_on,
        time_next_visible=message.next_visible_on,
    )
    return TriggeringMessage(body, metadata)
