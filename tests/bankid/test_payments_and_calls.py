"""Payments, and orders to a person in a telephone call: what is asked, what is refused, and how they reach the app."""

from typing import Any

import pytest

from local.bankid.remote import RefusedError, RemoteBankId
from tests.support.bankid import RunningBankId

NUMBER = "199006022397"
TEXT = "QmV0YWxh"
CARD = {"transactionType": "card", "recipient": {"name": "Kommunen"}, "money": {"amount": "100,00", "currency": "SEK"}}
PAYMENT: dict[str, Any] = {"endUserIp": "192.0.2.7", "userVisibleTransaction": CARD}
OTHER: dict[str, Any] = {"personalNumber": NUMBER, "userVisibleTransaction": CARD}
CALL: dict[str, Any] = {"personalNumber": NUMBER, "callInitiator": "RP"}
SIGNED_CALL: dict[str, Any] = {**CALL, "userVisibleData": TEXT}

GOOD = [
    ("payment", PAYMENT),
    ("payment", {**PAYMENT, "riskFlags": ["newCard", "other"], "userVisibleData": TEXT, "userNonVisibleData": TEXT}),
    ("payment", {**PAYMENT, "userVisibleTransaction": {"transactionType": "npa", "recipient": {"name": "x"}}}),
    ("other/payment", OTHER),
    ("phone/auth", CALL),
    ("phone/auth", {**CALL, "callInitiator": "user", "requirement": {"pinCode": True, "cardReader": "class1"}}),
    ("phone/sign", SIGNED_CALL),
]
TYPE = "transactionType is not a valid transaction type"
MONEY = "money has invalid amount or currency"
RECIPIENT = "Recipient name is invalid"


def transaction(**changes: object) -> dict[str, object]:
    return {**PAYMENT, "userVisibleTransaction": {**CARD, **changes}}


BAD = [
    ("payment", {"endUserIp": "192.0.2.7"}, TYPE),
    ("payment", {"userVisibleTransaction": CARD}, "Invalid endUserIp"),
    ("payment", transaction(transactionType="cash"), TYPE),
    ("payment", transaction(transactionType=[]), TYPE),
    ("payment", transaction(recipient=None), RECIPIENT),
    ("payment", transaction(recipient={"name": ""}), RECIPIENT),
    ("payment", transaction(money={"amount": "100.00", "currency": "SEK"}), MONEY),
    ("payment", transaction(money={"amount": "100", "currency": "SEK"}), MONEY),
    ("payment", transaction(money={"amount": "100,00", "currency": "kr"}), MONEY),
    ("payment", transaction(transactionType="npa"), MONEY),
    ("payment", {**PAYMENT, "userNonVisibleData": TEXT}, "userNonVisible data requires userVisibleData"),
    ("payment", {**PAYMENT, "riskFlags": ["cheap"]}, "Invalid request"),
    ("payment", {**PAYMENT, "riskFlags": [[]]}, "Invalid request"),
    ("payment", {**PAYMENT, "returnUrl": ""}, "Invalid returnUrl"),
    ("other/payment", {"userVisibleTransaction": CARD}, "Incorrect personalNumber"),
    ("other/payment", {"personalNumber": "1990"}, "Incorrect personalNumber"),
    ("phone/auth", {"personalNumber": NUMBER}, "Incorrect callInitiator"),
    ("phone/auth", {**CALL, "callInitiator": "rp"}, "Incorrect callInitiator"),
    ("phone/auth", {"callInitiator": "rp"}, "Incorrect personalNumber"),
    ("phone/auth", {**CALL, "requirement": {"cardReader": "class3"}}, "Invalid requirement"),
    ("phone/sign", CALL, "Invalid userVisibleData"),
]


@pytest.mark.parametrize(("endpoint", "body"), GOOD)
@pytest.mark.usefixtures("app")
async def test_each_start_answers_with_what_it_promises(
    bankid: RunningBankId, endpoint: str, body: dict[str, object]
) -> None:
    """An order by number has nothing to scan and nothing to start with."""
    async with bankid.wire() as wire:
        started = await wire.post(endpoint, json=body)
    assert started.status_code == 200
    tokens = {"orderRef", "autoStartToken", "qrStartToken", "qrStartSecret"}
    assert set(started.json()) == (tokens if endpoint == "payment" else {"orderRef"})


@pytest.mark.parametrize(("endpoint", "body", "details"), BAD)
async def test_bad_fields_are_refused_in_bankids_order(
    bankid: RunningBankId, app: RemoteBankId, endpoint: str, body: dict[str, object], details: str
) -> None:
    """The number before the caller and the kind of payment; the amount with a comma."""
    async with bankid.wire() as wire:
        refused = await wire.post(endpoint, json=body)
    assert (refused.status_code, refused.json()["details"]) == (400, details)
    assert await app.orders() == []


async def test_a_call_reaches_the_one_person_and_asks_about_the_call(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Nobody else's app gets it, and nobody can scan or start it."""
    async with bankid.wire() as wire:
        order = {"orderRef": (await wire.post("phone/sign", json=SIGNED_CALL)).json()["orderRef"]}

        async def hint() -> object:
            return (await wire.post("collect", json=order)).json().get("hintCode")

        assert await hint() == "noClient"
        (seen,) = await app.orders()
        with pytest.raises(RefusedError, match="409"):
            await app.receive(seen.ref, "tolvan")
        with pytest.raises(RefusedError, match="409"):
            await app.scan(seen.ref)
        with pytest.raises(RefusedError, match="409"):
            await app.autostart(seen.ref, seen.auto_start_token)
        await app.receive(seen.ref, "asa")
        assert await hint() == "userCallConfirm"
        await app.approve(seen.ref, "asa")
        answer = (await wire.post("collect", json=order)).json()
    assert answer["completionData"]["user"]["personalNumber"] == NUMBER
    assert answer["completionData"]["device"]["ipAddress"] == "203.0.113.7"


async def test_who_is_not_in_a_call_can_say_so(bankid: RunningBankId, app: RemoteBankId) -> None:
    """That is the point of asking."""
    async with bankid.wire() as wire:
        order = {"orderRef": (await wire.post("phone/auth", json=CALL)).json()["orderRef"]}
        await app.receive(order["orderRef"], "asa")
        await app.fail(order["orderRef"], "userDeclinedCall")
        answer = (await wire.post("collect", json=order)).json()
    assert answer == {**order, "status": "failed", "hintCode": "userDeclinedCall"}


async def test_only_orders_by_number_are_received(bankid: RunningBankId, app: RemoteBankId) -> None:
    """All others start securely: with the code, or on the same device."""
    async with bankid.wire() as wire:
        ref = (await wire.post("payment", json=PAYMENT)).json()["orderRef"]
    with pytest.raises(RefusedError, match="409"):
        await app.receive(ref, "asa")


async def test_a_payment_is_signed(bankid: RunningBankId, app: RemoteBankId) -> None:
    """And has a risk if one was asked for."""
    async with bankid.wire() as wire:
        order = {"orderRef": (await wire.post("payment", json={**PAYMENT, "returnRisk": True})).json()["orderRef"]}
        await app.scan(order["orderRef"])
        await app.approve(order["orderRef"], "asa", risk="moderate")
        answer = (await wire.post("collect", json=order)).json()
    assert answer["completionData"]["risk"] == "moderate"


REJECTED = [
    ("auth", {"endUserIp": "192.0.2.7", "invented": 1}),
    ("auth", {"endUserIp": "192.0.2.7", "personalNumber": NUMBER}),
    ("auth", {"endUserIp": "192.0.2.7", "requirement": {"tokenStartRequired": True}}),
    ("auth", {"endUserIp": "192.0.2.7", "web": {"userAgent": "m", "color": "red"}}),
    ("phone/auth", {**CALL, "requirement": {"personalNumber": NUMBER}}),
    ("phone/auth", {**CALL, "returnUrl": "https://portal.example.se/"}),
    ("payment", transaction(recipient={"name": "x", "account": "y"})),
]


@pytest.mark.parametrize(("endpoint", "body"), REJECTED)
async def test_unknown_members_are_ignored_or_refused_as_one_likes(
    bankid: RunningBankId, app: RemoteBankId, endpoint: str, body: dict[str, object]
) -> None:
    """BankID is thought to ignore them; a client is best tested with both."""
    async with bankid.wire() as wire:
        assert (await wire.post(endpoint, json=body)).status_code == 200
        await app.reset()
        await app.choose(unknownMembers="reject")
        refused = await wire.post(endpoint, json=body)
        assert (refused.status_code, refused.json()["details"]) == (400, "Invalid request")
        await app.reset()
        assert (await wire.post(endpoint, json=body)).status_code == 200


async def test_the_strict_simulator_takes_everything_that_is_known(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Else it would be of no use to a client that asks for much."""
    await app.choose(unknownMembers="reject", secondOrderCancelsFirst=False)
    async with bankid.wire() as wire:
        refused = [body for endpoint, body in GOOD if (await wire.post(endpoint, json=body)).status_code != 200]
    # The person of the second order by number has one already, and the first goes on.
    assert refused == [body for _, body in GOOD[4:]]


@pytest.mark.parametrize("options", [{"unknownMembers": "warn"}, {"secondOrderCancelsFirst": "no"}, {"colour": "red"}])
async def test_an_option_that_does_not_exist_is_refused(app: RemoteBankId, options: dict[str, str]) -> None:
    """A test that misspells one must fail there."""
    with pytest.raises(RefusedError, match="400"):
        await app.choose(**options)
