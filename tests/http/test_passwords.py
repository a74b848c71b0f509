"""Passwords on the wire: asked for, chosen by a link, changed; and what each answer gives away."""

import re

import pytest

from tests.support.memory_container import PASSWORD
from tests.support.problems import problem_of
from tests.support.world import Browser, World

SIGN_IN, RESET, ACTIVATION = "/api/v1/staff/sign-in", "/api/v1/staff/password-reset", "/api/v1/staff/activation"
CHANGE = "/api/v1/staff/password"
ANNA = "anna@example.com"
NEW = "ordmoln-paraply-kvist-91"
OTHER = "vinglas-tratt-sommarregn-47"


async def link_of(world: World, address: str = ANNA) -> str:
    """Ask, read the mail, and give the token of the link."""
    await Browser(world.http).json("POST", RESET, 202, json={"mail_address": address})
    await world.container.run_queues()
    found = re.search(r"#/choose-password/([0-9A-Za-z_-]+)\s", world.container.mailer.sent[-1].text)
    assert found
    return found[1]


async def signs_in(world: World, password: str) -> int:
    answer = await Browser(world.http).call("POST", SIGN_IN, json={"mail_address": ANNA, "password": password})
    return answer.status_code


async def test_a_forgotten_password_is_replaced(world: World) -> None:
    """From the question to the sign-in; the link signs nobody in, and every session is over."""
    before = await world.staff(address=ANNA)
    browser = Browser(world.http)
    answer = await browser.call("POST", ACTIVATION, json={"token": await link_of(world), "password": NEW})
    assert (answer.status_code, answer.content) == (204, b"")
    assert set(browser.cookies) == {"__Host-known"}
    assert (await before.call("GET", "/api/v1/session")).status_code == 401
    assert await signs_in(world, PASSWORD) == 401
    assert await signs_in(world, NEW) == 200


async def test_the_token_stands_in_no_address_that_a_server_sees(world: World) -> None:
    """Behind the #, on the portal's page."""
    await world.member(ANNA)
    token = await link_of(world)
    text = world.container.mailer.sent[-1].text
    (link,) = re.findall(r"https?://\S+", text)
    assert link == f"http://portal.test/portal#/choose-password/{token}"
    assert "?" not in link


async def test_a_refused_password_is_told_by_every_rule(world: World) -> None:
    """By words, and nothing of it is repeated; the link still works."""
    await world.member(ANNA)
    token = await link_of(world)
    answer = await Browser(world.http).call("POST", ACTIVATION, json={"token": token, "password": "Vinter2025!!"})
    document = problem_of(answer, 422, "password-refused")
    assert document["rules"] == ["password-short", "password-weak"]
    assert document["rule"] == "password-short"
    assert "Vinter" not in answer.text
    assert await signs_in(world, PASSWORD) == 200
    assert (
        await Browser(world.http).call("POST", ACTIVATION, json={"token": token, "password": NEW})
    ).status_code == 204


@pytest.mark.parametrize("token", ["", "x", "A" * 95, "å" * 95, "{}", "' OR 1=1", "a" * 200], ids=ascii)
async def test_no_link_is_a_link_that_does_not_work(world: World, token: str) -> None:
    """The same answer as for one that was used or is too old."""
    await world.member(ANNA)
    answer = await Browser(world.http).call("POST", ACTIVATION, json={"token": token, "password": NEW})
    problem_of(answer, 404, "not-found")


async def test_changing_asks_for_the_current_one_and_ends_the_other_sessions(world: World) -> None:
    """This one goes on."""
    mine, elsewhere = await world.staff(address=ANNA), await world.signed_in(ANNA)
    wrong = await mine.call("POST", CHANGE, json={"current_password": "wrong", "password": NEW})
    problem_of(wrong, 401, "wrong-credentials")
    weak = await mine.call("POST", CHANGE, json={"current_password": PASSWORD, "password": "svagt"})
    problem_of(weak, 422, "password-refused")
    assert (await elsewhere.call("GET", "/api/v1/session")).status_code == 200
    assert (await mine.call("POST", CHANGE, json={"current_password": PASSWORD, "password": NEW})).status_code == 204
    assert (await mine.call("GET", "/api/v1/session")).status_code == 200
    assert (await elsewhere.call("GET", "/api/v1/session")).status_code == 401
    assert await signs_in(world, PASSWORD) == 401
    assert await signs_in(world, NEW) == 200
    await world.container.run_queues()
    assert [mail.to for mail in world.container.mailer.sent] == [ANNA]


async def test_a_stolen_session_does_not_guess_the_current_password(world: World) -> None:
    """Twenty tries in ten minutes, by whichever browser."""
    mine = await world.staff(address=ANNA)
    found = [
        (await mine.call("POST", CHANGE, json={"current_password": f"guess-{n}", "password": NEW})).status_code
        for n in range(22)
    ]
    assert found == [401] * 20 + [429] * 2


async def test_a_change_voids_the_links_that_are_on_their_way(world: World) -> None:
    """Whoever asked for one before has nothing of it."""
    mine = await world.staff(address=ANNA)
    token = await link_of(world)
    await mine.call("POST", CHANGE, json={"current_password": PASSWORD, "password": NEW})
    answer = await Browser(world.http).call("POST", ACTIVATION, json={"token": token, "password": OTHER})
    problem_of(answer, 404, "not-found")


@pytest.mark.parametrize("length", [64, 128, 256])
async def test_long_passwords_and_all_characters_are_taken(world: World, length: int) -> None:
    """At least 64, with spaces, in any script; to the last character (ASVS 5.0, 6.2.8 and 6.2.9)."""
    await world.member(ANNA)
    long = ("björk & lönn, 樹木 🌲 " * 20)[: length - 3].strip() + "q7Z"
    await Browser(world.http).call("POST", ACTIVATION, json={"token": await link_of(world), "password": long})
    assert await signs_in(world, long[:-1]) == 401
    assert await signs_in(world, long.upper()) == 401
    assert await signs_in(world, long) == 200


async def test_foreign_pages_choose_and_change_nothing(world: World) -> None:
    """Neither with the cookie of somebody who is signed in, nor without."""
    mine = await world.staff(address=ANNA)
    token = await link_of(world)
    calls = {
        RESET: {"mail_address": ANNA},
        ACTIVATION: {"token": token, "password": NEW},
        CHANGE: {"current_password": PASSWORD, "password": NEW},
    }
    for path, body in calls.items():
        answer = await mine.call("POST", path, json=body, headers={"origin": "https://evil.example"})
        problem_of(answer, 403, "cross-site-request")
    csrf, mine.csrf = mine.csrf, ""
    problem_of(await mine.call("POST", CHANGE, json=calls[CHANGE]), 403, "cross-site-request")
    mine.csrf = csrf
    assert await signs_in(world, PASSWORD) == 200
