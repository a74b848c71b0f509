"""Uploads that are cut, resumed, and moved between instances: what was acknowledged is kept, and nothing else."""

import hashlib
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.domain.errors import DependencyError, SourceCutError, TooLargeError
from shared.domain.upload_rule import UploadState
from tests.support.scene import Scene, append
from tests.support.taps import Tap, TappedBlobs, fault

PART = 8 * 1024 * 1024


async def test_what_arrived_before_a_cut_is_kept(scene: Scene) -> None:
    """The sender asks for the offset and goes on from there; the digest is of the whole."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 10)
    with pytest.raises(SourceCutError):
        await append(scene.container, staff, upload.upload, 0, b"abc", b"de", SourceCutError())
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.offset == 5
    with pytest.raises(SourceCutError):
        await append(scene.container, staff, upload.upload, 5, SourceCutError())
    await append(scene.container, staff, upload.upload, 5, b"fghij")
    assert await scene.content(staff, thread, message, upload.file) == b"abcdefghij"


async def test_a_cut_after_the_last_byte_loses_nothing(scene: Scene) -> None:
    """Everything is there; the same request again, without a byte, stores the file."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    with pytest.raises(SourceCutError):
        await append(scene.container, staff, upload.upload, 0, b"abc", SourceCutError())
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.state is UploadState.FULL
    await append(scene.container, staff, upload.upload, 3, b"")
    assert await scene.content(staff, thread, message, upload.file) == b"abc"


async def test_a_flood_after_the_end_keeps_what_was_announced(scene: Scene) -> None:
    """What came before the first byte too many counts, as after a cut."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    with pytest.raises(TooLargeError):
        await append(scene.container, staff, upload.upload, 0, b"ab", b"cd")
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.offset == 2


async def test_a_sender_whose_request_is_cancelled_changes_nothing(scene: Scene) -> None:
    """A fault that is not the sender's end, such as the host stopping: the offset stays."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, 3)
    with pytest.raises(KeyError):
        await append(scene.container, staff, upload.upload, 0, b"ab", KeyError())
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.offset == 0


@pytest.mark.parametrize("fails", [1, 2, 3])
async def test_a_part_that_was_not_staged_does_not_count(scene: Scene, fails: int) -> None:
    """Nor do the others of the same request: the offset never runs ahead of what is stored."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    content = os.urandom(2 * PART + 5)
    upload = await scene.begin(staff, thread, message, len(content))
    broken = scene.instance()
    broken.blobs = TappedBlobs(scene.container.blobs, Tap(at=fails, act=fault))
    with pytest.raises(DependencyError):
        await append(broken, staff, upload.upload, 0, content)
    assert (await scene.container.uploading.find(staff, upload.upload)).progress.offset == 0
    await append(scene.container, staff, upload.upload, 0, content)
    assert await scene.content(staff, thread, message, upload.file) == content


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.binary(min_size=1, max_size=40),
    cuts=st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2), st.booleans()), max_size=8),
)
async def test_any_interrupted_upload_ends_whole(content: bytes, cuts: list[tuple[int, int, bool]]) -> None:
    """Requests of any length, cut or not, landing on any of three instances; the digest is of what is stored."""
    scene = await Scene.make()
    instances = [scene.instance() for _ in range(3)]
    staff = await scene.staff()
    thread = await scene.thread(staff)
    message = await scene.draft(staff, thread)
    upload = await scene.begin(staff, thread, message, len(content))
    at = 0
    for length, number, is_cut in [*cuts, (len(content), 0, False)]:
        data = content[at : at + length]
        try:
            await append(instances[number], staff, upload.upload, at, data, *([SourceCutError()] if is_cut else []))
        except SourceCutError:
            assert is_cut
        at += len(data)
        for instance in instances:
            assert (await instance.uploading.find(staff, upload.upload)).progress.offset == at
    found = await scene.container.retrieving.fetch(staff, thread, message, upload.file)
    assert found.manifest.sha256 == hashlib.sha256(content).digest()
    assert await scene.content(staff, thread, message, upload.file) == content


async def test_many_uploads_at_once_keep_their_digests_apart(scene: Scene) -> None:
    """More than are remembered: the forgotten ones are read again, and every digest is right."""
    staff = await scene.staff()
    thread = await scene.thread(staff)
    drafts = [await scene.draft(staff, thread) for _ in range(3)]
    begun = [(m, await scene.begin(staff, thread, m, 2)) for m in drafts for _ in range(90)]
    for number, (_, upload) in enumerate(begun):
        await append(scene.container, staff, upload.upload, 0, bytes([number % 256]))
    assert len(scene.container.digests._kept) == 256
    for number, (message, upload) in enumerate(begun):
        await append(scene.container, staff, upload.upload, 1, b"x")
        if number % 30 == 0:
            found = await scene.container.retrieving.fetch(staff, thread, message, upload.file)
            assert found.manifest.sha256 == hashlib.sha256(bytes([number % 256]) + b"x").digest()
    assert not scene.container.digests._kept
