"""The cookies: what they are called, how long they live, and that no other browser can use them."""

import pytest

from shared.adapters.memory_electronic_id import persona
from shared.crypto.tokens import token_hash
from shared.domain import places
from tests.support.every_route import CALLS, LOGIN, Scene
from tests.support.memory_container import PASSWORD
from tests.support.problems import problem_of
from tests.support.world import OTHER_PERSON, TOLVAN, Browser, World

CREDENTIALS = {"mail_address": LOGIN, "password": PASSWORD}


def cookie_of(header: str) -> tuple[str, str, dict[str, str]]:
    """Name, value and attributes of a ``Set-Cookie``."""
    pair, *rest = header.split("; ")
    name, _, value = pair.partition("=")
    return name, value, {key.lower(): setting for key, _, setting in (attribute.partition("=") for attribute in rest)}


async def test_the_session_cookie_is_as_closed_as_cookies_can_be(scene: Scene) -> None:
    """No script reads it, no subdomain sets it, no other site's form sends it; it ends with the browser."""
    answer = await Browser(scene.world.http).call("POST", "/api/v1/staff/sign-in", json=CREDENTIALS)
    (header,) = (each for each in answer.headers.get_list("set-cookie") if each.startswith("__Host-session="))
    _, value, attributes = cookie_of(header)
    assert len(value) == 43
    assert attributes == {"path": "/", "secure": "", "httponly": "", "samesite": "lax"}
    assert value not in answer.text


async def test_the_sign_in_cookie_lives_as_long_as_the_order(world: World) -> None:
    """It binds the order to the browser that started; ten minutes later there is nothing to bind."""
    answer = await Browser(world.http).call("POST", "/api/v1/bankid/orders")
    header, _ = answer.headers.get_list("set-cookie")
    name, value, attributes = cookie_of(header)
    assert name == "__Host-bankid"
    assert len(value) == 43
    assert attributes == {"path": "/", "secure": "", "httponly": "", "samesite": "lax", "max-age": "600"}
    assert value not in answer.text


async def test_every_sign_in_gives_a_fresh_token(scene: Scene) -> None:
    """A session id that an attacker planted before sign-in is worth nothing after it."""
    browser = Browser(scene.world.http, cookies={"__Host-session": "B" * 43})
    tokens = set()
    for _ in range(3):
        raised = await browser.json("POST", "/api/v1/staff/sign-in", json=CREDENTIALS)
        browser.csrf = raised["csrf_token"]
        tokens |= {browser.cookies["__Host-session"], raised["csrf_token"]}
    assert len(tokens) == 6
    assert "B" * 43 not in tokens


async def test_a_person_too_gets_a_fresh_token_and_loses_the_orders(world: World) -> None:
    """Raising the session uses the order up: its cookie goes, and polling again raises nothing."""
    browser = Browser(world.http, cookies={"__Host-session": "B" * 43})
    await browser.json("POST", "/api/v1/bankid/orders", 201)
    flow = browser.cookies["__Host-bankid"]
    electronic_id = world.container.electronic_id
    electronic_id.approve(electronic_id.latest, persona(TOLVAN))
    world.container.clock.move(seconds=2)
    other = Browser(world.http)
    problem_of(await other.call("GET", "/api/v1/bankid/order"), 404, "not-found")
    assert (await browser.json("GET", "/api/v1/bankid/order"))["status"] == "complete"
    assert browser.cookies.keys() == {"__Host-session", "__Host-device"}
    assert browser.cookies["__Host-session"] not in {"B" * 43, flow}
    replay = Browser(world.http, cookies={"__Host-bankid": flow})
    problem_of(await replay.call("GET", "/api/v1/bankid/order"), 409, "conflict")
    assert "__Host-session" not in replay.cookies


async def test_signing_out_clears_the_browser(scene: Scene) -> None:
    """The cookie goes, and so does what the browser kept of us."""
    answer = await scene.call("sign_out").by(scene.staff)
    assert answer.status_code == 204
    (header,) = answer.headers.get_list("set-cookie")
    name, value, attributes = cookie_of(header)
    assert (name, value.strip('"'), attributes["max-age"]) == ("__Host-session", "", "0")
    assert attributes.keys() >= {"secure", "path"}
    assert answer.headers["clear-site-data"] == '"cache", "cookies", "storage"'


@pytest.mark.parametrize("password", ["", "wrong", PASSWORD + " ", "å" * 1024])
async def test_an_unknown_address_and_a_wrong_password_answer_alike(scene: Scene, password: str) -> None:
    """Nobody learns who works here."""
    browser = Browser(scene.world.http)
    for address in (LOGIN, "okand@example.com", "", "inte en adress"):
        wrong = {"mail_address": address, "password": password}
        answer = await browser.call("POST", "/api/v1/staff/sign-in", json=wrong)
        document = problem_of(answer, 401, "wrong-credentials")
        assert set(document) == {"type", "title", "status", "instance"}
        assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("cookie", ["", "x", "A" * 43, "A" * 8192, "å", "%00", '"', "a=b; c"])
async def test_no_cookie_is_too_strange_for_an_answer(scene: Scene, cookie: str) -> None:
    """Cookies are input like any other."""
    for path, statuses in (("/api/v1/session", {401}), ("/api/v1/bankid/order", {404, 422})):
        raw = f"__Host-session={cookie}; __Host-bankid={cookie}".encode()
        answer = await scene.world.http.get(path, headers={b"cookie": raw})
        assert answer.status_code in statuses
        assert answer.headers["content-type"] == "application/problem+json"


async def test_signing_in_again_ends_the_session_before(world: World) -> None:
    """Whoever planted or learnt the old cookie of this browser is not signed in beside its owner."""
    staff = await world.staff()
    before = staff.cookies["__Host-session"]
    await staff.json("POST", "/api/v1/bankid/orders", 201)
    world.container.electronic_id.approve(world.container.electronic_id.latest, persona())
    world.container.clock.move(seconds=2)
    raised = await staff.json("GET", "/api/v1/bankid/order")
    assert raised["status"] == "complete"
    assert staff.cookies["__Host-session"] != before
    stranger = Browser(world.http, cookies={"__Host-session": before})
    assert (await stranger.call("GET", "/api/v1/session")).status_code == 401
    assert (await staff.json("GET", "/api/v1/session"))["kind"] == "person"


async def sign_in(world: World, browser: Browser, who: str) -> None:
    """Sign in by this browser's own hand, whatever it holds."""
    if who == "staff":
        raised = await browser.json("POST", "/api/v1/staff/sign-in", json=CREDENTIALS)
    else:
        await browser.json("POST", "/api/v1/bankid/orders", 201)
        world.container.electronic_id.approve(world.container.electronic_id.latest, persona(who))
        world.container.clock.move(seconds=2)
        raised = (await browser.json("GET", "/api/v1/bankid/order"))["session"]
    browser.csrf = raised["csrf_token"]


SIGN_INS = ["staff", TOLVAN, OTHER_PERSON]


@pytest.mark.parametrize("then", SIGN_INS)
@pytest.mark.parametrize("first", SIGN_INS)
async def test_signing_in_over_a_session_ends_it(scene: Scene, first: str, then: str) -> None:
    """Whoever held it and whoever comes: one browser is one principal, and the old cookie is worth nothing."""
    browser = Browser(scene.world.http)
    await sign_in(scene.world, browser, first)
    before = Browser(scene.world.http, browser.csrf, dict(browser.cookies))
    await sign_in(scene.world, browser, then)
    problem_of(await before.call("GET", "/api/v1/session"), 401, "not-signed-in")
    shown = await browser.json("GET", "/api/v1/session")
    assert shown["kind"] == ("staff" if then == "staff" else "person")
    assert browser.cookies["__Host-session"] != before.cookies["__Host-session"]
    assert len((await browser.json("GET", "/api/v1/sessions"))["sessions"]) == 1


@pytest.mark.parametrize("then", SIGN_INS)
@pytest.mark.parametrize("planted", ["B" * 43, "x", "A" * 128, "another's"])
async def test_a_token_that_an_attacker_planted_is_never_adopted(scene: Scene, planted: str, then: str) -> None:
    """Whatever the victim's browser was made to send, nobody is signed in by it, and it is never handed out.

    A live session of the attacker's own, planted so that the victim acts as the attacker, ends with the sign-in.
    """
    attacker = await scene.world.staff()
    token = attacker.cookies["__Host-session"] if planted == "another's" else planted
    victim = Browser(scene.world.http, cookies={"__Host-session": token})
    await sign_in(scene.world, victim, then)
    assert victim.cookies["__Host-session"] != token
    again = Browser(scene.world.http, attacker.csrf, {"__Host-session": token})
    problem_of(await again.call("GET", "/api/v1/session"), 401, "not-signed-in")
    assert (await victim.call("GET", "/api/v1/session")).status_code == 200


@pytest.mark.parametrize("planted", ["B" * 43, "x"])
async def test_no_route_adopts_a_token(scene: Scene, planted: str) -> None:
    """Asking anything with an invented cookie makes no session of it."""
    partition = places.session(token_hash(planted)).partition
    for route in CALLS:
        answer = await scene.call(route).by(Browser(scene.world.http, "", {"__Host-session": planted}))
        assert f"__Host-session={planted}" not in answer.headers.get("set-cookie", ""), route
        assert not scene.world.container.record_store._partitions.get(partition), route
