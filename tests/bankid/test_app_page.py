"""The app on the same device, as a browser meets it: opened by a link, answered, and left by the way back."""

import re
from typing import Self
from urllib.parse import quote

import httpx
import pytest

from local.bankid.app_page import is_web, way_back
from local.bankid.remote import RemoteBankId
from tests.support.bankid import RunningBankId

BACK = "https://portal.example.se/#/sign-in/return/</script>&nonce"


class Device:
    """A browser on the device where the app is."""

    def __init__(self, bankid: RunningBankId) -> None:
        self.bankid = bankid
        self.http = httpx.AsyncClient(base_url=bankid.control_url, trust_env=False)
        self.ref = ""
        self.token = ""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def start(self, **changes: object) -> None:
        async with self.bankid.wire() as wire:
            started = (await wire.post("auth", json={"endUserIp": "192.0.2.7", **changes})).json()
        self.ref, self.token = started["orderRef"], started["autoStartToken"]

    async def open(self, redirect: str | None = None) -> httpx.Response:
        more = "" if redirect is None else f"&redirect={quote(redirect, safe='')}"
        return await self.http.get(f"/app/?autostarttoken={self.token}{more}")

    async def press(self, page: httpx.Response, action: str, **fields: str) -> httpx.Response:
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        form = {**hidden, "persona": "asa", "action": action, **fields}
        return await self.http.post("/app/", data=form, headers={"origin": self.bankid.control_url})

    async def collect(self) -> dict[str, object]:
        async with self.bankid.wire() as wire:
            answer: dict[str, object] = (await wire.post("collect", json={"orderRef": self.ref})).json()
        return answer


@pytest.fixture
async def device(bankid: RunningBankId, app: RemoteBankId) -> Device:
    assert await app.orders() == []
    return Device(bankid)


async def test_the_link_opens_the_app_and_approving_leads_back(device: Device) -> None:
    """From the link on the order is in the app; the address is escaped wherever it stands."""
    async with device:
        await device.start(returnUrl=BACK)
        page = await device.open()
        assert "SIMULATOR - NOT REAL" in page.text
        assert (await device.collect())["hintCode"] == "userSign"
        done = await device.press(page, "approve")
        assert done.status_code == 200
        assert 'location.replace("https://portal.example.se/#/sign-in/return/\\u003c/script>&nonce")' in done.text
        assert 'href="https://portal.example.se/#/sign-in/return/&lt;/script&gt;&amp;nonce"' in done.text
        for shown in (page, done):
            assert shown.headers["cache-control"] == "no-store"
            assert shown.headers["content-security-policy"].startswith("default-src 'none'; style-src 'nonce-")
            assert shown.headers["referrer-policy"] == "same-origin"
        answer = await device.collect()
        completion = answer["completionData"]
        assert isinstance(completion, dict)
        assert completion["device"]["ipAddress"] == "192.0.2.7"


async def test_cancelling_leads_back_too(device: Device) -> None:
    """The portal then says what happened."""
    async with device:
        await device.start(returnUrl="https://portal.example.se/")
        done = await device.press(await device.open(), "cancel")
        assert 'location.replace("https://portal.example.se/")' in done.text
        assert (await device.collect())["hintCode"] == "userCancel"


async def test_the_address_can_be_opened_elsewhere(device: Device) -> None:
    """In another browser, which does not have the cookie: it is shown and not followed."""
    async with device:
        await device.start(returnUrl="https://portal.example.se/#n")
        done = await device.press(await device.open(), "approve", elsewhere="yes")
        assert "location.replace" not in done.text
        assert '<p class="seen" id="return-address">https://portal.example.se/#n</p>' in done.text


async def test_the_scheme_of_an_app_is_shown_and_not_followed(device: Device) -> None:
    """Nor is a script, whoever asked for it."""
    async with device:
        for address in ("googlechrome://portal.example.se/", "javascript:alert(1)"):
            await device.start(returnUrl=address)
            done = await device.press(await device.open(), "approve")
            assert "<script" not in done.text
            assert "href" not in done.text
            assert f'id="return-address">{address}' in done.text


@pytest.mark.parametrize(
    ("redirect", "told"),
    [
        (None, "Go back to the browser"),
        ("null", "Go back to the browser"),
        ("", "Go back to the browser"),
        ("https://old.example/", 'location.replace("https://old.example/")'),
    ],
)
async def test_without_a_return_address_the_redirect_counts(device: Device, redirect: str | None, told: str) -> None:
    """As on a computer, where the link says ``redirect=null``."""
    async with device:
        await device.start()
        assert told in (await device.press(await device.open(redirect), "approve")).text


def test_the_return_address_wins() -> None:
    """``redirect`` is of an older time. What is not an address at all is not of the web."""
    assert way_back("https://new.example/", "https://old.example/") == "https://new.example/"
    assert not is_web("https://[")


async def test_a_link_that_leads_nowhere_says_so(device: Device) -> None:
    """An unknown token, an order that has ended, one that goes by number and so has no link."""
    async with device:
        assert (await device.open()).status_code == 404
        await device.start()
        page = await device.open()
        await device.press(page, "approve")
        assert (await device.open()).status_code == 409
        assert (await device.press(page, "approve")).status_code == 409
        await device.collect()
        assert (await device.press(page, "approve")).status_code == 404


async def test_the_wrong_person_stays_in_the_app(device: Device) -> None:
    """The right one may still come. So does nobody at all."""
    async with device:
        await device.start(requirement={"personalNumber": "199006022397"}, returnUrl="https://portal.example.se/")
        page = await device.open()
        wrong = await device.press(page, "approve", persona="tolvan")
        assert (wrong.status_code, "for another person" in wrong.text) == (409, True)
        assert (await device.press(page, "approve", persona="nobody")).status_code == 400
        assert (await device.press(wrong, "approve")).status_code == 200


async def test_another_page_cannot_answer(device: Device) -> None:
    """Other origin, no origin, wrong form token, another name for this machine."""
    async with device:
        await device.start()
        page = await device.open()
        form = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
        form |= {"persona": "asa", "action": "approve"}
        here = device.bankid.control_url
        for headers in ({}, {"origin": "https://evil.example"}, {"origin": here.replace("127.0.0.1", "localhost")}):
            assert (await device.http.post("/app/", data=form, headers=headers)).status_code == 403
        wrong = {**form, "form_token": "x"}
        assert (await device.http.post("/app/", data=wrong, headers={"origin": here})).status_code == 403
        assert (await device.http.get("/app/", headers={"host": "evil.example"})).status_code == 400
        assert (await device.collect())["hintCode"] == "userSign"
