"""Requests that another site makes a browser send: refused, and nothing has changed."""

import pytest
from fastapi.routing import iter_route_contexts

from functions.api import create_api
from functions.dependencies import SAFE_METHODS, allowings_of
from tests.support.every_route import CALLS, LOGIN, Scene, Who, everything_stored
from tests.support.memory_container import PASSWORD, PUBLIC_URL, MemoryContainer
from tests.support.problems import problem_of
from tests.support.world import Browser

ALLOWED = {
    route.name: allowings_of(route)[0]
    for route in iter_route_contexts(create_api(MemoryContainer()).routes)
    if not SAFE_METHODS.issuperset(route.methods or ())
}
UNSAFE = sorted(str(name) for name in ALLOWED)
WITH_SESSION = sorted(str(name) for name, allowing in ALLOWED.items() if allowing.kinds)
"""From the application itself: a route added with an unsafe method joins the tests below."""

FOREIGN = (
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": PUBLIC_URL + ".evil.example"},
    {"origin": PUBLIC_URL.replace("http:", "https:")},
    {"origin": PUBLIC_URL + ":8080"},
    {"origin": ""},
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "SAME-ORIGIN"},
    {"origin": PUBLIC_URL, "sec-fetch-site": "cross-site"},
)


def test_these_are_the_routes_that_change_something() -> None:
    """Those that are tested below; a walk that meets none of them would prove nothing."""
    assert set(UNSAFE) - set(WITH_SESSION) >= {"staff_sign_in", "bankid_start", "bankid_cancel"}
    assert set(WITH_SESSION) >= {
        *("sign_out", "end_session", "sign_out_everywhere", "create_thread", "create_message", "delete_message"),
        *("send_message", "open_message", "create_upload", "append_upload", "cancel_upload", "delete_file"),
    }


async def test_the_table_calls_each_of_them_by_its_method(scene: Scene) -> None:
    """Else a route would be tested by a request that is safe."""
    assert {name for name in CALLS if scene.call(name).method not in SAFE_METHODS} == set(UNSAFE)


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
@pytest.mark.parametrize("route", UNSAFE)
async def test_what_the_browser_calls_foreign_is_refused(scene: Scene, route: str, headers: dict[str, str]) -> None:
    """Even with the right token, and for signing in too: else an attacker could sign a victim in as somebody else."""
    before = everything_stored(scene)
    problem_of(await scene.call(route).by(scene.staff, headers), 403, "cross-site-request")
    assert everything_stored(scene) == before
    assert not scene.world.container.electronic_id.requests


@pytest.mark.parametrize("route", WITH_SESSION)
async def test_a_wrong_token_is_refused(scene: Scene, route: str) -> None:
    """None, an empty one, another session's, a session token in its place, a longer one, one that is not ASCII."""
    other = await scene.browser(Who.COLLEAGUE)
    token = scene.staff.csrf
    before = everything_stored(scene)
    wrong = ["", other.csrf, scene.staff.cookies["__Host-session"], token[:-1], token + "A", token.swapcase(), "å" * 43]
    for sent in wrong:
        browser = Browser(scene.world.http, "", dict(scene.staff.cookies))
        call = scene.call(route)
        answer = await browser.call(
            call.method,
            call.path,
            **{**call.more, "headers": {**call.more.get("headers", {}), "x-csrf-token": sent.encode()}},
        )
        problem_of(answer, 403, "cross-site-request")
    problem_of(
        await scene.call(route).by(Browser(scene.world.http, "", dict(scene.staff.cookies))), 403, "cross-site-request"
    )
    assert everything_stored(scene) == before


@pytest.mark.parametrize("route", WITH_SESSION)
async def test_the_token_of_another_of_ones_own_sessions_is_refused(scene: Scene, route: str) -> None:
    """A token belongs to its session: one that leaked from an old window opens nothing in a new one."""
    credentials = {"mail_address": LOGIN, "password": PASSWORD}
    one, other = Browser(scene.world.http), Browser(scene.world.http)
    for browser in (one, other):
        browser.csrf = (await browser.json("POST", "/api/v1/staff/sign-in", json=credentials))["csrf_token"]
    before = everything_stored(scene)
    crossed = Browser(scene.world.http, other.csrf, one.cookies)
    problem_of(await scene.call(route).by(crossed), 403, "cross-site-request")
    assert everything_stored(scene) == before


@pytest.mark.parametrize(
    "headers", [{}, {"origin": PUBLIC_URL}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}], ids=str
)
async def test_our_own_pages_and_programs_get_through(scene: Scene, headers: dict[str, str]) -> None:
    """A browser on our page states our origin; a program states nothing and has the token."""
    assert (await scene.call("create_message").by(scene.staff, headers)).status_code == 201


CHANGING_READS = {
    "download_file": "leaves a receipt and an audit event, on purpose",
    "describe_file": "leaves an audit event, on purpose",
    "download_files": "leaves receipts and audit events, on purpose",
    "bankid_poll": "asks the e-ID and raises the session, in the browser that started and in no other",
}
"""Reads that change something, and why they may: both are bound to a cookie that other sites cannot send along."""


@pytest.mark.parametrize("who", [Who.NOBODY, Who.STAFF, Who.PERSON, Who.OTHER_PERSON], ids=lambda who: who.name.lower())
async def test_reading_changes_nothing(scene: Scene, who: Who) -> None:
    """A link, an image or a mail scanner can make a browser send GET, HEAD and OPTIONS: they must not act."""
    browser = await scene.browser(who)
    before = everything_stored(scene)
    reads = [name for name in CALLS if scene.call(name).method in SAFE_METHODS]
    assert len(reads) > 15
    for route in reads:
        if route not in CHANGING_READS:
            await scene.call(route).by(browser)
            assert everything_stored(scene) == before, route


async def test_showing_the_code_changes_nothing(scene: Scene) -> None:
    """The image is fetched every second; asking the e-ID is the poll's alone."""
    browser = Browser(scene.world.http)
    await browser.json("POST", "/api/v1/bankid/orders", 201)
    before = everything_stored(scene)
    assert (await browser.call("GET", "/api/v1/bankid/order/qr")).status_code == 200
    assert everything_stored(scene) == before
