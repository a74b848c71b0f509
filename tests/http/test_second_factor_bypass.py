"""Getting past the second factor: every path that somebody with the password, or with less, could try."""

import re

import pytest

from shared.domain.organisation_settings import SecondFactor
from shared.domain.principals import Role
from tests.support.authorisation_table import read_table
from tests.support.every_route import Scene, Who
from tests.support.factor_browsers import (
    FACTORS,
    SESSION,
    STEP,
    STEP_UP,
    Member,
    copied,
    device,
    finished,
    held,
    is_in,
    new_passkey,
    proof,
)
from tests.support.problems import problem_of
from tests.support.world import Browser, World

OPEN_TO_THE_UNFINISHED = {
    *("read_session", "sign_out", "list_factors", "begin_app", "confirm_app", "begin_passkey", "add_passkey"),
    *("read_step_up", "step_up_code", "step_up_password", "step_up_passkey_options", "step_up_passkey"),
    "entra_prove",
}


ASK_FOR_A_SESSION = {route for (route, _), row in read_table().items() if row[Who.NOBODY] == 401}


@pytest.fixture
async def member(world: World) -> Member:
    """Somebody with an app, where a second factor is asked for."""
    made = await Member.new(world)
    await made.enrol_app(await made.signed_in())
    await world.decide(second_factor=SecondFactor.REQUIRED)
    return made


@pytest.mark.parametrize("route", sorted(ASK_FOR_A_SESSION))
async def test_the_token_of_the_second_step_is_no_session(scene: Scene, route: str) -> None:
    """In the session's cookie, or beside it: every route that asks for a session says that there is none."""
    member = await Member.new(scene.world)
    await member.enrol_app(await member.signed_in())
    half = await member.half_signed_in()
    token = half.cookies[STEP]
    for cookies in ({SESSION: token}, {STEP: token}, {SESSION: token, STEP: token}):
        answer = await scene.call(route).by(Browser(scene.world.http, "x", dict(cookies)))
        assert answer.status_code == 401
        assert not [text for text in answer.headers.get_list("set-cookie") if text.startswith(f"{SESSION}=")]


@pytest.mark.parametrize("route", sorted(ASK_FOR_A_SESSION - OPEN_TO_THE_UNFINISHED))
async def test_an_unfinished_session_opens_nothing_but_setting_up(scene: Scene, route: str) -> None:
    """Whoever has the password alone, where more is asked for and nothing is set up yet."""
    await scene.world.decide(second_factor=SecondFactor.REQUIRED)
    for role in Role:
        member = await Member.new(scene.world, role=role)
        browser = await member.signed_in()
        answer = await scene.call(route).by(browser)
        assert answer.status_code == 403, (role, answer.text)
        if scene.call(route).method != "HEAD":
            kind = answer.json()["type"].rpartition(":")[2]
            assert kind in {"second-factor-required", "not-allowed"}


async def test_an_unfinished_session_becomes_full_under_another_token(world: World) -> None:
    """What was known before the second factor was set up is worth nothing after it."""
    await world.decide(second_factor=SecondFactor.REQUIRED)
    member = await Member.new(world)
    browser = await member.signed_in()
    assert (await browser.json("GET", "/api/v1/session"))["unfinished"] is True
    known = copied(browser)
    await member.enrol_app(browser)
    assert browser.cookies[SESSION] != known.cookies[SESSION]
    assert browser.csrf != known.csrf
    assert (await is_in(browser), await is_in(known)) == (True, False)
    problem_of(await known.call("GET", "/api/v1/session"), 401, "not-signed-in")


async def test_a_session_that_was_planted_is_not_the_one_that_is_raised(member: Member) -> None:
    """Fixation: the attacker's own session, or own half sign-in, in the victim's browser before they sign in."""
    attacker = await Member.new(member.world)
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    planted = await attacker.signed_in()
    await attacker.enrol_app(planted)
    half = await attacker.half_signed_in()
    victim = Browser(member.world.http, planted.csrf, {SESSION: planted.cookies[SESSION], STEP: half.cookies[STEP]})
    assert (await member.give_password(victim)).status_code == 202
    assert victim.cookies[STEP] != half.cookies[STEP]
    assert (await member.with_code(victim, member.next_code())).status_code == 200
    assert victim.cookies[SESSION] != planted.cookies[SESSION]
    # The old session of this browser has ended, and the half sign-in that was planted leads nowhere near the victim.
    assert not await is_in(planted)
    await attacker.with_code(half, attacker.next_code())
    mine = await half.json("GET", "/api/v1/sessions")
    assert len(mine["sessions"]) == 1


async def test_the_half_sign_in_of_another_account_takes_its_own_codes_only(member: Member) -> None:
    """The attacker's own right code does not finish the victim's step."""
    attacker = await Member.new(member.world)
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    await attacker.enrol_app(await attacker.signed_in())
    half = await member.half_signed_in()
    problem_of(await finished(half, "code", {"code": attacker.next_code()}), 422, "factor-refused")
    assert SESSION not in half.cookies


async def test_a_second_step_is_finished_once(member: Member) -> None:
    """Its cookie raises no second session."""
    half = await member.half_signed_in()
    kept = copied(half)
    assert (await member.with_code(half, member.next_code())).status_code == 200
    problem_of(await member.with_code(kept, member.next_code()), 404, "not-found")


async def test_a_password_that_was_changed_meanwhile_finishes_nothing(member: Member) -> None:
    """Whoever changed it because somebody knew it has ended what that one had begun."""
    half = await member.half_signed_in()
    passwords = member.world.container.passwords
    for partition, records in member.world.container.record_store._partitions.items():
        if partition.startswith("login|") and any(member.staff.encode() in body for body, _ in records.values()):
            found = await member.world.container.records.get(partition, "login")
            changed = {**found.body, "password": await passwords.hash("another long password of theirs")}
            await member.world.container.record_store.replace_if_match(found, changed)
            break
    problem_of(await member.with_code(half, member.next_code()), 401, "wrong-credentials")
    assert SESSION not in half.cookies


async def test_a_policy_that_is_tightened_holds_for_who_is_signed_in(world: World) -> None:
    """From the next request on: a session by a password alone opens nothing but setting up, and full ones go on."""
    alone, with_app = await Member.new(world), await Member.new(world)
    first, second = await alone.signed_in(), await with_app.signed_in()
    await with_app.enrol_app(second)
    assert (await is_in(first), await is_in(second)) == (True, True)
    await world.decide(second_factor=SecondFactor.REQUIRED)
    assert (await is_in(first), await is_in(second)) == (False, True)
    await world.decide(second_factor=SecondFactor.PASSKEY_ONLY)
    assert (await is_in(first), await is_in(second)) == (False, False)
    problem_of(await second.call("GET", "/api/v1/units"), 403, "second-factor-required")
    await with_app.enrol_passkey(second)
    assert await is_in(second)


async def test_the_password_does_not_step_up_where_there_is_a_factor(member: Member) -> None:
    """It proves nothing that it did not prove before."""
    browser = await member.half_signed_in()
    await member.with_code(browser, member.next_code())
    answer = await browser.call("POST", f"{STEP_UP}/password", json={"password": "correct horse battery staple"})
    problem_of(answer, 422, "factor-refused")


async def test_a_thief_with_the_password_brings_in_no_factor_of_their_own(world: World) -> None:
    """A session that was there before the first factor was, and a request of it that was already on its way."""
    member = await Member.new(world)
    thief, owner = await member.signed_in(), await member.signed_in()
    options = await thief.json("POST", f"{FACTORS}/passkeys/options")
    await member.enrol_app(owner)
    made = new_passkey(device().create(options))
    problem_of(await thief.call("POST", f"{FACTORS}/passkeys", json=made), 401, "not-signed-in")


async def test_a_new_factor_takes_a_fresh_proof(member: Member) -> None:
    """A computer that was left unlocked for ten minutes adds and removes nothing."""
    browser = await member.half_signed_in()
    await member.with_code(browser, member.next_code())
    member.world.container.clock.move(minutes=10)
    for method, path in (
        ("POST", f"{FACTORS}/apps"),
        ("POST", f"{FACTORS}/passkeys/options"),
        ("POST", f"{FACTORS}/recovery-codes"),
        ("DELETE", f"{FACTORS}/{member.apps[0]}"),
    ):
        answer = await browser.call(method, path, **({"json": {"name": "x"}} if path.endswith("apps") else {}))
        problem_of(answer, 403, "step-up-required")


async def test_stepping_up_raises_the_session_under_another_token_and_no_longer(member: Member) -> None:
    """A token that was known before opens nothing; the end of the session stays where it was."""
    browser = await member.half_signed_in()
    first = (await member.with_code(browser, member.next_code())).json()
    member.world.container.clock.move(minutes=20)
    known = copied(browser)
    assert (await browser.json("GET", STEP_UP))["offers"] == ["totp"]
    problem_of(await browser.call("POST", f"{STEP_UP}/code", json={"code": "000000"}), 422, "factor-refused")
    answer = await browser.call("POST", f"{STEP_UP}/code", json={"code": member.next_code()})
    assert answer.status_code == 200
    assert answer.json()["expires_at"] == first["expires_at"]
    assert browser.cookies[SESSION] != known.cookies[SESSION]
    assert not await is_in(known)
    browser.csrf = answer.json()["csrf_token"]
    assert (await browser.call("POST", f"{FACTORS}/recovery-codes")).status_code == 201


async def test_stepping_up_with_a_code_that_signed_in_is_refused(member: Member) -> None:
    """Each counts once, whatever for."""
    browser = await member.half_signed_in()
    code = member.next_code()
    await member.with_code(browser, code)
    problem_of(await browser.call("POST", f"{STEP_UP}/code", json={"code": code}), 422, "factor-refused")


async def test_stepping_up_with_a_passkey(world: World) -> None:
    """Of the same account only."""
    member, other = await Member.new(world), await Member.new(world)
    browser, theirs = await member.signed_in(), await other.signed_in()
    key, foreign = await member.enrol_passkey(browser), await other.enrol_passkey(theirs)
    options = await browser.json("POST", f"{STEP_UP}/passkey/options")
    answer = await browser.call("POST", f"{STEP_UP}/passkey", json=proof(foreign.get(options)))
    problem_of(answer, 422, "factor-refused")
    options = await browser.json("POST", f"{STEP_UP}/passkey/options")
    known = copied(browser)
    answer = await browser.call("POST", f"{STEP_UP}/passkey", json=proof(key.get(options)))
    assert answer.status_code == 200
    assert browser.cookies[SESSION] != known.cookies[SESSION]
    assert not await is_in(known)


async def test_where_only_passkeys_count_a_code_does_not_step_up(world: World) -> None:
    """Though it is right: it could have been typed into a false page."""
    member = await Member.new(world)
    browser = await member.signed_in()
    await member.enrol_app(browser)
    key = await member.enrol_passkey(browser)
    await world.decide(second_factor=SecondFactor.PASSKEY_ONLY)
    assert (await browser.json("GET", STEP_UP))["offers"] == ["passkey"]
    problem_of(await browser.call("POST", f"{STEP_UP}/code", json={"code": member.next_code()}), 422, "factor-refused")
    options = await browser.json("POST", f"{STEP_UP}/passkey/options")
    assert (await browser.call("POST", f"{STEP_UP}/passkey", json=proof(key.get(options)))).status_code == 200


async def test_without_a_factor_the_password_steps_up_and_only_ones_own(world: World) -> None:
    """Where the organisation leaves it to its staff."""
    member = await Member.new(world)
    browser = await member.signed_in()
    world.container.clock.move(minutes=15)
    assert (await browser.json("GET", STEP_UP))["offers"] == ["password"]
    wrong = await browser.call("POST", f"{STEP_UP}/password", json={"password": "wrong"})
    problem_of(wrong, 401, "wrong-credentials")
    known = copied(browser)
    right = await browser.call("POST", f"{STEP_UP}/password", json={"password": "correct horse battery staple"})
    assert right.status_code == 200
    assert browser.cookies[SESSION] != known.cookies[SESSION]
    assert not await is_in(known)


async def test_after_a_reset_nothing_of_before_lets_in(member: Member) -> None:
    """Neither the session, nor a half sign-in, nor a secret that was shown, nor a challenge, nor the password alone."""
    boss = await Member.new(member.world, role=Role.ADMIN)
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    inside, half = await member.half_signed_in(), await member.half_signed_in()
    await member.with_code(inside, member.next_code())
    waiting = await inside.json("POST", f"{FACTORS}/apps", 201, json={"name": "Telefonen"})
    options = await inside.json("POST", f"{FACTORS}/passkeys/options")
    await (await boss.signed_in()).json("POST", f"/api/v1/organisation/staff/{member.staff}/factors/reset")
    problem_of(await member.with_code(half, member.next_code()), 422, "factor-refused")
    confirm = await inside.call("POST", f"{FACTORS}/apps/{waiting['factor']}/confirm", json={"code": "123456"})
    problem_of(confirm, 401, "not-signed-in")
    made = new_passkey(device().create(options))
    problem_of(await inside.call("POST", f"{FACTORS}/passkeys", json=made), 401, "not-signed-in")
    assert (await member.give_password(Browser(member.world.http))).json()["offers"] == ["enrolment-code"]


def link_to(member: Member) -> str:
    """What stands in the last mail with a link to choose a password."""
    mails = [mail for mail in member.world.container.mailer.sent if mail.to == member.address]
    found = re.findall(r"#/choose-password/([\w-]+)", mails[-1].text)
    assert found
    return str(found[-1])


async def test_a_new_password_leaves_the_factor_and_signs_nobody_in(member: Member) -> None:
    """Whoever reads somebody's mail gets as far as the second step, and their own sessions end."""
    inside = await member.half_signed_in()
    await member.with_code(inside, member.next_code())
    stranger = Browser(member.world.http)
    await stranger.call("POST", "/api/v1/staff/password-reset", json={"mail_address": member.address})
    await member.world.container.run_queues()
    chosen = {"token": link_to(member), "password": "nykvarn tegelsten 47 vattenfall"}
    answer = await stranger.call("POST", "/api/v1/staff/activation", json=chosen)
    assert answer.status_code in {200, 204}
    assert held(stranger) == set()
    assert not await is_in(inside)
    answer = await member.give_password(stranger, chosen["password"])
    assert (answer.status_code, answer.json()["offers"]) == (202, ["totp"])
    assert held(stranger) == {STEP}
    problem_of(await stranger.call("POST", f"{FACTORS}/apps", json={"name": "x"}), 401, "not-signed-in")


async def test_a_new_password_after_a_reset_of_the_factors_is_not_enough(member: Member) -> None:
    """Who reads the mail has a password, and no code: that went to the administrator's screen."""
    boss = await Member.new(member.world, role=Role.ADMIN)
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    await (await boss.signed_in()).json("POST", f"/api/v1/organisation/staff/{member.staff}/factors/reset")
    stranger = Browser(member.world.http)
    await stranger.call("POST", "/api/v1/staff/password-reset", json={"mail_address": member.address})
    await member.world.container.run_queues()
    chosen = {"token": link_to(member), "password": "nykvarn tegelsten 47 vattenfall"}
    await stranger.call("POST", "/api/v1/staff/activation", json=chosen)
    answer = await member.give_password(stranger, chosen["password"])
    assert (answer.status_code, answer.json()["offers"]) == (202, ["enrolment-code"])
    assert held(stranger) == {STEP}


async def test_who_left_leaves_no_factor_and_no_way_in(member: Member) -> None:
    """Neither by passkey nor by a step that was begun; and another may set up the same passkey."""
    boss = await Member.new(member.world, role=Role.ADMIN)
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    inside, half = await member.half_signed_in(), await member.half_signed_in()
    await member.with_code(inside, member.next_code())
    key = await member.enrol_passkey(inside)
    desk = await boss.signed_in()
    await desk.json("POST", f"/api/v1/organisation/staff/{member.staff}/leave", json={})
    assert not await is_in(inside)
    problem_of(await member.with_passkey(Browser(member.world.http), key), 422, "factor-refused")
    assert (await member.with_code(half, member.next_code())).status_code in {401, 422}
    stored = member.world.container.record_store._partitions
    assert not [name for records in stored.values() for name in records if name == f"factors|{member.staff}"]
    assert not [name for name, records in stored.items() if name.startswith("passkey|") and records]
