"""The app that answers people deletes no content and no key: through every route, and whatever ends by a request."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest

from shared.domain.content_checks import ContentPolicy, Finding
from shared.domain.errors import DependencyError
from tests.support.every_route import CALLS, CONTENT, TUS, Scene, Who
from tests.support.memory_container import MemoryContainer
from tests.support.public_side import PublicSide
from tests.support.taps import Tap
from tests.support.world import World, world

SCRIPT = b"#!/bin/sh\n" + b"echo hej\n" * 9


async def by_the_queue(container: MemoryContainer) -> None:
    """As on every day."""
    await container.run_queues()


async def by_the_sweep(container: MemoryContainer) -> None:
    """The queue has lost everything."""
    container.queues.take(container.settings.dispatch_queue)
    container.clock.move(minutes=5)
    await container.retaining.sweep()


JOBS: Mapping[str, Callable[[MemoryContainer], Awaitable[None]]] = {"queue": by_the_queue, "sweep": by_the_sweep}

either = pytest.mark.parametrize("run_jobs", JOBS.values(), ids=JOBS.keys())


@pytest.fixture
async def public() -> AsyncIterator[World]:
    """A world whose requests are answered by the public side; its ``container`` is the jobs'."""
    async with world() as made:
        made.app.state.container = PublicSide(made.container, Tap())
        yield made


def refused(public: World) -> list[str]:
    """What requests wanted to delete."""
    side = public.app.state.container
    assert isinstance(side, PublicSide)
    return side.refused


def names(public: World) -> set[str]:
    """Blobs, staged or committed."""
    blobs = public.container.blobs
    return {*blobs._content, *blobs._staged}


async def data_keys(public: World, message_path: str) -> set[object]:
    """The wrapped data keys of a message's files and of its text."""
    thread, message = message_path.split("/")[4], message_path.split("/")[6]
    bodies = [record.body for record in (await public.container.records.query(f"thread|{thread}")).records]
    own = [body for body in bodies if body.get("message") == message]
    return {body[name] for body in own for name in ("key", "text_key") if name in body}


async def test_the_side_itself_refuses(public: World) -> None:
    """Else no test here could fail."""
    side = public.app.state.container
    for deleting in (side.blobs.delete("a"), side.journal_blobs.delete("b"), side.keys.destroy("c")):
        with pytest.raises(DependencyError):
            await deleting
    assert refused(public) == ["a", "b", "c"]


@pytest.mark.parametrize("route", CALLS)
async def test_no_route_deletes(public: World, route: str) -> None:
    """Whoever calls it, and no answer is worse than without the restriction: none is a fault of ours."""
    scene = await Scene.of(public)
    call = scene.call(route)
    for who in (Who.STAFF, Who.PERSON, Who.COLLEAGUE, Who.ADMIN, Who.NOBODY):
        answer = await call.by(await scene.browser(who))
        assert answer.status_code < 500, answer.text
    assert refused(public) == []
    await by_the_queue(public.container)


@either
async def test_a_message_is_unreadable_at_once_and_gone_when_the_jobs_have_run(
    public: World, run_jobs: Callable[[MemoryContainer], Awaitable[None]]
) -> None:
    """Its keys are destroyed by the request itself; the bytes wait for the jobs, and so does the certificate."""
    scene = await Scene.of(public)
    assert len(await data_keys(public, scene.delivered)) == 2
    before = names(public)
    assert (await scene.staff.call("DELETE", scene.delivered)).status_code == 204
    assert await data_keys(public, scene.delivered) == {None}
    assert names(public) == before
    person = await public.person()
    for browser in (scene.staff, person):
        assert (await browser.call("POST", f"{scene.delivered}/open")).status_code == 404
        assert (await browser.call("GET", f"{scene.delivered}/files/{scene.file}")).status_code == 404
        assert (await browser.call("DELETE", scene.delivered)).status_code == 404
    assert scene.delivered.rpartition("/")[2] not in str(await person.json("GET", "/api/v1/inbox"))
    await run_jobs(public.container)
    assert not [name for name in names(public) if scene.delivered.rpartition("/")[2] in name]
    assert len([name for name in public.container.record_store._partitions if name.startswith("certificate|")]) == 1
    assert refused(public) == []


@either
async def test_files_leave_a_draft_at_once(
    public: World, run_jobs: Callable[[MemoryContainer], Awaitable[None]]
) -> None:
    """One that is stored, one that is half there, one that is refused: none stays, and the rest can be sent."""
    await public.decide(content=ContentPolicy(refused=frozenset({Finding.EXECUTABLE})))
    scene = await Scene.of(public)
    stored = await public.upload(scene.staff, scene.draft, CONTENT)
    kept = await public.upload(scene.staff, scene.draft, CONTENT)
    begun = await public.create_upload(scene.staff, scene.draft, len(SCRIPT))
    answer = await public.append(scene.staff, begun.headers["location"], 0, SCRIPT)
    assert answer.status_code == 422, answer.text
    assert (await scene.staff.call("DELETE", f"{scene.draft}/files/{stored}")).status_code == 204
    assert (await scene.staff.call("DELETE", scene.upload, headers=TUS)).status_code == 204
    for gone in (scene.upload, begun.headers["location"]):
        assert (await scene.staff.call("HEAD", gone, headers=TUS)).status_code == 404
    opened = await scene.staff.json("POST", f"{scene.draft}/open")
    assert [file["file"] for file in opened["files"]] == [kept]
    await run_jobs(public.container)
    assert {name.rpartition("/")[2] for name in names(public)} == {kept, scene.file}
    await public.send(scene.staff, scene.draft)
    person = await public.person()
    assert (await person.call("GET", f"{scene.draft}/files/{kept}")).content == CONTENT
    assert refused(public) == []


@either
async def test_bytes_that_come_in_after_the_end_go_as_well(
    public: World, run_jobs: Callable[[MemoryContainer], Awaitable[None]]
) -> None:
    """A request is under way when its draft is deleted and erased: it fails, and what it stored is found."""
    scene = await Scene.of(public)

    async def body() -> AsyncIterator[bytes]:
        assert (await scene.staff.call("DELETE", scene.draft)).status_code == 204
        await public.container.run_queues()
        yield b"DF-"

    answer = await public.append(scene.staff, scene.upload, 2, body())
    assert answer.status_code == 404, answer.text
    assert len(names(public)) == 2
    await run_jobs(public.container)
    assert {name.rpartition("/")[2] for name in names(public)} == {scene.file}
    assert refused(public) == []
