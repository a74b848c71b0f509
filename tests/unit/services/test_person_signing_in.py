"""Persons sign in with an e-ID: only the browser that started, only once, and only when nothing speaks against it."""

import logging
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.crypto.pseudonyms import subject_of
from shared.domain.errors import ConflictError, DependencyError, KeyUnavailableError, NotFoundError
from shared.domain.principals import Person
from shared.domain.qr import qr_content
from shared.domain.verified_identity import VerifiedIdentity
from shared.services.person_signing_in import Refused, SignedIn, Waiting
from shared.services.sign_in_collecting import COLLECT_INTERVAL
from shared.services.sign_in_orders import FLOW_LIFETIME, QR_LIFETIME
from tests.support.orders import REQUEST, Order
from tests.support.scene import Scene
from tests.support.taps import meetings

TICK = timedelta(microseconds=1)


async def test_who_identifies_is_signed_in(scene: Scene) -> None:
    """Known by pseudonym, shown by the name that the e-ID stated."""
    order = await Order.start(scene)
    identity = persona()
    scene.container.electronic_id.approve(order.ref, identity)
    answer = await order.poll()
    assert isinstance(answer, SignedIn)
    subject = subject_of(identity.personal_number, scene.container.settings.peppers)
    assert isinstance(answer.session.principal, Person)
    assert replace(answer.session.principal, evidence=None) == Person(
        subject=subject, name=identity.name, provider=identity.provider, assurance=identity.assurance
    )
    assert await scene.container.sessions.principal_of(answer.session.token) == answer.session.principal
    assert [event["by"] for event in scene.events("session:person:raise")] == [subject]
    with pytest.raises(ConflictError):
        await order.poll()


async def test_a_waiting_order_tells_the_hint(scene: Scene) -> None:
    """As it came, also one that nobody knew when this was written."""
    order = await Order.start(scene)
    for hint in ("outstandingTransaction", "started", "userSign", "somethingNew"):
        scene.container.electronic_id.hint(order.ref, hint)
        answer = await order.poll()
        assert isinstance(answer, Waiting)
        assert answer.hint_code == hint
        scene.container.clock.now += COLLECT_INTERVAL


@pytest.mark.parametrize("hint", ["userCancel", "expiredTransaction", "certificateErr", "somethingNew"])
async def test_a_failed_order_stays_failed(scene: Scene, hint: str) -> None:
    """The e-ID tells it once; the browser may ask again."""
    order = await Order.start(scene)
    scene.container.electronic_id.fail(order.ref, hint)
    for _ in range(3):
        assert await order.poll() == Refused(hint_code=hint)
        scene.container.clock.now += COLLECT_INTERVAL
    assert await scene.container.person_signing_in.qr(order.flow) is None
    assert not scene.bodies("session|")


@pytest.mark.parametrize(
    ("risk", "is_let_in"),
    [("low", True), ("moderate", True), ("high", False), (None, False), ("", False), ("LOW", False), ("new", False)],
)
async def test_only_a_known_risk_that_is_not_high_is_let_in(scene: Scene, risk: str | None, *, is_let_in: bool) -> None:
    """BankID: a transaction of high risk "should be blocked by the relying party". No answer is no reason to trust."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona(risk=risk))
    answer = await order.poll()
    assert isinstance(answer, SignedIn) is is_let_in
    if not is_let_in:
        assert answer == await order.poll() == Refused(hint_code="transactionRiskBlocked")
        assert not scene.bodies("session|")
        (event,) = scene.events("session:person:refuse")
        assert event["by"] == scene.person().subject


async def test_the_code_is_a_new_one_each_second_and_ends(scene: Scene) -> None:
    """The frames of BankID's own scheme, from the second the order began, for as long as the app can start."""
    order = await Order.start(scene)
    scene.container.clock.now -= COLLECT_INTERVAL
    for second in range(int(QR_LIFETIME.total_seconds())):
        frame = await scene.container.person_signing_in.qr(order.flow)
        assert frame == qr_content("token-1", "secret-1", second)
        scene.container.clock.now += timedelta(seconds=1) - TICK
        assert await scene.container.person_signing_in.qr(order.flow) == frame
        scene.container.clock.now += TICK
    assert await scene.container.person_signing_in.qr(order.flow) is None
    answer = await order.poll()
    assert isinstance(answer, Waiting)
    assert answer.qr is None


async def test_an_instance_whose_clock_is_late_shows_the_first_code(scene: Scene) -> None:
    """The one that started has a clock that runs ahead: no code is made of seconds before the start."""
    order = await Order.start(scene)
    scene.container.clock.now -= timedelta(seconds=10)
    assert await scene.container.person_signing_in.qr(order.flow) == qr_content("token-1", "secret-1", 0)


@pytest.mark.parametrize("hint", ["started", "userSign", "userMrtd", "somethingNew"])
async def test_there_is_no_code_once_an_app_has_the_order(scene: Scene, hint: str) -> None:
    """It would only be good for whoever photographs it."""
    order = await Order.start(scene)
    scene.container.electronic_id.hint(order.ref, hint)
    answer = await order.poll()
    assert isinstance(answer, Waiting)
    assert answer.qr is None
    assert await scene.container.person_signing_in.qr(order.flow) is None


async def test_secrets_of_the_order_are_nowhere(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Reference and secret neither in an answer nor in clear in the store; the flow's token only with its browser."""
    caplog.set_level(logging.DEBUG)
    order = await Order.start(scene)
    seen: list[object] = [await order.poll()]
    scene.container.electronic_id.approve(order.ref, persona())
    scene.container.clock.now += COLLECT_INTERVAL
    stored = scene.raw_records()
    answer = await order.poll()
    assert isinstance(answer, SignedIn)
    assert isinstance(seen[0], Waiting)
    shown = f"{seen[0].hint_code} {seen[0].qr} {seen[0]!r} {answer!r} {answer.session.token} {answer.session.csrf}"
    assert "token-1" in shown  # BankID's own code begins with it
    for secret in ("secret-1", "order-1", "auto-1", order.flow):
        assert secret not in shown
        assert secret not in stored + scene.raw_records() + caplog.text
    for personal in ("191212121212", "Tolvan"):
        assert personal not in stored + scene.raw_records() + caplog.text + repr(answer)


@pytest.mark.parametrize("flow", ["", "x", "0" * 43, "order", "a|b", "\udc80", "x" * 10_000])
async def test_another_browser_has_no_order(scene: Scene, flow: str) -> None:
    """A made-up cookie, and that of another order, lead to nothing of this one."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona())
    with pytest.raises(NotFoundError):
        await scene.container.person_signing_in.poll(flow)
    with pytest.raises(NotFoundError):
        await scene.container.person_signing_in.qr(flow)
    await scene.container.person_signing_in.cancel(flow)
    other = await Order.start(scene)
    assert isinstance(await other.poll(), Waiting)
    assert isinstance(await order.poll(), SignedIn)


async def test_an_order_ends_with_its_ten_minutes(scene: Scene) -> None:
    """Completed or not; the sweep takes what is left of it."""
    started = scene.container.clock.now
    order, completed = await Order.start(scene), await Order.start(scene)
    scene.container.electronic_id.approve(completed.ref, persona())
    scene.container.clock.now = started + FLOW_LIFETIME - TICK
    assert isinstance(await order.poll(), Waiting)
    scene.container.clock.now = started + FLOW_LIFETIME + COLLECT_INTERVAL
    for ended in (order, completed):
        with pytest.raises(NotFoundError):
            await ended.poll()
        with pytest.raises(NotFoundError):
            await scene.container.person_signing_in.qr(ended.flow)
        await scene.container.person_signing_in.cancel(ended.flow)
    await scene.container.retaining.sweep()
    assert not scene.bodies("order|")


async def test_a_cancelled_order_is_over(scene: Scene) -> None:
    """At the e-ID as well; cancelling again, or what has ended, says nothing."""
    order = await Order.start(scene)
    await scene.container.person_signing_in.cancel(order.flow)
    with pytest.raises(NotFoundError):
        await scene.container.electronic_id.collect(order.ref)
    assert await order.poll() == Refused(hint_code="userCancel")
    await scene.container.person_signing_in.cancel(order.flow)
    done = await Order.start(scene)
    scene.container.electronic_id.approve(done.ref, persona())
    await done.poll()
    await scene.container.person_signing_in.cancel(done.flow)
    with pytest.raises(ConflictError):
        await done.poll()


async def test_an_answer_that_was_lost_is_a_refusal(scene: Scene) -> None:
    """The e-ID tells it once; whoever it told is gone. Never signed in, and not waiting for ever."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, persona())
    await scene.container.electronic_id.collect(order.ref)
    assert await order.end() == [Refused(hint_code="unresolved")]
    assert not scene.bodies("session|")


async def test_an_e_id_that_is_down_can_be_asked_again(scene: Scene) -> None:
    """Its failure is neither a refusal nor a reason to ask it more often."""
    order = await Order.start(scene)
    scene.container.electronic_id.go_down()
    with pytest.raises(DependencyError):
        await order.poll()
    assert isinstance(await order.poll(), Waiting)  # from the store
    scene.container.electronic_id.fault = None
    scene.container.electronic_id.approve(order.ref, persona())
    scene.container.clock.now += COLLECT_INTERVAL
    assert isinstance(await order.poll(), SignedIn)


@pytest.mark.parametrize("fault", [ConflictError(), DependencyError()])
async def test_an_order_that_the_e_id_refuses_leaves_nothing(scene: Scene, fault: ConflictError) -> None:
    """There is nothing to poll."""
    scene.container.electronic_id.fault = fault
    before = scene.bodies()
    with pytest.raises(type(fault)):
        await scene.container.person_signing_in.start(REQUEST)
    assert scene.bodies() == before


async def test_no_order_begins_that_could_not_be_kept(scene: Scene) -> None:
    """The e-ID does not repeat itself: what sealing needs is fetched before it is asked, not after."""
    instance = scene.instance()

    class Locked:
        """The vault, which does not answer."""

        def __getattr__(self, name: str) -> object:
            raise KeyUnavailableError

    vars(instance)["keys"] = Locked()
    with pytest.raises(KeyUnavailableError):
        await instance.person_signing_in.start(REQUEST)
    assert not scene.container.electronic_id.requests


async def test_no_order_outlives_its_end_after_a_fault(scene: Scene) -> None:
    """Whatever was written before the store failed is found by the sweep."""

    async def down() -> None:
        raise DependencyError

    for tap in meetings(down):
        try:
            await scene.instance(tap).person_signing_in.start(REQUEST)
        except DependencyError:
            assert tap.was_reached
    scene.container.clock.now += FLOW_LIFETIME
    await scene.container.retaining.sweep()
    assert not scene.bodies("order|")


@pytest.mark.parametrize("identity", [persona(), persona("199006022397", "Anna", "Å" * 900)])
async def test_any_person_of_the_e_id_can_sign_in(scene: Scene, identity: VerifiedIdentity) -> None:
    """With a name as long as the e-ID may state one."""
    order = await Order.start(scene)
    scene.container.electronic_id.approve(order.ref, identity)
    answer = await order.poll()
    assert isinstance(answer, SignedIn)
    assert answer.session.principal.name == identity.name
