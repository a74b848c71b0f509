"""Sign-in with the app on the same device: only coming back counts, only here, only once, and only in time."""

import asyncio
from datetime import timedelta

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.bodies import instant_text
from shared.domain.errors import ConflictError, DependencyError, NotFoundError, OtherBrowserError
from shared.domain.ports import Body
from shared.domain.user_messages import StartedBy
from shared.services.person_signing_in import Refused, SignedIn, Waiting
from shared.services.sign_in_collecting import COLLECT_INTERVAL
from shared.services.sign_in_orders import FLOW_LIFETIME, RETURN_LIFETIME
from tests.support.orders import REQUEST, Order
from tests.support.scene import Scene
from tests.support.taps import TROUBLES, Crashed, Tap, Trouble

MOBILE = StartedBy.THIS_MOBILE
ARMED = Waiting(hint_code="awaitingReturn", started_by=MOBILE)


async def approved(scene: Scene, **identity: object) -> Order:
    """An order on this device that a person has approved."""
    order = await Order.start(scene, MOBILE)
    scene.container.electronic_id.approve(order.ref, persona(**identity))  # type: ignore[arg-type]
    return order


async def test_polling_never_signs_in(scene: Scene) -> None:
    """However long: only the return does, and it still does afterwards."""
    order = await approved(scene)
    for _ in range(20):
        assert await order.poll() == ARMED
        scene.container.clock.now += COLLECT_INTERVAL
    assert not scene.bodies("session|")
    assert len(scene.bodies("return|")) == 1
    assert isinstance(await order.come_back(), SignedIn)
    assert not scene.bodies("return|")


async def test_who_comes_back_before_the_e_id_is_done_waits(scene: Scene) -> None:
    """The same nonce again, two seconds later; the e-ID is asked by one request at a time here as well."""
    order = await Order.start(scene, MOBILE)
    scene.container.electronic_id.hint(order.ref, "userSign")
    taps = [Tap(), Tap()]
    instances = [scene.instance(tap) for tap in taps]
    answers = await asyncio.gather(*(order.come_back(instances[n % 2]) for n in range(20)))
    assert all(isinstance(answer, Waiting) for answer in answers)
    assert sum(len(tap.called("electronic_id.collect")) for tap in taps) == 1
    scene.container.electronic_id.approve(order.ref, persona())
    scene.container.clock.now += COLLECT_INTERVAL
    assert isinstance(await order.come_back(), SignedIn)


async def test_of_many_returns_at_once_one_raises_the_session(scene: Scene) -> None:
    """Two tabs, two instances: one nonce, one session."""
    order = await approved(scene)
    await order.poll()

    async def back(instance: int) -> object:
        try:
            return await order.come_back(instances[instance])
        except (ConflictError, OtherBrowserError) as fault:
            return fault

    instances = [scene.instance(), scene.instance()]
    answers = await asyncio.gather(*(back(n % 2) for n in range(20)))
    assert len([answer for answer in answers if isinstance(answer, SignedIn)]) == 1
    assert len(scene.bodies("session|")) == 1


async def test_a_nonce_has_five_minutes(scene: Scene) -> None:
    """Later it leads nowhere, and its record goes with the next sweep."""
    order = await approved(scene)
    assert len(scene.bodies("return|")) == 1
    scene.container.clock.now += RETURN_LIFETIME - COLLECT_INTERVAL
    with pytest.raises(OtherBrowserError):
        await order.come_back()
    assert (await order.poll()).__class__ is not SignedIn
    await scene.container.retaining.sweep()
    assert not scene.bodies("return|")
    assert not scene.bodies("session|")


async def test_only_the_hash_of_the_nonce_is_kept(scene: Scene) -> None:
    """Whoever reads the store cannot come back in anybody's place. It has 256 bits."""
    order = await approved(scene)
    assert len(order.nonce) == 43
    assert order.nonce not in scene.raw_records()
    await order.poll()
    assert order.nonce not in scene.raw_records()


@pytest.mark.parametrize("started_by", list(StartedBy))
async def test_what_does_not_fit_is_turned_away_and_noted(scene: Scene, started_by: StartedBy) -> None:
    """No order, a code's order, a made-up nonce: one answer for all of them, an event for each."""
    order = await Order.start(scene, started_by)
    service = scene.container.person_signing_in
    for flow, nonce in ((order.flow, "A" * 43), ("", "A" * 43), ("x", ""), (order.flow, order.flow)):
        with pytest.raises(OtherBrowserError):
            await service.come_back(flow, nonce, REQUEST.end_user_ip)
    events = scene.events("order:return:refuse")
    assert [event["reason"] for event in events] == ["nonce"] * 4
    assert isinstance(await order.poll(), Waiting)


async def test_a_foreign_nonce_ends_the_order_it_was_made_for(scene: Scene) -> None:
    """At the e-ID too; the order of the browser that it reached goes on."""
    theirs, mine = await approved(scene), await approved(scene)
    await theirs.poll()
    with pytest.raises(OtherBrowserError):
        await mine.come_back(nonce=theirs.nonce)
    assert await theirs.poll() == Refused(hint_code="otherBrowser", started_by=MOBILE)
    assert [event["reason"] for event in scene.events("order:return:refuse")] == ["browser"]
    assert isinstance(await mine.come_back(), SignedIn)


async def test_the_store_decides_even_if_the_e_id_is_down(scene: Scene) -> None:
    """A foreign nonce ends the order although the e-ID cannot be told."""
    theirs = await Order.start(scene, MOBILE)
    scene.container.electronic_id.go_down()
    with pytest.raises(OtherBrowserError):
        await scene.container.person_signing_in.come_back("", theirs.nonce, REQUEST.end_user_ip)
    scene.container.electronic_id.fault = None
    scene.container.electronic_id.approve(theirs.ref, persona())
    scene.container.clock.now += COLLECT_INTERVAL
    assert await theirs.end() == [Refused(hint_code="otherBrowser", started_by=MOBILE)]


@pytest.mark.parametrize("risk", ["high", None, "new"])
async def test_risk_refuses_here_as_well(scene: Scene, risk: str | None) -> None:
    """When the person comes back; and the browser may start again."""
    order = await approved(scene, risk=risk)
    assert await order.poll() == ARMED
    refused = Refused(hint_code="transactionRiskBlocked", started_by=MOBILE)
    assert await order.come_back() == refused
    assert await order.poll() == refused
    again = await approved(scene)
    assert isinstance(await again.come_back(), SignedIn)


async def test_a_browser_that_moved_is_refused(scene: Scene) -> None:
    """It must come back from the address it started from; what is stored of addresses is sealed."""
    order = await approved(scene)
    refused = Refused(hint_code="addressChanged", started_by=MOBILE)
    assert REQUEST.end_user_ip not in scene.raw_records()
    assert await order.come_back(address="198.51.100.1") == refused
    assert await order.poll() == refused
    assert not scene.bodies("session|")


async def test_an_app_that_does_not_start_is_a_refusal(scene: Scene) -> None:
    """There is nothing to show in its place: the person presses again."""
    order = await Order.start(scene, MOBILE)
    scene.container.electronic_id.fail(order.ref, "startFailed")
    assert await order.poll() == Refused(hint_code="startFailed", started_by=MOBILE)
    assert len(scene.container.electronic_id.requests) == 1


async def test_the_app_can_be_opened_again_while_nobody_has_the_order(scene: Scene) -> None:
    """A page that was reloaded finds its link; there is never a code of such an order."""
    order = await Order.start(scene, MOBILE)
    answer = await order.poll()
    assert isinstance(answer, Waiting)
    assert answer.launch_url == "https://app.bankid.com/?autostarttoken=auto-1"
    assert answer.qr is None
    scene.container.electronic_id.hint(order.ref, "userSign")
    scene.container.clock.now += COLLECT_INTERVAL
    assert (await order.poll()) == Waiting(hint_code="userSign", started_by=MOBILE)


@pytest.mark.parametrize("started_by", [StartedBy.QR, MOBILE])
async def test_the_order_itself_knows_its_nonce(scene: Scene, started_by: StartedBy) -> None:
    """Whoever writes a way back to it into the store still has the wrong one, and an order by code has none."""
    order = await Order.start(scene, started_by)
    scene.container.electronic_id.approve(order.ref, persona())
    nonce, flow_hash = "A" * 43, token_hash(order.flow)
    place = places.sign_in_return(token_hash(nonce))
    body: Body = {"flow": flow_hash, "expires_at": instant_text(scene.container.clock.now + RETURN_LIFETIME)}
    await scene.container.record_store.create(place.partition, place.id, body)
    with pytest.raises(OtherBrowserError):
        await order.come_back(nonce=nonce)
    assert not scene.bodies("session|")
    assert [event["reason"] for event in scene.events("order:return:refuse")] == ["nonce"]


async def test_the_way_back_ends_with_its_order(scene: Scene) -> None:
    """After ten minutes nothing of it is left."""
    await approved(scene)
    scene.container.clock.now += FLOW_LIFETIME
    await scene.container.retaining.sweep()
    assert not scene.bodies("order|", "return|")


@pytest.mark.parametrize("trouble", TROUBLES.values(), ids=TROUBLES.keys())
async def test_after_trouble_in_the_return_there_is_one_session_or_none(trouble: Trouble) -> None:
    """A crash or a fault at any call: never two sessions, never one without its evidence."""
    ends: set[object] = set()
    for tap in trouble():
        scene = await Scene.make()
        order = await approved(scene)
        try:
            first: object = await order.come_back(scene.instance(tap))
        except (Crashed, DependencyError):
            first = None
        scene.container.clock.now += COLLECT_INTERVAL + timedelta(seconds=2)
        last: object = None
        for _ in range(3):
            try:
                last = await order.come_back()
            except (ConflictError, NotFoundError, OtherBrowserError) as fault:
                last = type(fault)
            scene.container.clock.now += COLLECT_INTERVAL
            if not isinstance(last, Waiting):
                break
        sessions = scene.bodies("session|")
        assert len(sessions) <= 1
        assert not sessions or scene.bodies("evidence|")
        assert not (isinstance(first, SignedIn) and isinstance(last, SignedIn))
        ends.add(type(last) if isinstance(last, (SignedIn, Refused)) else last)
    assert SignedIn in ends


async def test_a_nonce_that_could_not_be_forgotten_is_used_up_all_the_same(scene: Scene) -> None:
    """The order itself says so."""
    order = await approved(scene)

    class Clinging:
        """The store, which does not delete."""

        def __getattr__(self, name: str) -> object:
            if name == "delete_if_match":
                raise DependencyError
            return getattr(scene.container.records, name)

    instance = scene.instance()
    vars(instance)["records"] = Clinging()
    assert isinstance(await order.come_back(instance), SignedIn)
    assert len(scene.bodies("return|")) == 1
    with pytest.raises(OtherBrowserError):
        await order.come_back()
    assert [event["reason"] for event in scene.events("order:return:refuse")] == ["used"]
