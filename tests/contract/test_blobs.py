"""What ``Blobs`` promises, on every adapter."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from uuid import uuid4

import pytest

from local.azurite import ACCOUNT_KEY, Azurite
from shared.adapters.block_blobs import CONNECTIONS, BlockBlobs
from shared.adapters.memory_blobs import MemoryBlobs
from shared.domain.buffers import ALIKE_BYTES
from shared.domain.errors import IntegrityError, NotFoundError
from shared.domain.ports import Blobs

PART_BYTES = 8 * 1024 * 1024


@pytest.fixture(params=["memory", "azurite"])
async def blobs(request: pytest.FixtureRequest) -> AsyncIterator[Blobs]:
    if request.param == "memory":
        yield MemoryBlobs()
        return
    adapter = azure(request.getfixturevalue("azurite"))
    await adapter.ensure()
    yield adapter
    await adapter.close()


def azure(azurite: Azurite, *, connections: int = CONNECTIONS) -> BlockBlobs:
    container = f"c{uuid4().hex}"
    return BlockBlobs(connection_string=azurite.connection_string, container=container, connections=connections)


async def names(blobs: Blobs, prefix: str = "") -> list[str]:
    return [name async for name in blobs.list(prefix)]


async def make(blobs: Blobs, blob: str, *contents: bytes) -> None:
    for index, content in enumerate(contents):
        await blobs.stage(blob, f"{index:05d}", content)
    await blobs.commit(blob, [f"{index:05d}" for index in range(len(contents))])


async def test_a_committed_blob_is_its_blocks_in_order(blobs: Blobs) -> None:
    """The order is that of the commit, not that of staging, which runs in parallel."""
    await blobs.stage("a", "0001", b"second")
    await blobs.stage("a", "0000", b"first-")
    await blobs.commit("a", ["0000", "0001"])
    assert await blobs.read("a", 0, 100) == b"first-second"


@pytest.mark.parametrize(
    ("offset", "length"),
    [(0, 1), (0, 3), (0, 4), (2, 1), (3, 1), (2, 2), (1, 5), (3, 4), (6, 1), (0, 7), (0, 8), (5, 9), (7, 1), (900, 5)],
)
async def test_a_range_is_cut_at_the_byte(blobs: Blobs, offset: int, length: int) -> None:
    """At, before and after the edges of blocks and of the blob; beyond the end there is nothing to read."""
    content = b"abc" + b"defg"
    await make(blobs, "a", b"abc", b"defg")
    assert await blobs.read("a", offset, length) == content[offset : offset + length]


async def test_what_is_staged_is_not_visible(blobs: Blobs) -> None:
    """An upload that is not acknowledged must not be readable."""
    await blobs.stage("a", "0000", b"secret")
    with pytest.raises(NotFoundError):
        await blobs.read("a", 0, 1)


async def test_a_block_staged_again_replaces_the_first(blobs: Blobs) -> None:
    """A repeated request with other bytes leaves one block, the later."""
    await blobs.stage("a", "0000", b"first try, longer")
    await blobs.stage("a", "0000", b"second")
    await blobs.commit("a", ["0000"])
    assert await blobs.read("a", 0, 100) == b"second"


async def test_staging_over_a_committed_block_changes_nothing_until_commit(blobs: Blobs) -> None:
    """The loser of a race stages beside what the winner committed."""
    await make(blobs, "a", b"winner")
    await blobs.stage("a", "00000", b"loser")
    assert await blobs.read("a", 0, 100) == b"winner"


async def test_a_commit_may_be_repeated(blobs: Blobs) -> None:
    """After a lost answer nobody knows whether it took effect."""
    await make(blobs, "a", b"one", b"two")
    await blobs.commit("a", ["00000", "00001"])
    assert await blobs.read("a", 0, 100) == b"onetwo"


async def test_a_commit_drops_what_it_does_not_name(blobs: Blobs) -> None:
    """Blocks of lost races are gone with the commit, committed and staged ones alike."""
    await make(blobs, "a", b"one", b"two")
    await blobs.stage("a", "00002", b"three")
    await blobs.commit("a", ["00001"])
    assert await blobs.read("a", 0, 100) == b"two"
    for dropped in ("00000", "00002"):
        with pytest.raises(NotFoundError):
            await blobs.commit("a", ["00001", dropped])
    assert await blobs.read("a", 0, 100) == b"two"


async def test_a_commit_of_a_block_that_is_nowhere_is_refused(blobs: Blobs) -> None:
    """And what was committed before stays."""
    with pytest.raises(NotFoundError):
        await blobs.commit("never", ["0000"])
    await make(blobs, "a", b"kept")
    with pytest.raises(NotFoundError):
        await blobs.commit("a", ["00000", "00009"])
    assert await blobs.read("a", 0, 100) == b"kept"
    assert await names(blobs) == ["a"]


async def test_the_same_block_may_stand_twice(blobs: Blobs) -> None:
    """The list is taken as it is."""
    await blobs.stage("a", "0000", b"ab")
    await blobs.commit("a", ["0000", "0000"])
    assert await blobs.read("a", 0, 100) == b"abab"


async def test_an_empty_list_makes_an_empty_blob(blobs: Blobs) -> None:
    """An empty file is a file."""
    await blobs.commit("empty", [])
    assert await blobs.read("empty", 0, 1) == b""
    assert await names(blobs) == ["empty"]


async def test_places_of_parts_are_of_one_length(azurite: Azurite) -> None:
    """Large buffers that differ a little leave holes in the heap."""
    blobs = azure(azurite)
    await blobs.ensure()
    await make(blobs, "a", content := os.urandom(PART_BYTES))
    found = await blobs.read("a", 0, PART_BYTES)
    assert found == content
    assert isinstance(found, bytearray)
    assert found.__alloc__() == ALIKE_BYTES + 1  # Python puts a zero behind bytes.
    await blobs.close()


class Taker:
    """Keeps what is handed over, by attempt."""

    def __init__(self) -> None:
        self.attempts: list[list[bytes]] = []

    def begin(self) -> Callable[[bytes], None]:
        self.attempts.append([])
        return self.attempts[-1].append


@pytest.mark.parametrize(("offset", "length"), [(0, 1), (2, 3), (0, 3_000_000), (1, 2_999_998), (2_999_999, 5)])
async def test_a_range_is_handed_over_as_it_comes(blobs: Blobs, offset: int, length: int) -> None:
    """In order, and a long one in pieces."""
    await make(blobs, "a", (content := os.urandom(3_000_000))[:2_000_000], content[2_000_000:])
    taker = Taker()
    await blobs.read_into("a", offset, length, taker.begin)
    (pieces,) = taker.attempts
    assert b"".join(pieces) == content[offset : offset + length]
    assert all(pieces)
    assert len(pieces) > 1 or length < 100_000


async def test_where_nothing_is_nothing_is_handed_over(blobs: Blobs) -> None:
    """Beyond the end, and of what never was: what the store says of it is no content."""
    await make(blobs, "a", b"content")
    taker = Taker()
    await blobs.read_into("a", 900, 5, taker.begin)
    assert len(taker.attempts) == 1
    with pytest.raises(NotFoundError):
        await blobs.read_into("never", 0, 1, taker.begin)
    assert not [piece for pieces in taker.attempts for piece in pieces]
    with pytest.raises(ValueError, match="range"):
        await blobs.read_into("a", 0, 0, taker.begin)


async def test_a_taker_that_refuses_ends_the_read(azurite: Azurite) -> None:
    """At its first word, with its own error, and not once more; the only connection serves the next read."""
    blobs = azure(azurite, connections=1)
    await blobs.ensure()
    await make(blobs, "a", content := os.urandom(3_000_000))
    begun: list[int] = []

    def begin() -> Callable[[bytes], None]:
        begun.append(1)
        return refuse

    def refuse(_: bytes) -> None:
        raise IntegrityError

    for _ in range(3):
        with pytest.raises(IntegrityError):
            await blobs.read_into("a", 0, len(content), begin)
    assert begun == [1, 1, 1]
    assert await blobs.read("a", 0, len(content)) == content
    await blobs.close()


async def test_parts_of_8_mib_come_back_as_they_went(blobs: Blobs) -> None:
    """The real size of a part, from each kind of buffer, read whole, across the edge, and byte by byte."""
    first, second = os.urandom(PART_BYTES), os.urandom(PART_BYTES)
    reused = bytearray(b"head" + second)
    await blobs.stage("a", "0000", first)
    await blobs.stage("a", "0001", memoryview(reused)[4:])
    await blobs.stage("a", "0002", bytearray(b"end"))
    reused[:] = bytes(len(reused))
    await blobs.commit("a", ["0000", "0001", "0002"])
    whole = first + second + b"end"
    assert await blobs.read("a", 0, 2 * len(whole)) == whole
    assert await blobs.read("a", PART_BYTES, PART_BYTES) == second
    assert await blobs.read("a", PART_BYTES - 10, 20) == whole[PART_BYTES - 10 : PART_BYTES + 10]
    for offset in (0, PART_BYTES - 1, PART_BYTES, len(whole) - 1):
        assert await blobs.read("a", offset, 1) == whole[offset : offset + 1]


async def test_reading_what_never_was_is_not_found(blobs: Blobs) -> None:
    """Unlike reading beyond the end of what there is."""
    with pytest.raises(NotFoundError):
        await blobs.read("never", 0, 1)


async def test_a_deleted_blob_is_gone_with_its_blocks(blobs: Blobs) -> None:
    """No byte may come back, neither by reading nor by committing the old list."""
    await make(blobs, "a", b"one")
    await blobs.delete("a")
    with pytest.raises(NotFoundError):
        await blobs.read("a", 0, 1)
    with pytest.raises(NotFoundError):
        await blobs.commit("a", ["00000"])
    assert await names(blobs) == []


async def test_a_merely_staged_blob_can_be_deleted(blobs: Blobs) -> None:
    """An abandoned upload leaves nothing, although Azure knows no such blob."""
    await blobs.stage("a", "0000", b"left behind")
    await blobs.delete("a")
    assert await names(blobs) == []
    with pytest.raises(NotFoundError):
        await blobs.commit("a", ["0000"])
    assert await names(blobs) == []


async def test_blocks_staged_beside_committed_ones_are_deleted_too(blobs: Blobs) -> None:
    """Those of a lost race, which no record names any more."""
    await make(blobs, "a", b"one")
    await blobs.stage("a", "00007", b"left behind")
    await blobs.delete("a")
    assert await names(blobs) == []
    with pytest.raises(NotFoundError):
        await blobs.commit("a", ["00007"])


async def test_deleting_again_or_what_never_was_is_no_error(blobs: Blobs) -> None:
    """A sweep that crashed runs again."""
    await make(blobs, "a", b"one")
    for blob in ("a", "a", "never", "never"):
        await blobs.delete(blob)
    assert await names(blobs) == []


async def test_a_deleted_name_can_be_used_again(blobs: Blobs) -> None:
    """Nothing of the old blob shines through, block ids of another length included."""
    await make(blobs, "a", b"old")
    await blobs.delete("a")
    await blobs.stage("a", "1", b"new")
    await blobs.commit("a", ["1"])
    assert await blobs.read("a", 0, 100) == b"new"


async def test_the_list_holds_committed_and_staged_names_with_the_prefix(blobs: Blobs) -> None:
    """A proof of deletion that overlooked staged blocks would prove nothing."""
    await make(blobs, "o1/t1/a", b"one")
    await blobs.stage("o1/t1/b", "0000", b"staged")
    await make(blobs, "o1/t2/c", b"one")
    await make(blobs, "o2/t1/d", b"one")
    assert sorted(await names(blobs, "o1/")) == ["o1/t1/a", "o1/t1/b", "o1/t2/c"]
    assert sorted(await names(blobs, "o1/t1/b")) == ["o1/t1/b"]
    assert await names(blobs, "o3") == []
    assert len(await names(blobs)) == 4


@pytest.mark.parametrize(
    "blob", ["", "a b", "å", "a/../b", "./a", "a//b", "/a", "a/", "x" * 256, "a?b", "a%2fb", "a\n"]
)
async def test_a_name_outside_the_contract_is_refused(blobs: Blobs, blob: str) -> None:
    """Some of them would be another blob on the wire."""
    with pytest.raises(ValueError, match="blob name"):
        await blobs.stage(blob, "0000", b"x")
    with pytest.raises(ValueError, match="blob name"):
        await blobs.commit(blob, [])
    with pytest.raises(ValueError, match="blob name"):
        await blobs.read(blob, 0, 1)
    with pytest.raises(ValueError, match="blob name"):
        await blobs.delete(blob)


async def test_names_and_ids_of_all_allowed_kinds_work(blobs: Blobs) -> None:
    """At both ends of their lengths."""
    for blob, block in [("x" * 255, "y" * 64), ("aZ0/._-b/..c", "1"), ("a", "/+=?& å")]:
        await blobs.stage(blob, block, b"x")
        await blobs.commit(blob, [block])
        assert await blobs.read(blob, 0, 9) == b"x"


@pytest.mark.parametrize(("block", "data"), [("", b"x"), ("y" * 65, b"x"), ("0000", b"")])
async def test_a_block_outside_the_contract_is_refused(blobs: Blobs, block: str, data: bytes) -> None:
    """Azure has neither empty blocks nor longer ids."""
    with pytest.raises(ValueError, match="block"):
        await blobs.stage("a", block, data)


async def test_block_ids_of_different_length_are_refused(blobs: Blobs) -> None:
    """Azure asks for one length within a blob."""
    with pytest.raises(ValueError, match="block"):
        await blobs.commit("a", ["1", "22"])


@pytest.mark.parametrize(("offset", "length"), [(-1, 1), (0, 0), (0, -1)])
async def test_a_range_that_is_none_is_refused(blobs: Blobs, offset: int, length: int) -> None:
    """Zero bytes cannot be asked for over HTTP; the caller knows the answer."""
    with pytest.raises(ValueError, match="range"):
        await blobs.read("a", offset, length)


async def test_it_answers(blobs: Blobs) -> None:
    """For the readiness route."""
    await blobs.ping()


async def test_a_reader_who_goes_in_mid_body_frees_the_connection() -> None:
    """Else every download that is broken off would hold one of few connections, and soon all downloads would fail."""
    is_in_body, has_hung_up = asyncio.Event(), asyncio.Event()

    async def store(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        length = f"Content-Range: bytes 0-{PART_BYTES - 1}/{PART_BYTES}\r\nContent-Length: {PART_BYTES}"
        head = f'HTTP/1.1 206 Partial Content\r\n{length}\r\nETag: "1"\r\nx-ms-blob-type: BlockBlob\r\n\r\n'
        writer.write(head.encode() + bytes(PART_BYTES - 1))
        await writer.drain()
        is_in_body.set()
        with suppress(ConnectionError):
            await reader.read()
        has_hung_up.set()
        writer.close()

    async with await asyncio.start_server(store, "127.0.0.1", 0) as server:
        account = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/devstoreaccount1"
        key = f"AccountName=devstoreaccount1;AccountKey={ACCOUNT_KEY};BlobEndpoint={account}"
        blobs = BlockBlobs(connection_string=f"DefaultEndpointsProtocol=http;{key}", container="c")
        reading = asyncio.create_task(blobs.read("a", 0, PART_BYTES))
        await is_in_body.wait()
        reading.cancel()
        await asyncio.wait({reading})
        await asyncio.wait_for(has_hung_up.wait(), 10)
        await blobs.close()
