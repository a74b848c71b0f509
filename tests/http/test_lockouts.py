"""No lock that a stranger can turn: whoever owns an account gets in while somebody does their worst to keep them out."""

import re

from tests.http.test_limits import HEADER
from tests.http.test_staff_limits import ACTIVATION, ANNA, BO, HOME, RESET, THERE, TIGHT, guesses, sign_in
from tests.support.factor_browsers import Member
from tests.support.memory_container import PASSWORD
from tests.support.world import Browser, World, world

NEW = "ordmoln-paraply-kvist-91"
_LINK = re.compile(r"#/choose-password/([0-9A-Za-z_-]+)")


async def use_up_all(made: World) -> None:
    """The count of everybody who is not known, from many networks."""
    for number in range(40):
        await guesses(made, f"staff{number}@example.com", 1, f"192.0.2.{number}")
    assert await guesses(made, "last@example.com", 1, "192.0.2.200") == [429]


async def use_up_account(made: World, address: str) -> None:
    """The count of one account for everybody who is not known there."""
    for number in range(5):
        await guesses(made, address, 3, f"203.0.113.{number}")
    assert await guesses(made, address, 1, "203.0.113.200") == [429]


async def test_a_flood_at_the_whole_service_keeps_nobody_from_their_own_browser() -> None:
    """Who signed in there before is not counted with strangers."""
    async with world(**TIGHT) as made:
        await made.member(ANNA)
        mine = Browser(made.http)
        await sign_in(mine, ANNA, PASSWORD)
        await use_up_all(made)
        assert (await sign_in(mine, ANNA, PASSWORD)).status_code == 200


async def test_a_colleague_who_uses_up_the_offices_count_keeps_nobody_out() -> None:
    """Behind one address, malware in one machine tries them all: each known browser goes on."""
    async with world(**TIGHT) as made:
        browsers = {address: Browser(made.http) for address in (ANNA, BO)}
        for address, browser in browsers.items():
            await made.member(address)
            assert (await sign_in(browser, address, PASSWORD)).status_code == 200
        for number in range(20):
            await guesses(made, f"staff{number}@example.com", 1, HOME)
        assert await guesses(made, "last@example.com", 1, HOME) == [429]
        for address, browser in browsers.items():
            assert (await sign_in(browser, address, PASSWORD)).status_code == 200


async def test_a_link_by_mail_gets_the_owner_in_while_somebody_guesses() -> None:
    """From a browser that nobody knows: the link makes it known. A guesser has no mailbox of theirs."""
    async with world(**TIGHT) as made:
        await made.member(ANNA)
        await use_up_account(made, ANNA)
        mine = Browser(made.http)
        assert (await sign_in(mine, ANNA, PASSWORD)).status_code == 429
        asked = await mine.call("POST", RESET, headers={HEADER: HOME}, json={"mail_address": ANNA})
        assert asked.status_code == 202
        await made.container.run_queues()
        found = _LINK.search(made.container.mailer.sent[-1].text)
        assert found
        body = {"token": found[1], "password": NEW}
        assert (await mine.call("POST", ACTIVATION, headers={HEADER: HOME}, json=body)).status_code == 204
        await guesses(made, ANNA, 3, THERE)
        assert (await sign_in(mine, ANNA, NEW)).status_code == 200


async def test_asking_for_links_in_anothers_name_leaves_them_one_that_works() -> None:
    """The mails are paced, and the newest that was mailed works whatever a stranger asks for afterwards."""
    async with world(**{**TIGHT, "PIC_LIMIT_STAFF_QUESTIONS_PER_NETWORK": "100/600"}) as made:
        await made.member(ANNA)
        for _ in range(20):
            await Browser(made.http).call("POST", RESET, headers={HEADER: THERE}, json={"mail_address": ANNA})
        await made.container.run_queues()
        mails = [mail for mail in made.container.mailer.sent if mail.to == ANNA]
        assert len(mails) == 3
        found = _LINK.search(mails[-1].text)
        assert found
        body = {"token": found[1], "password": NEW}
        answer = await Browser(made.http).call("POST", ACTIVATION, headers={HEADER: HOME}, json=body)
        assert answer.status_code == 204


async def test_a_passkey_signs_in_while_somebody_guesses_at_the_password() -> None:
    """It has no password that could be tried, so no count of tries either."""
    async with world(**{name: value for name, value in TIGHT.items() if name != "PIC_CLIENT_ADDRESS_HEADER"}) as made:
        member = await Member.new(made)
        browser = await member.signed_in()
        key = await member.enrol_passkey(browser)
        body = {"mail_address": member.address, "password": "guess"}
        tries = [await Browser(made.http).call("POST", "/api/v1/staff/sign-in", json=body) for _ in range(12)]
        assert tries[-1].status_code == 429
        fresh = Browser(made.http)
        assert (await member.with_passkey(fresh, key)).status_code == 200


async def test_being_noticed_locks_nobody_out() -> None:
    """A stranger makes an event of somebody's account, and the owner signs in as ever, from a new browser too."""
    async with world(PIC_WATCH_FAILURES_PER_ACCOUNT="2/900") as made:
        await made.member(ANNA)
        for _ in range(10):
            body = {"mail_address": ANNA, "password": "guess"}
            await Browser(made.http).call("POST", "/api/v1/staff/sign-in", json=body)
        await made.signed_in(ANNA)
