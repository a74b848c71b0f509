"""Persons sign in through the real host, on both stores, with the simulator's app on the same device."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest

from local.demo import persons
from local.demo.client import Client
from tests.e2e.conftest import PERSON, Running

SESSION = "/api/v1/session"
NAME = "Åsa-Märta Öberg Sjöström"


@pytest.fixture
def browsers(running: Running) -> Iterator[tuple[Client, Client]]:
    """Two, in which nobody is signed in."""
    with ExitStack() as stack:
        first, second = (stack.enter_context(closing(Client(running.stack.api_url))) for _ in range(2))
        yield first, second


def started(browser: Client) -> str:
    """Begin on the same device; the link that opens the app."""
    return str(browser.ask("POST", persons.ORDERS, expect=201, json=persons.HERE)["launch_url"])


def news(browser: Client) -> tuple[str, str, object]:
    """How its order stands, once BankID has said something about it."""
    until = time.monotonic() + persons.LIMIT_SECONDS
    while True:
        view = browser.ask("GET", persons.ORDER)
        if view["hint_code"] != "outstandingTransaction":
            return view["status"], view["hint_code"], view["session"]
        assert time.monotonic() < until
        time.sleep(persons.POLL_SECONDS)


def test_the_return_into_the_same_browser_signs_in(running: Running, browsers: tuple[Client, Client]) -> None:
    """And nothing before it does; the session says how its owner is known, and opens the inbox."""
    browser, other = browsers
    address = persons.approve_here(running.stack, started(browser), PERSON)
    assert address.startswith(f"{running.stack.public_url}/portal#/sign-in/return/")
    assert news(browser) == ("pending", "awaitingReturn", None)
    browser.call("GET", SESSION, expect=401)
    assert persons.come_back(browser, address) == NAME
    shown = browser.ask("GET", SESSION)
    assert (shown["kind"], shown["provider"], shown["assurance"]) == ("person", "bankid", "loa3")
    browser.ask("GET", "/api/v1/inbox")
    for replaying in (browser, other):
        replaying.call("POST", persons.CALLBACK, expect=403, json={"nonce": persons.nonce_in(address)})


def test_another_browser_ends_the_order_and_is_not_signed_in(running: Running, browsers: tuple[Client, Client]) -> None:
    """Whoever sent the link gets nothing for it, and neither does whoever followed it."""
    attacker, victim = browsers
    address = persons.approve_here(running.stack, started(attacker), PERSON)
    victim.call("POST", persons.CALLBACK, expect=403, json={"nonce": persons.nonce_in(address)})
    assert news(attacker) == ("failed", "otherBrowser", None)
    for browser in browsers:
        browser.call("GET", SESSION, expect=401)


def test_the_return_finds_its_order_after_the_host_was_lost(running: Running, browsers: tuple[Client, Client]) -> None:
    """Nothing of a sign-in lives in an instance."""
    browser, _ = browsers
    address = persons.approve_here(running.stack, started(browser), PERSON)
    assert news(browser) == ("pending", "awaitingReturn", None)
    running.kill_host()
    assert persons.come_back(browser, address) == NAME


def test_giving_up_ends_the_order_at_bankid(running: Running, browsers: tuple[Client, Client]) -> None:
    """Its link opens nothing any more."""
    browser, _ = browsers
    launch_url = started(browser)
    browser.call("DELETE", persons.ORDER, expect=204)
    with pytest.raises(TimeoutError, match="no order"):
        persons.approve_here(running.stack, launch_url, PERSON)


def test_signing_out_everywhere_ends_the_sessions_of_all_browsers(
    running: Running, browsers: tuple[Client, Client]
) -> None:
    """Each of them is listed, with the e-ID that it began by."""
    for browser in browsers:
        persons.sign_in_here(browser, running.stack, PERSON)
    here, _ = browsers
    found = here.ask("GET", "/api/v1/sessions")["sessions"]
    assert len(found) >= len(browsers)
    assert {one["provider"] for one in found} == {"bankid"}
    here.call("DELETE", "/api/v1/sessions", expect=204)
    for browser in browsers:
        browser.call("GET", SESSION, expect=401)
