"""A link to choose a password by stands for no second factor, whoever has it."""

import pytest

from shared.domain.organisation_settings import SecondFactor
from tests.http.test_passwords import ACTIVATION, NEW, link_of
from tests.support.factor_browsers import SESSION, Member, held, is_in
from tests.support.memory_container import PASSWORD
from tests.support.problems import problem_of
from tests.support.world import Browser, World

SHORT = "Xk9#mQ2vLr"
"""Strong, and ten characters."""


@pytest.fixture
async def member(world: World) -> Member:
    """Somebody with an app, where a second factor is asked for."""
    made = await Member.new(world)
    await made.enrol_app(await made.signed_in())
    await world.decide(second_factor=SecondFactor.REQUIRED)
    return made


async def reset(member: Member, password: str = NEW) -> Browser:
    """Whoever reads the mail chooses a password."""
    browser = Browser(member.world.http)
    token = await link_of(member.world, member.address)
    answer = await browser.call("POST", ACTIVATION, json={"token": token, "password": password})
    assert answer.status_code == 204, answer.text
    return browser


async def test_a_reset_leaves_the_factor_to_be_asked_for(member: Member) -> None:
    """The mailbox alone signs nobody in: neither by the link nor by the password that it let choose."""
    thief = await reset(member)
    assert held(thief) == set()
    assert not await is_in(thief)
    answer = await member.give_password(thief, NEW)
    assert answer.status_code == 202
    assert SESSION not in thief.cookies
    assert not await is_in(thief)
    problem_of(await member.with_code(thief, "000000"), 422, "factor-refused")


async def test_the_owner_signs_in_with_the_factor_they_had(member: Member) -> None:
    """Nothing of it was taken away, and no code that was used before counts again."""
    used = member.code()
    browser = await reset(member)
    assert (await member.give_password(browser, NEW)).status_code == 202
    problem_of(await member.with_code(browser, used), 422, "factor-refused")
    assert (await member.with_code(browser, member.next_code())).status_code == 200
    assert await is_in(browser)


async def test_a_half_done_sign_in_by_the_old_password_is_void(member: Member) -> None:
    """Whoever knew the old password and waits at the second step does not finish it with the new one's right."""
    waiting = await member.half_signed_in()
    await reset(member)
    answer = await member.with_code(waiting, member.next_code())
    assert answer.status_code in {401, 404}
    assert not await is_in(waiting)


async def test_every_session_ends_whatever_it_was_raised_by(member: Member) -> None:
    """Also those that had proved the second factor."""
    browser = await member.half_signed_in()
    assert (await member.with_code(browser, member.next_code())).status_code == 200
    await reset(member)
    assert not await is_in(browser)


async def test_a_shorter_password_is_taken_beside_a_factor_only(member: Member) -> None:
    """Ten characters with it; fifteen without."""
    await reset(member, SHORT)
    assert (await member.give_password(Browser(member.world.http), SHORT)).status_code == 202
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    other = await Member.new(member.world)
    token = await link_of(member.world, other.address)
    answer = await Browser(member.world.http).call("POST", ACTIVATION, json={"token": token, "password": SHORT})
    assert problem_of(answer, 422, "password-refused")["rules"] == ["password-short"]
    assert (await other.give_password(Browser(member.world.http), PASSWORD)).status_code == 200
