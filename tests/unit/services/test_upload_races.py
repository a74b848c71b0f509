"""Two requests at once, with the second coming in at every call that the first makes: one wins, and wholly."""

from contextlib import suppress
from itertools import product

import pytest

from shared.domain.errors import ConflictError, NotFoundError
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.principals import Staff
from shared.domain.upload_rule import UploadState
from shared.services.uploads import Upload
from tests.support.scene import Scene, append, new_upload
from tests.support.taps import Attempt, Crashed, DyingTap, Tap


async def a_draft(scene: Scene) -> tuple[Staff, ThreadId, MessageId]:
    """Somebody with an empty draft."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    return staff, thread, await scene.draft(staff, thread)


async def names_of_files(scene: Scene, thread: ThreadId, message: MessageId) -> list[FileId]:
    """The files that the person is shown."""
    opened = await scene.container.retrieving.open(scene.person(), thread, message)
    return [file.file for file in opened.files]


async def test_of_two_requests_at_one_offset_one_wins(scene: Scene) -> None:
    """The content is the winner's, whole; the loser is told of the conflict, and its block is in no file."""
    staff, thread, message = await a_draft(scene)
    wins = {b"first": 0, b"other": 0}

    async def other() -> None:
        try:
            await append(scene.container, staff, upload.upload, 0, b"other")
        except ConflictError:
            return
        wins[b"other"] += 1

    upload: Upload
    at = 0
    while True:
        at += 1
        upload = await scene.begin(staff, thread, message, 5)
        tap = Tap(at=at, act=other)
        before = wins[b"other"]
        try:
            await append(scene.instance(tap), staff, upload.upload, 0, b"first")
        except ConflictError:
            assert wins[b"other"] == before + 1
        else:
            assert wins[b"other"] == before
            wins[b"first"] += 1
        winner = b"other" if wins[b"other"] > before else b"first"
        assert await scene.content(staff, thread, message, upload.file) == winner
        assert len(scene.container.blobs._committed[upload.blob]) == 1
        if not tap.was_reached:
            break
    assert min(wins.values()) > 1


async def test_an_upload_begun_beside_a_send_is_in_the_message_or_refused() -> None:
    """Whoever comes first: a sent message never gains a file, nor shows half of one."""
    outcomes: set[str] = set()
    for number in range(1, 100):
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        send = Attempt(scene.container.sending.send, staff, thread, message)
        tap = Tap(at=number, act=send)
        begin = Attempt(scene.instance(tap).uploading.begin, staff, new_upload(thread, message, 3))
        await begin()
        if send.is_refused or not tap.was_reached:
            outcomes.add("send refused")
            assert begin.answer is not None
            await append(scene.container, staff, begin.answer.upload, 0, b"abc")
            await scene.container.sending.send(staff, thread, message)
            expected = [begin.answer.file]
        else:
            outcomes.add("upload refused")
            assert begin.is_refused
            expected = []
        await scene.container.run_queues()
        assert await names_of_files(scene, thread, message) == expected
        assert len(scene.blob_names()) == len(scene.bodies("upload|")) == len(expected)
        if not tap.was_reached:
            break
    assert outcomes == {"upload refused", "send refused"}


async def test_an_empty_file_begun_beside_a_send_is_in_the_message_or_refused() -> None:
    """It is stored at once, so it could slip in behind the send."""
    for number in range(1, 100):
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        send = Attempt(scene.send, staff, thread, message)
        tap = Tap(at=number, act=send)
        begin = Attempt(scene.instance(tap).uploading.begin, staff, new_upload(thread, message, 0))
        await begin()
        expected = 0 if begin.is_refused else 1
        if send.is_refused or not tap.was_reached:
            await scene.send(staff, thread, message)
        assert len(await names_of_files(scene, thread, message)) == expected
        assert len(scene.blob_names()) == expected
        if not tap.was_reached:
            break


async def sent_with(scene: Scene, staff: Staff, thread: ThreadId, message: MessageId) -> int:
    """Send, and tell how many files went along."""
    await scene.send(staff, thread, message)
    return len((await scene.container.retrieving.open(staff, thread, message)).files)


async def test_a_cancel_beside_a_send_takes_the_file_out_or_is_refused() -> None:
    """What the recipient is shown can be fetched; what was cancelled is not shown."""
    outcomes: set[str] = set()
    for number in range(1, 100):
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        upload = await scene.begin(staff, thread, message, 3)
        await append(scene.container, staff, upload.upload, 0, b"abc")
        send = Attempt(sent_with, scene, staff, thread, message)
        tap = Tap(at=number, act=send)
        cancel = Attempt(scene.instance(tap).uploading.cancel, staff, upload.upload)
        await cancel()
        if cancel.is_refused:
            outcomes.add("refused")
            expected = [upload.file]
        else:
            outcomes.add("cancelled")
            expected = []
            await scene.send(staff, thread, message)
        assert await names_of_files(scene, thread, message) == expected
        assert send.answer in {None, len(expected)}  # What the sender saw go is what arrived.
        for file in expected:
            assert await scene.content(scene.person(), thread, message, file) == b"abc"
        scene.container.clock.move(days=8)
        await scene.container.retaining.sweep()
        assert await names_of_files(scene, thread, message) == expected
        assert len(scene.blob_names()) == len(expected)
        if not tap.was_reached:
            break
    assert outcomes == {"refused", "cancelled"}


async def test_a_cancel_that_dies_beside_a_send_takes_nothing_out_of_what_was_sent() -> None:
    """The send wins while a cancel runs, and the cancel's process dies at any call after: the recipient has the file."""
    kept = 0
    for number, later in product(range(1, 20), range(20)):
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        upload = await scene.begin(staff, thread, message, 3)
        await append(scene.container, staff, upload.upload, 0, b"abc")
        send = Attempt(scene.send, staff, thread, message)
        tap = DyingTap(at=number, act=send, later=later)
        with suppress(Crashed, ConflictError):
            await scene.instance(tap).uploading.cancel(staff, upload.upload)
        if send.is_refused or not tap.was_reached:
            continue
        expected = await names_of_files(scene, thread, message)
        if expected:
            kept += 1
            with pytest.raises(ConflictError):
                await scene.container.uploading.cancel(staff, upload.upload)
        for days in (0, 8):
            scene.container.clock.move(days=days)
            await scene.container.retaining.sweep()
            assert await names_of_files(scene, thread, message) == expected
            for file in expected:
                assert await scene.content(scene.person(), thread, message, file) == b"abc"
        assert len(scene.blob_names()) == len(expected)
    assert kept


@pytest.mark.parametrize("length", [0, 3])
async def test_an_erased_upload_is_not_revived_by_a_late_request(length: int) -> None:
    """The draft is deleted while bytes come in: the request fails, and nothing of it stays."""
    for number in range(1, 100):
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)

        async def erased(
            scene: Scene = scene, staff: Staff = staff, thread: ThreadId = thread, message: MessageId = message
        ) -> None:
            await scene.container.retaining.delete_message(staff, thread, message)
            await scene.container.run_queues()

        tap = Tap(at=number, act=erased)
        other = scene.instance(tap)
        try:
            upload = await other.uploading.begin(staff, new_upload(thread, message, length))
            await append(other, staff, upload.upload, 0, b"abc"[:length])
        except (ConflictError, NotFoundError):
            assert tap.was_reached
        else:
            if not tap.was_reached:
                break
        await scene.container.run_queues()
        assert scene.blob_names() == set(), tap.calls[number - 1]
        assert scene.bodies("upload|") == {}
        assert [at.id for at in scene.bodies("thread|")] == ["thread"]


async def test_an_expiry_beside_the_last_byte_leaves_the_file_or_nothing() -> None:
    """A request that began in time may end after the sweep came by."""
    kept: set[bool] = set()
    for number in range(1, 100):
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        upload = await scene.begin(staff, thread, message, 3)
        scene.container.clock.now = upload.progress.expires_at

        async def sweep(scene: Scene = scene) -> None:
            scene.container.clock.move(seconds=1)
            await scene.container.retaining.sweep()

        scene.container.clock.move(seconds=-1)
        tap = Tap(at=number, act=sweep)
        with suppress(NotFoundError):
            grown = await append(scene.instance(tap), staff, upload.upload, 0, b"abc")
            assert grown.progress.state is UploadState.STORED
        is_kept = any(at.id.startswith("file|") for at in scene.bodies("thread|"))
        kept.add(is_kept)
        if is_kept:
            assert await scene.content(staff, thread, message, upload.file) == b"abc"
        else:
            await scene.container.run_queues()
            assert scene.blob_names() == set()
        if not tap.was_reached:
            break
    assert kept == {True, False}
