"""What requests hand to the jobs: it is done once or twice, after any crash and without the queue, and nothing else is."""

import json
import logging
from collections.abc import Mapping

import azure.functions as func
import pytest

from functions.faults import JobFailedError
from functions.jobs import register
from shared.domain.errors import DependencyError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Staff
from shared.services.endings import FileEnding, MessageEnding
from shared.services.uploads import Upload
from tests.support.memory_container import MemoryContainer
from tests.support.scene import Scene, append
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble, fault

everywhere = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())


async def run_dispatch(container: MemoryContainer, body: object) -> None:
    """The queue function itself."""
    app = func.FunctionApp()
    register(app, container)
    (dispatch,) = (found for found in app.get_functions() if found.get_function_name() == "dispatch")
    await dispatch.get_user_function()(func.QueueMessage(id="1", body=json.dumps(body).encode()))


async def deleted(scene: Scene) -> tuple[Staff, MessageEnding]:
    """A message with two files that a party has deleted; its queue message is out of the queue."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.sent(staff, thread, b"one", b"two")
    await scene.container.retaining.delete_message(staff, thread, message)
    (ids,) = scene.container.queues.take("dispatch")
    assert ids == {"erase": "message", "thread": thread, "message": message}
    return staff, MessageEnding(thread=thread, message=message)


async def a_draft_with_bytes(scene: Scene) -> tuple[Staff, ThreadId, MessageId, Upload]:
    """Two of three bytes have come."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    await append(scene.container, staff, upload.upload, 0, b"ab")
    return staff, thread, message, upload


@everywhere
async def test_the_jobs_may_crash_anywhere_and_erase_a_message_once(trouble: Trouble) -> None:
    """The queue gives it again: one certificate, and the log names the party and not the jobs."""
    begun = 0
    for tap in trouble():
        scene = await Scene.make()
        staff, ending = await deleted(scene)
        try:
            await scene.instance(tap).retaining.finish(ending)
        except (Crashed, DependencyError):
            begun += 1
        await scene.container.retaining.finish(ending)
        await scene.container.retaining.finish(ending)
        assert scene.blob_names() == set()
        assert len(scene.bodies("certificate|")) == 1
        assert {event["by"] for event in scene.events("message:erase")} == {staff.staff}
        assert [at.id for at in scene.bodies("thread|")] == ["thread"]
    assert begun > 10


@everywhere
async def test_the_jobs_may_crash_anywhere_and_clear_a_file(trouble: Trouble) -> None:
    """Also one whose request crashed right after it had left the draft: its key goes before its bytes."""
    for crashed_at in ("records.delete", None):
        for tap in trouble():
            scene = await Scene.make()
            staff, thread, message, upload = await a_draft_with_bytes(scene)
            await withdrawn(scene, staff, upload, crashed_at)
            ending = FileEnding.of(upload)
            try:
                await scene.instance(tap).clearing.clear(ending)
            except (Crashed, DependencyError):
                assert tap.was_reached
            if not scene.blob_names():
                assert not [at for at in scene.bodies("thread|") if at.id.startswith("file|")]
            await scene.container.clearing.clear(ending)
            assert scene.blob_names() == set()
            assert scene.bodies("upload|") == {}
            assert not [at for at in scene.bodies("thread|") if at.id.startswith("file|")]
            await scene.send(staff, thread, message)


async def withdrawn(scene: Scene, staff: Staff, upload: Upload, crashed_at: str | None) -> None:
    """Taken out of its draft, by a request that died at its first call of that name."""
    if crashed_at is None:
        await scene.container.uploading.cancel(staff, upload.upload)
        return
    seen = Tap()
    probe = await Scene.make()
    other, _, _, same = await a_draft_with_bytes(probe)
    await probe.instance(seen).uploading.cancel(other, same.upload)
    at = [call.name for call in seen.calls].index(crashed_at) + 1
    tap = Tap(at=at)
    tap._act = tap.crash
    with pytest.raises(Crashed):
        await scene.instance(tap).uploading.cancel(staff, upload.upload)
    assert [at for at in scene.bodies("thread|") if at.id.startswith("file|")]


async def test_a_queue_that_does_not_answer_fails_no_request() -> None:
    """It is unreadable and booked: the sweep does the rest, and whoever deletes is told the truth."""
    for number in range(1, 60):
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff)
        message = await scene.sent(staff, thread, b"one")
        tap = Tap(at=number, act=fault)
        try:
            await scene.instance(tap).retaining.delete_message(staff, thread, message)
        except DependencyError:
            continue
        assert tap.calls[number - 1].name == "queues.put"
        assert not scene.container.queues.queued
        scene.container.clock.move(minutes=5)
        await scene.container.retaining.sweep()
        assert scene.blob_names() == set()
        return
    pytest.fail("the queue was never asked")


@pytest.mark.parametrize("state", ["draft", "sent", "delivered"])
async def test_a_queue_message_erases_nothing_that_nobody_has_deleted(scene: Scene, state: str) -> None:
    """Whoever may write to the queue cannot delete by it: the records decide."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    file = await scene.upload(staff, thread, message, b"abc")
    if state != "draft":
        await scene.container.sending.send(staff, thread, message)
    if state == "delivered":
        await scene.container.run_queues()
    (upload,) = (Upload.of(body) for body in scene.bodies("upload|").values())
    scene.container.queues.take("dispatch")
    for ending in (MessageEnding(thread=thread, message=message), FileEnding.of(upload)):
        await run_dispatch(scene.container, dict(ending.ids))
    assert await scene.content(staff, thread, message, file) == b"abc"
    assert not scene.bodies("certificate|")


@pytest.mark.parametrize("name", ["organisation", "thread", "message", "file", "upload"])
async def test_ids_that_do_not_belong_together_erase_nothing(scene: Scene, name: str) -> None:
    """One id is another's: neither the upload nor its bytes are touched."""
    staff, thread, message, upload = await a_draft_with_bytes(scene)
    before = scene.raw_records(), scene.blob_names()
    await run_dispatch(scene.container, {**FileEnding.of(upload).ids, name: A})
    assert (scene.raw_records(), scene.blob_names()) == before
    await append(scene.container, staff, upload.upload, 2, b"c")
    await scene.send(staff, thread, message)


async def test_the_queue_function_erases(scene: Scene) -> None:
    """Both kinds, through the trigger, and a second time."""
    _, ending = await deleted(scene)
    staff, _, _, upload = await a_draft_with_bytes(scene)
    await scene.container.uploading.cancel(staff, upload.upload)
    (ids,) = scene.container.queues.take("dispatch")
    assert scene.blob_names()
    for body in (ending.ids, ids, ending.ids, ids):
        await run_dispatch(scene.container, dict(body))
    assert scene.blob_names() == set()
    assert len(scene.bodies("certificate|")) == 1


A, B, C = (letter * 26 for letter in "123")


@pytest.mark.parametrize(
    "body",
    [
        {"erase": "message"},
        {"erase": "message", "thread": A},
        {"erase": "message", "thread": A, "message": "../" + B},
        {"erase": "thread", "thread": A, "message": B},
        {"erase": "", "thread": A, "message": B},
        {"erase": ["message"], "thread": A, "message": B},
        {"erase": True, "thread": A, "message": B},
        {"erase": "file", "thread": A, "message": B, "file": C, "upload": A},
        {"erase": "file", "organisation": "*", "thread": A, "message": B, "file": C, "upload": A},
        {"erase": "file", "organisation": A, "thread": A, "message": B, "file": "", "upload": A},
        {"erase": "file", "organisation": A, "thread": A, "message": B, "file": None, "upload": A},
    ],
)
async def test_what_is_no_order_to_erase_is_a_fault(
    scene: Scene, body: Mapping[str, object], caplog: pytest.LogCaptureFixture
) -> None:
    """It ends in the poison queue, and no id of it in the log."""
    with caplog.at_level(logging.INFO), pytest.raises(JobFailedError):
        await run_dispatch(scene.container, body)
    assert A not in caplog.text


async def test_bytes_that_come_in_after_a_message_is_gone_are_found(scene: Scene) -> None:
    """Its record is gone and with it everything that led to the blob: the booking knows it all."""
    staff, thread, message, upload = await a_draft_with_bytes(scene)
    await scene.container.retaining.delete_message(staff, thread, message)
    await scene.container.run_queues()
    ending = FileEnding.of(upload)
    await scene.container.handing_over.hand_over(ending)
    await scene.container.blobs.stage(ending.blob, "0001", b"late")
    scene.container.queues.take("dispatch")
    scene.container.clock.move(minutes=5)
    await scene.container.retaining.sweep()
    assert scene.blob_names() == set()


async def test_bytes_of_a_message_whose_keys_are_destroyed_go_before_it_is_erased(scene: Scene) -> None:
    """The message still names the file. Nobody can read it, so it need not wait."""
    staff, thread, message, upload = await a_draft_with_bytes(scene)
    await scene.container.retaining.delete_message(staff, thread, message)
    await scene.container.clearing.clear(FileEnding.of(upload))
    assert scene.blob_names() == set()
    await scene.container.run_queues()
    assert len(scene.bodies("certificate|")) == 1
