"""Sessions on the wire: one's own list, ending any of it, and every instance knowing at once."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from functions.api import create_api
from tests.support.every_route import CALLS, CLIENTS, LOGIN, Scene, Who
from tests.support.memory_container import PASSWORD, PUBLIC_URL
from tests.support.problems import problem_of
from tests.support.scene import Instance
from tests.support.taps import Tap
from tests.support.world import OTHER_PERSON, TOLVAN, Browser, World

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
CREDENTIALS = {"mail_address": LOGIN, "password": PASSWORD}


async def sessions_of(browser: Browser) -> list[dict[str, str | bool | None]]:
    """The list as this browser gets it."""
    found: list[dict[str, str | bool | None]] = (await browser.json("GET", "/api/v1/sessions"))["sessions"]
    return found


async def two_browsers(world: World, who: str) -> tuple[Browser, Browser]:
    """One principal, signed in twice."""
    if who == "person":
        return await world.person(TOLVAN), await world.person(TOLVAN)
    browsers = Browser(world.http), Browser(world.http)
    for browser in browsers:
        browser.csrf = (await browser.json("POST", "/api/v1/staff/sign-in", json=CREDENTIALS))["csrf_token"]
        world.container.clock.move(seconds=1)
    return browsers


@asynccontextmanager
async def at_another_instance(world: World, browser: Browser) -> AsyncIterator[Browser]:
    """The same browser, whose requests now reach another instance of the application on the same stores."""
    transport = httpx.ASGITransport(create_api(Instance(world.container, Tap())), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as http:
        yield Browser(http, browser.csrf, browser.cookies)


def is_cleared(answer: httpx.Response, browser: Browser) -> bool:
    """Whether the browser was told to forget everything."""
    said: bool = answer.headers.get("clear-site-data") == '"cache", "cookies", "storage"'
    assert said == ("__Host-session" not in browser.cookies)
    return said


async def test_a_session_says_how_its_owner_is_known_and_how_long_it_may_rest(world: World) -> None:
    """At sign-in and afterwards alike, so that no page needs to know the limits."""
    staff, person = await world.staff(), await world.person(TOLVAN)
    shown = await staff.json("GET", "/api/v1/session")
    assert (shown["kind"], shown["provider"], shown["assurance"], shown["idle_seconds"]) == ("staff", None, None, 1800)
    shown = await person.json("GET", "/api/v1/session")
    assert (shown["kind"], shown["assurance"], shown["idle_seconds"]) == ("person", "loa3", 1800)
    assert shown["provider"]


@pytest.mark.parametrize("who", ["staff", "person"])
async def test_the_list_shows_coarse_words_and_no_secret(scene: Scene, who: str) -> None:
    """Not the header, not the token, not its hash, not the pseudonym."""
    here, _ = await two_browsers(scene.world, who)
    if who == "staff":
        agent = {"user-agent": CHROME}
        again = await here.json("POST", "/api/v1/staff/sign-in", json=CREDENTIALS, headers=agent)
        here.csrf = again["csrf_token"]
    answer = await here.call("GET", "/api/v1/sessions")
    assert [shown["is_current"] for shown in answer.json()["sessions"]].count(True) == 1
    (current,) = [shown for shown in answer.json()["sessions"] if shown["is_current"]]
    assert set(current) == {
        *("session", "kind", "provider", "assurance", "device", "created_at", "seen_at", "is_current"),
    }
    assert current["kind"] == who
    assert current["device"] == ("Chrome on Windows" if who == "staff" else "Unknown device")
    stored = scene.world.container.record_store._partitions
    hashes = [partition.partition("|")[2] for partition in stored if partition.startswith("session|")]
    owners = [partition.partition("|")[2] for partition in stored if partition.startswith("sessions|")]
    assert len(hashes) >= 3
    for secret in (here.cookies["__Host-session"], here.csrf, *hashes, *owners, "Mozilla", "140.0"):
        assert secret not in answer.text


@pytest.mark.parametrize("who", ["staff", "person"])
async def test_ending_another_session_leaves_this_browser_alone(scene: Scene, who: str) -> None:
    """The other one is out; here nothing is cleared."""
    here, there = await two_browsers(scene.world, who)
    (other,) = [shown["session"] for shown in await sessions_of(here) if not shown["is_current"]]
    answer = await here.call("DELETE", f"/api/v1/sessions/{other}")
    assert answer.status_code == 204
    assert not is_cleared(answer, here)
    problem_of(await there.call("GET", "/api/v1/session"), 401, "not-signed-in")
    assert [shown["is_current"] for shown in await sessions_of(here)] == [True]
    problem_of(await here.call("DELETE", f"/api/v1/sessions/{other}"), 404, "not-found")


@pytest.mark.parametrize("who", ["staff", "person"])
async def test_ending_this_session_from_the_list_is_signing_out(scene: Scene, who: str) -> None:
    """Cookie and all."""
    here, there = await two_browsers(scene.world, who)
    kept = Browser(here.http, here.csrf, dict(here.cookies))
    (own,) = [shown["session"] for shown in await sessions_of(here) if shown["is_current"]]
    assert is_cleared(await here.call("DELETE", f"/api/v1/sessions/{own}"), here)
    problem_of(await kept.call("GET", "/api/v1/session"), 401, "not-signed-in")
    assert (await there.call("GET", "/api/v1/session")).status_code == 200


@pytest.mark.parametrize("who", ["staff", "person"])
async def test_signing_out_everywhere_ends_all_of_them(scene: Scene, who: str) -> None:
    """And clears this browser; other people stay."""
    here, there = await two_browsers(scene.world, who)
    others = [scene.staff, await scene.world.person(OTHER_PERSON)]
    kept = Browser(here.http, here.csrf, dict(here.cookies))
    assert is_cleared(await here.call("DELETE", "/api/v1/sessions"), here)
    for browser in (kept, there):
        problem_of(await browser.call("GET", "/api/v1/session"), 401, "not-signed-in")
    for browser in others:
        assert (await browser.call("GET", "/api/v1/session")).status_code == 200


async def test_nobody_ends_or_sees_a_strangers_session(scene: Scene) -> None:
    """Colleague, stranger, auditor, another organisation: each sees the own one, and finds no other."""
    for who in Who:
        if who not in {Who.NOBODY, Who.STAFF, *CLIENTS}:
            stranger = await scene.browser(who)
            shown = await sessions_of(stranger)
            assert all(each["session"] != scene.session for each in shown)
            problem_of(await scene.call("end_session").by(stranger), 404, "not-found")
    assert (await scene.call("read_session").by(scene.staff)).status_code == 200


@pytest.mark.parametrize("how", ["sign_out", "end_session", "sign_out_everywhere"])
async def test_a_revoked_session_opens_nothing_at_any_instance(scene: Scene, how: str) -> None:
    """Two instances on one store, both of which have just let it in: no memory of one outlives the word of the other."""
    kept = Browser(scene.world.http, scene.staff.csrf, dict(scene.staff.cookies))
    async with at_another_instance(scene.world, kept) as there:
        for browser in (kept, there):
            assert (await scene.call("read_message").by(browser)).status_code == 200
        assert (await scene.call(how).by(scene.staff)).status_code == 204
        for route in CALLS:
            if (await scene.call(route).by(Browser(scene.world.http))).status_code != 401:
                continue
            for browser in (kept, there):
                assert (await scene.call(route).by(browser)).status_code == 401, route


async def test_a_revocation_by_another_instance_is_known_here(scene: Scene) -> None:
    """The other way round: ended there, over here."""
    here, other = await two_browsers(scene.world, "person")
    async with at_another_instance(scene.world, other) as there:
        assert (await there.call("DELETE", "/api/v1/sessions")).status_code == 204
    problem_of(await here.call("GET", "/api/v1/inbox"), 401, "not-signed-in")
