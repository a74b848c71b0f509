"""What the BankID client makes of each answer."""

import json
import traceback
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.adapters.bankid import ANSWER_BYTES
from shared.domain.electronic_id import Complete, Failed, Pending
from shared.domain.errors import ConflictError, DependencyError, ElectronicIdError, NotFoundError
from tests.support.bankid_wire import (
    NUMBER,
    REF,
    REQUEST,
    STARTED,
    ScriptedBankId,
    answer,
    cancel,
    collect,
    completion,
    refusal,
    sign,
    start,
    user,
    without,
)


async def test_answers_become_outcomes() -> None:
    """Also with a hint that nobody knows, and with members that nobody knows."""
    pending = {"orderRef": REF, "status": "pending", "hintCode": "inventedTomorrow", "new": 1}
    failed = {"orderRef": REF, "status": "failed", "hintCode": "inventedTomorrow"}
    assert await ScriptedBankId(answer(pending)).client.collect(REF) == Pending(hint_code="inventedTomorrow")
    assert await ScriptedBankId(answer(failed)).client.collect(REF) == Failed(hint_code="inventedTomorrow")
    outcome = await ScriptedBankId(answer(completion(cert={"notBefore": "1"}, stepUp={"mrtd": True}))).client.collect(
        REF
    )
    assert isinstance(outcome, Complete)
    identity = outcome.identity
    assert identity.personal_number.digits == NUMBER
    assert (identity.name, identity.given_name, identity.surname) == ("Åsa Öberg", "Åsa", "Öberg")
    assert (identity.provider, identity.device_ip, identity.risk) == ("bankid", "192.0.2.9", "low")
    assert identity.evidence is not None
    assert json.loads(identity.evidence)["completionData"]["signature"] == "PD94"


@pytest.mark.parametrize(
    ("changes", "risk"),
    [
        ({"risk": "moderate"}, "moderate"),
        ({"risk": "LOW"}, "low"),
        ({"risk": "HIGH"}, "high"),
        ({"risk": None}, None),
        ({"risk": "inventedTomorrow"}, "inventedTomorrow"),
        ({"risk": 1}, None),
    ],
)
async def test_an_unknown_or_missing_risk_is_not_a_fault(changes: dict[str, object], risk: str | None) -> None:
    """Whether it is good enough is for the service to say."""
    outcome = await ScriptedBankId(answer(completion(**changes))).client.collect(REF)
    assert isinstance(outcome, Complete)
    assert outcome.identity.risk == risk


@pytest.mark.parametrize("device", [None, {}, {"ipAddress": None}])
async def test_a_missing_device_address_is_not_a_fault(device: object) -> None:
    """Without it there is nothing to compare with, which the service has to weigh."""
    outcome = await ScriptedBankId(answer(completion(device=device))).client.collect(REF)
    assert isinstance(outcome, Complete)
    assert outcome.identity.device_ip is None


UNFIT: dict[str, object] = {
    "a list": [],
    "a text": "complete",
    "nothing": None,
    "another order": {"orderRef": REF[:-1] + "9", "status": "pending", "hintCode": "userSign"},
    "no order": {"status": "pending", "hintCode": "userSign"},
    "unknown status": {"orderRef": REF, "status": "done", "hintCode": "userSign"},
    "no status": {"orderRef": REF, "hintCode": "userSign"},
    "pending without hint": {"orderRef": REF, "status": "pending"},
    "failed without hint": {"orderRef": REF, "status": "failed"},
    "a hint with markup": {"orderRef": REF, "status": "pending", "hintCode": "<script>"},
    "a hint with a line end": {"orderRef": REF, "status": "pending", "hintCode": "userSign\n"},
    "a hint of 65 letters": {"orderRef": REF, "status": "failed", "hintCode": "a" * 65},
    "completion missing": {"orderRef": REF, "status": "complete"},
    "completion null": {"orderRef": REF, "status": "complete", "completionData": None},
    "no user": without(completion(), "completionData", "user"),
    "no signature": without(completion(), "completionData", "signature"),
    "signature not base64": completion(signature="<xml>"),
    "signature empty": completion(signature=""),
    "no OCSP answer": without(completion(), "completionData", "ocspResponse"),
    "number missing": without(completion(), "completionData", "user", "personalNumber"),
    "number of 10 digits": completion(user=user(personalNumber="9006022397")),
    "number with hyphen": completion(user=user(personalNumber="19900602-2397")),
    "number with wrong check digit": completion(user=user(personalNumber="199006022398")),
    "number that is no date": completion(user=user(personalNumber="199013012399")),
    "number not a text": completion(user=user(personalNumber=199006022397)),
    "name missing": without(completion(), "completionData", "user", "name"),
    "name empty": completion(user=user(name=" ")),
    "name with a control character": completion(user=user(name="Åsa\x00")),
    "name with a lone surrogate": completion(user=user(name="Åsa\ud800")),
    "name too long": completion(user=user(name="Å" * 1001)),
    "surname not a text": completion(user=user(surname=["Öberg"])),
    "device not an object": completion(device="192.0.2.9"),
    "address not an address": completion(device={"ipAddress": "192.0.2.300"}),
    "address a number": completion(device={"ipAddress": 1}),
}


@pytest.mark.parametrize("name", UNFIT)
async def test_an_answer_that_does_not_fit_is_not_believed(name: str) -> None:
    """And nothing of it is told: neither the error nor its causes hold what came."""
    content = json.dumps(UNFIT[name]).encode()
    server = ScriptedBankId(httpx.Response(200, content=content, headers={"content-type": "application/json"}))
    with pytest.raises(DependencyError) as caught:
        await server.client.collect(REF)
    told = "".join(traceback.format_exception(caught.value))
    for secret in ("199006022", "9006022397", "Åsa", "Öberg", "192.0.2", "<xml>", "<script>"):
        assert secret not in told
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>bad gateway</html>", b"{", b"\xff\xfe{}", b"[" * 100_000, b'{"orderRef": ' + b"9" * 5000 + b"}"],
)
async def test_an_answer_that_is_no_json_is_a_fault(content: bytes) -> None:
    """A proxy's page, half an answer, nesting that exhausts a parser."""
    for call in (start, collect):
        server = ScriptedBankId(lambda: httpx.Response(200, content=content))
        with pytest.raises(DependencyError):
            await call(server.client)
        assert len(server.requests) == 1


async def test_the_size_of_an_answer_has_a_limit() -> None:
    """Reading stops there: the rest is never asked for."""
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b" " * 65_536

    server = ScriptedBankId(lambda: httpx.Response(200, content=endless()))
    with pytest.raises(DependencyError):
        await server.client.collect(REF)
    assert given == ANSWER_BYTES // 65_536 + 1


async def test_a_compressed_answer_is_refused() -> None:
    """A few bytes could become gigabytes before anyone has counted them."""
    headers = {"content-encoding": "gzip"}
    server = ScriptedBankId(lambda: httpx.Response(200, stream=httpx.ByteStream(b"\x1f\x8b"), headers=headers))
    with pytest.raises(DependencyError):
        await server.client.collect(REF)
    assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("member", STARTED)
@pytest.mark.parametrize("value", [None, "", "a" * 65, "a b", "a\n", "<b>", 7])
async def test_a_start_without_proper_tokens_is_a_fault(member: str, value: object) -> None:
    """The tokens go into a QR code and a link."""
    with pytest.raises(DependencyError):
        await ScriptedBankId(answer({**STARTED, member: value})).client.start(REQUEST)


async def test_a_redirect_is_not_followed() -> None:
    """BankID does not redirect; whoever does is not BankID."""
    server = ScriptedBankId(httpx.Response(307, headers={"location": "https://elsewhere.example/"}))
    with pytest.raises(DependencyError):
        await server.client.start(REQUEST)
    assert len(server.requests) == 1


REFUSALS = [
    (400, "inventedTomorrow", "unknown"),
    (401, "unauthorized", "unauthorized"),
    (403, "unauthorized", "unauthorized"),
    (404, "notFound", "invalid"),
    (405, "methodNotAllowed", "invalid"),
    (408, "requestTimeout", "timeout"),
    (408, "RequestTimeout", "timeout"),
    (415, "unsupportedMediaType", "invalid"),
    (429, "tooManyRequests", "too-many-requests"),
    (500, "internalError", "internal"),
    (503, "inventedTomorrow", "unknown"),
]


@pytest.mark.parametrize(("status", "code", "fault"), REFUSALS)
async def test_a_refusal_is_a_fault_of_the_e_id_and_is_not_repeated(status: int, code: str, fault: str) -> None:
    """Status and code help whoever runs us; ``details`` may repeat what we sent and is dropped."""
    for call in (start, sign, collect, cancel):
        server = ScriptedBankId(lambda: refusal(status, code))
        with pytest.raises(ElectronicIdError) as caught:
            await call(server.client)
        assert caught.value.args == (fault, "bankid", status, code)
        assert caught.value.code == fault
        assert NUMBER not in "".join(traceback.format_exception(caught.value))
        assert len(server.requests) == 1
        assert server.waits == []


WITHOUT_CODE = {
    400: "unknown",
    401: "unauthorized",
    403: "unauthorized",
    404: "invalid",
    405: "invalid",
    408: "timeout",
    415: "invalid",
    418: "unknown",
    429: "too-many-requests",
    500: "internal",
    502: "unreachable",
    503: "maintenance",
    504: "unreachable",
}


@pytest.mark.parametrize(("status", "fault"), WITHOUT_CODE.items())
@pytest.mark.parametrize("content", [b"", b"<html>199006022397</html>", b"[]", b'{"errorCode": "199006022397"}'])
async def test_a_refusal_without_a_code_is_a_fault_too(status: int, fault: str, content: bytes) -> None:
    """Proxies answer in HTML, a wrong method with nothing; only letters are ever taken for a code.

    Nor is it repeated: only BankID itself can say that it did nothing.
    """
    server = ScriptedBankId(httpx.Response(status, content=content))
    with pytest.raises(ElectronicIdError) as caught:
        await server.client.collect(REF)
    assert caught.value.args == (fault, "bankid", status, "")
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"ratelimit-reset": "9"}, 9),
        ({"retry-after": "7", "ratelimit-reset": "9"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "999999"}, 300),
        ({"retry-after": "9" * 5000}, None),
        ({"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "٣".encode()}, None),
        ({}, None),
    ],
)
async def test_a_refusal_says_how_long_to_stay_away(headers: dict[str, str], seconds: int | None) -> None:
    """Told to the browser as ``Retry-After``: the e-ID counts all of our persons together."""
    server = ScriptedBankId(httpx.Response(429, json={"errorCode": "tooManyRequests"}, headers=headers))
    with pytest.raises(ElectronicIdError) as caught:
        await server.client.start(REQUEST)
    assert caught.value.retry_after_seconds == seconds
    assert len(server.requests) == 1


async def test_an_order_in_progress_is_a_conflict() -> None:
    """The person has to finish or leave the other one first."""
    for call in (start, sign):
        server = ScriptedBankId(refusal(400, "alreadyInProgress"))
        with pytest.raises(ConflictError):
            await call(server.client)
        assert len(server.requests) == 1


async def test_invalid_parameters_mean_an_unknown_order_only_where_an_order_is_named() -> None:
    """On ``start`` they are our mistake; on ``cancel`` there is nothing left to do."""
    with pytest.raises(NotFoundError):
        await ScriptedBankId(refusal(400, "invalidParameters", "No such order")).client.collect(REF)
    await ScriptedBankId(refusal(400, "invalidParameters", "No such order")).client.cancel(REF)
    with pytest.raises(DependencyError):
        await ScriptedBankId(refusal(400, "invalidParameters", "Invalid endUserIp")).client.start(REQUEST)


@pytest.mark.parametrize("code", ["maintenance", "Maintenance"])
async def test_maintenance_is_waited_for_a_little(code: str) -> None:
    """BankID did nothing with the request, so it may be repeated, an order too."""
    for call in (start, sign):
        server = ScriptedBankId(refusal(503, code), refusal(503, code), answer(STARTED))
        await call(server.client)
        assert len({request.content for request in server.requests}) == 1
        assert server.waits == [1.0, 2.0]
    gone = ScriptedBankId(lambda: refusal(503, code))
    with pytest.raises(DependencyError):
        await gone.client.collect(REF)
    assert len(gone.requests) == 3
    assert gone.waits == [1.0, 2.0]
