"""What ``Archive`` promises, on every adapter: a blob is written once and whole."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from local.azurite import Azurite
from shared.adapters.block_blobs import BlockBlobs
from shared.adapters.memory_blobs import MemoryBlobs
from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.ports import Archive


@pytest.fixture(params=["memory", "azurite"])
async def archive(request: pytest.FixtureRequest) -> AsyncIterator[Archive]:
    if request.param == "memory":
        yield MemoryBlobs()
        return
    azurite: Azurite = request.getfixturevalue("azurite")
    adapter = BlockBlobs(connection_string=azurite.connection_string, container=f"c{uuid4().hex}")
    await adapter.ensure()
    yield adapter
    await adapter.close()


async def names(archive: Archive, prefix: str) -> list[str]:
    return [name async for name in archive.list(prefix)]


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 20_000])
async def test_what_was_created_is_read(archive: Archive, content: bytes) -> None:
    """Empty, small, and larger than what goes in one packet."""
    await archive.create("log/1", content)
    assert await archive.read("log/1", 0, 64 * 1024 * 1024) == content


async def test_nothing_is_written_over(archive: Archive) -> None:
    """The second is told, and the first stays: also when it is the same, and when it is empty."""
    for name, first in (("log/1", b"first"), ("log/2", b"")):
        await archive.create(name, first)
        for again in (b"second", first):
            with pytest.raises(ConflictError):
                await archive.create(name, again)
        assert await archive.read(name, 0, 100) == first


async def test_of_many_at_once_one_creates(archive: Archive) -> None:
    """A number of the chain can be taken once."""
    contents = [f"{number}".encode() for number in range(8)]
    results = await asyncio.gather(*(archive.create("log/1", content) for content in contents), return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert {type(result) for result in results if result is not None} == {ConflictError}
    assert await archive.read("log/1", 0, 100) == contents[results.index(None)]


async def test_names_are_listed_by_prefix_in_order(archive: Archive) -> None:
    """The last one tells where a chain ends."""
    for name in ("b/2", "a/1", "b/1", "b/10"):
        await archive.create(name, b"x")
    assert await names(archive, "b/") == ["b/1", "b/10", "b/2"]
    assert await names(archive, "c/") == []


async def test_what_is_not_there_is_not_found(archive: Archive) -> None:
    """And is no empty blob."""
    with pytest.raises(NotFoundError):
        await archive.read("log/1", 0, 1)


@pytest.mark.parametrize("name", ["", "a b", "a/../b", "/a", "a//b", "å", "a" * 256])
async def test_a_name_outside_the_contract_is_refused(archive: Archive, name: str) -> None:
    """Before anything is asked."""
    with pytest.raises(ValueError, match="blob name"):
        await archive.create(name, b"x")
