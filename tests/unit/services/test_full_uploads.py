"""Uploads of which every byte has arrived and whose file is not stored yet: quick to ask about, and never lost."""

import os

import pytest

from shared.domain.errors import ConflictError, DependencyError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Staff
from shared.domain.upload_rule import UploadState
from shared.services.uploads import Upload
from tests.support.scene import Scene, append
from tests.support.taps import TROUBLES, Crashed, Tap, TappedBlobs, Trouble, fault

CONTENT = b"all of it"


async def a_full_upload(scene: Scene, content: bytes = CONTENT) -> tuple[Staff, ThreadId, MessageId, Upload]:
    """The last byte was taken, and then the store failed."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, len(content))
    broken = scene.instance()
    broken.blobs = TappedBlobs(scene.container.blobs, Tap(at=2, act=fault))
    with pytest.raises(DependencyError):
        await append(broken, staff, upload.upload, 0, content)
    return staff, thread, message, upload


async def stored(scene: Scene, thread: ThreadId, message: MessageId) -> list[str]:
    """Ids of the files that are stored."""
    prefix = f"file|{message}|"
    records = scene.bodies(f"thread|{thread}").items()
    return [at.id.removeprefix(prefix) for at, body in records if at.id.startswith(prefix) and body["manifest"]]


async def test_asking_and_giving_up_read_nothing_of_the_content(scene: Scene) -> None:
    """A file of gigabytes would take longer than a request may: neither answer needs its bytes."""
    staff, *_, upload = await a_full_upload(scene)
    tap = Tap()
    instance = scene.instance()
    instance.blobs = TappedBlobs(scene.container.blobs, tap)
    found = await instance.uploading.find(staff, upload.upload)
    assert (found.progress.offset, found.progress.state) == (len(CONTENT), UploadState.FULL)
    await instance.uploading.cancel(staff, upload.upload)
    assert tap.calls == []
    await scene.container.run_queues()
    assert scene.blob_names() == set()


async def test_sending_stores_what_has_arrived(scene: Scene) -> None:
    """Whoever sends, and on whichever instance: what the sender was told is there goes along."""
    _, thread, message, upload = await a_full_upload(scene)
    colleague = await scene.staff()
    await scene.instance().sending.send(colleague, thread, message)
    await scene.container.run_queues()
    assert await scene.content(scene.person(), thread, message, upload.file) == CONTENT


async def test_sending_waits_for_what_has_not_arrived(scene: Scene) -> None:
    """One file is whole and another is not: a conflict, and the draft stays a draft."""
    staff, thread, message, _ = await a_full_upload(scene)
    rest = await scene.begin(staff, thread, message, 3)
    with pytest.raises(ConflictError):
        await scene.container.sending.send(staff, thread, message)
    await append(scene.container, staff, rest.upload, 0, b"abc")
    await scene.send(staff, thread, message)
    assert len((await scene.container.retrieving.open(scene.person(), thread, message)).files) == 2


async def test_a_last_request_without_a_byte_stores_the_file(scene: Scene) -> None:
    """How a client repeats the request whose answer it did not get."""
    staff, thread, message, upload = await a_full_upload(scene)
    grown = await append(scene.container, staff, upload.upload, len(CONTENT), b"")
    assert grown.progress.state is UploadState.STORED
    assert await scene.content(staff, thread, message, upload.file) == CONTENT


@pytest.mark.parametrize("is_asked_for", [True, False])
async def test_a_sweep_stores_what_has_arrived(scene: Scene, *, is_asked_for: bool) -> None:
    """Soon where the client was told that all is there, and at the latest when the upload ends."""
    staff, thread, message, upload = await a_full_upload(scene)
    if is_asked_for:
        await scene.container.uploading.find(staff, upload.upload)
    scene.container.clock.move(minutes=5)
    await scene.container.retaining.sweep()
    assert await stored(scene, thread, message) == ([upload.file] if is_asked_for else [])
    scene.container.clock.move(days=7)
    await scene.container.retaining.sweep()
    assert await stored(scene, thread, message) == [upload.file]
    assert scene.bodies("upload|") == {}
    await scene.send(staff, thread, message)
    assert await scene.content(scene.person(), thread, message, upload.file) == CONTENT


async def test_what_the_store_has_dropped_ends_with_its_upload(scene: Scene) -> None:
    """Azure forgets uncommitted blocks after a week: then there is no file, and the draft can be sent without it."""
    staff, thread, message, _ = await a_full_upload(scene)
    scene.container.blobs._staged.clear()
    scene.container.clock.move(days=7)
    await scene.container.retaining.sweep()
    assert scene.bodies("upload|") == {}
    await scene.send(staff, thread, message)
    assert (await scene.container.retrieving.open(scene.person(), thread, message)).files == ()


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_send_that_met_trouble_can_be_repeated(trouble: Trouble) -> None:
    """At any call of storing or sending: the second try ends with the file at the recipient's."""
    for tap in trouble():
        scene = await Scene.make()
        staff, thread, message, upload = await a_full_upload(scene, os.urandom(20))
        try:
            await scene.instance(tap).sending.send(staff, thread, message)
        except (Crashed, DependencyError, ConflictError):
            assert tap.was_reached
        await scene.send(staff, thread, message)
        assert len(await scene.content(scene.person(), thread, message, upload.file)) == 20
