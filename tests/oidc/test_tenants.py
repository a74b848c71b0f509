"""Signing in with Entra ID, played by a certified OpenID provider in its shape."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from shared.domain.organisation_settings import SecondFactor
from shared.domain.principals import Role
from tests.oidc import tenants
from tests.oidc.brokers import query_of
from tests.support import world as worlds
from tests.support.entra import FAILED, GROUP, WORK, give_tenant, mapped, rule
from tests.support.memory_container import PUBLIC_URL
from tests.support.world import Browser, World

START = "/api/v1/staff/entra/start"


@pytest.fixture(scope="module", params=["secret", "certificate"])
def tenant(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tenants.Running]:
    """The tenant, with each of the ways in which we prove who we are."""
    folder: Path = tmp_path_factory.mktemp("entra")
    running = tenants.start(folder, by=request.param)
    yield running
    running.process.stop()


@pytest.fixture
async def world(tenant: tenants.Running) -> AsyncIterator[World]:
    """An organisation whose tenant it is, which lets in a group, and an app role as admins."""
    async with worlds.world(**tenant.environment) as made:
        made.container.clock.now = datetime.now(UTC)
        await give_tenant(made)
        await rule(made, mapped(GROUP, Role.MEMBER, made.unit), mapped("Pic.Admin", Role.ADMIN), context="c1")
        yield made
        await made.container.close()


@pytest.fixture
def browser(world: World) -> Browser:
    return Browser(world.http)


async def gone(browser: Browser, path: str = START) -> str:
    """The authorization address."""
    body: dict[str, Any] | None = {} if path == START else None
    url: str = (await browser.json("POST", path, json=body))["authorization_url"]
    return url


async def back(browser: Browser, url: str) -> str:
    """Where the browser is sent to; the word alone if it failed."""
    answer = await browser.call("GET", url.removeprefix(PUBLIC_URL))
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    return location.removeprefix(FAILED)


async def test_a_colleague_signs_in(tenant: tenants.Running, browser: Browser) -> None:
    """There, back into the same browser, and there is the work of the unit."""
    assert await back(browser, await tenant.visit(await gone(browser))) == WORK
    session = await browser.json("GET", "/api/v1/session")
    assert (session["kind"], session["role"], session["name"]) == ("staff", "member", "Bo Exempel")
    assert "__Host-oidc" not in browser.cookies


async def test_the_request_says_what_it_must(tenant: tenants.Running, browser: Browser) -> None:
    """Code, PKCE with S256, fresh state and nonce; whoever is signed in there is not asked again."""
    one, other = [query_of(await gone(browser)) for _ in range(2)]
    assert (one["response_type"], one["code_challenge_method"], one["scope"]) == ("code", "S256", "openid profile")
    assert (one["client_id"], one["redirect_uri"]) == (tenants.CLIENT_ID, tenants.REDIRECT_URI)
    assert not {"prompt", "max_age", "claims"} & set(one)
    for name in ("state", "nonce", "code_challenge"):
        assert len(one[name]) == 43
        assert one[name] != other[name]
    del tenant


async def test_amr_and_acrs_are_second_factors(tenant: tenants.Running, world: World, browser: Browser) -> None:
    """Where the organisation asks for one."""
    await world.decide(second_factor=SecondFactor.REQUIRED)
    for account, amr, unfinished in (("bo", "", True), ("bo", "pwd mfa", False), ("cecilia", "", False)):
        assert await back(browser, await tenant.visit(await gone(browser), account, amr=amr)) == WORK
        assert (await browser.json("GET", "/api/v1/session"))["unfinished"] is unfinished


async def test_proving_anew_asks_there_again(tenant: tenants.Running, browser: Browser) -> None:
    """``auth_time`` is told and new; the session that may do more has another token."""
    await back(browser, await tenant.visit(await gone(browser), "cecilia"))
    browser.csrf = (await browser.json("GET", "/api/v1/session"))["csrf_token"]
    before = dict(browser.cookies)
    url = await gone(browser, "/api/v1/staff/entra/proof")
    assert (query_of(url)["prompt"], query_of(url)["max_age"]) == ("login", "0")
    assert await back(browser, await tenant.visit(url, "cecilia")) == WORK
    assert browser.cookies["__Host-session"] != before["__Host-session"]
    browser.csrf = (await browser.json("GET", "/api/v1/session"))["csrf_token"]
    await browser.json("PATCH", "/api/v1/organisation/settings", json={"notice_style": "named"})


@pytest.mark.parametrize(
    ("account", "word"), [("crowd", "too-many-groups"), ("swapped", "failed")], ids=["overage", "swapped tenant"]
)
async def test_what_is_not_told_or_not_theirs_is_refused(
    tenant: tenants.Running, browser: Browser, account: str, word: str
) -> None:
    """Too many groups; and a tenant in the token that is not its issuer's."""
    assert await back(browser, await tenant.visit(await gone(browser), account)) == word
    assert "__Host-session" not in browser.cookies


async def test_what_went_wrong_there_is_said_in_our_words(tenant: tenants.Running, browser: Browser) -> None:
    """And nothing of the tenant's own."""
    assert await back(browser, await tenant.visit(await gone(browser), error="access_denied")) == "cancelled"


async def test_the_way_back_leads_in_once(tenant: tenants.Running, world: World, browser: Browser) -> None:
    """The same address again, in the same browser, with its cookie kept: no second session."""
    url = await gone(browser)
    cookies = dict(browser.cookies)
    address = await tenant.visit(url)
    assert await back(browser, address) == WORK
    again = Browser(world.http, cookies=cookies)
    assert await back(again, address) == "failed"


async def test_the_address_of_a_mail_says_nobody(tenant: tenants.Running, world: World, browser: Browser) -> None:
    """``email`` and ``preferred_username`` are an admin's, whose session this is not."""
    await world.member("anna@example.com", role=Role.ADMIN)
    await back(browser, await tenant.visit(await gone(browser)))
    assert (await browser.json("GET", "/api/v1/session"))["role"] == "member"
