"""Answers that go wrong, as they come over the wire: each kind of fault, and nothing but it."""

import base64
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from local.bankid.fault_kinds import AnswerFault, DeliveryFault, RefusalFault
from local.bankid.remote import RefusedError, RemoteBankId
from tests.support.bankid import RunningBankId

GOOD: dict[str, Any] = {"endUserIp": "192.0.2.7", "returnRisk": True, "requirement": {"mrtd": True}}
HTML, JSON = "text/html", "application/json"


async def started(wire: httpx.AsyncClient) -> dict[str, str]:
    """The body with which a fresh order is collected."""
    return {"orderRef": (await wire.post("auth", json=GOOD)).json()["orderRef"]}


async def approved(wire: httpx.AsyncClient, app: RemoteBankId) -> dict[str, str]:
    order = await started(wire)
    await app.scan(order["orderRef"])
    await app.approve(order["orderRef"])
    return order


REFUSALS: dict[RefusalFault, tuple[int, str, str | None]] = {
    RefusalFault.UNKNOWN_ERROR: (400, JSON, "somethingNew"),
    RefusalFault.UNAUTHORIZED: (401, JSON, "unauthorized"),
    RefusalFault.FORBIDDEN: (403, JSON, "unauthorized"),
    RefusalFault.METHOD_NOT_ALLOWED: (405, "", None),
    RefusalFault.REQUEST_TIMEOUT: (408, JSON, "requestTimeout"),
    RefusalFault.TOO_MANY_REQUESTS: (429, JSON, "tooManyRequests"),
    RefusalFault.TOO_FAST: (429, JSON, "tooManyRequests"),
    RefusalFault.INTERNAL_ERROR: (500, JSON, "internalError"),
    RefusalFault.BAD_GATEWAY: (502, HTML, None),
    RefusalFault.MAINTENANCE: (503, JSON, "maintenance"),
    RefusalFault.CAPITAL_MAINTENANCE: (503, JSON, "Maintenance"),
    RefusalFault.GATEWAY_TIMEOUT: (504, HTML, None),
}


@pytest.mark.parametrize("kind", [kind for kind in RefusalFault if kind is not RefusalFault.TOO_FAST])
async def test_a_refusal_in_bankids_place(bankid: RunningBankId, app: RemoteBankId, kind: RefusalFault) -> None:
    """Twice, then BankID answers; no order is made before."""
    status, media_type, code = REFUSALS[kind]
    await app.fault(kind, endpoint="auth", times=2)
    async with bankid.wire() as wire:
        for _ in range(2):
            refused = await wire.post("auth", json=GOOD)
            assert (refused.status_code, refused.headers.get("content-type", "")) == (status, media_type)
            assert code is None or refused.json()["errorCode"] == code
            assert bool(refused.content) is (media_type != "")
            assert ("ratelimit-reset" in refused.headers) is (status == 429)
        assert await app.orders() == []
        assert (await wire.post("auth", json=GOOD)).status_code == 200
    assert await app.struck() == [(kind.value, "auth")] * 2


async def test_polling_too_fast_is_refused_where_that_is_wanted(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Two seconds are enough, and another order has its own."""
    await app.fault(RefusalFault.TOO_FAST, times=None)
    async with bankid.wire() as wire:
        one, other = await started(wire), await started(wire)
        statuses = []
        for order, seconds in ((one, 0.0), (other, 0.0), (one, 0.0), (one, 2.0), (one, 1.0)):
            await app.advance(seconds)
            statuses.append((await wire.post("collect", json=order)).status_code)
    assert statuses == [200, 200, 429, 200, 429]
    assert await app.struck() == [("too-fast", "collect")] * 2


async def spoilt(bankid: RunningBankId, app: RemoteBankId, kind: AnswerFault, **details: str) -> httpx.Response:
    """What a completed order is collected as."""
    async with bankid.wire() as wire:
        order = await approved(wire, app)
        await app.fault(kind, **details)
        answer = await wire.post("collect", json=order)
        assert await app.struck() == [(kind.value, "collect")]
        # The result was told, however wrongly.
        assert (await wire.post("collect", json=order)).status_code == 400
        return answer


async def completion(bankid: RunningBankId, app: RemoteBankId, kind: AnswerFault, **details: str) -> dict[str, Any]:
    found: dict[str, Any] = (await spoilt(bankid, app, kind, **details)).json()["completionData"]
    return found


async def test_what_is_not_json(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Cut inside, with a length that fits."""
    answer = await spoilt(bankid, app, AnswerFault.INVALID_JSON)
    with pytest.raises(ValueError, match="delimiter"):
        answer.json()


async def test_what_is_not_an_object(bankid: RunningBankId, app: RemoteBankId) -> None:
    """JSON, but a list."""
    assert isinstance((await spoilt(bankid, app, AnswerFault.NOT_AN_OBJECT)).json(), list)


async def test_what_is_too_much(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Far more than any order has."""
    answer = await spoilt(bankid, app, AnswerFault.HUGE_BODY)
    assert len(answer.content) > 1024 * 1024
    assert answer.json()["status"] == "complete"


async def test_what_is_missing(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Any one member, at any depth."""
    assert "orderRef" not in (await spoilt(bankid, app, AnswerFault.MISSING_MEMBER)).json()
    await app.reset()
    path = "completionData.user.name"
    found = await completion(bankid, app, AnswerFault.MISSING_MEMBER, member=path)
    assert set(found["user"]) == {"personalNumber", "givenName", "surname"}


async def test_what_nobody_asked_for(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Members of tomorrow, and of version 5."""
    answer = (await spoilt(bankid, app, AnswerFault.EXTRA_MEMBERS)).json()
    assert {"invented", "setUp"} <= set(answer)
    assert "cert" in answer["completionData"]


async def test_what_is_of_another_order(bankid: RunningBankId, app: RemoteBankId) -> None:
    """The echo alone; there is none where an order is made."""
    answer = (await spoilt(bankid, app, AnswerFault.OTHER_ORDER_REF)).json()
    assert answer["orderRef"] not in {order.ref for order in await app.orders()}
    await app.reset()
    await app.fault(AnswerFault.OTHER_ORDER_REF)
    async with bankid.wire() as wire:
        order = await started(wire)
        assert (await wire.post("collect", json=order)).json()["orderRef"] != order["orderRef"]


async def test_words_of_tomorrow(bankid: RunningBankId, app: RemoteBankId) -> None:
    """A status and a hint that nobody knows."""
    assert (await spoilt(bankid, app, AnswerFault.UNKNOWN_STATUS)).json()["status"] == "somethingNew"
    await app.reset()
    await app.fault(AnswerFault.UNKNOWN_HINT)
    async with bankid.wire() as wire:
        pending = (await wire.post("collect", json=await started(wire))).json()
    assert (pending["status"], pending["hintCode"]) == ("pending", "somethingNew")


async def test_a_completion_with_nothing_in_it(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Complete, but who?"""
    assert await completion(bankid, app, AnswerFault.NULL_COMPLETION) is None


@pytest.mark.parametrize(
    ("kind", "path", "expected"),
    [
        (AnswerFault.SHORT_NUMBER, "user.personalNumber", "1212121212"),
        (AnswerFault.NO_RISK, "risk", None),
        (AnswerFault.NO_HARDWARE_ID, "device.uhi", None),
        (AnswerFault.NO_STEP_UP, "stepUp", None),
        (AnswerFault.OTHER_IP, "device.ipAddress", "198.51.100.66"),
        (AnswerFault.OTHER_PERSON, "user.personalNumber", "199006022397"),
        (AnswerFault.HIGH_RISK, "risk", "high"),
    ],
)
async def test_one_thing_in_a_completion(
    bankid: RunningBankId, app: RemoteBankId, kind: AnswerFault, path: str, expected: str | None
) -> None:
    """Another one than BankID meant, or none; it was there before."""
    *within, name = path.split(".")

    def at(content: dict[str, Any]) -> Any:
        for part in within:
            content = content[part]
        return content.get(name)

    async with bankid.wire() as wire:
        right = (await wire.post("collect", json=await approved(wire, app))).json()["completionData"]
    assert at(right) not in (None, expected)
    wrong = await completion(bankid, app, kind)
    assert at(wrong) == expected
    assert set(right) - set(wrong) <= {path}


async def test_base64_with_something_else_in_it(bankid: RunningBankId, app: RemoteBankId) -> None:
    """As some decoders take it: what they pass over is not in the alphabet."""
    text = (await completion(bankid, app, AnswerFault.BAD_BASE64))["signature"]
    with pytest.raises(ValueError, match="Only base64"):
        base64.b64decode(text, validate=True)
    assert base64.b64decode(text).startswith(b"<?xml")


async def test_a_fault_waits_for_what_it_spoils(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Or a test that arms it early would test nothing."""
    await app.fault(AnswerFault.HIGH_RISK)
    async with bankid.wire() as wire:
        order = await started(wire)
        await wire.post("collect", json=order)
        assert await app.struck() == []
        await app.scan(order["orderRef"])
        await app.approve(order["orderRef"])
        assert (await wire.post("collect", json=order)).json()["completionData"]["risk"] == "high"


GONE = (httpx.ReadError, httpx.RemoteProtocolError)


@pytest.mark.parametrize("kind", [DeliveryFault.ANSWER_LOST, DeliveryFault.ANSWER_CUT])
async def test_an_order_whose_making_nobody_hears_of(
    bankid: RunningBankId, app: RemoteBankId, kind: DeliveryFault
) -> None:
    """It is there all the same: whoever asks again makes a second one."""
    await app.fault(kind, endpoint="auth")
    async with bankid.wire() as wire:
        with pytest.raises(GONE):
            await wire.post("auth", json=GOOD)
        assert len(await app.orders()) == 1
        await wire.post("auth", json=GOOD)
    assert len(await app.orders()) == 2


@pytest.mark.parametrize("kind", [DeliveryFault.ANSWER_LOST, DeliveryFault.ANSWER_CUT])
async def test_a_result_that_nobody_hears_of(bankid: RunningBankId, app: RemoteBankId, kind: DeliveryFault) -> None:
    """Told once is told, whether it arrived or not; what came before it did arrive."""
    await app.fault(kind, status="complete")
    async with bankid.wire() as wire:
        order = await started(wire)
        assert (await wire.post("collect", json=order)).json()["status"] == "pending"
        await app.scan(order["orderRef"])
        await app.approve(order["orderRef"])
        with pytest.raises(GONE):
            await wire.post("collect", json=order)
        assert (await wire.post("collect", json=order)).json()["details"] == "No such order"


async def test_an_answer_that_takes_longer_than_anybody_waits(bankid: RunningBankId, app: RemoteBankId) -> None:
    """The order was made at once."""
    await app.fault(DeliveryFault.SLOW_ANSWER)
    async with bankid.wire() as wire:
        with pytest.raises(httpx.ReadTimeout):
            await wire.post("auth", json=GOOD, timeout=0.5)
    assert len(await app.orders()) == 1


async def test_a_slow_answer_comes_to_who_waits(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Whole, as if nothing had been."""
    await app.fault(DeliveryFault.SLOW_ANSWER, seconds=0.1)
    async with bankid.wire() as wire:
        assert set((await wire.post("auth", json=GOOD)).json()) >= {"orderRef", "qrStartSecret"}


async def test_an_order_made_behind_a_gateway_that_gave_up(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Unlike a gateway that never asked."""
    await app.fault(DeliveryFault.LOST_IN_GATEWAY)
    async with bankid.wire() as wire:
        answer = await wire.post("auth", json=GOOD)
    assert (answer.status_code, answer.headers["content-type"]) == (504, HTML)
    assert len(await app.orders()) == 1


@pytest.mark.parametrize("seconds", [-3600, 3600])
async def test_a_clock_that_is_wrong(bankid: RunningBankId, app: RemoteBankId, seconds: int) -> None:
    """Shows in the date of every answer; an order lives by it as by a right one."""
    await app.skew(seconds)
    async with bankid.wire() as wire:
        answer = await wire.post("auth", json=GOOD)
        skew = parsedate_to_datetime(answer.headers["date"]) - datetime.now(UTC)
        assert abs(skew - timedelta(seconds=seconds)) < timedelta(minutes=1)
        assert len(answer.headers.get_list("date")) == 1
        order = {"orderRef": answer.json()["orderRef"]}
        await app.scan(order["orderRef"])
        assert (await wire.post("collect", json=order)).json()["hintCode"] == "userMrtd"


async def test_faults_need_the_control_token(bankid: RunningBankId, app: RemoteBankId) -> None:
    """And sense."""
    async with httpx.AsyncClient(base_url=bankid.control_url, trust_env=False) as stranger:
        for verb, path in (("GET", "faults"), ("POST", "faults"), ("DELETE", "faults"), ("POST", "skew")):
            assert (await stranger.request(verb, f"/sim/{path}")).status_code == 401
    with pytest.raises(RefusedError, match="400"):
        await app.fault(RefusalFault.MAINTENANCE, every=0)
    with pytest.raises(RefusedError, match="400"):
        await app.skew(1e9)


async def test_faults_end(bankid: RunningBankId, app: RemoteBankId) -> None:
    """By themselves, when they are told to, and with everything else."""
    async with bankid.wire() as wire:
        for end in (app.end_faults, app.reset):
            await app.fault(RefusalFault.MAINTENANCE, times=None)
            assert (await wire.post("auth", json=GOOD)).status_code == 503
            await end()
            assert (await wire.post("auth", json=GOOD)).status_code == 200
            assert await app.struck() == []
