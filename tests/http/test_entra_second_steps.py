"""Entra ID and second factors of ours: asked for where the tenant tells of none, and no way around them."""

from collections.abc import AsyncIterator

import pytest

from shared.domain.entra_rules import EntraRules
from shared.domain.organisation_settings import SecondFactor, StaffSignIn
from tests.support import world as worlds
from tests.support.entra import (
    BOTH,
    CALLBACK,
    FAILED,
    GROUP,
    OTHER_OBJECT,
    SECOND_STEP,
    WORK,
    account,
    come_back,
    give_tenant,
    leave,
    mapped,
    rule,
    sign_in,
)
from tests.support.factor_browsers import SESSION, STEP, Member, is_in
from tests.support.problems import problem_of
from tests.support.world import Browser, World

MFA = frozenset({"pwd", "mfa"})


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """Where both ways in count."""
    async with worlds.world() as made:
        await give_tenant(made)
        yield made


@pytest.fixture
async def member(world: World) -> Member:
    """Somebody with a password, an app and an account in the tenant, where a second factor is asked for."""
    made = await Member.new(world)
    browser = await made.signed_in()
    await made.enrol_app(browser)
    await leave(browser, "connection")
    assert await come_back(world, browser, account()) == WORK
    await world.decide(second_factor=SecondFactor.REQUIRED)
    return made


async def test_the_second_step_follows_in_the_same_browser(world: World, member: Member) -> None:
    """No session before the code, and one that knows both after it."""
    browser, where = await sign_in(world, account())
    assert where == f"{SECOND_STEP}totp"
    assert SESSION not in browser.cookies
    assert (await member.with_code(browser, member.next_code())).status_code == 200
    assert (await browser.json("GET", "/api/v1/session"))["unfinished"] is False
    assert STEP not in browser.cookies


async def test_a_wrong_code_and_another_browser_get_nothing(world: World, member: Member) -> None:
    """As after a password; and the tries end."""
    browser, _ = await sign_in(world, account())
    problem_of(await member.with_code(Browser(world.http), member.next_code()), 404, "not-found")
    for _ in range(5):
        problem_of(await member.with_code(browser, "000000"), 422, "factor-refused")
    problem_of(await member.with_code(browser, member.next_code()), 404, "not-found")
    assert not await is_in(browser)


@pytest.mark.usefixtures("member")
async def test_the_token_of_the_second_step_is_no_session(world: World) -> None:
    """Nor does coming back once more get past it."""
    browser, _ = await sign_in(world, account())
    half = Browser(world.http, cookies={SESSION: browser.cookies[STEP]})
    assert not await is_in(half)
    state = world.container.memory_entra.departures[-1].state
    answer = await browser.call("GET", CALLBACK, params={"state": state, "code": "code"})
    assert answer.headers["location"].startswith(FAILED)


async def test_mfa_of_the_tenant_is_enough_and_no_passkey(world: World, member: Member) -> None:
    """Where only passkeys count, a passkey of ours is asked for, or first of all one has to be set up."""
    assert (await sign_in(world, account(methods=MFA)))[1] == WORK
    await world.decide(second_factor=SecondFactor.PASSKEY_ONLY)
    browser, where = await sign_in(world, account(methods=MFA))
    assert where == f"{SECOND_STEP}totp"
    await member.with_code(browser, member.next_code())
    assert (await browser.json("GET", "/api/v1/session"))["unfinished"] is True


async def test_a_passkey_is_the_second_step_where_only_entra_counts(world: World, member: Member) -> None:
    """Though it is no way in by itself there."""
    browser = Browser(world.http)
    await member.give_password(browser)
    await member.with_code(browser, member.next_code())
    key = await member.enrol_passkey(browser)
    await world.decide(second_factor=SecondFactor.PASSKEY_ONLY, sign_in=frozenset({StaffSignIn.ENTRA}))
    problem_of(await member.with_passkey(Browser(world.http), key), 422, "factor-refused")
    browser, where = await sign_in(world, account(methods=MFA))
    assert where == f"{SECOND_STEP}passkey"
    assert (await member.with_passkey(browser, key)).status_code == 200
    session = await browser.json("GET", "/api/v1/session")
    assert session["unfinished"] is False
    await world.decide(sign_in=BOTH, entra=EntraRules())
    assert not await is_in(browser)


@pytest.mark.usefixtures("member")
async def test_a_passkey_of_somebody_else_ends_no_sign_in_by_entra(world: World) -> None:
    """Whoever began as one ends as no other."""
    other = await Member.new(world)
    await world.decide(second_factor=SecondFactor.OPTIONAL)
    key = await other.enrol_passkey(await other.signed_in())
    browser, _ = await sign_in(world, account())
    problem_of(await other.with_passkey(browser, key), 422, "factor-refused")
    assert not await is_in(browser)


@pytest.mark.parametrize("rules", [{"entra": EntraRules()}, {"sign_in": frozenset({StaffSignIn.PASSWORD})}], ids=str)
async def test_what_ends_between_the_steps_ends_the_sign_in(
    world: World, member: Member, rules: dict[str, object]
) -> None:
    """The tenant is taken out, or Entra ID counts no more: the code is right and nobody is let in."""
    browser, _ = await sign_in(world, account())
    await world.decide(**rules)
    assert (await member.with_code(browser, member.next_code())).status_code in {401, 422}
    assert not await is_in(browser)


async def test_who_leaves_between_the_steps_is_nobody(world: World, member: Member) -> None:
    """At once, as everywhere."""
    browser, _ = await sign_in(world, account())
    code = member.next_code()
    await world.container.staffing.leave(world.organisation, member.staff, successor=None, by="system")
    assert (await member.with_code(browser, code)).status_code in {401, 422}
    assert not await is_in(browser)


async def test_going_there_again_is_no_proof_for_who_has_a_factor(world: World, member: Member) -> None:
    """The password at the tenant proves nothing that a thief of it does not have; its second factor does."""
    browser, _ = await sign_in(world, account())
    await member.with_code(browser, member.next_code())
    browser.csrf = (await browser.json("GET", "/api/v1/session"))["csrf_token"]
    assert await browser.json("GET", "/api/v1/staff/step-up") == {"offers": ["entra", "totp"]}
    await leave(browser, "proof")
    assert await come_back(world, browser, account()) == "no-account"
    await leave(browser, "proof")
    assert await come_back(world, browser, account(methods=MFA)) == WORK


async def test_a_passkey_is_no_way_around_the_groups(world: World) -> None:
    """Who came by a group and set one up comes by the group all the same: else who lost it would still be in."""
    await rule(world, mapped(GROUP))
    browser, _ = await sign_in(world, account(OTHER_OBJECT, groups=frozenset({GROUP}), methods=MFA))
    (arrived,) = await world.container.staffing.list(world.organisation)
    made = Member(world, arrived.staff, "nobody@example.com")
    await leave(browser, "proof")
    await come_back(world, browser, account(OTHER_OBJECT, groups=frozenset({GROUP}), methods=MFA))
    browser.csrf = (await browser.json("GET", "/api/v1/session"))["csrf_token"]
    key = await made.enrol_passkey(browser)
    problem_of(await made.with_passkey(Browser(world.http), key), 422, "factor-refused")
