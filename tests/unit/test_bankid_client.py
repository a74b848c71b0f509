"""The BankID client on the wire: what it sends, and what it sends again."""

import base64
import json
import time
import traceback
from dataclasses import replace

import httpx
import pytest

from shared.domain.deadlines import deadline
from shared.domain.electronic_id import Pending
from shared.domain.errors import DependencyError, ElectronicIdError, ElectronicIdFault, InvalidInputError, NotFoundError
from tests.support.bankid_wire import (
    REF,
    REQUEST,
    STARTED,
    ScriptedBankId,
    answer,
    refusal,
    sign,
    start,
)


async def test_an_order_is_asked_for_as_bankid_documents_it() -> None:
    """No address to return to and nothing else that is not needed: BankID refuses an empty ``returnUrl``."""
    server = ScriptedBankId(answer(STARTED))
    started = await server.client.start(REQUEST)
    (request,) = server.requests
    assert (request.method, str(request.url)) == ("POST", "https://bankid.example/rp/v6.0/auth")
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "endUserIp": "192.0.2.7",
        "returnRisk": True,
        "userVisibleData": base64.b64encode("Logga in på portalen.".encode()).decode(),
        "userVisibleDataFormat": "simpleMarkdownV1",
        "web": {
            "referringDomain": "portal.example.se",
            "userAgent": "Mozilla/5.0",
            "deviceIdentifier": "device",
        },
    }
    assert started.order_ref == REF
    assert started.auto_start_token == STARTED["autoStartToken"]
    assert started.qr_start_token == STARTED["qrStartToken"]
    assert started.qr_start_secret == STARTED["qrStartSecret"]


async def test_what_browsers_say_is_cut_to_what_bankid_takes() -> None:
    """A long User-Agent would cost the person the sign-in; a missing one is left out."""
    server = ScriptedBankId(answer(STARTED))
    long_device = replace(REQUEST, device_identifier="d" * 65)
    await server.client.start(replace(long_device, user_agent="m" * 257, return_url="https://portal.example.se/#n=1"))
    await server.client.start(replace(long_device, user_agent=""))
    long, empty = server.bodies
    assert long["web"]["userAgent"] == "m" * 256
    assert long["web"]["deviceIdentifier"] == "d" * 64
    assert long["returnUrl"] == "https://portal.example.se/#n=1"
    assert "userAgent" not in empty["web"]


@pytest.mark.parametrize("text", ["", "x" * 1126])
async def test_a_text_that_bankid_would_refuse_is_not_sent(text: str) -> None:
    """The limit counts after base64: 1125 bytes are 1500 characters."""
    server = ScriptedBankId(answer(STARTED))
    with pytest.raises(InvalidInputError):
        await server.client.start(replace(REQUEST, user_visible_text=text))
    assert not server.requests


async def test_collect_and_cancel_send_the_reference_and_nothing_else() -> None:
    """The reference is the whole request."""
    server = ScriptedBankId(answer({"orderRef": REF, "status": "pending", "hintCode": "userSign"}), answer({}))
    await server.client.collect(REF)
    await server.client.cancel(REF)
    assert [request.url.path for request in server.requests] == ["/rp/v6.0/collect", "/rp/v6.0/cancel"]
    assert server.bodies == [{"orderRef": REF}] * 2


async def test_readiness_makes_no_order() -> None:
    """BankID answers 405 with an empty body to a GET: it has accepted our certificate."""
    server = ScriptedBankId(httpx.Response(405))
    await server.client.ping()
    (request,) = server.requests
    assert (request.method, request.url.path, request.content) == ("GET", "/rp/v6.0/auth", b"")
    for status in (200, 401, 403, 404, 503):
        with pytest.raises(DependencyError):
            await ScriptedBankId(httpx.Response(status)).client.ping()


@pytest.mark.parametrize("fault", [httpx.ConnectError("refused"), httpx.ConnectTimeout("slow")])
async def test_connecting_is_tried_three_times(fault: Exception) -> None:
    """Nothing was sent yet, so this is safe for an order as well."""
    for call in (start, sign):
        server = ScriptedBankId(fault, fault, answer(STARTED))
        await call(server.client)
        assert len(server.requests) == 3
        gone = ScriptedBankId(fault)
        with pytest.raises(ElectronicIdError) as caught:
            await call(gone.client)
        assert caught.value.code is ElectronicIdFault.UNREACHABLE
        assert len(gone.requests) == 3


async def test_a_server_under_another_root_is_not_asked_again() -> None:
    """It will not have another certificate a moment later."""
    server = ScriptedBankId(httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed"))
    with pytest.raises(DependencyError):
        await server.client.start(REQUEST)
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        httpx.ReadError("cut"),
        httpx.ReadTimeout("slow"),
        httpx.WriteError("cut"),
        httpx.WriteTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.PoolTimeout("busy"),
    ],
)
async def test_an_order_that_may_have_been_received_is_never_sent_again(fault: Exception) -> None:
    """The second order would be nobody's, and would end the first."""
    for call in (start, sign):
        server = ScriptedBankId(fault, answer(STARTED))
        with pytest.raises(ElectronicIdError) as caught:
            await call(server.client)
        assert caught.value.code is ElectronicIdFault.UNREACHABLE
        assert len(server.requests) == 1


@pytest.mark.parametrize("fault", [httpx.ReadError("cut"), httpx.RemoteProtocolError("cut"), httpx.WriteError("cut")])
async def test_a_collect_without_answer_is_repeated_once(fault: Exception) -> None:
    """Asking again does no harm; should the lost answer have been the last one, the order is unknown now."""
    server = ScriptedBankId(fault, answer({"orderRef": REF, "status": "pending", "hintCode": "userSign"}))
    assert await server.client.collect(REF) == Pending(hint_code="userSign")
    lost = ScriptedBankId(fault, refusal(400, "invalidParameters", "No such order"))
    with pytest.raises(NotFoundError):
        await lost.client.collect(REF)
    gone = ScriptedBankId(fault)
    with pytest.raises(DependencyError):
        await gone.client.collect(REF)
    assert len(gone.requests) == 2


async def test_a_slow_answer_is_not_waited_for_twice() -> None:
    """Two times 10 s would be more than a browser waits."""
    server = ScriptedBankId(httpx.ReadTimeout("slow"))
    with pytest.raises(DependencyError):
        await server.client.collect(REF)
    assert len(server.requests) == 1


async def test_the_deadline_of_the_request_at_hand_is_kept() -> None:
    """Whoever waits for us has gone by then."""
    server = ScriptedBankId(answer(STARTED))
    with deadline(time.monotonic() - 1), pytest.raises(DependencyError):
        await server.client.start(REQUEST)
    assert not server.requests


async def test_errors_name_neither_the_order_nor_its_secrets() -> None:
    """What is logged of an error must not let anyone take an order over."""
    with pytest.raises(DependencyError) as caught:
        await ScriptedBankId(httpx.ReadError("cut")).client.collect(REF)
    assert REF not in "".join(traceback.format_exception(caught.value, chain=True))


async def test_without_credentials_nothing_is_sent() -> None:
    """A wrong setup begins no order and answers no readiness; once it is right, the same client goes on."""
    server = ScriptedBankId(answer(STARTED))
    server.setup_fault = ElectronicIdError(ElectronicIdFault.SETUP, "the certificate has ended")
    for call in (server.client.ping, lambda: server.client.start(REQUEST), server.client.certificate):
        with pytest.raises(ElectronicIdError) as caught:
            await call()
        assert caught.value.code is ElectronicIdFault.SETUP
    assert not server.requests
    server.setup_fault = None
    assert (await server.client.start(REQUEST)).order_ref == REF


async def test_the_evidence_can_name_our_certificate() -> None:
    """By its fingerprint: an order belongs to the certificate that began it."""
    server = ScriptedBankId(answer(STARTED))
    assert (await server.client.certificate()).fingerprint == "ab" * 32
    assert not server.requests
