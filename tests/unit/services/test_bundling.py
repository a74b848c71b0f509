"""All files of a message as one ZIP: whole, of a length that is known, written while it is read, broken if it must be."""

import asyncio
import io
import os
import stat
import zipfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.crypto.ranges import sealed_length
from shared.domain.errors import IntegrityError, NotFoundError
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.principals import Person, Staff
from shared.services.bundling import Bundle, Entry, bundle_length
from tests.support.scene import Scene, append, new_upload
from tests.support.taps import Tap

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

MIB = 1024 * 1024
PART = 8 * MIB


async def sent(scene: Scene, files: Sequence[tuple[str, bytes]]) -> tuple[Staff, Person, ThreadId, MessageId]:
    """A delivered message with files of these names."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    for name, content in files:
        scene.container.clock.move(seconds=1)  # Ids tell the order, to the millisecond.
        upload = await scene.container.uploading.begin(staff, new_upload(thread, message, len(content), name=name))
        if content:
            await append(scene.container, staff, upload.upload, 0, content)
    await scene.send(staff, thread, message)
    return staff, scene.person(), thread, message


async def read(bundle: Bundle) -> bytes:
    return b"".join([bytes(piece) async for piece in bundle.read()])


async def drain(stream: AsyncGenerator[bytes | bytearray, None], into: bytearray) -> None:
    async for piece in stream:
        into += piece


async def test_every_file_is_there_under_its_name(scene: Scene) -> None:
    """Names in UTF-8 and no two alike, contents as they were sent, the time that of sending, readable as files."""
    files = [("beslut åäö.txt", b"ett"), ("Beslut ÅÄÖ.txt", os.urandom(PART + 5)), ("tom", b""), ("日本.doc", b"fyra")]
    staff, person, thread, message = await sent(scene, files)
    for reader in (person, staff):
        bundle = await scene.container.bundling.bundle(reader, thread, message)
        whole = await read(bundle)
        assert len(whole) == bundle.length
        with zipfile.ZipFile(io.BytesIO(whole)) as found:
            assert found.testzip() is None
            assert found.namelist() == ["beslut åäö.txt", "Beslut ÅÄÖ (2).txt", "tom", "日本.doc"]
            for info, (name, content) in zip(found.infolist(), files, strict=True):
                assert found.read(info) == content
                assert info.compress_type == zipfile.ZIP_STORED
                assert bool(info.flag_bits & 0x800) == (not name.isascii())
                assert stat.S_ISREG(info.external_attr >> 16)
                at = bundle.at
                assert info.date_time == (at.year, at.month, at.day, at.hour, at.minute, at.second // 2 * 2)


async def test_each_file_leaves_its_receipt_when_it_is_released(scene: Scene) -> None:
    """The log says first that somebody began, then each file before it is sent; who leaves early fetched no more."""
    staff, person, thread, message = await sent(scene, [("a", b"1"), ("b", b"2"), ("c", b"3")])

    async def receipts() -> list[FileId | None]:
        return [one.file for one in (await scene.container.retrieving.describe(staff, thread, message)).receipts]

    bundle = await scene.container.bundling.bundle(person, thread, message)
    assert await receipts() == []
    scene.container.clock.move(seconds=1)  # Events of one instant stand in no order.
    stream = bundle.read()
    await anext(stream)
    assert await receipts() == [bundle.entries[0].file]
    await stream.aclose()
    logged = [event["event"] for event in scene.events() if str(event["event"]).startswith("message:file")]
    assert logged == ["message:files:fetch", "message:file:fetch"]
    await read(bundle)
    assert sorted(await receipts(), key=str) == sorted(entry.file for entry in bundle.entries)


async def test_only_who_may_see_the_message_gets_it_and_only_what_is_stored(scene: Scene) -> None:
    """A stranger, a message without files, a draft of the other side: not found. A file on its way is left out."""
    staff, person, thread, message = await sent(scene, [("a", b"1")])
    for reader in (scene.person("199006022397"), await scene.staff(units=())):
        with pytest.raises(NotFoundError):
            await scene.container.bundling.bundle(reader, thread, message)
    draft = await scene.draft(staff, thread)
    await scene.begin(staff, thread, draft, 5)
    with pytest.raises(NotFoundError):
        await scene.container.bundling.bundle(staff, thread, draft)
    await scene.upload(staff, thread, draft, b"hel")
    with pytest.raises(NotFoundError):
        await scene.container.bundling.bundle(person, thread, draft)
    bundle = await scene.container.bundling.bundle(staff, thread, draft)
    assert [entry.length for entry in bundle.entries] == [3]
    assert len(await read(bundle)) == bundle.length


@pytest.mark.parametrize("ending", ["damaged", "gone", "recalled"])
async def test_a_fault_on_the_way_breaks_it_off(scene: Scene, ending: str) -> None:
    """In the second file: what came before was verified, nothing of the directory follows, and the error is told."""
    staff, person, thread, message = await sent(scene, [("a", b"1" * 100), ("b", b"2" * 100)])
    bundle = await scene.container.bundling.bundle(person, thread, message)
    blobs = scene.container.blobs
    (name,) = [name for name in blobs._content if bundle.entries[1].file in name]
    stream, got = bundle.read(), b""
    while b"1" * 100 not in got:
        got += bytes(await anext(stream))
    match ending:
        case "damaged":
            blobs._content[name] = blobs._content[name][:-1] + bytes([blobs._content[name][-1] ^ 1])
        case "gone":
            del blobs._content[name]
        case _:
            await scene.container.retaining.delete_message(staff, thread, message)
    with pytest.raises((IntegrityError, NotFoundError)):
        await drain(stream, into := bytearray())
    got += into
    assert b"2" not in got
    assert b"PK\x01\x02" not in got
    assert b"PK\x05\x06" not in got


async def test_the_first_file_leaves_before_the_last_is_read(scene: Scene) -> None:
    """And a reader who is slow holds the store back: it is never all in memory."""
    _, person, thread, message = await sent(scene, [(f"{n}.bin", os.urandom(100)) for n in range(6)])
    tap = Tap()
    bundle = await scene.instance(tap).bundling.bundle(person, thread, message)
    stream = bundle.read()
    await anext(stream)
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(tap.called("blobs.read")) == 1
    before = asyncio.all_tasks()
    await stream.aclose()
    assert asyncio.all_tasks() <= before


async def test_nothing_is_copied_together(scene: Scene) -> None:
    """A file of three parts leaves in pieces of a part at most: memory follows the parts and not the files."""
    _, person, thread, message = await sent(scene, [("stor", os.urandom(2 * PART + 5)), ("liten", b"x")])
    bundle = await scene.container.bundling.bundle(person, thread, message)
    assert max([len(piece) async for piece in bundle.read()]) <= PART < sealed_length(PART)


class _Counting(io.RawIOBase):
    """A sink that cannot seek and keeps nothing but how much it was given, and the last of it."""

    def __init__(self) -> None:
        self.length = 0
        self.last = b""

    def writable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return False

    def write(self, data: "ReadableBuffer", /) -> int:
        view = memoryview(data)
        self.length += view.nbytes
        self.last = (self.last + bytes(view[-200:]))[-400:]
        return int(view.nbytes)


def written(lengths: Sequence[tuple[str, int]]) -> _Counting:
    """What ``zipfile`` makes of entries of these lengths, with content without meaning."""
    sink, block = _Counting(), bytes(64 * MIB)
    with zipfile.ZipFile(sink, "w") as archive:
        for name, length in lengths:
            with archive.open(zipfile.ZipInfo(name), "w", force_zip64=length > 2**31 - 1) as into:
                left = length
                while left:
                    into.write(block[: min(left, len(block))])
                    left -= min(left, len(block))
    return sink


def entries(lengths: Sequence[tuple[str, int]]) -> list[Entry]:
    return [Entry(file=FileId("0" * 26), name=name, length=length) for name, length in lengths]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text("aå日👩", min_size=1, max_size=20), st.integers(0, 3000)), max_size=20))
def test_the_length_is_known_in_advance(files: list[tuple[str, int]]) -> None:
    """As ``zipfile`` writes it; were it another, every download would break."""
    unlike = [(f"{number}{name}", length) for number, (name, length) in enumerate(files)]
    assert bundle_length(entries(unlike)) == written(unlike).length


def test_what_outgrows_the_old_format_is_zip64() -> None:
    """A file over 2 GiB, and one that begins beyond it: the length is right, and the end is that of ZIP64."""
    files = [("liten", 5), ("stor", 2**31 + 1), ("sist", 7)]
    sink = written(files)
    assert bundle_length(entries(files)) == sink.length
    assert b"PK\x06\x06" in sink.last
    assert b"PK\x06\x07" in sink.last


async def test_who_goes_away_stops_the_reading(scene: Scene) -> None:
    """A cancelled reader stays cancelled, and nothing keeps running."""
    _, person, thread, message = await sent(scene, [("stor", os.urandom(2 * PART)), ("sist", b"x")])
    bundle = await scene.container.bundling.bundle(person, thread, message)
    before = asyncio.all_tasks()

    async def consume() -> None:
        async for _ in bundle.read():
            await asyncio.sleep(0)
            begun.set()
            await asyncio.Event().wait()

    begun = asyncio.Event()
    reader = asyncio.create_task(consume())
    await begun.wait()
    reader.cancel()
    with suppress(asyncio.CancelledError):
        await reader
    for _ in range(10):
        await asyncio.sleep(0)
    assert reader.cancelled()
    assert asyncio.all_tasks() <= before
