"""``Queues`` on Azure queue storage."""

from collections.abc import Mapping, Sequence
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import ResourceExistsError
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from shared.adapters.connections import Connections
from shared.adapters.queue_messages import written
from shared.adapters.retries import BUDGET_SECONDS, StorageRetries, dependable

CONNECTIONS = 8
"""Messages are small and rare beside content."""


class StorageQueues:
    """All queues of one account. Either ``connection_string``, or ``account_url`` with ``credential``."""

    def __init__(
        self,
        *,
        connection_string: str | None = None,
        account_url: str | None = None,
        credential: AsyncTokenCredential | None = None,
        budget_seconds: float = BUDGET_SECONDS,
    ) -> None:
        options: dict[str, Any] = {
            "transport": Connections(limit=CONNECTIONS),
            "retry_policy": StorageRetries(budget_seconds=budget_seconds),
        }
        if connection_string is not None:
            self._service = QueueServiceClient.from_connection_string(connection_string, **options)
        elif account_url is not None:
            self._service = QueueServiceClient(account_url, credential=credential, **options)
        else:
            raise ValueError("connection_string or account_url")
        self._budget_seconds = budget_seconds
        self._clients: dict[str, QueueClient] = {}

    async def ensure(self, queues: Sequence[str]) -> None:
        """Make the queues that are not there. For laptops and tests; in Azure the infrastructure makes them."""
        async with dependable(self._budget_seconds):
            for queue in queues:
                try:
                    await self._queue(queue).create_queue()
                except ResourceExistsError:
                    continue

    async def close(self) -> None:
        """Close all connections."""
        await self._service.close()

    async def put(self, queue: str, message: Mapping[str, str], *, delay_seconds: int = 0) -> None:
        text = written(message, delay_seconds)
        async with dependable(self._budget_seconds):
            await self._queue(queue).send_message(text, visibility_timeout=delay_seconds)

    async def ping(self) -> None:
        async with dependable(self._budget_seconds):
            # Listing is what the role of a sender and reader of messages allows; service properties are not.
            async for _ in self._service.list_queues(results_per_page=1):
                return

    def _queue(self, queue: str) -> QueueClient:
        if queue not in self._clients:
            self._clients[queue] = self._service.get_queue_client(queue, message_encode_policy=TextBase64EncodePolicy())
        return self._clients[queue]
