"""The RP API over real TLS: what BankID's test host is known to answer, the simulator answers."""

import re
from typing import Any

import httpx
import pytest

from local.bankid.remote import RefusedError, RemoteBankId
from shared.domain.electronic_id import OrderRequest, Pending
from shared.domain.errors import DependencyError, NotFoundError
from shared.domain.qr import qr_content
from tests.support.bankid import RunningBankId

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
GOOD: dict[str, Any] = {"endUserIp": "192.0.2.7"}
UNKNOWN = "131daac9-16c6-4618-beb0-365768f37288"


async def test_an_order_begins_waits_and_is_cancelled(bankid: RunningBankId, app: RemoteBankId) -> None:
    """The first of the three checks that also run against BankID's own test host."""
    async with bankid.wire() as wire:
        started = await wire.post("auth", json=GOOD)
        tokens = started.json()
        assert started.status_code == 200
        assert set(tokens) == {"orderRef", "autoStartToken", "qrStartToken", "qrStartSecret"}
        assert all(UUID.fullmatch(token) for token in tokens.values())
        order = {"orderRef": tokens["orderRef"]}
        collected = await wire.post("collect", json=order)
        assert collected.json() == {**order, "status": "pending", "hintCode": "outstandingTransaction"}
        cancelled = await wire.post("cancel", json=order)
        assert (cancelled.status_code, cancelled.json()) == (200, {})
        for method in ("collect", "cancel"):
            gone = await wire.post(method, json=order)
            assert gone.status_code == 400
            assert gone.json() == {"errorCode": "invalidParameters", "details": "No such order"}
    assert await app.orders() == []


B64 = "TG9nZ2EgaW4="
REFUSED = [
    ("auth", {}, "Invalid endUserIp"),
    ("auth", {"endUserIp": ""}, "Invalid endUserIp"),
    ("auth", {"endUserIp": "192.0.2"}, "Invalid endUserIp"),
    ("auth", {"endUserIp": 1}, "Invalid endUserIp"),
    ("auth", {"endUserIp": "x", "requirement": {"personalNumber": "1990"}}, "Incorrect personalNumber"),
    ("auth", {**GOOD, "requirement": {"personalNumber": "19900602-2397"}}, "Incorrect personalNumber"),
    ("auth", {**GOOD, "requirement": {"cardReader": "class3"}}, "Invalid requirement"),
    ("auth", {**GOOD, "requirement": "none"}, "Invalid requirement"),
    ("auth", {**GOOD, "requirement": {"pinCode": "yes"}}, "Invalid requirement"),
    ("auth", {**GOOD, "requirement": {"mrtd": 1}}, "Invalid requirement"),
    ("auth", {**GOOD, "requirement": {"risk": "high"}}, "Invalid requirement"),
    ("auth", {**GOOD, "requirement": {"certificatePolicies": ["1.2.*"]}}, "Invalid requirement"),
    ("auth", {**GOOD, "userVisibleData": "Logga in!"}, "Invalid userVisibleData"),
    ("auth", {**GOOD, "userVisibleData": ""}, "Invalid userVisibleData"),
    ("auth", {**GOOD, "userVisibleData": "/w=="}, "Invalid userVisibleData"),
    ("auth", {**GOOD, "userVisibleData": "QUFB" * 376}, "Invalid userVisibleData"),
    ("auth", {**GOOD, "userNonVisibleData": "-"}, "Invalid userNonVisibleData"),
    ("auth", {**GOOD, "userVisibleData": B64, "userVisibleDataFormat": "html"}, "Invalid userVisibleDataFormat"),
    ("auth", {**GOOD, "returnUrl": ""}, "Invalid returnUrl"),
    ("auth", {**GOOD, "returnUrl": "h" * 513}, "Invalid returnUrl"),
    ("auth", {**GOOD, "returnRisk": "true"}, "Invalid request"),
    ("auth", {**GOOD, "web": {}}, "Invalid request"),
    ("auth", {**GOOD, "web": {"userAgent": "m" * 257}}, "Invalid request"),
    ("auth", {**GOOD, "web": {"deviceIdentifier": "d" * 65}}, "Invalid request"),
    ("auth", {**GOOD, "web": {"referringDomain": "Portal.Example.SE"}}, "Invalid request"),
    ("auth", {**GOOD, "app": {"deviceOS": ""}}, "Invalid request"),
    ("auth", {**GOOD, "app": {"deviceOS": "iOS"}, "web": {"userAgent": "m"}}, "Invalid request"),
    ("sign", GOOD, "Invalid userVisibleData"),
    ("collect", {}, "No such order"),
    ("collect", {"orderRef": UNKNOWN}, "No such order"),
    ("cancel", {"orderRef": 1}, "No such order"),
]


@pytest.mark.parametrize(("method", "body", "details"), REFUSED)
async def test_bad_fields_are_refused_with_bankids_words(
    bankid: RunningBankId, app: RemoteBankId, method: str, body: dict[str, object], details: str
) -> None:
    """The second check of the test host, and the rules that it implies."""
    async with bankid.wire() as wire:
        refused = await wire.post(method, json=body)
    assert refused.status_code == 400
    assert refused.json() == {"errorCode": "invalidParameters", "details": details}
    assert await app.orders() == []


@pytest.mark.parametrize(
    "body",
    [
        {"endUserIp": "2001:db8::1"},
        {**GOOD, "invented": 1},
        {**GOOD, "requirement": {"personalNumber": "200003121145"}},
        {**GOOD, "requirement": {"risk": "LOW", "certificatePolicies": ["1.2.752.78.*", "1.2.3.4.25"]}},
        {**GOOD, "userVisibleData": "QUFB" * 375, "userVisibleDataFormat": "simpleMarkdownV1"},
        {**GOOD, "returnUrl": "https://portal.example.se/#n=1", "web": {"referringDomain": "portal.example.se"}},
        {**GOOD, "app": {"appIdentifier": "com.example"}},
    ],
)
async def test_what_bankid_allows_is_allowed(bankid: RunningBankId, app: RemoteBankId, body: dict[str, object]) -> None:
    """Unknown members, a number of which only the form is checked, the longest text."""
    async with bankid.wire() as wire:
        assert (await wire.post("auth", json=body)).status_code == 200
    assert len(await app.orders()) == 1


async def test_an_order_that_nobody_scans_fails_after_thirty_seconds(bankid: RunningBankId, app: RemoteBankId) -> None:
    """The third check of the test host, without the waiting. Told once, like every end."""
    async with bankid.wire() as wire:
        order = {"orderRef": (await wire.post("auth", json=GOOD)).json()["orderRef"]}
        await app.advance(31)
        assert (await wire.post("collect", json=order)).json() == {
            **order,
            "status": "failed",
            "hintCode": "startFailed",
        }
        assert (await wire.post("collect", json=order)).json()["details"] == "No such order"


async def test_an_order_in_the_app_ends_after_three_minutes(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Whatever the person does then comes too late."""
    async with bankid.wire() as wire:
        ref = (await wire.post("auth", json=GOOD)).json()["orderRef"]
        await app.scan(ref)
        await app.advance(180)
        with pytest.raises(RefusedError, match="409"):
            await app.approve(ref)
        collected = (await wire.post("collect", json={"orderRef": ref})).json()
        assert (collected["status"], collected["hintCode"]) == ("failed", "expiredTransaction")


JSON = "application/json"


@pytest.mark.parametrize(
    ("sent", "answered"),
    [
        (("POST", "auth", f"{JSON}; charset=utf-8", b"{}"), (415, "unsupportedMediaType")),
        (("POST", "auth", "text/plain", b"{}"), (415, "unsupportedMediaType")),
        (("POST", "auth", "", b"{}"), (415, "unsupportedMediaType")),
        (("POST", "auth", JSON, b""), (400, "invalidParameters")),
        (("POST", "auth", JSON, b"[]"), (400, "invalidParameters")),
        (("POST", "auth", JSON, b"\xff"), (400, "invalidParameters")),
        (("POST", "auth", JSON, b"[" * 100_000), (400, "invalidParameters")),
        (("POST", "auth", JSON, b" " * 500_000), (400, "invalidParameters")),
        (("POST", "pay", JSON, b"{}"), (404, "notFound")),
        (("POST", "/auth", JSON, b"{}"), (404, "notFound")),
        (("GET", "nothing", "", b""), (404, "notFound")),
    ],
)
async def test_what_is_not_the_api_is_refused(
    bankid: RunningBankId, sent: tuple[str, str, str, bytes], answered: tuple[int, str]
) -> None:
    """A client that adds a charset to its media type must fail here as it would there."""
    verb, path, media_type, content = sent
    async with bankid.wire() as wire:
        headers = {"content-type": media_type} if media_type else {}
        refused = await wire.request(verb, httpx.URL(bankid.rp_url).join(path), headers=headers, content=content)
    assert (refused.status_code, refused.json()["errorCode"]) == answered


@pytest.mark.parametrize("method", ["auth", "sign", "collect", "cancel"])
async def test_anything_but_post_is_405_without_a_body(bankid: RunningBankId, method: str) -> None:
    """The health check of BankID's own sample."""
    async with bankid.wire() as wire:
        for verb in ("GET", "PUT", "DELETE"):
            refused = await wire.request(verb, method)
            assert (refused.status_code, refused.content) == (405, b"")


@pytest.mark.parametrize("which", [None, "rp-foreign"])
async def test_nobody_connects_without_a_certificate_that_is_trusted(bankid: RunningBankId, which: str | None) -> None:
    """The certificate is the only credential there is: refused in the handshake, before any request."""
    async with bankid.wire(which) as wire:
        with pytest.raises(httpx.TransportError):
            await wire.get("auth")


async def test_an_order_is_unknown_to_another_certificate(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Matters when certificates change: orders begun before must be finished with the old one."""
    request = OrderRequest(
        end_user_ip="192.0.2.7",
        user_visible_text="x",
        referring_domain="portal.example.se",
        user_agent="m",
        device_identifier="d",
    )
    async with bankid.client() as client, bankid.client("rp-second") as second:
        started = await client.start(request)
        with pytest.raises(NotFoundError):
            await second.collect(started.order_ref)
        await second.cancel(started.order_ref)
        assert await client.collect(started.order_ref) == Pending(hint_code="outstandingTransaction")
        # The frame that the product computes is the one that the app reads.
        await app.scan(started.order_ref, qr_content(started.qr_start_token, started.qr_start_secret, 0))
        assert await client.collect(started.order_ref) == Pending(hint_code="userSign")


async def test_the_client_translates_a_refused_handshake(bankid: RunningBankId) -> None:
    """TLS 1.3 tells of it only after the client thinks that it is connected."""
    async with bankid.client("rp-foreign") as client:
        with pytest.raises(DependencyError):
            await client.ping()
        with pytest.raises(DependencyError):
            await client.collect(UNKNOWN)


async def test_the_client_trusts_the_one_root_alone(bankid: RunningBankId) -> None:
    """Not even another root of the same maker."""
    async with bankid.client(root_file=bankid.files.rp_authority) as client:
        with pytest.raises(DependencyError) as caught:
            await client.ping()
    assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value.__cause__)


async def test_the_client_checks_whom_the_certificate_names(bankid: RunningBankId) -> None:
    """A certificate under the right root for another host is another host: here another spelling of the address."""
    async with bankid.client(rp_url=bankid.rp_url.replace("127.0.0.1", "127.1")) as client:
        with pytest.raises(DependencyError) as caught:
            await client.ping()
    assert "CERTIFICATE_VERIFY_FAILED" in str(caught.value.__cause__)


async def test_no_proxy_of_the_environment_stands_between(
    bankid: RunningBankId, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever sets a variable of ours must not see whom we ask, nor be able to hold it up."""
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    async with bankid.client() as client:
        await client.ping()
