"""Stuffing and spraying on the wire: guessers are slowed everywhere, and nobody is locked out by a stranger."""

import httpx
import pytest

from tests.http.test_limits import HEADER, refused
from tests.support.memory_container import PASSWORD
from tests.support.problems import anonymous, problem_of
from tests.support.world import Browser, World, world

SIGN_IN, RESET, ACTIVATION = "/api/v1/staff/sign-in", "/api/v1/staff/password-reset", "/api/v1/staff/activation"
ANNA, BO = "anna@example.com", "bo@example.com"
HOME, THERE = "198.51.100.1", "203.0.113.7"
TIGHT = {
    "PIC_CLIENT_ADDRESS_HEADER": HEADER,
    "PIC_LIMIT_STAFF_PER_DEVICE": "3/600",
    "PIC_LIMIT_STAFF_PER_ACCOUNT_AND_NETWORK": "3/600",
    "PIC_LIMIT_STAFF_PER_NETWORK": "12/60",
    "PIC_LIMIT_STAFF_PER_ACCOUNT": "8/3600",
    "PIC_LIMIT_STAFF_IN_ALL": "30/60",
    "PIC_LIMIT_STAFF_QUESTIONS_PER_NETWORK": "5/600",
}


async def sign_in(browser: Browser, address: str, password: str, network: str = HOME) -> httpx.Response:
    """As the gateway would pass it on."""
    body = {"mail_address": address, "password": password}
    return await browser.call("POST", SIGN_IN, headers={HEADER: network}, json=body)


async def guesses(made: World, address: str, times: int, network: str) -> list[int]:
    """What somebody without cookies is answered."""
    return [(await sign_in(Browser(made.http), address, f"guess-{n}", network)).status_code for n in range(times)]


@pytest.mark.parametrize("address", [ANNA, "nobody@example.com"])
async def test_a_guesser_is_slowed_whether_or_not_the_account_exists(address: str) -> None:
    """The same answers, to the last byte, at the same attempt."""
    async with world(**TIGHT) as made:
        await made.member(ANNA)
        answers = [await sign_in(Browser(made.http), address, f"guess-{n}", THERE) for n in range(5)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        problem_of(answers[0], 401, "wrong-credentials")
        assert refused(answers[3]) <= 600 // 3
        assert {str(anonymous(answer.json())) for answer in answers[:3]} == {str(anonymous(answers[0].json()))}


async def test_a_stranger_cannot_lock_somebody_out() -> None:
    """From many networks, until the account's shared count is used up: the owner's own browser signs in all the while."""
    async with world(**TIGHT) as made:
        await made.member(ANNA)
        mine = Browser(made.http)
        assert (await sign_in(mine, ANNA, PASSWORD)).status_code == 200
        for last in range(1, 10):
            await guesses(made, ANNA, 3, f"203.0.113.{last}")
        assert await guesses(made, ANNA, 1, "203.0.113.99") == [429]
        for network in (HOME, "192.0.2.1"):
            made.container.clock.move(seconds=200)
            assert (await sign_in(mine, ANNA, PASSWORD, network)).status_code == 200


async def test_the_own_count_is_of_one_account_in_one_browser() -> None:
    """It lets nobody try another's account, and a made-up or stolen cookie buys a count and no more."""
    async with world(**TIGHT) as made:
        await made.member(ANNA)
        await made.member(BO)
        mine = Browser(made.http)
        await sign_in(mine, ANNA, PASSWORD)
        known = mine.cookies["__Host-known"]
        assert await guesses(made, BO, 3, THERE) == [401] * 3
        for cookie in (known, "A" * 43 + "." + "0" * 32, "x", "", known + "." + "0" * 32):
            thief = Browser(made.http, cookies={"__Host-known": cookie})
            assert (await sign_in(thief, BO, "guess", THERE)).status_code == 429
        thief = Browser(made.http, cookies={"__Host-known": known})
        tries = [(await sign_in(thief, ANNA, f"guess-{n}", THERE)).status_code for n in range(4)]
        assert tries == [401, 401, 401, 429]
        assert known not in made_of(made)


def made_of(made: World) -> str:
    """Everything in the store, as one text."""
    return str(made.container.record_store._partitions)


async def test_a_computer_that_colleagues_share_knows_them_all() -> None:
    """Five of them; the sixth pushes out who signed in longest ago."""
    async with world(**{**TIGHT, "PIC_LIMIT_STAFF_PER_NETWORK": "100/60"}) as made:
        browser, colleagues = Browser(made.http), [f"staff{number}@example.com" for number in range(6)]
        for address in colleagues:
            await made.member(address)
            assert (await sign_in(browser, address, PASSWORD)).status_code == 200
        assert len(browser.cookies["__Host-known"]) == 43 + 5 * 33
        for address in colleagues:
            await guesses(made, address, 3, HOME)
        made.container.clock.move(seconds=1)
        cookies = dict(browser.cookies)
        statuses = []
        for address in colleagues:
            fresh = Browser(made.http, cookies=dict(cookies))
            statuses.append((await sign_in(fresh, address, PASSWORD)).status_code)
        assert statuses == [429, 200, 200, 200, 200, 200]


async def test_spraying_one_password_over_accounts_is_slowed() -> None:
    """By the network it comes from; and over many networks by the count of all."""
    async with world(**TIGHT) as made:
        found = [(await guesses(made, f"staff{n}@example.com", 1, THERE))[0] for n in range(20)]
        assert found == [401] * 12 + [429] * 8
        spread = [(await guesses(made, f"other{n}@example.com", 1, f"192.0.2.{n}"))[0] for n in range(30)]
        assert spread == [401] * 18 + [429] * 12


async def test_a_whole_network_of_ipv6_is_one() -> None:
    """Its owner may use any address in it."""
    async with world(**TIGHT) as made:
        found = [(await guesses(made, ANNA, 1, f"2001:db8::{n:x}"))[0] for n in range(1, 6)]
        assert found == [401, 401, 401, 429, 429]


async def test_what_is_over_a_limit_is_logged_without_an_address() -> None:
    """Once a minute for each, by the kind of limit and a keyed hash."""
    async with world(**TIGHT) as made:
        await guesses(made, ANNA, 9, THERE)
        events = [
            body for place, body in _bodies(made) if place.startswith("audit|") and '"session:staff:limit"' in body
        ]
        assert len(events) == 1
        assert "staff-account-network-" in events[0]
        assert ANNA not in made_of(made)
        assert THERE not in made_of(made)


def _bodies(made: World) -> list[tuple[str, str]]:
    return [
        (partition, encoded.decode())
        for partition, records in made.container.record_store._partitions.items()
        for encoded, _ in records.values()
    ]


async def test_a_success_forgets_the_accounts_shared_count() -> None:
    """How it stands would tell a stranger that somebody signed in from a new browser lately."""
    async with world(**TIGHT) as made:
        await made.member(ANNA)
        await guesses(made, ANNA, 2, THERE)
        assert any(place.startswith("limit|staff-account-") and "network" not in place for place, _ in _bodies(made))
        assert (await sign_in(Browser(made.http), ANNA, PASSWORD)).status_code == 200
        assert not [
            place for place, _ in _bodies(made) if place.startswith("limit|staff-account-") and "network" not in place
        ]


async def test_asking_for_passwords_is_limited_by_network_and_tells_nothing() -> None:
    """Known and unknown alike, up to the limit and over it."""
    async with world(**TIGHT) as made:
        await made.member(ANNA)
        for address in (ANNA, "nobody@example.com"):
            answers = [
                await Browser(made.http).call("POST", RESET, headers={HEADER: THERE}, json={"mail_address": address})
                for _ in range(6)
            ]
            assert [answer.status_code for answer in answers] == [202] * 5 + [429]
            assert {(answer.content, answer.headers["content-type"]) for answer in answers[:5]} == {
                (answers[0].content, answers[0].headers["content-type"])
            }
            made.container.clock.move(seconds=600)


async def test_trying_links_is_limited_by_network() -> None:
    """Nobody guesses 256 bits; but nobody shall make us hash passwords without end either."""
    async with world(**TIGHT) as made:
        body = {"token": "A" * 95, "password": "ordmoln-paraply-kvist-91"}
        found = [
            (await Browser(made.http).call("POST", ACTIVATION, headers={HEADER: THERE}, json=body)).status_code
            for _ in range(7)
        ]
        assert found == [404] * 5 + [429] * 2
