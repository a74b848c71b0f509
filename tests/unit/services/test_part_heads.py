"""Heads of parts are kept for the next range: few, and one that does not fit costs one more read."""

import os

import pytest

from shared.crypto.ranges import HEAD_BYTES
from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import IntegrityError, NotFoundError
from shared.services.part_heads import HEADS, PartHeads
from shared.services.part_reading import READ_AHEAD
from shared.services.part_room import PLACES
from shared.services.part_writing import STAGED_AT_ONCE
from shared.services.retrieving import FetchableFile
from tests.support.scene import Scene
from tests.unit.services.test_part_reading import Counted, a_file

CONTENT = [os.urandom(100_000), os.urandom(100_000)]
SECOND_PART = len(CONTENT[0])


async def a_fetchable_file(scene: Scene) -> tuple[FetchableFile, Counted]:
    file = await a_file(scene, *CONTENT)
    instance, blobs = scene.instance(), Counted(scene)
    vars(instance)["blobs"] = blobs
    return await instance.retrieving.fetch(*file), blobs


async def read(found: FetchableFile, start: int, end: int) -> bytes:
    return b"".join([bytes(piece) async for piece in found.read(ByteRange(start=start, end=end))])


async def test_the_next_range_of_a_part_needs_one_read(scene: Scene) -> None:
    """The first one asks for the head beside its chunks; parts do not share theirs."""
    found, blobs = await a_fetchable_file(scene)
    start = SECOND_PART + 50_000
    assert await read(found, start, start + 10) == CONTENT[1][50_000:50_010]
    assert len(blobs.read_at) == 2
    for at in (start + 20_000, start + 40_000, start):
        blobs.read_at.clear()
        assert await read(found, at, at + 10) == CONTENT[1][at - SECOND_PART :][:10]
        ((_, length),) = blobs.read_at
        assert length != HEAD_BYTES
    blobs.read_at.clear()
    assert await read(found, 50_000, 50_010) == CONTENT[0][50_000:50_010]
    assert len(blobs.read_at) == 2


async def test_a_range_at_the_beginning_brings_the_head_along(scene: Scene) -> None:
    found, blobs = await a_fetchable_file(scene)
    await read(found, 0, 10)
    await read(found, 50_000, 50_010)
    assert len(blobs.read_at) == 2


@pytest.mark.parametrize("start", [SECOND_PART, SECOND_PART + 50_000])
async def test_what_the_store_has_counts(scene: Scene, start: int) -> None:
    """A head that is kept and does not fit costs one more read, not the file."""
    found, _ = await a_fetchable_file(scene)
    await read(found, start, start + 10)
    (place,) = [place for place in HEADS._heads if place[0] in scene.blob_names()]
    head = HEADS.get(*place)
    HEADS.keep(*place, bytes(HEAD_BYTES))
    assert await read(found, start, start + 10) == CONTENT[1][start - SECOND_PART :][:10]
    assert HEADS.get(*place) == head


async def test_a_damaged_part_is_refused_with_the_head_known(scene: Scene) -> None:
    """As is one that is gone: knowing the head opens nothing."""
    found, _ = await a_fetchable_file(scene)
    start = SECOND_PART + 50_000
    await read(found, start, start + 10)
    blobs = scene.container.blobs
    (name,) = blobs._content
    blobs._content[name] = blobs._content[name][:-40_000] + os.urandom(40_000)
    with pytest.raises(IntegrityError):
        await read(found, SECOND_PART + 90_000, SECOND_PART + 90_001)
    await blobs.delete(name)
    with pytest.raises(NotFoundError):
        await read(found, start, start + 10)


async def test_a_head_that_is_known_is_not_asked_for_again(scene: Scene) -> None:
    """Not even where the store has spoilt it since: the chunks are verified, and only a fresh process misses it."""
    found, _ = await a_fetchable_file(scene)
    await read(found, 0, 10)
    blobs = scene.container.blobs
    (name,) = blobs._content
    blobs._content[name] = bytes(HEAD_BYTES) + blobs._content[name][HEAD_BYTES:]
    assert await read(found, 50_000, 50_010) == CONTENT[0][50_000:50_010]
    HEADS._heads.clear()
    with pytest.raises(IntegrityError):
        await read(found, 50_000, 50_010)


def test_one_transfer_leaves_room_for_another() -> None:
    """An upload keeps its places until its end: with all of them, every other transfer would go part by part."""
    assert max(STAGED_AT_ONCE - 1, READ_AHEAD) < PLACES


def test_those_used_longest_ago_are_forgotten() -> None:
    heads = PartHeads(2)
    heads.keep("a", 0, b"a")
    heads.keep("a", 1, b"b")
    assert heads.get("a", 0) == b"a"
    heads.keep("b", 0, b"c")
    assert (heads.get("a", 0), heads.get("a", 1), heads.get("b", 0)) == (b"a", None, b"c")
    heads.keep("b", 0, b"d")
    assert (heads.get("a", 0), heads.get("b", 0)) == (b"a", b"d")
