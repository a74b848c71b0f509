"""BankID on the wire: modes, devices, cookies, refusals, and what no caller can change."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi.routing import iter_route_contexts

from functions.api import create_api
from functions.qr_image import qr_svg
from shared.adapters.memory_electronic_id import persona
from shared.domain.errors import ConflictError, DependencyError, ElectronicIdError, ElectronicIdFault, PicError
from shared.domain.qr import qr_content
from tests.support.every_route import Scene
from tests.support.memory_container import PUBLIC_URL, MemoryContainer
from tests.support.problems import problem_of
from tests.support.world import OTHER_PERSON, Browser, World, world

ORDERS = "/api/v1/bankid/orders"
ORDER = "/api/v1/bankid/order"
CALLBACK = "/api/v1/bankid/callback"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"


def same_device(device: str = "computer") -> dict[str, Any]:
    return {"json": {"mode": "same-device", "device": device}}


async def test_without_a_body_there_is_a_code(world: World) -> None:
    """And with one that says so; the order is told no way back."""
    bodies: list[dict[str, Any]] = [{}, {"json": {}}, {"json": {"mode": "qr"}}]
    for more in (*bodies, {"json": {"mode": "qr", "device": "mobile"}}):
        started = await Browser(world.http).json("POST", ORDERS, 201, **more)
        assert (started["status"], started["mode"], started["launch_url"]) == ("pending", "qr", None)
    assert {order.return_url for order in world.container.electronic_id.requests} == {None}


async def test_the_image_is_the_code_of_this_second_and_of_no_other(world: World) -> None:
    """Drawn here and kept by nobody; none for another browser, none once an app has the order, none after its time."""
    browser, stranger = Browser(world.http), Browser(world.http)
    await browser.json("POST", ORDERS, 201)
    drawn = set()
    for second in range(30):
        image = await browser.call("GET", f"{ORDER}/qr")
        assert image.content == qr_svg(qr_content("token-1", "secret-1", second))
        assert image.headers["content-type"] == "image/svg+xml"
        assert image.headers["cache-control"] == "no-store"
        problem_of(await stranger.call("GET", f"{ORDER}/qr"), 404, "not-found")
        drawn.add(image.content)
        world.container.clock.move(seconds=1)
    assert len(drawn) == 30
    problem_of(await browser.call("GET", f"{ORDER}/qr"), 404, "not-found")
    await browser.json("POST", ORDERS, 201)
    world.container.clock.move(seconds=2)
    world.container.electronic_id.hint("order-2", "userSign")
    assert (await browser.json("GET", ORDER))["qr"] is None
    problem_of(await browser.call("GET", f"{ORDER}/qr"), 404, "not-found")


@pytest.mark.parametrize(
    ("device", "begins"), [("mobile", "https://app.bankid.com/?autostarttoken="), ("computer", "bankid:///?autostart")]
)
async def test_on_the_same_device_there_is_a_link(world: World, device: str, begins: str) -> None:
    """And never a code, which would be for another device."""
    browser = Browser(world.http)
    started = await browser.json("POST", ORDERS, 201, **same_device(device))
    assert started["mode"] == "same-device"
    assert started["launch_url"].startswith(begins)
    polled = await browser.json("GET", ORDER)
    assert (polled["mode"], polled["qr"], polled["message"]) == ("same-device", None, "RFA13")
    problem_of(await browser.call("GET", f"{ORDER}/qr"), 404, "not-found")


@pytest.mark.parametrize(
    "body",
    [
        {"mode": "phone"},
        {"device": "tablet"},
        {"mode": None},
        {"return_url": "https://evil.example"},
        {"mode": "same-device", "redirect": "https://evil.example"},
        [],
    ],
)
async def test_an_order_takes_nothing_else(world: World, body: object) -> None:
    """Above all no address."""
    answer = await Browser(world.http).call("POST", ORDERS, json=body)
    problem_of(answer, 422, "invalid-request")
    assert not world.container.electronic_id.requests


async def test_a_browser_without_a_way_back_is_told_so(world: World) -> None:
    """Before there is an order, so that the page can offer a code."""
    answer = await Browser(world.http).call(
        "POST", ORDERS, headers={"user-agent": f"{IPHONE} Mobile/15E148"}, **same_device("mobile")
    )
    assert problem_of(answer, 422, "invalid-input")["rule"] == "no-return"
    assert not world.container.electronic_id.requests


def names_of(schema: object) -> Iterator[str]:
    """Names of all members that a schema knows, however deep."""
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for value in schema.values():
            yield from names_of(value)
    if isinstance(schema, list):
        for value in schema:
            yield from names_of(value)


def test_no_route_takes_an_address_to_go_to() -> None:
    """An open redirect needs somewhere to say where: no parameter and no member of a body is one."""
    checked = 0
    for route in iter_route_contexts(create_api(MemoryContainer()).routes):
        if not (route.name or "").startswith("bankid_"):
            continue
        checked += 1
        dependant = route.dependant
        names = {param.alias.lower() for param in (*dependant.query_params, *dependant.header_params)}
        for body in dependant.body_params:
            names |= set(names_of(body.field_info.annotation.model_json_schema()))
        assert names <= {"mode", "device", "nonce"}
    assert checked == 5


@pytest.mark.parametrize("name", ["host", "x-forwarded-host", "x-original-host", "forwarded", "origin-host", "referer"])
async def test_no_header_changes_where_the_app_returns(world: World, name: str) -> None:
    """The address is made of settings alone."""
    browser = Browser(world.http)
    value = "host=evil.example" if name == "forwarded" else "evil.example"
    await browser.json("POST", ORDERS, 201, headers={name: value}, **same_device())
    order = world.container.electronic_id.requests[-1]
    assert (order.return_url or "").startswith(f"{PUBLIC_URL}/portal#/sign-in/return/")
    assert order.referring_domain == "portal.test"
    assert "evil" not in f"{order.return_url} {order.referring_domain} {order.user_visible_text}"


async def test_the_device_is_known_again_and_never_by_its_session(world: World) -> None:
    """BankID weighs risk by it: the same in each order of a browser, another in another, only its hash told."""
    browser = Browser(world.http)
    answer = await browser.call("POST", ORDERS)
    (header,) = [one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-device=")]
    assert {part.lower() for part in header.split("; ")[1:]} == {
        *("path=/", "secure", "httponly", "samesite=lax", "max-age=31536000"),
    }
    device = browser.cookies["__Host-device"]
    await browser.json("POST", ORDERS, 201)
    await Browser(world.http).json("POST", ORDERS, 201)
    first, second, other = (order.device_identifier for order in world.container.electronic_id.requests)
    assert first == second != other
    assert device not in first
    assert len(first) == 64
    assert browser.cookies["__Host-device"] == device
    planted = Browser(world.http, cookies={"__Host-device": "x" * 100})
    await planted.json("POST", ORDERS, 201)
    assert planted.cookies["__Host-device"] != "x" * 100


@pytest.mark.parametrize(
    ("fault", "status", "message"),
    [
        (ConflictError(), 409, "RFA4"),
        (ElectronicIdError(ElectronicIdFault.UNREACHABLE), 503, "RFA5"),
        (ElectronicIdError(ElectronicIdFault.MAINTENANCE), 503, "RFA5"),
        (ElectronicIdError(ElectronicIdFault.INVALID), 503, "RFA22"),
        (ElectronicIdError(ElectronicIdFault.UNAUTHORIZED), 503, "RFA22"),
    ],
)
async def test_a_refused_start_says_what_bankid_recommends(
    world: World, fault: PicError, status: int, message: str
) -> None:
    """By the id of the message; nothing of the order is left in the browser."""
    world.container.electronic_id.fault = fault
    browser = Browser(world.http)
    answer = await browser.call("POST", ORDERS)
    document = answer.json()
    assert (answer.status_code, document["message"]) == (status, message)
    assert document["type"].rpartition(":")[2] == ("conflict" if status == 409 else "dependency-failed")
    assert ("retry-after" in answer.headers) is (status == 503)
    assert browser.cookies == {}


async def test_starting_again_ends_the_order_before(world: World) -> None:
    """One live order for each browser; when it cannot be ended at the e-ID, it still is here."""
    browser = Browser(world.http)
    await browser.json("POST", ORDERS, 201)
    before = Browser(world.http, cookies=dict(browser.cookies))
    await browser.json("POST", ORDERS, 201)
    ended = await before.json("GET", ORDER)
    assert (ended["status"], ended["hint_code"], ended["message"]) == ("failed", "cancelled", "RFA3")
    assert (await browser.json("GET", ORDER))["status"] == "pending"


async def test_coming_back_needs_everything(world: World) -> None:
    """Without the cookie, with the cookie of a code, with a made-up nonce: the same answer, and no cookie."""
    started, code = Browser(world.http), Browser(world.http)
    await code.json("POST", ORDERS, 201)
    await started.json("POST", ORDERS, 201, **same_device())
    e_id = world.container.electronic_id
    e_id.approve(e_id.latest, persona())
    for browser in (Browser(world.http), code, started, Browser(world.http, cookies={"__Host-bankid": "A" * 43})):
        for nonce in ("A" * 43, "", "x"):
            answer = await browser.call("POST", CALLBACK, json={"nonce": nonce})
            document = problem_of(answer, 403, "other-browser")
            assert set(document) == {"type", "title", "status", "instance"}
            assert "set-cookie" not in answer.headers
    problem_of(await started.call("POST", CALLBACK, json={"nonce": "x" * 129}), 422, "invalid-request")
    problem_of(await started.call("POST", CALLBACK, json={}), 422, "invalid-request")


async def test_where_bankid_is_off_there_is_nothing() -> None:
    """Not even for who once began an order."""
    async with world() as made:
        settings = made.container.settings
        without = replace(settings.sign_in, providers=frozenset({"nexus"}))
        made.container.settings = replace(settings, sign_in=without, bankid=None)
        browser = Browser(made.http, cookies={"__Host-bankid": "A" * 43})
        for method, path, more in (
            ("POST", ORDERS, {}),
            ("GET", ORDER, {}),
            ("GET", f"{ORDER}/qr", {}),
            ("DELETE", ORDER, {}),
            ("POST", CALLBACK, {"json": {"nonce": "A"}}),
        ):
            problem_of(await browser.call(method, path, **more), 404, "not-found")


async def test_the_ways_in_are_told(world: World) -> None:
    """With the level that each can give."""
    answer = await Browser(world.http).json("GET", "/api/v1/sign-in/providers")
    bankid = {"id": "bankid", "kind": "bankid", "name": "BankID", "assurance": ["loa3"]}
    assert answer == {"providers": [bankid], "entra": True}


async def test_what_the_app_shows_names_this_service() -> None:
    """By the name that is set."""
    async with world(PIC_SERVICE_NAME="Exempelkommunens post") as made:
        await Browser(made.http).json("POST", ORDERS, 201)
        assert "Exempelkommunens post" in made.container.electronic_id.requests[-1].user_visible_text


async def test_whoever_identifies_opens_only_what_is_theirs(scene: Scene) -> None:
    """Signed in on the same device as somebody else than the addressee: the thread is not there."""
    made, browser = scene.world, Browser(scene.world.http)
    await browser.json("POST", ORDERS, 201, **same_device())
    e_id = made.container.electronic_id
    e_id.approve(e_id.latest, persona(OTHER_PERSON))
    made.container.clock.move(seconds=2)
    nonce = (e_id.requests[-1].return_url or "").rpartition("/")[2]
    back = await browser.json("POST", CALLBACK, json={"nonce": nonce})
    browser.csrf = back["session"]["csrf_token"]
    problem_of(await browser.call("GET", f"/api/v1/threads/{scene.thread}"), 404, "not-found")
    assert "__Host-bankid" not in browser.cookies


async def test_no_answer_says_anything_secret(world: World) -> None:
    """Of start, poll and code: neither the order's reference, nor what makes its codes, nor the nonce."""
    for more in ({}, same_device("mobile")):
        browser = Browser(world.http)
        told = [await browser.call("POST", ORDERS, **more), await browser.call("GET", ORDER)]
        number = len(world.container.electronic_id.requests)
        nonce = (world.container.electronic_id.requests[-1].return_url or "/none").rpartition("/")[2]
        text = json.dumps([answer.text + str(answer.headers) for answer in told])
        for secret in (f"order-{number}", f"secret-{number}", nonce if more else f"auto-{number}"):
            assert secret not in text


@pytest.mark.parametrize("fault", [DependencyError(), ElectronicIdError(ElectronicIdFault.TIMEOUT)])
async def test_a_poll_that_fails_can_be_repeated(world: World, fault: PicError) -> None:
    """The cookie stays, and so does the order."""
    browser = Browser(world.http)
    await browser.json("POST", ORDERS, 201)
    world.container.clock.move(seconds=2)
    world.container.electronic_id.fault = fault
    problem_of(await browser.call("GET", ORDER), 503, "dependency-failed")
    world.container.electronic_id.fault = None
    assert (await browser.json("GET", ORDER))["status"] == "pending"
