"""Uploads that meet a crash or a fault at any call: repeating, or the sweep, leads to a whole file or to nothing."""

from contextlib import suppress

import pytest

from shared.container import Container
from shared.domain.errors import ConflictError, DependencyError, NotFoundError, PicError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Staff
from shared.domain.upload_rule import UploadState
from shared.services.uploads import Upload
from tests.support.scene import Scene, append, new_upload
from tests.support.taps import TROUBLES, Crashed, Trouble

everywhere = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())


async def a_draft(scene: Scene) -> tuple[Staff, ThreadId, MessageId]:
    """Somebody with an empty draft."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    return staff, thread, await scene.draft(staff, thread)


async def uploaded(container: Container, staff: Staff, thread: ThreadId, message: MessageId, *data: bytes) -> Upload:
    """A whole upload in as many requests as there are data."""
    upload = await container.uploading.begin(staff, new_upload(thread, message, sum(map(len, data))))
    offset = 0
    for piece in data:
        upload = await append(container, staff, upload.upload, offset, piece)
        offset += len(piece)
    return upload


async def resumed(scene: Scene, staff: Staff, content: bytes) -> Upload:
    """The upload that there is, brought to its end. Raises ``NotFoundError`` when it never came to have a file."""
    for body in scene.bodies("upload|").values():
        found = await scene.container.uploading.find(staff, Upload.of(body).upload)
        offset = found.progress.offset
        return await append(scene.container, staff, found.upload, offset, content[offset:])
    raise NotFoundError


async def assert_nothing_left(scene: Scene) -> None:
    """No record, blob or booking of an upload; only draft and thread, which live on, stay."""
    assert scene.blob_names() == set()
    assert scene.bodies("upload|") == {}
    assert not [at for at in scene.bodies("thread|") if at.id.startswith("file|")]
    assert not [at for at in scene.bodies("expiry|2") if "|upload|" in at.id]


@everywhere
async def test_who_repeats_after_trouble_gets_a_whole_file(trouble: Trouble) -> None:
    """The sender asks how far it came, on another instance, and goes on; or begins again if there was no upload."""
    troubles = 0
    for tap in trouble():
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        try:
            await uploaded(scene.instance(tap), staff, thread, message, b"abc", b"defg")
        except (Crashed, DependencyError, ConflictError):
            troubles += 1
        try:
            upload = await resumed(scene, staff, b"abcdefg")
        except NotFoundError:
            upload = await uploaded(scene.container, staff, thread, message, b"abcdefg")
        assert upload.progress.state is UploadState.STORED
        assert await scene.content(staff, thread, message, upload.file) == b"abcdefg"
    assert troubles > 20


@everywhere
@pytest.mark.parametrize("data", [(b"abc", b"defg"), (b"",)])
async def test_who_never_comes_back_leaves_a_whole_file_or_nothing(trouble: Trouble, data: tuple[bytes, ...]) -> None:
    """A week later the sweep has taken what is not whole; what is whole stays with its draft, and can be read."""
    outcomes: set[bool] = set()
    for tap in trouble():
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        try:
            await uploaded(scene.instance(tap), staff, thread, message, *data)
        except (Crashed, DependencyError, ConflictError):
            assert tap.was_reached
        scene.container.clock.move(days=7)
        await scene.container.retaining.sweep()
        opened = await scene.container.retrieving.open(staff, thread, message)
        outcomes.add(bool(opened.files))
        for file in opened.files:
            assert await scene.content(staff, thread, message, file.file) == b"".join(data)
        if not opened.files:
            await assert_nothing_left(scene)
        assert len(scene.blob_names()) == len(opened.files)
        assert scene.bodies("upload|") == {}
        await scene.send(staff, thread, message)
    assert outcomes == {True, False}


@everywhere
async def test_a_file_that_was_sent_survives_its_upload(trouble: Trouble) -> None:
    """Trouble after the file was stored may keep the upload from learning it: the week's end must not take the file."""
    sent = 0
    for tap in trouble():
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        try:
            await uploaded(scene.instance(tap), staff, thread, message, b"abc")
        except (Crashed, DependencyError, ConflictError):
            assert tap.was_reached
        opened = await scene.container.retrieving.open(staff, thread, message)
        try:
            await scene.send(staff, thread, message)
        except ConflictError:
            continue
        sent += 1
        scene.container.clock.move(days=8)
        await scene.container.retaining.sweep()
        for file in opened.files:
            assert await scene.content(scene.person(), thread, message, file.file) == b"abc"
    assert sent > 5


@everywhere
@pytest.mark.parametrize("arrived", [b"ab", b"abc"])
async def test_a_cancelled_upload_is_gone_after_trouble_and_another_try(trouble: Trouble, arrived: bytes) -> None:
    """Or after the sweep, for whoever does not try again; half a file is never sent."""
    for tap in trouble():
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        upload = await scene.begin(staff, thread, message, 3)
        await append(scene.container, staff, upload.upload, 0, arrived)
        try:
            await scene.instance(tap).uploading.cancel(staff, upload.upload)
        except (Crashed, PicError):
            with suppress(NotFoundError):  # The first try took it out of the draft.
                await scene.container.uploading.cancel(staff, upload.upload)
        # The bytes go off the queue; or, if its message was never put, by a sweep and not at the week's end.
        await scene.container.run_queues()
        if scene.blob_names():
            scene.container.clock.move(minutes=5)
            await scene.container.retaining.sweep()
        assert scene.blob_names() == set()
        assert scene.bodies("upload|") == {}
        assert not [at for at in scene.bodies("thread|") if at.id.startswith("file|")]
        await scene.send(staff, thread, message)


@everywhere
async def test_an_expired_upload_is_gone_after_trouble_and_another_sweep(trouble: Trouble) -> None:
    """Each step of the erasing is found again."""
    for tap in trouble():
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        upload = await scene.begin(staff, thread, message, 3)
        await append(scene.container, staff, upload.upload, 0, b"ab")
        scene.container.clock.move(days=7)
        try:
            await scene.instance(tap).retaining.sweep()
        except (Crashed, DependencyError, BaseExceptionGroup):
            await scene.container.retaining.sweep()
        await assert_nothing_left(scene)


@everywhere
async def test_a_message_can_be_deleted_whatever_became_of_its_uploads(trouble: Trouble) -> None:
    """A cancelled upload may have left a blob that no record names: it goes with the message, at once."""
    for tap in trouble():
        scene = await Scene.make()
        staff, thread, message = await a_draft(scene)
        await scene.upload(staff, thread, message, b"other")
        upload = await scene.begin(staff, thread, message, 3)
        await append(scene.container, staff, upload.upload, 0, b"ab")
        with suppress(Crashed, PicError):
            await scene.instance(tap).uploading.cancel(staff, upload.upload)
        await scene.container.retaining.delete_message(staff, thread, message)
        await scene.container.run_queues()
        assert scene.blob_names() == set()
        assert len(scene.bodies("certificate|")) == 1
