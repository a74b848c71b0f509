"""Files whose digest nobody remembers, and requests that may not take as long as reading them.

An upload moved between instances, so its last request, or ``send``, has to read it. Each attempt is stopped by its
deadline; none of them is for nothing.
"""

import hashlib
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from shared.adapters.memory_blobs import MemoryBlobs
from shared.domain.deadlines import current_deadline, deadline
from shared.domain.errors import DependencyError, OutOfTimeError
from shared.domain.ids import FileId, MessageId, ThreadId
from shared.domain.lifecycles import MessageState
from shared.domain.principals import Staff
from shared.domain.retention import FINISH_AFTER
from shared.domain.threads import Message
from shared.services.part_reading import READ_AHEAD
from shared.services.uploads import Upload
from tests.support.scene import Instance, Scene, append
from tests.support.taps import Tap

PIECE = b"0123456789"
PIECES = 12


class SlowReads(MemoryBlobs):
    """Every read takes a second, of a clock that only this store moves. ``starts``: where each began."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.starts: list[int] = []
        self.is_stopping = False
        """Whether a read that the deadline catches fails, as over a network."""
        self.fails_at = -1.0

    async def read(self, blob: str, offset: int, length: int) -> bytes:
        self.now += 1
        self.starts.append(offset)
        due = current_deadline()
        if (self.is_stopping and due is not None and self.now >= due) or self.now == self.fails_at:
            raise DependencyError
        return await super().read(blob, offset, length)


class Moved:
    """An upload of which every byte has arrived, each piece at another instance than the one before."""

    def __init__(self, scene: Scene, blobs: SlowReads, staff: Staff, thread: ThreadId, message: MessageId) -> None:
        self.scene, self.blobs, self.staff, self.thread, self.message = scene, blobs, staff, thread, message
        self.content = PIECE * PIECES
        self.files: list[FileId] = []

    @classmethod
    async def make(cls) -> "Moved":
        scene, blobs = await Scene.make(), SlowReads()
        scene.container.blobs = blobs
        staff = await scene.staff()
        thread = await scene.thread(staff)
        return cls(scene, blobs, staff, thread, await scene.draft(staff, thread))

    async def upload(self, *instances: Instance) -> Upload:
        """Bring it: all bytes are there, and it is not stored."""
        upload = await self.scene.begin(self.staff, self.thread, self.message, len(self.content))
        self.files.append(upload.file)
        for number in range(PIECES):
            instance = instances[number % len(instances)]
            with deadline(self.blobs.now):  # The last of them has no time to read anything.
                try:
                    await append(instance, self.staff, upload.upload, number * len(PIECE), PIECE)
                except OutOfTimeError:
                    assert number == PIECES - 1
        self.blobs.starts.clear()
        return upload

    def instance(self) -> Instance:
        """One that remembers nothing of it."""
        made = self.scene.instance(Tap())
        made.ticks = lambda: self.blobs.now
        return made

    async def attempts(self, act: Callable[[], Awaitable[object]], *, seconds: float = 3.0) -> int:
        """How often it was done before there was time enough."""
        for attempt in range(1, 2 * PIECES):
            with deadline(self.blobs.now + seconds):
                try:
                    await act()
                except OutOfTimeError:
                    continue
            return attempt
        raise AssertionError("it never ends")

    async def assert_whole(self) -> None:
        """Each file is there as it was sent, with the digest of all of it."""
        for file in self.files:
            found = await self.scene.container.retrieving.fetch(self.staff, self.thread, self.message, file)
            assert found.manifest.sha256 == hashlib.sha256(self.content).digest()
            content = await self.scene.content(self.staff, self.thread, self.message, file)
            assert content == self.content

    def assert_none_went_back(self) -> None:
        """No attempt began with what another had read. What was fetched ahead when its time was over comes again."""
        assert set(self.blobs.starts) >= {0}
        assert self.blobs.starts.count(0) == 1
        assert max(Counter(self.blobs.starts).values()) <= READ_AHEAD + 2

    def is_stored(self) -> bool:
        """Whether the sweep has stored it."""
        records = self.scene.bodies("thread|").items()
        return all(body["state"] == "stored" for at, body in records if at.id.startswith("file|"))

    def state(self) -> MessageState:
        return next(
            Message.of(body).state for at, body in self.scene.bodies("thread|").items() if at.id.startswith("message|")
        )


@pytest.mark.parametrize("is_stopping", [False, True], ids=["between reads", "in a read"])
async def test_sending_again_goes_on_where_the_time_was_over(*, is_stopping: bool) -> None:
    """Until it is done, and nothing is lost meanwhile; a file of any length gets through."""
    moved = await Moved.make()
    await moved.upload(moved.instance(), moved.instance())
    instance = moved.instance()
    moved.blobs.is_stopping = is_stopping
    states: list[MessageState] = []

    async def send() -> None:
        states.append(moved.state())
        await instance.sending.send(moved.staff, moved.thread, moved.message)

    assert 3 <= await moved.attempts(send) <= PIECES
    moved.blobs.is_stopping = False
    assert set(states) == {MessageState.DRAFT}
    assert moved.state() is MessageState.SENT
    moved.assert_none_went_back()
    await moved.assert_whole()


async def test_the_last_request_of_an_upload_goes_on_as_well() -> None:
    """Repeated without a byte, as tus clients do that never got the answer."""
    moved = await Moved.make()
    upload = await moved.upload(moved.instance(), moved.instance())
    instance, size = moved.instance(), len(moved.content)
    assert 3 <= await moved.attempts(lambda: append(instance, moved.staff, upload.upload, size, b"")) <= PIECES
    moved.assert_none_went_back()
    await moved.assert_whole()


async def test_an_instance_reads_only_what_it_has_not_seen() -> None:
    """It took the first half itself; the other half, which came elsewhere, is all that is read."""
    moved = await Moved.make()
    first, second = moved.instance(), moved.instance()
    half = PIECES // 2
    await moved.upload(*(first for _ in range(half)), *(second for _ in range(half)))
    await first.sending.send(moved.staff, moved.thread, moved.message)
    assert len(moved.blobs.starts) == half
    assert min(moved.blobs.starts) > half * len(PIECE)
    await moved.assert_whole()


async def test_files_that_are_stored_are_not_read_again() -> None:
    """Of several in one message, each attempt begins with the first that is not finished."""
    moved = await Moved.make()
    for _ in range(3):
        await moved.upload(moved.instance(), moved.instance())
    instance = moved.instance()

    async def send() -> None:
        await instance.sending.send(moved.staff, moved.thread, moved.message)

    assert await moved.attempts(send, seconds=PIECES + 2.0) == 3
    await moved.assert_whole()


async def test_the_sweep_finishes_what_nobody_asks_for_again() -> None:
    """It was booked before the reading began; afterwards sending has nothing to read."""
    moved = await Moved.make()
    await moved.upload(moved.instance(), moved.instance())
    with deadline(moved.blobs.now + 1), pytest.raises(OutOfTimeError):
        await moved.instance().sending.send(moved.staff, moved.thread, moved.message)
    moved.scene.container.clock.move(seconds=FINISH_AFTER.total_seconds())
    await moved.scene.container.retaining.sweep()
    moved.blobs.starts.clear()
    await moved.instance().sending.send(moved.staff, moved.thread, moved.message)
    assert moved.blobs.starts == []
    await moved.assert_whole()


async def test_a_sweep_that_has_no_time_either_goes_on_at_the_next() -> None:
    """It fails, so its booking stays; what it has read is remembered like that of requests."""
    moved = await Moved.make()
    await moved.upload(moved.instance(), moved.instance())
    with deadline(moved.blobs.now + 1), pytest.raises(OutOfTimeError):
        await moved.instance().sending.send(moved.staff, moved.thread, moved.message)
    instance = moved.instance()
    moved.blobs.starts.clear()
    sweeps = 0
    while not moved.is_stored():
        moved.scene.container.clock.move(hours=1)
        sweeps += 1
        with deadline(moved.blobs.now + 3), suppress(ExceptionGroup):
            await instance.retaining.sweep()
    assert 3 <= sweeps <= PIECES
    moved.assert_none_went_back()
    await moved.assert_whole()


async def test_a_store_that_fails_in_time_is_told_as_such() -> None:
    """And not as a deadline: whoever looks for the fault must find it."""
    moved = await Moved.make()
    await moved.upload(moved.instance(), moved.instance())
    instance = moved.instance()
    moved.blobs.now = 0.0
    moved.blobs.fails_at = 3.0
    with deadline(1000.0), pytest.raises(DependencyError) as raised:
        await instance.sending.send(moved.staff, moved.thread, moved.message)
    assert not isinstance(raised.value, OutOfTimeError)


async def test_a_store_that_was_stopped_by_the_deadline_has_not_failed() -> None:
    """Its adapter gives up in the middle of a read; the answer says that the time was over, and nothing else."""
    moved = await Moved.make()
    await moved.upload(moved.instance(), moved.instance())
    instance = moved.instance()
    moved.blobs.is_stopping = True
    with deadline(moved.blobs.now + 1), pytest.raises(OutOfTimeError):
        await instance.sending.send(moved.staff, moved.thread, moved.message)
