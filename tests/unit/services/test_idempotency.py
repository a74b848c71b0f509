"""A request that names itself is done once: repeated, crashed at every step, at the same time on two instances."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from shared.container import Container
from shared.domain.errors import DependencyError, KeyReusedError, NotFoundError, UnderWayError
from shared.domain.idempotency import KEPT, LEASE
from shared.domain.ids import MessageId, ThreadId
from shared.domain.principals import Staff
from shared.services.idempotency import Named
from shared.services.sharing import Addressee
from tests.support.scene import TOLVAN, YEAR_DAYS, Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble

NAMED = Named(route="create_thread", key="k", content=(b"/threads", b"{}"))
everywhere = pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())


def creating(scene: Scene, staff: Staff, container: Container) -> Callable[[str], Awaitable[str]]:
    """Opens a thread under the id that it is given."""

    async def create(thread: str) -> str:
        addressee = Addressee(personal_number=TOLVAN, mail_address="tolvan@example.com")
        created = await container.sharing.create(
            staff, unit=scene.unit, subject="Beslut", addressees=(addressee,), thread=ThreadId(thread)
        )
        return created.thread

    return create


async def create_once(scene: Scene, staff: Staff, container: Container, named: Named = NAMED) -> str:
    create = creating(scene, staff, container)
    return await container.idempotency.once(staff, named, create, thread=ThreadId)


def threads(scene: Scene) -> list[str]:
    """Those that the unit has."""
    return [at.id for at in scene.bodies("outbox|")]


@everywhere
async def test_a_thread_that_met_trouble_is_opened_once(trouble: Trouble) -> None:
    """Whatever was lost, and whenever: who comes again with the key finds it, or finishes it, and there is one."""
    for tap in trouble():
        scene = await Scene.make()
        staff = await scene.staff()
        first: str | None = None
        try:
            first = await create_once(scene, staff, scene.instance(tap))
        except (Crashed, DependencyError):
            assert tap.was_reached
        scene.container.clock.now += LEASE
        answers = {await create_once(scene, staff, scene.container) for _ in range(2)}
        assert len(answers) == 1
        assert first is None or first in answers
        assert threads(scene) == [f"thread|{thread}" for thread in answers]
        assert len([at for at in scene.bodies("thread|") if at.id == "thread"]) == 1


@everywhere
async def test_a_message_that_met_trouble_is_drafted_once(trouble: Trouble) -> None:
    """As a thread."""
    for tap in trouble():
        scene = await Scene.make()
        staff = await scene.staff()
        thread = await scene.thread(staff)

        async def draft(container: Container, staff: Staff = staff, thread: ThreadId = thread) -> str:
            async def act(message: str) -> str:
                made = await container.sending.draft(
                    staff, thread, text="Hej", retention_days=YEAR_DAYS, message=MessageId(message)
                )
                return made.message

            return await container.idempotency.once(staff, NAMED, act, thread=lambda _: thread)

        try:
            await draft(scene.instance(tap))
        except (Crashed, DependencyError):
            assert tap.was_reached
        scene.container.clock.now += LEASE
        answer = await draft(scene.container)
        assert [at.id for at in scene.bodies("thread|") if at.id.startswith("message|")] == [f"message|{answer}"]
        await scene.send(staff, thread, MessageId(answer))


async def test_a_store_that_failed_keeps_nobody_waiting() -> None:
    """The outcome is unknown, so the id stays; who comes again does it at once."""
    scene = await Scene.make()
    staff = await scene.staff()

    async def fail(_: str) -> str:
        raise DependencyError

    with pytest.raises(DependencyError):
        await scene.container.idempotency.once(staff, NAMED, fail, thread=ThreadId)
    assert await create_once(scene, staff, scene.container)


async def test_a_refused_request_gives_its_key_back() -> None:
    """It did nothing: put right, the request may have the same key."""
    scene = await Scene.make()
    staff = await scene.staff()

    async def refuse(_: str) -> str:
        raise NotFoundError

    other = Named(route=NAMED.route, key=NAMED.key, content=(b"/threads", b"corrected"))
    with pytest.raises(NotFoundError):
        await scene.container.idempotency.once(staff, NAMED, refuse, thread=ThreadId)
    assert await create_once(scene, staff, scene.container, other)


async def test_while_it_is_done_nobody_does_it_again() -> None:
    """On another instance, too: who comes meanwhile is told when to come again, and does nothing."""
    scene = await Scene.make()
    staff, begun, go_on = await scene.staff(), asyncio.Event(), asyncio.Event()
    create = creating(scene, staff, scene.container)

    async def slowly(thread: str) -> str:
        begun.set()
        await go_on.wait()
        return await create(thread)

    task = asyncio.create_task(scene.container.idempotency.once(staff, NAMED, slowly, thread=ThreadId))
    await begun.wait()
    scene.container.clock.move(seconds=10)
    with pytest.raises(UnderWayError) as refused:
        await create_once(scene, staff, scene.instance())
    assert refused.value.retry_after_seconds == LEASE.total_seconds() - 10
    go_on.set()
    assert await task == await create_once(scene, staff, scene.instance())
    assert len(threads(scene)) == 1


async def test_many_at_once_open_one_thread() -> None:
    """One of them does it, whichever comes first."""
    scene = await Scene.make()
    staff = await scene.staff()
    tries = [create_once(scene, staff, scene.instance()) for _ in range(8)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert all(isinstance(outcome, str | UnderWayError) for outcome in outcomes)
    assert len({outcome for outcome in outcomes if isinstance(outcome, str)}) == 1
    assert len(threads(scene)) == 1


async def test_one_that_was_taken_over_and_goes_on_opens_the_same_thread() -> None:
    """An instance that stood still for longer than its lease doubles nothing when it wakes."""
    scene = await Scene.make()
    staff, answers = await scene.staff(), set[str]()
    create = creating(scene, staff, scene.container)

    async def after_another(thread: str) -> str:
        scene.container.clock.now += LEASE
        answers.add(await create_once(scene, staff, scene.instance()))
        return await create(thread)

    answers.add(await scene.container.idempotency.once(staff, NAMED, after_another, thread=ThreadId))
    assert len(answers) == len(threads(scene)) == 1


async def test_a_key_is_ones_own_for_one_request() -> None:
    """Another request under it is refused; another principal's, another route's and another key's are others."""
    scene = await Scene.make()
    staff, colleague = await scene.staff(), await scene.staff()
    first = await create_once(scene, staff, scene.container)
    for content in ((b"/threads", b"other"), (b"/threads{}", b""), (b"/threads{", b"}")):
        with pytest.raises(KeyReusedError):
            await create_once(scene, staff, scene.container, Named(route=NAMED.route, key="k", content=content))
    others = {
        await create_once(scene, colleague, scene.container),
        await create_once(scene, staff, scene.container, Named(route="other", key="k", content=NAMED.content)),
        await create_once(scene, staff, scene.container, Named(route=NAMED.route, key="l", content=NAMED.content)),
    }
    assert len(others | {first}) == 4


async def test_a_key_names_its_request_for_a_day() -> None:
    """To the microsecond, and afterwards nothing of it is left."""
    scene = await Scene.make()
    staff = await scene.staff()
    first = await create_once(scene, staff, scene.container)
    scene.container.clock.now += KEPT - timedelta(microseconds=1)
    assert await create_once(scene, staff, scene.container) == first
    scene.container.clock.now += timedelta(microseconds=1)
    assert await create_once(scene, staff, scene.container) != first
    scene.container.clock.now += KEPT + timedelta(hours=2)
    await scene.container.retaining.sweep()
    assert not scene.bodies("idempotency|")


async def test_an_answer_is_for_whoever_still_belongs_there() -> None:
    """What somebody was told while they served a unit is not told once more when they do no longer."""
    scene = await Scene.make()
    staff = await scene.staff()
    await create_once(scene, staff, scene.container)
    moved = Staff(
        organisation=staff.organisation, staff=staff.staff, role=staff.role, units=frozenset(), name=staff.name
    )
    with pytest.raises(NotFoundError):
        await create_once(scene, moved, scene.container)


async def test_nothing_of_a_request_stands_in_clear() -> None:
    """Not its key, its body nor its answer: they may hold personal numbers, subjects and addresses."""
    scene = await Scene.make()
    staff = await scene.staff()
    secret = "kanariefågel"

    async def answer(_: str) -> str:
        return f"svar {secret}"

    named = Named(route="r", key=f"nyckel {secret}", content=(b"/", f"text {secret}".encode()))
    thread = await scene.thread(staff)
    told = [await scene.container.idempotency.once(staff, named, answer, thread=lambda _: thread) for _ in range(2)]
    assert told == [f"svar {secret}"] * 2
    assert secret not in scene.raw_records()


async def test_taps_meet_what_the_service_does() -> None:
    """The intent is stored before the thread, and the answer after it: else the trouble above proves little."""
    scene, tap = await Scene.make(), Tap()
    staff = await scene.staff()
    await create_once(scene, staff, scene.instance(tap))
    written = [call.at.partition("|")[0] for call in tap.calls if call.name in {"records.create", "records.replace"}]
    assert (
        written.index("idempotency") < written.index("thread") < len(written) - 1 - written[::-1].index("idempotency")
    )
