"""What every contract needs of the loop that it runs in."""

import asyncio
from collections.abc import AsyncIterator

import pytest


@pytest.fixture(autouse=True)
async def connections_end() -> AsyncIterator[None]:
    """A client that is closed ends its connections in the loop's next turns: whoever takes the loop away leaves sockets."""
    yield
    for _ in range(3):
        await asyncio.sleep(0)
