"""All files of a message as one ZIP: whole, of a length that is known, written while it is read, broken if it must be."""

import asyncio
import io
import os
import stat
import struct
import sys
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from tempfile import TemporaryFile
from typing import Self, cast
from zlib import crc32

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.crypto.ranges import sealed_length
from shared.domain.assurance import Assurance
from shared.domain.byte_ranges import ByteRange
from shared.domain.errors import IntegrityError, NotFoundError
from shared.domain.ids import FileId, MessageId, Subject, ThreadId
from shared.domain.principals import Person, Staff
from shared.services.bundling import Bundle, Entry
from shared.services.retrieving import Retrieving
from tests.support.scene import Scene, append, new_upload
from tests.support.taps import Tap

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


class _Zeros:
    """What a bundle reads from, where contents do not matter: zeros that end in a one, the same part again and again."""

    part = bytes(PART)

    async def fetch(self, *_: object) -> Self:
        return self

    async def read(self, wanted: ByteRange) -> AsyncGenerator[bytes, None]:
        left = wanted.length
        while left > PART:
            yield self.part
            left -= PART
        yield bytes(left - 1) + b"\1" if left else b""


def of_zeros(lengths: Sequence[tuple[str, int]]) -> Bundle:
    """Files of these names and lengths, as one ZIP."""
    any_id = "0" * 26
    return Bundle(
        retrieving=cast("Retrieving", _Zeros()),
        reader=Person(subject=Subject(any_id), name="Tolvan", provider="memory", assurance=Assurance.LOA3),
        place=(ThreadId(any_id), MessageId(any_id)),
        entries=[Entry(file=FileId(any_id), name=name, length=length) for name, length in lengths],
        at=datetime(2026, 1, 2, tzinfo=UTC),
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text("aå日👩", min_size=1, max_size=20), st.integers(0, 3000)), max_size=20))
async def test_the_length_is_known_in_advance(files: list[tuple[str, int]]) -> None:
    """Were it another, every download would break."""
    bundle = of_zeros([(f"{number}{name}", length) for number, (name, length) in enumerate(files)])
    assert len(await read(bundle)) == bundle.length


@pytest.mark.parametrize("length", [2**31 - 1, 2**31, 2**32 + 5])
async def test_what_outgrows_the_old_format_is_zip64(length: int) -> None:
    """Files to both sides of 2 GiB and one over 4, each before one that begins beyond: both can be had, memory is small.

    Holes stand for the zeros in the file it is written to.
    """
    bundle, held = of_zeros([("stor", length), ("sist", 7)]), 0
    with TemporaryFile() as file:
        tracemalloc.start()
        try:
            async for piece in bundle.read():
                held = max(held, sys.getrefcount(_Zeros.part))
                if piece == _Zeros.part:
                    file.seek(PART, os.SEEK_CUR)
                else:
                    file.write(piece)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert file.tell() == bundle.length
        assert peak < 4 * PART  # Nothing is copied together,
        assert held < 20  # and no piece is kept.

        with zipfile.ZipFile(file) as found:
            large, small = found.infolist()
            assert (large.filename, large.file_size, large.compress_size) == ("stor", length, length)
            assert (small.filename, small.file_size, small.compress_size) == ("sist", 7, 7)
            assert found.read(small) == bytes(6) + b"\1"

        checksum = 0
        async for piece in _Zeros().read(ByteRange(start=0, end=length)):
            checksum = crc32(piece, checksum)
        assert checksum == large.CRC

        # What ``zipfile`` does not look at but others do: a header's extra field, and the lengths behind the content.
        is_wide = length > 2**31 - 1
        extra = struct.pack("<HHQQ", 1, 16, 0, 0) if is_wide else b""
        behind = struct.pack("<4sLQQ" if is_wide else "<4sLLL", b"PK\x07\x08", checksum, length, length)
        file.seek(large.header_offset)
        assert file.read(30)[-12:] == struct.pack("<LLHH", *[0xFFFF_FFFF if is_wide else 0] * 2, 4, len(extra))
        assert file.read(4 + len(extra)) == b"stor" + extra
        file.seek(length - 3, os.SEEK_CUR)
        assert file.read(3 + len(behind)) == b"\0\0\1" + behind
        assert file.tell() == small.header_offset
        file.seek(-98, os.SEEK_END)
        assert [file.read(56)[:4], file.read(20)[:4], file.read(22)[:4]] == [b"PK\6\6", b"PK\6\7", b"PK\5\6"]


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
