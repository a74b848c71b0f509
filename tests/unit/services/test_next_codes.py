"""Codes that nobody scanned in time are followed by others: silently, once each, and not for ever."""

import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.domain.electronic_id import CollectOutcome, Failed, Pending
from shared.domain.errors import ConflictError, DependencyError, NotFoundError
from shared.domain.qr import qr_content
from shared.services.person_signing_in import Refused, SignedIn, Waiting
from shared.services.sign_in_collecting import CLAIM_LASTS, CODES_FOR, COLLECT_INTERVAL
from shared.services.sign_in_orders import QR_LIFETIME
from tests.support.orders import REQUEST, Order
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble, meetings


async def unscanned(scene: Scene) -> Order:
    """An order whose code nobody scanned, as the e-ID is about to tell."""
    order = await Order.start(scene)
    scene.container.clock.now += QR_LIFETIME
    scene.container.electronic_id.fail(order.ref, "startFailed")
    return order


async def test_a_code_that_nobody_scanned_is_followed_by_another(scene: Scene) -> None:
    """In the same flow, from its first second on, told the same things; and it signs in."""
    order = await unscanned(scene)
    answer = await order.poll()
    assert answer == Waiting(hint_code="outstandingTransaction", qr=qr_content("token-2", "secret-2", 0))
    first, second = scene.container.electronic_id.requests
    assert first == second == REQUEST
    scene.container.electronic_id.approve("order-2", persona())
    scene.container.clock.now += COLLECT_INTERVAL
    assert isinstance(await order.poll(), SignedIn)


async def test_codes_end_three_minutes_after_the_click(scene: Scene) -> None:
    """However often it was renewed: then the person is asked to press again."""
    order = await Order.start(scene)
    began = scene.container.clock.now - COLLECT_INTERVAL
    while True:
        scene.container.clock.now += QR_LIFETIME
        scene.container.electronic_id.fail(scene.container.electronic_id.latest, "startFailed")
        answer = await order.poll()
        if isinstance(answer, Refused):
            break
    assert answer == Refused(hint_code="startFailed")
    assert scene.container.clock.now - began >= CODES_FOR
    assert scene.container.clock.now - began < CODES_FOR + QR_LIFETIME
    assert len(scene.container.electronic_id.requests) == 6


@pytest.mark.parametrize("hint", ["started", "userSign", "somethingNew"])
async def test_an_order_that_an_app_had_is_not_followed(scene: Scene, hint: str) -> None:
    """Whoever picked it up may still be at it; another code would be for somebody else."""
    order = await Order.start(scene)
    scene.container.electronic_id.hint(order.ref, hint)
    await order.poll()
    scene.container.clock.now += COLLECT_INTERVAL
    scene.container.electronic_id.fail(order.ref, "startFailed")
    assert await order.poll() == Refused(hint_code="startFailed")
    assert len(scene.container.electronic_id.requests) == 1


async def test_many_polls_at_once_start_the_next_order_once(scene: Scene) -> None:
    """Fifty tabs over two instances."""
    order = await unscanned(scene)
    instances = [scene.instance(), scene.instance()]
    answers = await asyncio.gather(*(order.poll(instances[n % 2]) for n in range(50)))
    assert all(isinstance(answer, Waiting) for answer in answers)
    assert len(scene.container.electronic_id.requests) == 2


async def test_a_poll_beside_the_next_start_never_starts_another() -> None:
    """Whatever moment it comes at, and however slow the first one is."""
    for waits in (timedelta(0), COLLECT_INTERVAL, CLAIM_LASTS):
        scene, orders = await Scene.make(), list[Order]()

        async def another(scene: Scene = scene, waits: timedelta = waits, orders: list[Order] = orders) -> None:
            scene.container.clock.now += waits
            await orders[-1].poll()

        for tap in meetings(another):
            before = len(scene.container.electronic_id.requests)
            orders.append(await unscanned(scene))
            await orders[-1].poll(scene.instance(tap))
            assert len(scene.container.electronic_id.requests) - before == 2
            if waits < CLAIM_LASTS:
                # What a slow request heard of the first order is not told of the second.
                shown = await orders[-1].poll()
                assert isinstance(shown, Waiting)
                assert shown.qr is not None
            ends = await orders[-1].end()
            assert not [end for end in ends if isinstance(end, SignedIn)]


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_a_start_that_may_have_been_sent_is_not_sent_again(trouble: Trouble) -> None:
    """A crash or a fault between claim, start and store: at most one start, and the flow ends or goes on."""
    ends: set[str] = set()
    for tap in trouble():
        scene = await Scene.make()
        order = await unscanned(scene)
        with suppress(Crashed, DependencyError):
            await order.poll(scene.instance(tap))
        scene.container.clock.now += COLLECT_INTERVAL
        seen = await order.poll()
        if isinstance(seen, Waiting) and seen.qr is None:
            scene.container.clock.now += CLAIM_LASTS
            seen = await order.poll()
        started = len(scene.container.electronic_id.requests)
        assert started <= 2, tap.calls
        if isinstance(seen, Waiting) and seen.qr is not None:
            ends.add("goes on")
            assert started == 2
        else:
            ends.add("start again")
            assert await order.end() == [Refused(hint_code="unresolved")]
            assert len(scene.container.electronic_id.requests) == started
    assert ends == {"goes on", "start again"}


async def test_who_leaves_beside_the_next_start_has_left(scene: Scene) -> None:
    """Whichever is first: the flow is over, and the e-ID holds no order of it that could be scanned."""
    cancelled: list[Order] = []

    async def leave() -> None:
        await scene.container.person_signing_in.cancel(cancelled[-1].flow)

    for tap in meetings(leave):
        cancelled.append(await unscanned(scene))
        await cancelled[-1].poll(scene.instance(tap))
        if not tap.was_reached:
            break
        assert await cancelled[-1].end() == [Refused(hint_code="userCancel")]
        left = scene.container.electronic_id._orders.values()
        assert not [outcome for outcome in left if isinstance(outcome, Pending)]


async def test_one_live_order_for_each_browser(scene: Scene) -> None:
    """Starting again ends the one before, here and at the e-ID; a fault there does not stop the new one."""
    service = scene.container.person_signing_in
    first = await Order.start(scene)
    await service.start(REQUEST, leaving=first.flow)
    with pytest.raises(NotFoundError):
        await scene.container.electronic_id.collect(first.ref)
    assert await first.poll() == Refused(hint_code="cancelled")

    second = await Order.start(scene)
    tap = Tap()

    class Stubborn:
        """The e-ID, which fails to cancel."""

        def __getattr__(self, name: str) -> object:
            if name == "cancel":
                raise DependencyError
            return getattr(scene.container.electronic_id, name)

    instance = scene.instance(tap)
    vars(instance)["electronic_id"] = Stubborn()
    started = await instance.person_signing_in.start(REQUEST, leaving=second.flow)
    assert isinstance(await service.poll(started.flow), Waiting)
    assert await second.poll() == Refused(hint_code="cancelled")
    for stranger in ("x", started.flow + "x", "\udc80"):
        await service.start(REQUEST, leaving=stranger)


async def test_a_completed_order_is_not_undone_by_leaving(scene: Scene) -> None:
    """Signed in stays signed in: what is stored decides."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona())
    assert isinstance(await order.poll(), SignedIn)
    await scene.container.person_signing_in.start(REQUEST, leaving=order.flow)
    with pytest.raises(ConflictError):
        await order.poll()
    assert len(scene.bodies("session|")) == 1


async def test_an_e_id_that_repeats_itself_starts_one_order(scene: Scene) -> None:
    """Two requests that hear of the same end, one of them late: the claim decides, not the e-ID."""
    order = await Order.start(scene)

    class Repeating:
        """The e-ID, which tells the end of the first order to whoever asks, and lets another ask meanwhile."""

        is_first = True

        def __getattr__(self, name: str) -> object:
            return getattr(scene.container.electronic_id, name)

        async def collect(self, order_ref: str) -> CollectOutcome:
            if self.is_first:
                self.is_first = False
                scene.container.clock.now += COLLECT_INTERVAL
                await order.poll(instance)
            return Failed(hint_code="startFailed") if order_ref == order.ref else Pending(hint_code="userSign")

    instance = scene.instance()
    vars(instance)["electronic_id"] = Repeating()
    assert isinstance(await order.poll(instance), Waiting)
    assert len(scene.container.electronic_id.requests) == 2
