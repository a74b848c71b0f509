"""Clients of Azure Storage for the connections of an app, by connection string or by DefaultAzureCredential.

`NAME__clientId` chooses a user-assigned identity.
"""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.host.connections import connection_string, identity_address
from local.host.errors import HostError

# The listeners go on for ever and wait longer each time; the SDK's own patience would only hide that storage is away.
_CLIENT_OPTIONS: dict[str, Any] = {"retry_total": 2, "retry_read": 1, "connection_timeout": 5, "read_timeout": 30}


class Storage:
    """Makes clients and closes them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._open = AsyncExitStack()
        self._queues: dict[str, QueueServiceClient] = {}

    async def queues(self, connection: str) -> QueueServiceClient:
        """The queue service behind a connection; one client for each connection.

        Raises:
            HostError: The connection is not set, or is no connection.
        """
        if connection not in self._queues:
            text = connection_string(self._environment, connection)
            if text is None:
                address = self._address(connection, "queue")
                client = QueueServiceClient(address, await self._credential(connection), **_CLIENT_OPTIONS)
            else:
                try:
                    client = QueueServiceClient.from_connection_string(text, **_CLIENT_OPTIONS)
                except ValueError:
                    raise HostError(f"the setting {connection} is not a connection string") from None
            self._queues[connection] = await self._open.enter_async_context(client)
        return self._queues[connection]

    async def blobs(self, connection: str) -> BlobServiceClient:
        """The blob service behind a connection.

        Raises:
            HostError: The connection is not set, or is no connection.
        """
        text = connection_string(self._environment, connection)
        if text is None:
            address = self._address(connection, "blob")
            client = BlobServiceClient(address, await self._credential(connection), **_CLIENT_OPTIONS)
        else:
            try:
                client = BlobServiceClient.from_connection_string(text, **_CLIENT_OPTIONS)
            except ValueError:
                raise HostError(f"the setting {connection} is not a connection string") from None
        return await self._open.enter_async_context(client)

    async def close(self) -> None:
        """Close every client and credential."""
        await self._open.aclose()

    def _address(self, connection: str, service: str) -> str:
        address = identity_address(self._environment, connection, service)
        if address is None:
            raise HostError(f"the connection {connection} is not set")
        return address

    async def _credential(self, connection: str) -> AsyncTokenCredential:
        client_id = self._environment.get(f"{connection}__clientId")
        credential = DefaultAzureCredential(managed_identity_client_id=client_id)
        return await self._open.enter_async_context(credential)
