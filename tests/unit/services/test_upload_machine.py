"""Uploads in any order of requests, with the process dying between any two steps, against a model of a few lines.

What was acknowledged is there, what was refused is not, and what a crash left open is one of the two. In the end every
upload becomes the file that was sent, and after the sweep nothing is left that nobody has.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared.container import Container
from shared.domain.errors import (
    ChecksumMismatchError,
    ConflictError,
    DependencyError,
    NotFoundError,
    SourceCutError,
    TooLargeError,
)
from shared.domain.ids import FileId, UploadId
from shared.domain.tus_headers import Checksum
from shared.domain.upload_rule import UploadState
from tests.support.scene import Scene, appending, new_upload, pieces
from tests.support.taps import Crashed, Tap, fault

T = TypeVar("T")
LIMIT = 40
"""Bytes: the largest file that the organisation takes."""

DEFERRED, NONE, RIGHT, WRONG = "deferred", "none", "right", "wrong"


@dataclass
class Modelled:
    """What has been acknowledged of an upload."""

    upload: UploadId
    file: FileId
    length: int | None
    kept: bytes = b""
    has_ended: bool = False

    @property
    def room(self) -> int:
        return (LIMIT if self.length is None else self.length) - len(self.kept)


def tap_of(at: int, kind: str) -> Tap:
    """One that does nothing, kills the process, or fails once, before or after a call."""
    tap = Tap(at=at, act=fault, landed=kind.endswith("after"))
    if kind.startswith("crash"):
        tap._act = tap.crash
    return tap if kind != "nothing" else Tap()


TROUBLES = st.builds(
    tap_of,
    st.integers(1, 14),
    st.sampled_from(["nothing", "nothing", "crash before", "crash after", "fault before", "fault after"]),
)


class Uploads(RuleBasedStateMachine):
    """A draft, its uploads, and instances of the service that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.scene = self.run(Scene.make())
        self.run(self.scene.decide(upload_max_bytes=LIMIT))
        self.staff = self.run(self.scene.staff())
        self.thread = self.run(self.scene.thread(self.staff))
        self.message = self.run(self.scene.draft(self.staff, self.thread))
        self.known: list[Modelled] = []

    def run(self, work: Awaitable[T]) -> T:
        async def wait() -> T:
            return await work

        return self.runner.run(wait())

    def attempt(self, tap: Tap, work: Callable[[Container], Awaitable[T]]) -> T | None:
        """By an instance of its own; None when the answer was lost, by a crash or a fault."""
        try:
            return self.run(work(self.scene.instance(tap)))
        except (Crashed, DependencyError):
            assert tap.was_reached
            return None

    @property
    def alive(self) -> list[Modelled]:
        return [upload for upload in self.known if not upload.has_ended]

    @precondition(lambda self: len(self.alive) < 4)
    @rule(length=st.one_of(st.none(), st.integers(0, LIMIT)), tap=TROUBLES)
    def begin(self, length: int | None, tap: Tap) -> None:
        new = new_upload(self.thread, self.message, length)
        begun = self.attempt(tap, lambda instance: instance.uploading.begin(self.staff, new))
        if begun is not None:
            self.known.append(Modelled(begun.upload, begun.file, length))

    @precondition(lambda self: self.alive)
    @rule(
        which=st.integers(0, 99),
        content=st.binary(max_size=16),
        told=st.one_of(st.none(), st.integers(0, 10)),
        checksum=st.sampled_from([NONE, RIGHT, WRONG]),
        is_cut=st.booleans(),
        tap=TROUBLES,
    )
    def append(self, which: int, content: bytes, told: int | None, checksum: str, is_cut: bool, tap: Tap) -> None:  # noqa: FBT001, PLR0917
        """Bytes at the right offset. A length is told that leaves ``told`` bytes to come."""
        model = self.alive[which % len(self.alive)]
        if model.length is None and told is not None:
            length: int | None = len(model.kept) + len(content) + told
        else:
            length = None
        after = Modelled(model.upload, model.file, length if length is not None else model.length, model.kept)
        body = pieces(content, SourceCutError()) if is_cut else pieces(content)
        asked = appending(len(model.kept), length=length, checksum=_checksum(content, checksum))
        is_too_long = after.length is not None and after.length > LIMIT
        is_over = is_too_long or (bool(content) and len(content) > after.room)
        try:
            grown = self.attempt(tap, lambda instance: instance.uploading.append(self.staff, model.upload, asked, body))
        except TooLargeError:
            assert is_over
            model.has_ended = is_too_long or after.length is None
            if checksum == NONE and not model.has_ended:
                model.length = after.length
            return
        except SourceCutError:
            assert is_cut
            if checksum == NONE:
                model.kept, model.length = model.kept + content, after.length
            return
        except ChecksumMismatchError:
            assert checksum == WRONG
            return
        counts = not is_over and checksum != WRONG and not (is_cut and checksum != NONE)
        if grown is not None:
            assert counts
            assert not is_cut
            model.kept, model.length = model.kept + content, after.length
            assert grown.progress.offset == len(model.kept)
            return
        self.settle(model, grown_by=content if counts else b"", told=after.length, may_end=is_over)

    def settle(self, model: Modelled, *, grown_by: bytes, told: int | None, may_end: bool) -> None:
        """The answer was lost: ask how far it came, as a client does."""
        try:
            found = self.run(self.scene.container.uploading.find(self.staff, model.upload)).progress
        except NotFoundError:
            assert may_end
            model.has_ended = True
            return
        assert found.offset in {len(model.kept), len(model.kept + grown_by)}
        assert found.length in {model.length, told}
        model.kept, model.length = (model.kept + grown_by)[: found.offset], found.length

    @precondition(lambda self: self.alive)
    @rule(which=st.integers(0, 99), away=st.integers(1, 20))
    def append_elsewhere(self, which: int, away: int) -> None:
        """Any other offset is a conflict, and nothing happens."""
        model = self.alive[which % len(self.alive)]
        try:
            self.run(
                self.scene.container.uploading.append(
                    self.staff, model.upload, appending(len(model.kept) + away), pieces(b"x")
                )
            )
        except ConflictError:
            return
        raise AssertionError("taken at another offset")

    @precondition(lambda self: self.alive)
    @rule(which=st.integers(0, 99), tap=TROUBLES)
    def cancel(self, which: int, tap: Tap) -> None:
        model = self.alive[which % len(self.alive)]

        async def work(instance: Container) -> bool:
            await instance.uploading.cancel(self.staff, model.upload)
            return True

        if self.attempt(tap, work):
            model.has_ended = True
        else:
            self.settle(model, grown_by=b"", told=model.length, may_end=True)

    @rule(minutes=st.sampled_from([1, 5, 60]), tap=TROUBLES)
    def sweep(self, minutes: int, tap: Tap) -> None:
        """Nothing that lives is hurt, wherever the sweep dies."""
        self.scene.container.clock.move(minutes=minutes)
        try:
            self.attempt(tap, lambda instance: instance.retaining.sweep())
        except BaseExceptionGroup as group:
            assert group.split((Crashed, DependencyError))[1] is None  # noqa: PT017

    @invariant()
    def what_was_acknowledged_is_there(self) -> None:
        for model in self.alive:
            found = self.run(self.scene.container.uploading.find(self.staff, model.upload)).progress
            assert (found.offset, found.length) == (len(model.kept), model.length)
            assert found.is_whole == (model.length == len(model.kept))
            if found.state is UploadState.STORED:
                assert self.content(model) == model.kept

    def content(self, model: Modelled) -> bytes:
        return self.run(self.scene.content(self.staff, self.thread, self.message, model.file))

    def teardown(self) -> None:
        try:
            self.finish_all()
        finally:
            self.runner.close()

    def finish_all(self) -> None:
        """Every upload becomes the file that was sent; what nobody knows is removed; a year later nothing is left."""
        uploading = self.scene.container.uploading
        for model in self.alive:
            rest = b"z" * (0 if model.length is None else model.room)
            asked = appending(len(model.kept), length=len(model.kept + rest))
            stored = self.run(uploading.append(self.staff, model.upload, asked, pieces(rest)))
            assert stored.progress.state is UploadState.STORED
            assert self.content(model) == model.kept + rest
        opened = self.run(self.scene.container.retrieving.open(self.staff, self.thread, self.message))
        mine = {model.file for model in self.alive}
        lost = {file.file for file in opened.files} | {file.file for file in opened.unfinished}
        for file in lost - mine:  # Creations whose answer was lost.
            self.run(uploading.remove(self.staff, self.thread, self.message, file))
        self.scene.container.clock.move(days=8)
        self.run(self.scene.container.retaining.sweep())
        assert len(self.scene.blob_names()) == len(mine)
        assert self.scene.bodies("upload|") == {}
        self.run(self.scene.send(self.staff, self.thread, self.message))
        self.scene.container.clock.move(days=366)
        self.run(self.scene.container.retaining.sweep())
        assert self.scene.blob_names() == set()
        assert self.scene.bodies("thread|") == {}


def _checksum(content: bytes, kind: str) -> Checksum | None:
    if kind == NONE:
        return None
    digest = hashlib.sha256(content if kind == RIGHT else content + b"?").digest()
    return Checksum(algorithm="sha256", digest=digest)


TestUploads = Uploads.TestCase
TestUploads.settings = settings(derandomize=True, max_examples=60, stateful_step_count=20, deadline=None)
