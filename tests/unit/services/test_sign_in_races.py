"""Sign-in orders with many polls, two instances, crashes and second thoughts: one collect, one session, one answer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.domain.errors import ConflictError, DependencyError, NotFoundError
from shared.domain.user_messages import StartedBy
from shared.services.person_signing_in import Refused, SignedIn, Waiting
from shared.services.sign_in_collecting import COLLECT_INTERVAL
from tests.support.orders import Order
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble


async def test_many_polls_at_once_collect_once(scene: Scene) -> None:
    """Fifty tabs over two instances; the losers answer from the store."""
    order = await Order.start(scene)
    taps = [Tap(), Tap()]
    instances = [scene.instance(tap) for tap in taps]
    answers = await asyncio.gather(*(order.poll(instances[n % 2]) for n in range(50)))
    assert all(isinstance(answer, Waiting) for answer in answers)
    assert sum(len(tap.called("electronic_id.collect")) for tap in taps) == 1


async def test_no_two_collects_are_closer_than_two_seconds(scene: Scene) -> None:
    """BankID's rule, for half a minute of polls every tenth of a second by two instances at once."""
    order = await Order.start(scene)
    collected: list[datetime] = []

    class Watched:
        """The e-ID, noting when it is asked."""

        def __getattr__(self, name: str) -> object:
            if name == "collect":
                collected.append(scene.container.clock.now)
            return getattr(scene.container.electronic_id, name)

    instances = [scene.instance() for _ in range(2)]
    for instance in instances:
        vars(instance)["electronic_id"] = Watched()
    for _ in range(300):
        await asyncio.gather(*(order.poll(instance) for instance in (*instances, *instances)))
        scene.container.clock.now += timedelta(milliseconds=100)
    gaps = [later - earlier for earlier, later in pairwise(collected)]
    assert len(collected) == 15
    assert min(gaps) >= COLLECT_INTERVAL


async def beside(act: Callable[[Order], Awaitable[None]], at: int) -> tuple[Order, Tap, object]:
    """Poll an approved order while ``act`` happens at call number ``at``."""
    scene = await Scene.make()
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona())

    async def now() -> None:
        await act(order)

    tap = Tap(at=at, act=now)
    try:
        return order, tap, await order.poll(scene.instance(tap))
    except (ConflictError, NotFoundError) as fault:
        return order, tap, fault


@pytest.mark.parametrize("waits", [False, True])
async def test_of_two_polls_one_raises_the_session(*, waits: bool) -> None:
    """Whichever comes first, whether or not the other is slow enough to ask the e-ID again; and one does."""
    for at in range(1, 100):
        others: list[object] = []

        async def another(order: Order, others: list[object] = others) -> None:
            if waits:
                order.scene.container.clock.now += COLLECT_INTERVAL
            try:
                others.append(await order.poll())
            except ConflictError as fault:
                others.append(fault)

        order, tap, answer = await beside(another, at)
        answers = [answer, *others, *await order.end()]
        assert len([one for one in answers if isinstance(one, SignedIn)]) == 1, (at, answers)
        assert not [one for one in answers if isinstance(one, Refused)], (at, answers)
        assert len(order.scene.bodies("session|")) == 1
        if not tap.was_reached:
            return
    pytest.fail("it never ends")


async def test_cancelling_beside_the_answer_ends_one_way() -> None:
    """Signed in or refused, the same for whoever asks afterwards."""
    ends: set[str] = set()
    for at in range(1, 100):

        async def cancel(order: Order) -> None:
            await order.scene.container.person_signing_in.cancel(order.flow)

        order, tap, answer = await beside(cancel, at)
        later = await order.end()
        if isinstance(answer, SignedIn):
            ends.add("signed in")
            assert later == [ConflictError]
            assert len(order.scene.bodies("session|")) == 1
        else:
            ends.add("refused")
            assert isinstance(answer, Refused)
            assert isinstance(later[0], Refused)
            assert not order.scene.bodies("session|")
        if not tap.was_reached:
            break
    assert ends == {"signed in", "refused"}


async def test_an_order_swept_beside_a_poll_is_not_there() -> None:
    """Its ten minutes end while the e-ID is asked."""
    for at in range(1, 100):

        async def sweep(order: Order) -> None:
            order.scene.container.clock.now += timedelta(hours=1)
            await order.scene.container.retaining.sweep()

        _, tap, answer = await beside(sweep, at)
        assert isinstance(answer, (SignedIn, NotFoundError)), (at, answer)
        if not tap.was_reached:
            return


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_after_trouble_there_is_one_session_or_a_refusal(trouble: Trouble) -> None:
    """Persisted before told: a crash between asking and telling loses no answer that was stored, and invents none."""
    ends: set[str] = set()
    for tap in trouble():
        scene = await Scene.make()
        order = await Order.start(scene)
        scene.container.electronic_id.approve(order.ref, persona())
        try:
            first: object = await order.poll(scene.instance(tap))
        except (Crashed, DependencyError):
            first = None
        scene.container.clock.now += COLLECT_INTERVAL
        (last,) = await order.end()
        sessions = len(scene.bodies("session|"))
        if isinstance(first, SignedIn):
            assert (last, sessions) == (ConflictError, 1)
        elif isinstance(last, SignedIn):
            ends.add("signed in by the next poll")
            assert sessions == 1
        else:
            ends.add("start again")
            assert last is ConflictError or last == Refused(hint_code="unresolved")
            assert sessions <= 1
    assert ends == {"signed in by the next poll", "start again"}


async def test_the_answer_is_stored_before_anyone_hears_of_it(scene: Scene) -> None:
    """In this order: asked, stored, then the right to a session is used up, then the session."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona())
    tap = Tap()
    await order.poll(scene.instance(tap))
    collected = next(at for at, call in enumerate(tap.calls) if call.name == "electronic_id.collect")
    states = [
        (call.body or {}).get("state") for call in tap.calls[collected:] if call.at.startswith("order|") and call.body
    ]
    session = next(at for at, call in enumerate(tap.calls) if call.at.startswith("session|"))
    used = next(at for at, call in enumerate(tap.calls) if (call.body or {}).get("state") == "used")
    assert states == ["complete", "used"]
    assert collected < used < session
    # Nothing stands between that could fail: the e-ID does not repeat itself.
    assert (tap.calls[collected + 1].body or {}).get("state") == "complete"
    assert not [call for call in tap.calls[:collected] if "complete" in str(call.body)]


@pytest.mark.parametrize("started_by", [StartedBy.QR, StartedBy.THIS_MOBILE])
@pytest.mark.parametrize("ends_well", [True, False])
async def test_an_order_that_has_ended_is_not_asked_about_again(
    scene: Scene, started_by: StartedBy, *, ends_well: bool
) -> None:
    """The e-ID has told it; what is stored answers from then on, however often anybody asks."""
    order = await Order.start(scene, started_by)
    if ends_well:
        scene.container.electronic_id.approve(order.ref, persona())
    else:
        scene.container.electronic_id.fail(order.ref, "userCancel")
    tap = Tap()
    instance = scene.instance(tap)
    for _ in range(5):
        with suppress(ConflictError):
            await order.poll(instance)
        scene.container.clock.now += COLLECT_INTERVAL
    assert len(tap.called("electronic_id.collect")) == 1
