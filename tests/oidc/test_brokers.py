"""Signing in at every kind of broker that we know, each played by a certified OpenID provider."""

import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.oidc import brokers
from tests.oidc.brokers import COORDINATION, INBOX, KINDS, LOA2, PERSON, come_back, leave, query_of
from tests.support import world as worlds
from tests.support.world import Browser, World


@pytest.fixture(scope="module", params=list(KINDS))
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[brokers.Running]:
    """One of the brokers."""
    folder: Path = tmp_path_factory.mktemp("oidc")
    running = brokers.start(request.param, folder)
    yield running
    running.stop()


@pytest.fixture
async def world(broker: brokers.Running) -> AsyncIterator[World]:
    """Our application, with that broker on and the time of day that the broker has."""
    async with worlds.world(**broker.environment) as made:
        made.container.clock.now = datetime.now(UTC)
        yield made
        await made.container.close()


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world.http)


async def test_a_person_signs_in(broker: brokers.Running, browser: Browser) -> None:
    """To the broker, back into the same browser, and there is the inbox."""
    url = await leave(browser, broker.name)
    assert await come_back(browser, await broker.visit(url)) == INBOX
    session = await browser.json("GET", "/api/v1/session")
    assert (session["kind"], session["name"]) == ("person", "Ögodotter Exempel")
    assert (session["provider"], session["assurance"]) == (broker.name, "loa3")
    assert "__Host-oidc" not in browser.cookies


async def test_it_is_the_person_that_a_thread_is_for(broker: brokers.Running, world: World, browser: Browser) -> None:
    """The number is the one that the sender wrote, whichever e-ID stated it."""
    staff = await world.staff()
    await world.send(staff, await world.draft(staff, await world.thread(staff, PERSON)))
    await world.send(staff, await world.draft(staff, await world.thread(staff, COORDINATION)))
    await come_back(browser, await broker.visit(await leave(browser, broker.name)))
    assert len((await browser.json("GET", "/api/v1/inbox"))["threads"]) == 1


async def test_a_coordination_number_signs_in(broker: brokers.Running, browser: Browser) -> None:
    """Persons without a personal number have e-IDs, too."""
    url = await leave(browser, broker.name)
    assert await come_back(browser, await broker.visit(url, COORDINATION)) == INBOX


async def test_what_the_broker_signed_is_kept(broker: brokers.Running, world: World, browser: Browser) -> None:
    """Verbatim, before the session: three parts for the ID token, and UserInfo where the identity is in that."""
    await come_back(browser, await broker.visit(await leave(browser, broker.name)))
    principal = await world.container.sessions.principal_of(browser.cookies["__Host-session"])
    evidence = getattr(principal, "evidence", None)
    assert evidence is not None
    about, answer = await world.container.evidence.read(evidence)
    kept = json.loads(answer)
    assert (about["provider"], about["decision"]) == (broker.name, "admitted")
    assert kept["id_token"].count(".") == 2
    assert ("userinfo" in kept) is not broker.kind.in_id_token


async def test_the_session_that_the_browser_held_ends(broker: brokers.Running, world: World, browser: Browser) -> None:
    """Whoever knew the old token does not stay signed in beside the new session."""
    await come_back(browser, await broker.visit(await leave(browser, broker.name)))
    before = Browser(world.http, cookies=dict(browser.cookies))
    await come_back(browser, await broker.visit(await leave(browser, broker.name)))
    await before.json("GET", "/api/v1/session", 401)
    await browser.json("GET", "/api/v1/session")


async def test_the_request_says_what_it_must(broker: brokers.Running, browser: Browser) -> None:
    """Code, PKCE with S256, fresh state and nonce, sign in anew; pushed where the broker takes that."""
    asked = [query_of(await leave(browser, broker.name)) for _ in range(2)]
    if broker.kind.pushed:
        assert all(set(query) == {"client_id", "request_uri"} for query in asked)
        assert asked[0]["request_uri"] != asked[1]["request_uri"]
        return
    one, other = asked
    assert (one["response_type"], one["code_challenge_method"]) == ("code", "S256")
    assert (one["prompt"], one["max_age"], one["ui_locales"]) == ("login", "0", "sv en")
    assert (one["redirect_uri"], one["acr_values"]) == (broker.redirect_uri, broker.kind.acr)
    for name in ("state", "nonce", "code_challenge"):
        assert len(one[name]) == 43
        assert one[name] != other[name]


@pytest.mark.parametrize(
    ("error", "word"),
    [
        ("access_denied", "cancelled"),
        ("login_required", "not-possible"),
        ("unmet_authentication_requirements", "not-possible"),
        ("temporarily_unavailable", "try-later"),
        ("server_error", "failed"),
    ],
)
async def test_what_went_wrong_there_is_said_in_our_words(
    broker: brokers.Running, browser: Browser, error: str, word: str
) -> None:
    """And nothing of the broker's own."""
    url = await leave(browser, broker.name)
    assert await come_back(browser, await broker.visit(url, error=error)) == f"{word}"
    assert set(browser.cookies) == {"__Host-device"}


async def test_a_level_that_is_not_allowed_is_refused(broker: brokers.Running, browser: Browser) -> None:
    """The broker knows who it is, by an e-ID that we do not take."""
    back = await broker.visit(await leave(browser, broker.name), acr=LOA2)
    assert await come_back(browser, back) == "failed"
    assert "__Host-session" not in browser.cookies


async def test_a_person_without_a_number_is_refused(broker: brokers.Running, browser: Browser) -> None:
    """A name alone is nobody."""
    back = await broker.visit(await leave(browser, broker.name), "half")
    assert await come_back(browser, back) == "failed"


async def test_the_way_back_leads_in_once(broker: brokers.Running, world: World, browser: Browser) -> None:
    """The same address again, in the same browser, with its cookie kept: no second session."""
    url = await leave(browser, broker.name)
    cookies = dict(browser.cookies)
    back = await broker.visit(url)
    assert await come_back(browser, back) == INBOX
    again = Browser(world.http, cookies=cookies)
    assert await come_back(again, back) == "failed"
    assert "__Host-session" not in again.cookies


async def test_another_browser_gets_nothing_and_ends_it(
    broker: brokers.Running, world: World, browser: Browser
) -> None:
    """Neither one without a cookie nor one with a sign-in of its own; and the one that began must begin again."""
    stranger, starter = Browser(world.http), Browser(world.http)
    await leave(starter, broker.name)
    for other in (stranger, starter):
        back = await broker.visit(await leave(browser, broker.name))
        assert await come_back(other, back) == "other-browser"
        assert "__Host-session" not in other.cookies
        assert await come_back(browser, back) == "failed"
        assert "__Host-session" not in browser.cookies


async def test_it_ends_after_ten_minutes(broker: brokers.Running, world: World, browser: Browser) -> None:
    """What was left open on a screen leads nowhere; and the sweep leaves nothing of it."""
    back = await broker.visit(await leave(browser, broker.name))
    world.container.clock.move(minutes=10)
    assert await come_back(browser, back) == "failed"
    world.container.clock.move(hours=2)
    await world.container.retaining.sweep()
    stored = world.container.record_store._partitions
    assert not [name for name, entries in stored.items() if name.startswith("redirect|") and entries]
