"""What BankID's test host answers without anybody at an app, on the wire. The simulator must answer the same.

Source: BankID RP API v6.0. What is asserted here was learned from tests that others wrote for the test host; where a
check fails there, the simulator is what has to change.
"""

import re
from typing import Any

import httpx
import pytest

from tests.bankid_contract.contract_host import ContractHost

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
AUTH: dict[str, Any] = {"endUserIp": "192.0.2.7"}
TEXT = "TG9nZ2EgaW4="
UNKNOWN = "131daac9-16c6-4618-beb0-365768f37288"


def refused(answer: httpx.Response) -> tuple[int, str, str]:
    content = answer.json()
    return answer.status_code, content["errorCode"], content["details"]


async def started(host: ContractHost, body: dict[str, Any] = AUTH, method: str = "auth") -> dict[str, str]:
    answer = await host.wire.post(method, json=body)
    assert answer.status_code == 200, answer.text
    return {"orderRef": answer.json()["orderRef"]}


async def test_an_order_begins_waits_is_cancelled_and_gone(host: ContractHost) -> None:
    """The whole life of an order that nobody picks up."""
    tokens = (await host.wire.post("auth", json=AUTH)).json()
    assert set(tokens) >= {"orderRef", "autoStartToken", "qrStartToken", "qrStartSecret"}
    assert all(UUID.fullmatch(token) for token in tokens.values())
    order = {"orderRef": tokens["orderRef"]}
    pending = await host.wire.post("collect", json=order)
    assert pending.json() == {**order, "status": "pending", "hintCode": "outstandingTransaction"}
    cancelled = await host.wire.post("cancel", json=order)
    assert (cancelled.status_code, cancelled.json()) == (200, {})
    for method in ("collect", "cancel"):
        answer = await host.wire.post(method, json=order)
        assert refused(answer) == (400, "invalidParameters", "No such order")


async def test_a_signature_begins_like_an_identification(host: ContractHost) -> None:
    """With a text, which it cannot do without."""
    order = await started(host, {**AUTH, "userVisibleData": TEXT}, "sign")
    assert (await host.wire.post("cancel", json=order)).status_code == 200


@pytest.mark.parametrize(
    ("method", "body", "details"),
    [
        ("auth", {"endUserIp": ""}, "Invalid endUserIp"),
        ("auth", {"endUserIp": "192.0.2"}, "Invalid endUserIp"),
        ("auth", {**AUTH, "requirement": {"personalNumber": "1990"}}, "Incorrect personalNumber"),
        ("auth", {**AUTH, "requirement": {"cardReader": "class3"}}, "Invalid requirement"),
        ("auth", {**AUTH, "userVisibleData": "not base64!"}, "Invalid userVisibleData"),
        ("auth", {**AUTH, "returnUrl": ""}, "Invalid returnUrl"),
        ("phone/auth", {"personalNumber": "1990", "callInitiator": "nobody"}, "Incorrect personalNumber"),
        ("phone/auth", {"personalNumber": "199006022397", "callInitiator": "nobody"}, "Incorrect callInitiator"),
        ("collect", {"orderRef": UNKNOWN}, "No such order"),
        ("cancel", {"orderRef": UNKNOWN}, "No such order"),
    ],
)
async def test_bad_fields_are_refused_in_these_words(
    host: ContractHost, method: str, body: dict[str, object], details: str
) -> None:
    """No order comes of it."""
    assert refused(await host.wire.post(method, json=body)) == (400, "invalidParameters", details)


async def test_only_the_form_of_a_number_is_checked_and_it_is_busy_afterwards(host: ContractHost) -> None:
    """The number fails its check digit. A second order for it is refused while the first waits."""
    wanted = {**AUTH, "requirement": {"personalNumber": "200003121145"}}
    order = await started(host, wanted)
    second = await host.wire.post("auth", json=wanted)
    assert refused(second) == (400, "alreadyInProgress", "Order already in progress for pno")
    # What became of the first is not known; either way it is not left behind.
    await host.wire.post("cancel", json=order)


async def test_an_order_that_nobody_picks_up_fails_after_thirty_seconds(host: ContractHost) -> None:
    """And is told once."""
    order = await started(host)
    await host.wait(31)
    failed = await host.wire.post("collect", json=order)
    assert failed.json() == {**order, "status": "failed", "hintCode": "startFailed"}
    again = await host.wire.post("collect", json=order)
    assert refused(again) == (400, "invalidParameters", "No such order")


async def test_get_is_the_health_check(host: ContractHost) -> None:
    """As in BankID's own sample."""
    assert (await host.wire.get("auth")).status_code == 405


async def test_the_media_type_has_no_parameter(host: ContractHost) -> None:
    """A charset is refused, and so is everything that is not JSON."""
    for media_type in ("application/json; charset=utf-8", "text/plain"):
        answer = await host.wire.post("auth", content=b"{}", headers={"content-type": media_type})
        assert answer.status_code == 415


async def test_what_is_not_there_is_not_found(host: ContractHost) -> None:
    """A path that the API does not have."""
    assert (await host.wire.post("nothing", json={})).status_code == 404


@pytest.mark.parametrize("content", [b"[]", b"x", b""])
async def test_a_body_that_is_no_object_is_refused(host: ContractHost, content: bytes) -> None:
    """With 400, whatever the words."""
    answer = await host.wire.post("auth", content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "invalidParameters")
