"""Reading parts back: only what is asked for, verified before it is released, and nothing left running."""

import asyncio
import gc
import itertools
import os
from collections.abc import AsyncGenerator, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.crypto.ranges import CHUNK_BYTES, HEAD_BYTES
from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import IntegrityError, NotFoundError
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.ports import Taking
from shared.domain.principals import Staff
from shared.services.part_reading import FIRST_BYTES, READ_AHEAD
from tests.support.scene import Scene, append
from tests.support.taps import Tap

PIECE = bytes(range(256)) * 3


async def a_file(scene: Scene, *data: bytes) -> tuple[Staff, ThreadId, MessageId, FileId]:
    """A stored file of as many parts as there are data."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, sum(map(len, data)))
    offset = 0
    for piece in data:
        await append(scene.container, staff, upload.upload, offset, piece)
        offset += len(piece)
    return staff, thread, message, upload.file


async def opened(
    scene: Scene, file: tuple[Staff, ThreadId, MessageId, FileId], start: int, end: int, tap: Tap | None = None
) -> AsyncGenerator[bytes | bytearray, None]:
    """The stream of that range."""
    found = await scene.instance(tap).retrieving.fetch(*file)
    return found.read(ByteRange(start=start, end=end))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.sampled_from([1, 100, 16_384, 16_385, 40_000]), min_size=1, max_size=4), data=st.data())
async def test_any_range_is_what_was_stored(lengths: list[int], data: st.DataObject) -> None:
    """Across parts and chunks, whatever the split."""
    scene = await Scene.make()
    content = [os.urandom(length) for length in lengths]
    file, whole = await a_file(scene, *content), b"".join(content)
    for _ in range(4):
        start = data.draw(st.integers(0, len(whole) - 1))
        end = data.draw(st.integers(start + 1, len(whole)))
        pieces = [bytes(piece) async for piece in await opened(scene, file, start, end)]
        assert b"".join(pieces) == whole[start:end]


async def test_only_what_is_asked_for_is_fetched(scene: Scene) -> None:
    """A byte of a large file costs one chunk and the head of its part, and no other part."""
    content = [os.urandom(1_000_000) for _ in range(3)]
    file = await a_file(scene, *content)
    read: list[int] = []

    class Counted:
        """The blobs, counting bytes."""

        async def read(self, blob: str, offset: int, length: int) -> bytes:
            read.append(length)
            return await scene.container.blobs.read(blob, offset, length)

    instance = scene.instance()
    vars(instance)["blobs"] = Counted()
    found = await instance.retrieving.fetch(*file)
    pieces = [bytes(piece) async for piece in found.read(ByteRange(start=1_500_000, end=1_500_001))]
    assert pieces == [content[1][500_000:500_001]]
    assert sum(read) < 20_000


async def test_a_bounded_run_ahead(scene: Scene) -> None:
    """A reader who is slow holds back the store: memory follows the limit, not the file."""
    file = await a_file(scene, *[PIECE] * 12)
    tap = Tap()
    stream = await opened(scene, file, 0, 12 * len(PIECE), tap)
    for number in range(1, 5):
        await anext(stream)
        for _ in range(20):
            await asyncio.sleep(0)
        assert len(tap.called("blobs.read")) <= number + READ_AHEAD
    await stream.aclose()


class Counted:
    """The blobs, telling where and how much was read."""

    def __init__(self, scene: Scene) -> None:
        self._inner = scene.container.blobs
        self.read_at: list[tuple[int, int]] = []

    async def read(self, blob: str, offset: int, length: int) -> bytes:
        self.read_at.append((offset, length))
        return await self._inner.read(blob, offset, length)

    async def read_into(self, blob: str, offset: int, length: int, begin: Callable[[], Taking]) -> None:
        self.read_at.append((offset, length))
        await self._inner.read_into(blob, offset, length, begin)


@pytest.mark.parametrize("start", [0, 1, 16_384, 40_000])
async def test_the_first_byte_leaves_before_the_second_read(scene: Scene, start: int) -> None:
    """A long read begins with a small piece, which is verified and on its way before more is asked for."""
    content = [os.urandom(3_000_000), os.urandom(2_000_000)]
    file, whole = await a_file(scene, *content), b"".join(content)
    instance, blobs = scene.instance(), Counted(scene)
    vars(instance)["blobs"] = blobs
    found = await instance.retrieving.fetch(*file)
    stream = found.read(ByteRange(start=start, end=len(whole)))
    first = bytes(await anext(stream))
    assert FIRST_BYTES - CHUNK_BYTES < len(first) <= FIRST_BYTES
    assert sum(length for _, length in blobs.read_at) <= FIRST_BYTES * 1.01
    rest = [bytes(piece) async for piece in stream]
    assert first + b"".join(rest) == whole[start:]
    chunks = [read for read in blobs.read_at if read[1] > HEAD_BYTES]
    assert sum(length for _, length in chunks) <= len(whole) * 1.01
    places = sorted(chunks)
    assert all(at + length <= after for (at, length), (after, _) in itertools.pairwise(places))


async def what_arrives(scene: Scene, file: tuple[Staff, ThreadId, MessageId, FileId], *, is_gone: bool) -> list[bytes]:
    """The pieces before the error; nothing holds on to the error afterwards."""
    pieces: list[bytes] = []
    stream = await opened(scene, file, 0, 6 * len(PIECE))
    if is_gone:
        for name in scene.blob_names():
            await scene.container.blobs.delete(name)
    try:
        while True:
            pieces.append(bytes(await anext(stream)))
            for _ in range(5):  # The parts that are read ahead fail as well.
                await asyncio.sleep(0)
    except (NotFoundError, IntegrityError):
        return pieces


@pytest.mark.parametrize("damage", ["flip", "cut", "gone"])
async def test_nothing_damaged_is_released(scene: Scene, damage: str) -> None:
    """What came before was verified; the damaged part raises, and the parts read ahead make no noise."""
    reports: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, report: reports.append(report))
    file = await a_file(scene, *[PIECE] * 6)
    blobs = scene.container.blobs
    (name,) = blobs._content
    sealed = blobs._content[name]
    part = len(sealed) // 6
    match damage:
        case "flip":
            blobs._content[name] = sealed[: part + 70] + bytes([sealed[part + 70] ^ 1]) + sealed[part + 71 :]
        case "cut":
            blobs._content[name] = sealed[: part + 70]
        case _:
            pass
    assert await what_arrives(scene, file, is_gone=damage == "gone") == ([] if damage == "gone" else [PIECE])
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    assert reports == []


async def test_parts_in_another_order_are_refused(scene: Scene) -> None:
    """The place of a part is sealed into it: swapped parts of the same length do not pass."""
    file = await a_file(scene, PIECE, PIECE[::-1])
    blobs = scene.container.blobs
    (name,) = blobs._content
    sealed = blobs._content[name]
    half = len(sealed) // 2
    blobs._content[name] = sealed[half:] + sealed[:half]
    stream = await opened(scene, file, 0, 2 * len(PIECE))
    with pytest.raises(IntegrityError):
        await anext(stream)


class Stuck:
    """Blobs of which only the first part ever arrives."""

    def __init__(self, scene: Scene) -> None:
        self._inner = scene.container.blobs

    async def read(self, blob: str, offset: int, length: int) -> bytes:
        if offset:
            await asyncio.Event().wait()
        return await self._inner.read(blob, offset, length)

    async def read_into(self, blob: str, offset: int, length: int, begin: Callable[[], Taking]) -> None:
        begin()(await self.read(blob, offset, length))


async def test_a_reader_who_leaves_stops_the_producer(scene: Scene) -> None:
    """Nothing keeps running, whether the reader closes or is cancelled; and who is cancelled stays cancelled."""
    file = await a_file(scene, *[PIECE] * 6)
    instance = scene.instance()
    vars(instance)["blobs"] = Stuck(scene)
    before = asyncio.all_tasks()
    for leaves_by_closing in (True, False):
        found = await instance.retrieving.fetch(*file)
        stream = found.read(ByteRange(start=0, end=6 * len(PIECE)))
        assert bytes(await anext(stream)) == PIECE
        assert len(asyncio.all_tasks() - before) == READ_AHEAD
        if leaves_by_closing:
            await stream.aclose()
        else:
            reader = asyncio.ensure_future(anext(stream))
            for _ in range(3):
                await asyncio.sleep(0)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
        assert asyncio.all_tasks() == before
