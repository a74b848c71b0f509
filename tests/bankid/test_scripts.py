"""Orders that go by a script, in the same process and over the wire."""

from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.bankid.bank import SimulatedBank
from local.bankid.certificates import make_authority, make_leaf, name
from local.bankid.lifecycle import StepError
from local.bankid.options import Options
from local.bankid.orders import Orders
from local.bankid.personas import PERSONAS
from local.bankid.refusals import RefusalError
from local.bankid.remote import RefusedError, RemoteBankId
from local.bankid.scripts import Script, ScriptError
from local.bankid.start_requests import Endpoint, StartRequest, parse_start
from tests.support.bankid import RunningBankId

BANK = SimulatedBank()
RP = make_leaf(name("one"), make_authority("RP CA")).certificate
BODY: dict[str, object] = {"endUserIp": "192.0.2.7", "returnUrl": "https://portal.example.se/"}


class Simulation:
    """Orders with a clock in the hand of the test."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, 12, tzinfo=UTC)
        numbers = count(1)
        self.orders = Orders(bank=BANK, clock=lambda: self.now, new_token=lambda: f"token-{next(numbers)}")

    def start(self, body: dict[str, object] = BODY) -> str:
        return self.orders.start(request(body), RP).ref

    def polled(self, ref: str, times: int) -> list[object]:
        """Hint, or status, of each answer."""
        answers = [self.orders.collect(ref, RP) for _ in range(times)]
        return [answer.get("hintCode", answer["status"]) for answer in answers]

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


def request(body: dict[str, object]) -> StartRequest:
    return parse_start(Endpoint.AUTH, body)


def test_an_order_goes_by_its_script() -> None:
    """Two polls, one poll, and then approved by itself."""
    simulation = Simulation()
    simulation.orders.follow(Script.of([("outstandingTransaction", 2), ("userSign", 1), ("complete", "asa")]))
    ref = simulation.start()
    assert simulation.polled(ref, 4) == ["outstandingTransaction"] * 2 + ["userSign", "complete"]
    with pytest.raises(RefusalError):
        simulation.orders.collect(ref, RP)


def test_a_script_can_end_badly_or_not_at_all() -> None:
    """The last hint goes on for ever, as far as time lets it."""
    simulation = Simulation()
    simulation.orders.follow(Script.of([("userMrtd", 1), ("userFace", 1), ("failed", "facialRecognitionFailed")]))
    assert simulation.polled(simulation.start(), 3) == ["userMrtd", "userFace", "facialRecognitionFailed"]
    simulation.orders.follow(Script.of([("noClient", 1), ("processing", 1)]))
    ref = simulation.start()
    assert simulation.polled(ref, 4) == ["noClient", "processing", "processing", "processing"]
    simulation.advance(180)
    assert simulation.polled(ref, 1) == ["expiredTransaction"]


def test_who_acts_in_the_app_ends_the_script() -> None:
    """A test may start with a script and go on by hand."""
    simulation = Simulation()
    simulation.orders.follow(Script.of([("outstandingTransaction", 9)]))
    ref = simulation.start()
    assert simulation.polled(ref, 1) == ["outstandingTransaction"]
    order = simulation.orders.find(ref)
    simulation.orders.autostart(ref, order.auto_start_token)
    assert simulation.polled(ref, 1) == ["userSign"]
    simulation.orders.approve(ref, PERSONAS["asa"])
    assert simulation.polled(ref, 1) == ["complete"]


@pytest.mark.parametrize(
    "steps",
    [
        [],
        ["userSign"],
        [("userSign", 0)],
        [("userSign", "1")],
        [("<b>", 1)],
        [("complete", "nobody")],
        [("failed", "<b>")],
        [("complete", "asa"), ("userSign", 1)],
        [("userSign", 1), ("outstandingTransaction", 1)],
    ],
)
def test_what_is_no_script_is_refused(steps: list[object]) -> None:
    """A test that misspells one must fail there."""
    with pytest.raises(ScriptError):
        Script.of(steps)


async def test_a_script_over_the_wire(bankid: RunningBankId, app: RemoteBankId) -> None:
    """For orders from then on; ``reset`` ends it, and so does ``follow`` without steps."""
    await app.follow(("userSign", 1), ("complete", "asa"))
    async with bankid.wire() as wire:

        async def polled() -> list[dict[str, Any]]:
            order = {"orderRef": (await wire.post("auth", json=BODY)).json()["orderRef"]}
            return [(await wire.post("collect", json=order)).json() for _ in range(2)]

        signing, complete = await polled()
        assert signing["hintCode"] == "userSign"
        assert complete["completionData"]["user"]["name"] == "Åsa-Märta Öberg Sjöström"
        await app.follow()
        assert [answer["hintCode"] for answer in await polled()] == ["outstandingTransaction"] * 2
        with pytest.raises(RefusedError, match="400"):
            await app.follow(("complete", "nobody"))


def test_an_old_app_fails_where_it_should_go_back() -> None:
    """On the same device; a code that was scanned leads nowhere back."""
    simulation = Simulation()
    started, scanned = simulation.start(), simulation.start()
    orders = simulation.orders
    orders.autostart(started, orders.find(started).auto_start_token)
    orders.scan(scanned, orders.find(scanned).frame(simulation.now))
    for ref in (started, scanned):
        orders.approve(ref, PERSONAS["old-app"])
    assert simulation.polled(started, 1) + simulation.polled(scanned, 1) == ["notSupportedByUserApp", "complete"]
    assert orders.counted == {"returnUrlsScanned": 1}


def test_a_new_bankid_was_issued_today_and_the_others_long_ago() -> None:
    """In both of the forms that BankID uses."""
    simulation = Simulation()
    dates = set()
    for key, persona in PERSONAS.items():
        if persona.refusal is None and not persona.is_app_old:
            simulation.orders.follow(Script.of([("complete", key)]))
            completion = simulation.orders.collect(simulation.start(), RP)["completionData"]
            assert isinstance(completion, dict)
            date = completion["bankIdIssueDate"]
            dates.add(date)
            assert date.startswith("2026-01-01") is persona.is_new
    assert {date.removeprefix("2026-01-01") for date in dates} >= {"2020-02-01", "2023-11-29Z"}


def test_a_document_that_cannot_be_read_is_told() -> None:
    """``stepUp`` says done and failed."""
    simulation = Simulation()
    ref = simulation.start({**BODY, "requirement": {"mrtd": True}})
    simulation.orders.autostart(ref, simulation.orders.find(ref).auto_start_token)
    simulation.orders.approve(ref, PERSONAS["asa"], is_document_read=False)
    completion = simulation.orders.collect(ref, RP)["completionData"]
    assert isinstance(completion, dict)
    assert completion["stepUp"] == {"mrtd": False}


def test_a_refused_second_order_can_leave_the_first_alone() -> None:
    """BankID's documents say it both ways."""
    simulation = Simulation()
    simulation.orders.options = Options(second_order_cancels_first=False)
    body: dict[str, object] = {**BODY, "requirement": {"personalNumber": "199006022397"}}
    first = simulation.start(body)
    with pytest.raises(RefusalError):
        simulation.start(body)
    assert simulation.polled(first, 1) == ["outstandingTransaction"]


ACTS = st.sampled_from(["collect", "cancel", "autostart", "scan", "approve", "approve-blocked", "fail", "hint"])


@given(st.lists(st.tuples(ACTS, st.integers(0, 1), st.sampled_from([0.0, 1.0, 29.0, 170.0])), max_size=25))
def test_whatever_happens_an_order_ends_once_and_stays_ended(steps: list[tuple[str, int, float]]) -> None:
    """Two orders, all acts in any order, at any time: one end each, told once, and then nothing more."""
    simulation = Simulation()
    refs = [simulation.start(), simulation.start()]
    told: dict[str, list[str]] = {ref: [] for ref in refs}
    orders = simulation.orders
    for act, which, seconds in steps:
        simulation.advance(seconds)
        try:
            _do(orders, simulation.now, act, refs[which], told)
        except (StepError, KeyError, RefusalError):
            continue
    for statuses in told.values():
        ended = [status for status in statuses if status != "pending"]
        assert len(ended) <= 1
        assert statuses[len(statuses) - len(ended) :] == ended


def _do(orders: Orders, now: datetime, act: str, ref: str, told: dict[str, list[str]]) -> None:
    order = orders.find(ref)
    match act:
        case "collect":
            told[ref].append(str(orders.collect(ref, RP)["status"]))
        case "cancel":
            orders.cancel(ref, RP)
            told[ref].append("cancelled")
        case "autostart":
            orders.autostart(ref, order.auto_start_token, PERSONAS["asa"])
        case "scan":
            orders.scan(ref, order.frame(now), PERSONAS["asa"])
        case "approve":
            orders.approve(ref, PERSONAS["asa"])
        case "approve-blocked":
            orders.approve(ref, PERSONAS["blocked"])
        case "fail":
            orders.fail(ref, "userCancel")
        case _:
            orders.hint(ref, "processing")
