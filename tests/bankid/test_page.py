"""The page where a developer plays the person, and who may press its buttons."""

import base64
import re
from typing import Self

import httpx
import pytest

from local.bankid.remote import RemoteBankId
from tests.support.bankid import RunningBankId

ORDER = {
    "endUserIp": "192.0.2.7",
    "userVisibleData": base64.b64encode("<b>Logga in på</b>\nportalen".encode()).decode(),
}


async def start(bankid: RunningBankId, **changes: object) -> str:
    async with bankid.wire() as wire:
        ref = (await wire.post("auth", json={**ORDER, **changes})).json()["orderRef"]
    assert isinstance(ref, str)
    return ref


async def collect(bankid: RunningBankId, ref: str) -> dict[str, object]:
    async with bankid.wire() as wire:
        answer: dict[str, object] = (await wire.post("collect", json={"orderRef": ref})).json()
    return answer


class Browser:
    def __init__(self, bankid: RunningBankId) -> None:
        self.bankid = bankid
        self.http = httpx.AsyncClient(base_url=bankid.control_url, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()

    async def form_token(self) -> str:
        found = re.search(r'name="form_token" value="([^"]+)"', (await self.http.get("/")).text)
        assert found is not None
        return found[1]

    async def press(self, ref: str, action: str, persona: str = "tolvan", **headers: str) -> httpx.Response:
        form = {"form_token": await self.form_token(), "persona": persona, "action": action}
        headers = {"origin": self.bankid.control_url, **headers}
        return await self.http.post(f"/orders/{ref}", data=form, headers=headers)


async def test_an_empty_page_says_what_it_is(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Nobody must take it for the real one."""
    async with Browser(bankid) as browser:
        page = await browser.http.get("/")
    assert page.status_code == 200
    assert "SIMULATOR - NOT REAL" in page.text
    assert "Inga väntande ärenden" in page.text
    assert await app.orders() == []


@pytest.mark.usefixtures("app")
async def test_an_order_shows_what_the_person_sees(bankid: RunningBankId) -> None:
    """As text: markup from the relying party stays what it is, and secrets are not on the page."""
    ref = await start(bankid)
    async with Browser(bankid) as browser:
        page = await browser.http.get("/")
    assert "&lt;b&gt;Logga in på&lt;/b&gt;\nportalen" in page.text
    assert "Godkänn" in page.text
    assert "Avbryt" in page.text
    assert "Åsa-Märta Öberg Sjöström" in page.text
    assert ref in page.text
    assert "bankid." not in page.text
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'nonce-")
    assert "frame-ancestors 'none'" in policy


@pytest.mark.usefixtures("app")
async def test_headings_and_strong_words_show_where_the_format_says_so(bankid: RunningBankId) -> None:
    """And only what was escaped before."""
    text = base64.b64encode(b"## Log <in>\n*Log in* to <i>").decode()
    await start(bankid, userVisibleData=text)
    await start(bankid, userVisibleData=text, userVisibleDataFormat="simpleMarkdownV1")
    async with Browser(bankid) as browser:
        page = (await browser.http.get("/")).text
    assert "## Log &lt;in&gt;\n*Log in* to &lt;i&gt;" in page
    assert "<b class=heading>Log &lt;in&gt;</b>\n<strong>Log in</strong> to &lt;i&gt;" in page


@pytest.mark.usefixtures("app")
async def test_approving_completes_the_order(bankid: RunningBankId) -> None:
    """The page scans the code by itself; afterwards the browser is sent on, so that reloading does nothing."""
    ref = await start(bankid)
    async with Browser(bankid) as browser:
        pressed = await browser.press(ref, "approve", "asa")
        page = await browser.http.get("/")
    assert (pressed.status_code, pressed.headers["location"]) == (303, "/")
    assert "Åsa-Märta Öberg Sjöström: approved" in page.text
    answer = await collect(bankid, ref)
    assert answer["status"] == "complete"


@pytest.mark.usefixtures("app")
async def test_cancelling_fails_the_order(bankid: RunningBankId) -> None:
    """As if the person had pressed cancel in the app."""
    ref = await start(bankid, returnUrl="https://portal.example.se/")
    async with Browser(bankid) as browser:
        assert (await browser.press(ref, "cancel")).status_code == 303
    assert await collect(bankid, ref) == {"orderRef": ref, "status": "failed", "hintCode": "userCancel"}


@pytest.mark.usefixtures("app")
async def test_what_is_not_possible_is_said(bankid: RunningBankId) -> None:
    """Wrong person, a person that does not exist, an order that is gone."""
    ref = await start(bankid, requirement={"personalNumber": "199006022397"})
    async with Browser(bankid) as browser:
        other = await browser.press(ref, "approve", "tolvan")
        nobody = await browser.press(ref, "approve", "nobody")
        gone = await browser.press("131daac9", "approve")
    assert (other.status_code, other.text.count("for another person")) == (409, 1)
    assert (nobody.status_code, gone.status_code) == (400, 404)


@pytest.mark.usefixtures("app")
async def test_another_page_cannot_press_the_buttons(bankid: RunningBankId) -> None:
    """Other origin, no origin, wrong form token, another name for this machine: the order goes on waiting."""
    ref = await start(bankid)
    async with Browser(bankid) as browser:
        for origin in ("https://evil.example", "null", bankid.control_url.replace("127.0.0.1", "localhost")):
            assert (await browser.press(ref, "approve", origin=origin)).status_code == 403
        form = {"form_token": await browser.form_token(), "persona": "tolvan", "action": "approve"}
        assert (await browser.http.post(f"/orders/{ref}", data=form)).status_code == 403
        ours = {"origin": bankid.control_url}
        form["form_token"] = "x" * 43
        assert (await browser.http.post(f"/orders/{ref}", data=form, headers=ours)).status_code == 403
        for path in ("/", "/version", "/sim/orders"):
            assert (await browser.http.get(path, headers={"host": "evil.example"})).status_code == 400
    assert (await collect(bankid, ref))["hintCode"] == "outstandingTransaction"


@pytest.mark.usefixtures("app")
async def test_the_page_is_told_when_something_has_changed(bankid: RunningBankId) -> None:
    """It reloads only then, so that a choice half made is not lost."""
    async with Browser(bankid) as browser:

        async def version() -> str:
            return (await browser.http.get("/version")).text

        empty = await version()
        assert f'data-version="{empty}"' in (await browser.http.get("/")).text
        ref = await start(bankid)
        waiting = await version()
        assert waiting == await version()
        await browser.press(ref, "approve")
        approved = await version()
        await collect(bankid, ref)
        assert len({empty, waiting, approved, await version()}) == 4


async def test_the_control_api_needs_its_token(bankid: RunningBankId, app: RemoteBankId) -> None:
    """It can do what the page cannot: move time, forget everything."""
    ref = await start(bankid)
    paths = ["clock/advance", "reset", *(f"orders/{ref}/{act}" for act in ("scan", "autostart", "approve", "fail"))]
    async with httpx.AsyncClient(base_url=bankid.control_url, trust_env=False) as http:
        for headers in ({}, {"x-emulator-token": "wrong"}):
            assert (await http.get("/sim/orders", headers=headers)).status_code == 401
            for path in paths:
                assert (await http.post(f"/sim/{path}", headers=headers)).status_code == 401
    assert [order.hint_code for order in await app.orders()] == ["outstandingTransaction"]


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("clock/advance", b'{"seconds": -1}'),
        ("clock/advance", b'{"seconds": true}'),
        ("clock/advance", b'{"seconds": NaN}'),
        ("clock/advance", b"[]"),
        ("clock/advance", b"x"),
        ("clock/advance", b" " * 20_000),
        ("orders/{ref}/approve", b'{"persona": "nobody"}'),
        ("orders/{ref}/approve", b'{"persona": "asa", "ip": "x"}'),
        ("orders/{ref}/approve", b'{"persona": "asa", "risk": "great"}'),
        ("orders/{ref}/fail", b'{"hint": "<b>"}'),
        ("orders/{ref}/hint", b"{}"),
        ("orders/{ref}/scan", b'{"qr": 1}'),
    ],
)
@pytest.mark.usefixtures("app")
async def test_the_control_api_says_what_it_does_not_understand(
    bankid: RunningBankId, path: str, content: bytes
) -> None:
    """A test that misspells something must fail there and not later."""
    ref = await start(bankid)
    headers = {"x-emulator-token": bankid.token}
    async with httpx.AsyncClient(base_url=bankid.control_url, trust_env=False) as http:
        refused = await http.post(f"/sim/{path.format(ref=ref)}", content=content, headers=headers)
    assert refused.status_code == 400
    assert refused.json()["error"]


async def test_an_order_seen_from_outside_is_the_one_that_was_made(bankid: RunningBankId, app: RemoteBankId) -> None:
    """Tests and demonstrations build on these fields."""
    ref = await start(bankid, returnUrl="https://portal.example.se/")
    (order,) = await app.orders()
    assert (order.ref, order.phase, order.end_user_ip) == (ref, "waiting", "192.0.2.7")
    assert (order.return_url, order.user_visible_text) == (
        "https://portal.example.se/",
        "<b>Logga in på</b>\nportalen",
    )
    assert order.qr.split(".")[2] in {"0", "1", "2", "3", "4"}
    await app.autostart(ref, order.auto_start_token)
    await app.approve(ref, "199006022397", ip="198.51.100.9", risk=None)
    answer = (await collect(bankid, ref))["completionData"]
    assert isinstance(answer, dict)
    assert answer["user"]["personalNumber"] == "199006022397"
    assert answer["device"]["ipAddress"] == "198.51.100.9"
    assert "risk" not in answer
