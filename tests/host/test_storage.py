"""Connections become clients: by connection string, by identity, or not at all."""

from collections.abc import AsyncIterator

import pytest

from local.host.errors import HostError
from local.host.storage import Storage

STRING = "DefaultEndpointsProtocol=http;AccountName=a;AccountKey=c2VjcmV0;QueueEndpoint=http://127.0.0.1:1/a"


@pytest.fixture
async def storage() -> AsyncIterator[Storage]:
    made = Storage(
        {
            "BY_STRING": STRING,
            "AzureWebJobsBY_PREFIX": STRING,
            "BY_URI__queueServiceUri": "https://one.queue.core.windows.net",
            "BY_URI__blobServiceUri": "https://one.blob.core.windows.net",
            "BY_ACCOUNT__accountName": "two",
            "BY_ACCOUNT__clientId": "11111111-1111-4111-8111-111111111111",
            "WRONG": "AccountKey-c2VjcmV0",
        }
    )
    yield made
    await made.close()


@pytest.mark.parametrize(
    ("connection", "expected"),
    [
        ("BY_STRING", "http://127.0.0.1:1/a/"),
        ("BY_PREFIX", "http://127.0.0.1:1/a/"),
        ("BY_URI", "https://one.queue.core.windows.net/"),
        ("BY_ACCOUNT", "https://two.queue.core.windows.net/"),
    ],
)
async def test_a_connection_leads_to_its_queue_service(storage: Storage, connection: str, expected: str) -> None:
    """The forms that the real host knows; those of a managed identity are what production sets."""
    assert expected == (await storage.queues(connection)).url


async def test_a_connection_leads_to_its_blob_service(storage: Storage) -> None:
    """Its address is a setting of its own."""
    assert (await storage.blobs("BY_URI")).url == "https://one.blob.core.windows.net/"


@pytest.mark.parametrize(("connection", "reason"), [("NONE", "NONE is not set"), ("WRONG", "not a connection string")])
async def test_a_connection_that_leads_nowhere_is_refused(storage: Storage, connection: str, reason: str) -> None:
    """By name; the value may hold a key."""
    with pytest.raises(HostError, match=reason) as caught:
        await storage.queues(connection)
    assert "c2VjcmV0" not in str(caught.value)
