"""The simulator's orders: whose they are, what the app accepts, and how one ends another."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from local.bankid.bank import SimulatedBank
from local.bankid.certificates import make_authority, make_leaf, name
from local.bankid.lifecycle import Phase, StepError
from local.bankid.orders import Orders
from local.bankid.personas import PERSONAS
from local.bankid.refusals import RefusalError
from local.bankid.start_requests import Endpoint, Requirement, StartRequest

RP_CA = make_authority("RP CA")
RP = make_leaf(name("one"), RP_CA).certificate
OTHER_RP = make_leaf(name("two"), RP_CA).certificate
BANK = SimulatedBank()
TOLVAN, ASA, BLOCKED = PERSONAS["tolvan"], PERSONAS["asa"], PERSONAS["blocked"]


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def request(requirement: Requirement | None = None, *, return_risk: bool = True) -> StartRequest:
    return StartRequest(
        endpoint=Endpoint.AUTH,
        end_user_ip="192.0.2.7",
        visible_data=None,
        visible_format=None,
        non_visible_data=None,
        return_url=None,
        return_risk=return_risk,
        requirement=requirement or Requirement(),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def orders(clock: Clock) -> Orders:
    numbers = count(1)
    return Orders(bank=BANK, clock=clock, new_token=lambda: f"token-{next(numbers)}")


def pick_up(orders: Orders, clock: Clock, ref: str) -> None:
    orders.scan(ref, orders.find(ref).frame(clock()))


def test_an_order_belongs_to_the_certificate_that_made_it(orders: Orders) -> None:
    """Another certificate sees no order; the owner still does."""
    ref = orders.start(request(), RP).ref
    for call in (orders.collect, orders.cancel):
        with pytest.raises(RefusalError) as caught:
            call(ref, OTHER_RP)
        assert (caught.value.error_code, caught.value.details) == ("invalidParameters", "No such order")
    assert orders.collect(ref, RP)["status"] == "pending"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not a BankID QR code"),
        ("bankid.{token}.00.{code}", "not a BankID QR code"),
        ("bankid.{token}.0.{code}\n", "not a BankID QR code"),
        ("bankid.other.0.{code}", "the QR code is of another order"),
        ("bankid.{token}.1.{code}", "the code does not verify"),
        ("bankid.{token}.0." + "0" * 64, "the code does not verify"),
    ],
)
def test_the_app_refuses_a_wrong_qr_code(orders: Orders, clock: Clock, content: str, reason: str) -> None:
    """Token, code and form are each checked; the order goes on waiting."""
    order = orders.start(request(), RP)
    code = order.frame(clock()).rpartition(".")[2]
    with pytest.raises(StepError, match=reason):
        orders.scan(order.ref, content.format(token=order.qr_start_token, code=code))
    assert orders.find(order.ref).life.phase is Phase.WAITING


@pytest.mark.parametrize(("age", "is_taken"), [(0, True), (2, True), (2.9, True), (3, False), (29, False)])
def test_the_app_refuses_an_old_frame(orders: Orders, clock: Clock, age: float, *, is_taken: bool) -> None:
    """A photograph of the code must be of no use to the one who shows it on."""
    order = orders.start(request(), RP)
    frame = order.frame(clock())
    clock.advance(age)
    if is_taken:
        orders.scan(order.ref, frame)
    else:
        with pytest.raises(StepError, match="not of now"):
            orders.scan(order.ref, frame)


def test_the_app_refuses_a_frame_of_the_future(orders: Orders, clock: Clock) -> None:
    """Whoever shows one computed it ahead of time."""
    order = orders.start(request(), RP)
    with pytest.raises(StepError, match="not of now"):
        orders.scan(order.ref, order.frame(clock() + timedelta(seconds=3)))


def test_the_app_starts_only_with_the_orders_own_token(orders: Orders) -> None:
    """On the same device the token takes the place of the code."""
    order = orders.start(request(), RP)
    with pytest.raises(StepError):
        orders.autostart(order.ref, order.qr_start_token)
    orders.autostart(order.ref, order.auto_start_token)
    assert orders.find(order.ref).life.hint_code == "userSign"


def test_nobody_approves_what_is_not_in_the_app(orders: Orders) -> None:
    """Not even the one whose BankID would be refused anyway."""
    ref = orders.start(request(), RP).ref
    for persona in (TOLVAN, BLOCKED):
        with pytest.raises(StepError):
            orders.approve(ref, persona)
    assert orders.collect(ref, RP)["status"] == "pending"


def test_the_address_tells_where_the_app_was(orders: Orders, clock: Clock) -> None:
    """The same device is where the relying party saw it; a phone that scanned is elsewhere."""
    scanned = orders.start(request(), RP)
    pick_up(orders, clock, scanned.ref)
    orders.approve(scanned.ref, TOLVAN)
    started = orders.start(request(), RP)
    orders.autostart(started.ref, started.auto_start_token)
    orders.approve(started.ref, TOLVAN)
    told = orders.start(request(), RP)
    pick_up(orders, clock, told.ref)
    orders.approve(told.ref, TOLVAN, ip="198.51.100.1")
    addresses = [_completion(orders, ref)["device"]["ipAddress"] for ref in (scanned.ref, started.ref, told.ref)]
    assert addresses == ["203.0.113.7", "192.0.2.7", "198.51.100.1"]


def test_a_blocked_bankid_fails_every_order(orders: Orders, clock: Clock) -> None:
    """As with three wrong PINs."""
    ref = orders.start(request(), RP).ref
    pick_up(orders, clock, ref)
    orders.approve(ref, BLOCKED)
    assert orders.collect(ref, RP) == {"orderRef": ref, "status": "failed", "hintCode": "certificateErr"}


def test_an_order_for_one_person_is_refused_to_others(orders: Orders, clock: Clock) -> None:
    """It stays pending: the right person may still come."""
    ref = orders.start(request(Requirement(personal_number=ASA.personal_number)), RP).ref
    pick_up(orders, clock, ref)
    with pytest.raises(StepError):
        orders.approve(ref, TOLVAN)
    orders.approve(ref, ASA)
    assert orders.collect(ref, RP)["status"] == "complete"


def test_a_second_order_for_the_same_person_is_refused_and_ends_the_first(orders: Orders) -> None:
    """No order is created, so that the person can try again."""
    wanted = request(Requirement(personal_number=ASA.personal_number))
    first = orders.start(wanted, RP).ref
    with pytest.raises(RefusalError) as caught:
        orders.start(wanted, RP)
    assert caught.value.error_code == "alreadyInProgress"
    assert len(orders.alive()) == 1
    assert orders.collect(first, RP)["hintCode"] == "cancelled"
    orders.start(wanted, RP)


def test_a_second_order_in_the_same_persons_app_ends_the_first(orders: Orders, clock: Clock) -> None:
    """A person has one order at a time; others are left alone."""
    refs = [orders.start(request(), RP).ref for _ in range(3)]
    for ref, persona in zip(refs, (TOLVAN, ASA, TOLVAN), strict=True):
        orders.scan(ref, orders.find(ref).frame(clock()), persona)
    assert [orders.collect(ref, RP)["hintCode"] for ref in refs] == ["cancelled", "userSign", "userSign"]


@pytest.mark.parametrize(
    ("highest", "risk", "status"),
    [
        ("low", "low", "complete"),
        ("low", "moderate", "failed"),
        ("moderate", "moderate", "complete"),
        ("moderate", "high", "failed"),
        ("low", None, "complete"),
        (None, "high", "complete"),
    ],
)
def test_a_risk_above_the_required_one_blocks(
    orders: Orders, clock: Clock, highest: str | None, risk: str | None, status: str
) -> None:
    """Without a requirement it is told and the relying party decides."""
    ref = orders.start(request(Requirement(risk=highest)), RP).ref
    pick_up(orders, clock, ref)
    orders.approve(ref, TOLVAN, risk=risk)
    answer = orders.collect(ref, RP)
    assert answer["status"] == status
    if status == "failed":
        assert answer["hintCode"] == "transactionRiskBlocked"


def test_risk_and_step_up_are_told_only_when_asked_for(orders: Orders, clock: Clock) -> None:
    """A client must do without them."""
    plain = orders.start(request(return_risk=False), RP).ref
    pick_up(orders, clock, plain)
    orders.approve(plain, TOLVAN)
    assert {"risk", "stepUp"}.isdisjoint(_completion(orders, plain))
    passport = orders.start(request(Requirement(mrtd=True)), RP).ref
    pick_up(orders, clock, passport)
    assert orders.find(passport).life.hint_code == "userMrtd"
    orders.approve(passport, TOLVAN)
    completion = _completion(orders, passport)
    assert completion["stepUp"] == {"mrtd": True}
    assert completion["risk"] == "low"


def test_what_nobody_can_hear_of_is_forgotten(orders: Orders, clock: Clock) -> None:
    """A simulator that runs for days must not grow."""
    orders.start(request(), RP)
    clock.advance(190)
    assert orders.alive() == []


def _completion(orders: Orders, ref: str) -> dict[str, Any]:
    completion = orders.collect(ref, RP)["completionData"]
    assert isinstance(completion, dict)
    return completion
