"""Too many sign-ins, on the wire: 429 with ``Retry-After``, for whoever it is and nobody else."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.api import create_api
from functions.request_context import SECURITY_HEADERS
from shared.adapters.memory_electronic_id import persona
from tests.support.memory_container import PUBLIC_URL
from tests.support.scene import Instance
from tests.support.taps import Tap
from tests.support.world import OTHER_PERSON, TOLVAN, Browser, World, world

ORDERS, ORDER = "/api/v1/bankid/orders", "/api/v1/bankid/order"
HEADER = "x-azure-clientip"
TIGHT = {
    "PIC_CLIENT_ADDRESS_HEADER": HEADER,
    "PIC_LIMIT_STARTS_PER_ADDRESS": "4/60",
    "PIC_LIMIT_STARTS_PER_BROWSER": "3/60",
    "PIC_LIMIT_POLLS_PER_ADDRESS": "40/60",
    "PIC_LIMIT_POLLS_PER_BROWSER": "20/60",
    "PIC_LIMIT_SESSIONS_PER_PERSON": "2/3600",
}


def refused(answer: httpx.Response) -> int:
    """It is a problem like any other, with all headers; gives the seconds."""
    assert answer.status_code == 429
    assert answer.json()["type"] == "urn:pic:problem:too-many-requests"
    assert set(answer.json()) == {"type", "title", "status", "instance"}
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS
    assert "set-cookie" not in answer.headers
    return int(answer.headers["retry-after"])


async def call(browser: Browser, method: str, path: str, address: str = "203.0.113.7") -> httpx.Response:
    """As the gateway would pass it on."""
    return await browser.call(method, path, headers={HEADER: address})


async def statuses(browser: Browser, method: str, path: str, times: int, address: str = "203.0.113.7") -> list[int]:
    return [(await call(browser, method, path, address)).status_code for _ in range(times)]


async def test_a_browser_that_starts_too_often_waits_and_others_do_not() -> None:
    """Its next attempt is good after the seconds that it was told. Nothing has reached the e-ID before."""
    async with world(**TIGHT) as made:
        browser = Browser(made.http)
        # The first has no cookie yet by which it could be known.
        assert await statuses(browser, "POST", ORDERS, 4) == [201, 201, 201, 201]
        asked = len(made.container.electronic_id.requests)
        seconds = refused(await call(browser, "POST", ORDERS, "203.0.113.8"))
        assert len(made.container.electronic_id.requests) == asked
        assert await statuses(Browser(made.http), "POST", ORDERS, 1, "203.0.113.8") == [201]
        made.container.clock.move(seconds=seconds - 1)
        refused(await call(browser, "POST", ORDERS, "203.0.113.8"))
        made.container.clock.move(seconds=1)
        assert await statuses(browser, "POST", ORDERS, 1, "203.0.113.8") == [201]


async def test_an_address_that_starts_too_often_waits_and_others_do_not() -> None:
    """Without cookies the address alone counts; what the client itself says of its address does not."""
    async with world(**TIGHT) as made:
        for expected in (201, 201, 201, 201, 429):
            headers = {HEADER: "203.0.113.7", "x-forwarded-for": f"192.0.2.{expected}"}
            assert (await Browser(made.http).call("POST", ORDERS, headers=headers)).status_code == expected
        assert 1 <= refused(await call(Browser(made.http), "POST", ORDERS)) <= 15
        assert await statuses(Browser(made.http), "POST", ORDERS, 1, "2001:db8::1") == [201]


async def test_starts_at_brokers_and_at_bankid_are_counted_together() -> None:
    """Also at a broker that does not exist: asking for each in turn is no way around."""
    async with world(**TIGHT) as made:
        browser = Browser(made.http)
        assert await statuses(browser, "POST", "/api/v1/oidc/nobody/start", 2) == [404, 404]
        assert await statuses(browser, "POST", ORDERS, 2) == [201, 201]
        refused(await call(Browser(made.http), "POST", "/api/v1/oidc/nobody/start"))


async def test_a_browser_is_known_again_by_brokers_as_well() -> None:
    """Where no other e-ID is on: from address to address, by the name that its first start gave it."""
    async with world(**TIGHT) as made:
        browser, start = Browser(made.http), "/api/v1/oidc/memory/start"
        for last in range(4):
            assert await statuses(browser, "POST", start, 1, f"203.0.113.{last}") == [200]
        known = browser.cookies["__Host-device"]
        refused(await call(browser, "POST", start, "203.0.113.9"))
        assert await statuses(Browser(made.http), "POST", start, 1, "203.0.113.9") == [200]
        made.container.clock.move(seconds=60)
        assert await statuses(browser, "POST", start, 1, "203.0.113.9") == [200]
        assert browser.cookies["__Host-device"] == known


async def test_what_a_foreign_page_sends_takes_nothing_from_its_victim() -> None:
    """It is refused before it is counted."""
    async with world(**TIGHT) as made:
        browser = Browser(made.http)
        for _ in range(20):
            headers = {HEADER: "203.0.113.7", "origin": "https://evil.example"}
            assert (await browser.call("POST", ORDERS, headers=headers)).status_code == 403
        assert await statuses(browser, "POST", ORDERS, 1) == [201]


async def test_polling_too_fast_is_refused_and_the_order_lives_on() -> None:
    """The browser that slows down gets its session."""
    async with world(**TIGHT) as made:
        browser, other = Browser(made.http), Browser(made.http)
        await call(browser, "POST", ORDERS)
        await call(other, "POST", ORDERS)
        answers = [await call(browser, "GET", ORDER) for _ in range(30)]
        assert {answer.status_code for answer in answers} == {200, 429}
        refused(await call(browser, "GET", f"{ORDER}/qr"))
        assert await statuses(other, "GET", ORDER, 1) == [200]
        made.container.electronic_id.approve("order-1", persona(TOLVAN))
        made.container.clock.move(seconds=60)
        assert (await call(browser, "GET", ORDER)).json()["status"] == "complete"


async def test_polls_without_an_order_are_counted_by_address() -> None:
    """Cookies that lead nowhere are no way around."""
    async with world(**TIGHT) as made:
        found = []
        for number in range(80):
            browser = Browser(made.http, cookies={"__Host-bankid": f"guess-{number}"})
            found += await statuses(browser, "GET", ORDER, 1)
        assert set(found) == {404, 429}
        assert await statuses(Browser(made.http), "GET", ORDER, 1, "203.0.113.8") == [404]


async def signed_in(made: World, digits: str) -> tuple[Browser, httpx.Response]:
    """A new browser at an address of its own, which this person approves."""
    browser, address = Browser(made.http), f"2001:db8:{len(made.container.electronic_id.requests)}::1"
    assert (await call(browser, "POST", ORDERS, address)).status_code == 201
    made.container.electronic_id.approve(made.container.electronic_id.latest, persona(digits))
    made.container.clock.move(seconds=2)
    return browser, await call(browser, "GET", ORDER, address)


async def test_a_person_with_too_many_sessions_waits_and_other_persons_do_not() -> None:
    """Wherever they come from. The approved order is not lost: asked again in time, it gives the session."""
    async with world(**TIGHT) as made:
        for _ in range(2):
            assert (await signed_in(made, TOLVAN))[1].json()["status"] == "complete"
        browser, answer = await signed_in(made, TOLVAN)
        assert refused(answer) > 1700
        assert "__Host-session" not in browser.cookies
        refused(await call(browser, "GET", ORDER))
        assert (await signed_in(made, OTHER_PERSON))[1].json()["status"] == "complete"


async def test_the_limits_hold_over_two_instances() -> None:
    """Each answers every other request; together they let through what one would."""
    async with world(**TIGHT) as made:
        second = create_api(Instance(made.container, Tap()))
        transport = httpx.ASGITransport(second, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
            found = []
            for number in range(20):
                browser = Browser(http if number % 2 else made.http)
                found += await statuses(browser, "POST", ORDERS, 1)
        assert found.count(201) == 4
        assert found.count(429) == 16


async def test_a_poll_of_an_order_writes_nothing_for_its_limits() -> None:
    """Counted at the store: reads and writes of a poll are those of the order."""
    async with world(PIC_CLIENT_ADDRESS_HEADER=HEADER) as made:
        tap = Tap()
        second = create_api(Instance(made.container, tap))
        transport = httpx.ASGITransport(second, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
            browser = Browser(made.http)
            await call(browser, "POST", ORDERS)
            browser.http = http
            for _ in range(45):
                assert (await call(browser, "GET", ORDER)).status_code == 200
                made.container.clock.move(seconds=2)
        records = [one for one in tap.calls if one.name.startswith("records.")]
        assert not [one for one in records if one.at.startswith("limit|")]
        assert records


@pytest.mark.parametrize(
    "operation",
    ["bankid_start", "bankid_poll", "bankid_qr", "bankid_callback", "bankid_cancel", "oidc_start", "entra_start"],
)
def test_the_description_says_which_routes_are_limited(operation: str) -> None:
    """Clients learn of 429 and of its header before they meet it."""
    file = Path(__file__).parents[2] / "docs" / "openapi.json"
    described: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    (found,) = [one for path in described["paths"].values() for one in path.values() if one["operationId"] == operation]
    assert found["responses"]["429"]["headers"].keys() == {"Retry-After"}
