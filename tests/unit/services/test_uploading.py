"""Uploads: who may begin one, where its bytes may go, and when the file is there."""

import hashlib
import os
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.domain.errors import (
    ConflictError,
    DependencyError,
    InvalidInputError,
    NotFoundError,
    PicError,
    TooLargeError,
)
from shared.domain.ids import MessageId, ThreadId, UploadId
from shared.domain.upload_rule import UploadState
from shared.services.attaching import MAX_FILES
from shared.services.uploading import NewUpload
from tests.support.scene import OTHER_PERSON, TOLVAN, Scene, append, appending, new_upload, pieces
from tests.support.taps import Tap, TappedBlobs, meetings

CONTENT = bytes(range(256)) * 40
PART = 8 * 1024 * 1024


@pytest.mark.parametrize("size", [0, 1, 16_383, 16_384, 16_385, PART - 1, PART, PART + 1])
async def test_a_file_is_stored_as_it_came(scene: Scene, size: int) -> None:
    """At sizes around chunks and parts; the manifest tells name, length and digest of the plaintext."""
    content = os.urandom(size)
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    file = await scene.upload(staff, thread, message, content)
    found = await scene.container.retrieving.fetch(staff, thread, message, file)
    assert found.manifest.sha256 == hashlib.sha256(content).digest()
    assert (found.manifest.name, found.manifest.total_length) == ("beslut.pdf", size)
    assert await scene.content(staff, thread, message, file) == content


async def test_parts_follow_the_requests(scene: Scene) -> None:
    """Each request ends its part, so nothing of it has to be kept in memory for the next."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 10)
    states: list[tuple[int, UploadState]] = []
    for offset, data in ((0, b"abc"), (3, b""), (3, b"defg"), (7, b"hij")):
        grown = await append(scene.container, staff, upload.upload, offset, data)
        states.append((grown.progress.offset, grown.progress.state))
    assert states == [
        (3, UploadState.OPEN),
        (3, UploadState.OPEN),
        (7, UploadState.OPEN),
        (10, UploadState.STORED),
    ]
    assert await scene.content(staff, thread, message, upload.file) == b"abcdefghij"


@pytest.mark.parametrize("offset", [1, 2, 4, 10, 11])
async def test_another_offset_is_a_conflict_and_takes_nothing(scene: Scene, offset: int) -> None:
    """The stored offset decides; the body is not even read."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 10)
    await append(scene.container, staff, upload.upload, 0, b"abc")
    with pytest.raises(ConflictError):
        await append(scene.container, staff, upload.upload, offset, AssertionError("read"))
    found = await scene.container.uploading.find(staff, upload.upload)
    assert found.progress.offset == 3


async def test_a_repeated_last_request_changes_nothing(scene: Scene) -> None:
    """The answer to the last byte may be lost; asking and sending nothing more are both fine, sending again is not."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    await append(scene.container, staff, upload.upload, 0, b"abc")
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.state is UploadState.STORED
    assert (await append(scene.container, staff, upload.upload, 3, b"")).progress.state is UploadState.STORED
    with pytest.raises(ConflictError):
        await append(scene.container, staff, upload.upload, 0, b"xyz")
    assert await scene.content(staff, thread, message, upload.file) == b"abc"


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"length": -1}, InvalidInputError),
        ({"length": 64 * 1024 * 1024 + 1}, TooLargeError),
        ({"name": "../x"}, InvalidInputError),
        ({"media_type": "x"}, InvalidInputError),
        ({"thread": ThreadId("0" * 26)}, NotFoundError),
        ({"message": MessageId("0" * 26)}, NotFoundError),
        ({"thread": ThreadId("../x")}, NotFoundError),
        ({"message": MessageId("a|b")}, NotFoundError),
    ],
)
async def test_a_bad_beginning_leaves_nothing(scene: Scene, change: dict[str, object], fault: type[PicError]) -> None:
    """Refused before anything is written."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    before = scene.bodies()
    wanted: dict[str, object] = {"thread": thread, "message": message, "name": "a", "media_type": "a/b", "length": 1}
    with pytest.raises(fault):
        await scene.container.uploading.begin(staff, NewUpload(**{**wanted, **change}))  # type: ignore[arg-type]
    assert scene.bodies() == before


async def test_files_are_for_drafts_of_ones_own_side(scene: Scene) -> None:
    """Nobody adds to what was sent, nor to a message of the other side."""
    staff, person = await scene.staff(), scene.person()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    with pytest.raises(NotFoundError):
        await scene.begin(person, thread, message, 1)
    await scene.send(staff, thread, message)
    with pytest.raises(ConflictError):
        await scene.begin(staff, thread, message, 1)
    with pytest.raises(NotFoundError):
        await scene.begin(person, thread, message, 1)
    reply = await scene.draft(person, thread)
    with pytest.raises(NotFoundError):
        await scene.begin(staff, thread, reply, 1)
    await scene.upload(person, thread, reply, b"x")


async def test_only_who_began_an_upload_goes_on(scene: Scene) -> None:
    """Not even a colleague, and certainly no other person: for them it is not there."""
    staff, colleague = await scene.staff(), await scene.staff()
    thread = await scene.thread(staff, TOLVAN, OTHER_PERSON)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    for stranger in (colleague, scene.person(), scene.person(OTHER_PERSON)):
        for attempt in (
            scene.container.uploading.find(stranger, upload.upload),
            append(scene.container, stranger, upload.upload, 0, b"abc"),
            scene.container.uploading.cancel(stranger, upload.upload),
        ):
            with pytest.raises(NotFoundError):
                await attempt
    for name in ("0" * 26, "", "../x", "a|b"):
        with pytest.raises(NotFoundError):
            await scene.container.uploading.find(staff, UploadId(name))


async def test_who_left_the_unit_cannot_go_on(scene: Scene) -> None:
    """A change of units works at once, for uploads that had begun too."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    elsewhere = type(staff)(
        organisation=staff.organisation, staff=staff.staff, role=staff.role, units=frozenset(), name=staff.name
    )
    for attempt in (
        scene.container.uploading.find(elsewhere, upload.upload),
        append(scene.container, elsewhere, upload.upload, 0, b"abc"),
        scene.container.uploading.cancel(elsewhere, upload.upload),
    ):
        with pytest.raises(NotFoundError):
            await attempt
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.offset == 0


@pytest.mark.parametrize(("declared", "sent"), [(4, b""), (None, b"abcd"), (3, b"abcd")])
async def test_more_than_announced_is_refused(scene: Scene, declared: int | None, sent: bytes) -> None:
    """By the header if it tells, by counting if it does not; the file never grows past its length."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    with pytest.raises(TooLargeError) as refused:
        await scene.container.uploading.append(staff, upload.upload, appending(0, declared=declared), pieces(sent))
    assert refused.value.limit_bytes == 3
    assert (await append(scene.container, staff, upload.upload, 0, b"abc")).progress.state is UploadState.STORED


async def test_an_upload_ends_with_its_week_or_its_message(scene: Scene) -> None:
    """At the instant itself, to the microsecond; nothing of it can be told from never having been."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    long, short = await scene.draft(staff, thread), await scene.draft(staff, thread, retention_days=1)
    begun = scene.container.clock.now
    for message, days in ((long, 7), (short, 1)):
        upload = await scene.begin(staff, thread, message, 3)
        end = begun + timedelta(days=days)
        assert upload.progress.expires_at == end
        scene.container.clock.now = end - timedelta(microseconds=1)
        await scene.container.uploading.find(staff, upload.upload)
        scene.container.clock.now = end
        for attempt in (
            scene.container.uploading.find(staff, upload.upload),
            append(scene.container, staff, upload.upload, 0, b"abc"),
            scene.container.uploading.cancel(staff, upload.upload),
        ):
            with pytest.raises(NotFoundError):
                await attempt
        scene.container.clock.now = begun


async def test_a_message_takes_so_many_files(scene: Scene) -> None:
    """A limit, so that one message cannot fill the store's index."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    for _ in range(MAX_FILES):
        await scene.begin(staff, thread, message, 1)
    with pytest.raises(InvalidInputError) as refused:
        await scene.begin(staff, thread, message, 1)
    assert refused.value.rule == "files"


@pytest.mark.parametrize("arrived", [b"", b"ab", b"abc"])
async def test_a_cancelled_upload_leaves_nothing(scene: Scene, arrived: bytes) -> None:
    """Key, bytes and records; a stored file is taken out of the draft the same way."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    await append(scene.container, staff, upload.upload, 0, arrived)
    await scene.container.uploading.cancel(staff, upload.upload)
    assert scene.bodies("upload|") == {}
    assert not [at for at in scene.bodies("thread|") if at.id.startswith("file|")]
    with pytest.raises(NotFoundError):
        await scene.container.uploading.find(staff, upload.upload)
    await scene.send(staff, thread, message)
    assert scene.blob_names() == set()


async def test_what_was_sent_cannot_be_changed(scene: Scene) -> None:
    """The upload's record outlives the sending; the file is the message's."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    await append(scene.container, staff, upload.upload, 0, b"abc")
    await scene.send(staff, thread, message)
    for attempt in (
        scene.container.uploading.cancel(staff, upload.upload),
        append(scene.container, staff, upload.upload, 3, b""),
    ):
        with pytest.raises(ConflictError):
            await attempt
    assert await scene.content(scene.person(), thread, message, upload.file) == b"abc"


async def test_parallel_uploads_to_one_draft_do_not_disturb_each_other(scene: Scene) -> None:
    """Browsers begin several files at once; each of them is taken."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)

    async def one_more() -> None:
        await scene.upload(staff, thread, message, b"first")

    for tap in meetings(one_more):
        other = scene.instance(tap)
        upload = await other.uploading.begin(staff, new_upload(thread, message, 6))
        await append(other, staff, upload.upload, 0, b"second")
        assert await scene.content(staff, thread, message, upload.file) == b"second"
    await scene.send(staff, thread, message)


async def test_a_store_that_fails_stops_the_sender_soon(scene: Scene) -> None:
    """Gigabytes must not be read for a store that is down."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 8 * PART)
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(64):
            read += 1
            yield bytes(PART // 8)

    async def down() -> None:
        raise DependencyError

    tap = Tap(at=1, act=down)
    broken = scene.instance(Tap())
    broken.blobs = TappedBlobs(scene.container.blobs, tap)
    with pytest.raises(DependencyError):
        await broken.uploading.append(staff, upload.upload, appending(0), body())
    assert read < 64
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.offset == 0
