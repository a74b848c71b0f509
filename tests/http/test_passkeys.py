"""Passkeys on the wire: with a password and without one, and every way in which one could be somebody else's."""

import asyncio
from typing import Any

import pytest

from shared.domain.entra_rules import EntraRules
from shared.domain.organisation_settings import SecondFactor
from tests.support.authenticator import Authenticator, b64
from tests.support.factor_browsers import (
    FACTORS,
    FLOW,
    SESSION,
    SIGN_IN,
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
from tests.support.memory_container import ask_for_a_password_alone
from tests.support.problems import problem_of
from tests.support.world import Browser, World


@pytest.fixture
async def member(world: World) -> Member:
    """Somebody of an organisation that leaves it to them."""
    return await Member.new(world)


@pytest.fixture
async def key(member: Member) -> Authenticator:
    """Their passkey."""
    return await member.enrol_passkey(await member.signed_in())


async def test_a_passkey_is_asked_for_as_it_must_be(member: Member) -> None:
    """Found without an address, verifying its owner, no attestation, nothing personal in its handle, none twice."""
    browser = await member.signed_in()
    key = await member.enrol_passkey(browser)
    options = await browser.json("POST", f"{FACTORS}/passkeys/options")
    assert options["rp"] == {"id": "portal.test", "name": "Private Identity Control"}
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert options["user"]["id"] == b64(member.staff.encode())
    assert [each["id"] for each in options["excludeCredentials"]] == [b64(key.id)]
    assert len(options["challenge"]) == 43  # 256 bits
    asked = await browser.json("POST", f"{SIGN_IN}/passkey/options")
    assert (asked["userVerification"], asked["allowCredentials"], asked["rpId"]) == ("required", [], "portal.test")


async def test_a_passkey_signs_in_without_a_password(member: Member, key: Authenticator) -> None:
    """In a browser that knows nothing, not even the address."""
    browser = Browser(member.world.http)
    assert (await member.with_passkey(browser, key)).status_code == 200
    assert held(browser) == {SESSION}
    assert await is_in(browser)


async def test_a_passkey_is_a_second_step(member: Member, key: Authenticator) -> None:
    """After the password."""
    browser = await member.half_signed_in()
    assert (await member.with_passkey(browser, key)).status_code == 200
    assert held(browser) == {SESSION}


async def test_several_passkeys_with_names(member: Member) -> None:
    """Each signs in until it is removed, and then no more."""
    browser = await member.signed_in()
    keys = [await member.enrol_passkey(browser) for _ in range(3)]
    shown = (await browser.json("GET", FACTORS))["factors"]
    assert [(each["kind"], each["name"]) for each in shown] == [("passkey", "Nyckeln")] * 3
    assert (await browser.call("DELETE", f"{FACTORS}/{shown[1]['factor']}")).status_code == 204
    statuses = [(await member.with_passkey(Browser(member.world.http), key)).status_code for key in keys]
    assert statuses == [200, 422, 200]


async def test_a_removed_passkey_may_come_back(member: Member) -> None:
    """The same authenticator, set up anew."""
    browser = await member.signed_in()
    key = await member.enrol_passkey(browser)
    (shown,) = (await browser.json("GET", FACTORS))["factors"]
    await browser.call("DELETE", f"{FACTORS}/{shown['factor']}")
    options = await browser.json("POST", f"{FACTORS}/passkeys/options")
    assert (await browser.call("POST", f"{FACTORS}/passkeys", json=new_passkey(key.create(options)))).status_code == 201


async def test_an_answer_is_taken_once(member: Member, key: Authenticator) -> None:
    """Played again it is refused: with its cookie and without."""
    browser = Browser(member.world.http)
    options = await browser.json("POST", f"{SIGN_IN}/passkey/options")
    flow = browser.cookies[FLOW]
    answer = proof(key.get(options))
    assert (await finished(browser, "passkey", answer)).status_code == 200
    replay = Browser(member.world.http, cookies={FLOW: flow})
    problem_of(await finished(replay, "passkey", answer), 422, "factor-refused")
    assert SESSION not in replay.cookies
    problem_of(await finished(Browser(member.world.http), "passkey", answer), 404, "not-found")


async def test_an_answer_of_a_passkey_that_does_not_count_is_taken_once_as_well(member: Member) -> None:
    """Most passkeys that are synchronised say 0 for ever: the challenge alone keeps an answer from being played again."""
    key = await member.enrol_passkey(await member.signed_in(), counts=False)
    for _ in range(3):
        browser = Browser(member.world.http)
        options = await browser.json("POST", f"{SIGN_IN}/passkey/options")
        answer = proof(key.get(options))
        replay = copied(browser)
        at_once = [copied(browser) for _ in range(2)]
        answers = await asyncio.gather(*(finished(each, "passkey", answer) for each in at_once))
        assert sorted(each.status_code for each in answers) == [200, 422]
        problem_of(await finished(replay, "passkey", answer), 422, "factor-refused")


async def test_a_challenge_of_another_browser_is_refused(member: Member, key: Authenticator) -> None:
    """Somebody who is talked into signing what an attacker's browser was given signs nobody in."""
    attacker, victim = Browser(member.world.http), Browser(member.world.http)
    theirs = await attacker.json("POST", f"{SIGN_IN}/passkey/options")
    await victim.json("POST", f"{SIGN_IN}/passkey/options")
    problem_of(await finished(victim, "passkey", proof(key.get(theirs))), 422, "factor-refused")
    assert SESSION not in victim.cookies


async def test_a_challenge_is_good_for_five_minutes(member: Member, key: Authenticator) -> None:
    """To the second."""
    for seconds, status in ((299, 200), (300, 422)):
        browser = Browser(member.world.http)
        options = await browser.json("POST", f"{SIGN_IN}/passkey/options")
        member.world.container.clock.move(seconds=seconds)
        assert (await finished(browser, "passkey", proof(key.get(options)))).status_code == status


LIES: dict[str, dict[str, Any]] = {
    "another origin": {"origin": "http://portal.test.evil.example"},
    "another relying party": {"rp_id": "evil.example"},
    "nobody verified": {"is_verifying": False},
    "a frame of another site": {"cross_origin": True},
}


@pytest.mark.parametrize("lie", LIES)
async def test_what_was_signed_elsewhere_is_refused(member: Member, key: Authenticator, lie: str) -> None:
    """A phishing page gets nothing that works here, and makes no passkey either."""
    for name, value in LIES[lie].items():
        setattr(key, name, value)
    problem_of(await member.with_passkey(Browser(member.world.http), key), 422, "factor-refused")
    browser = await member.half_signed_in()
    problem_of(await member.with_passkey(browser, key), 422, "factor-refused")
    assert not await is_in(browser)
    other = await Member.new(member.world)
    enrolling = await other.signed_in()
    options = await enrolling.json("POST", f"{FACTORS}/passkeys/options")
    made = new_passkey(device(**LIES[lie]).create(options))
    problem_of(await enrolling.call("POST", f"{FACTORS}/passkeys", json=made), 422, "factor-refused")


async def test_a_passkey_of_another_account_does_not_finish_a_sign_in(member: Member, key: Authenticator) -> None:
    """Neither of a colleague nor of another organisation: whoever began as one ends as no other."""
    assert key.user_handle
    world = member.world
    neighbours = await world.container.administering.create_organisation("Grannkommunen")
    await ask_for_a_password_alone(world.container, neighbours)
    for organisation in (None, neighbours):
        attacker = await Member.new(world, organisation=organisation)
        own = await attacker.enrol_passkey(await attacker.signed_in())
        browser = await member.half_signed_in()
        problem_of(await member.with_passkey(browser, own), 422, "factor-refused")
        assert SESSION not in browser.cookies
        # The attacker signs in as themselves at most.
        alone = Browser(world.http)
        await attacker.with_passkey(alone, own)
        sessions = await alone.json("GET", "/api/v1/session")
        assert sessions["kind"] == "staff"


async def test_a_passkey_says_whose_it_is_and_cannot_say_another(member: Member, key: Authenticator) -> None:
    """The handle is not signed: it must be the account's own, or nothing."""
    other = await Member.new(member.world)
    await other.enrol_passkey(await other.signed_in())
    for handle in (other.staff.encode(), b"\xff\xfe", b"x"):
        key.user_handle = handle
        problem_of(await member.with_passkey(Browser(member.world.http), key), 422, "factor-refused")


async def test_a_passkey_that_is_somebodys_cannot_become_anothers(member: Member, key: Authenticator) -> None:
    """It would lead to two accounts."""
    other = await Member.new(member.world)
    browser = await other.signed_in()
    options = await browser.json("POST", f"{FACTORS}/passkeys/options")
    thief = device(id=key.id)
    answer = await browser.call("POST", f"{FACTORS}/passkeys", json=new_passkey(thief.create(options)))
    problem_of(answer, 409, "conflict")
    assert (await member.with_passkey(Browser(member.world.http), key)).status_code == 200


async def test_a_passkey_that_counts_backwards_is_refused_and_told(member: Member, key: Authenticator) -> None:
    """Its key may have been copied. The one that goes on counting still works."""
    assert (await member.with_passkey(Browser(member.world.http), key)).status_code == 200
    count = key.count
    key.count = 0
    problem_of(await member.with_passkey(Browser(member.world.http), key), 422, "factor-refused")
    key.count = count
    assert (await member.with_passkey(Browser(member.world.http), key)).status_code == 200
    await member.world.container.run_queues()
    assert any("may have been copied" in mail.text for mail in member.world.container.mailer.sent)


async def test_an_answer_to_one_purpose_serves_no_other(member: Member, key: Authenticator) -> None:
    """What was signed to sign in does not step up, and the other way round; nor in another session of the same person."""
    here, there = Browser(member.world.http), Browser(member.world.http)
    await member.with_passkey(here, key)
    await member.with_passkey(there, key)
    signing_in = await here.json("POST", f"{SIGN_IN}/passkey/options")
    answer = await here.call("POST", f"{STEP_UP}/passkey", json=proof(key.get(signing_in)))
    problem_of(answer, 422, "factor-refused")
    stepping_up = await here.json("POST", f"{STEP_UP}/passkey/options")
    signed = proof(key.get(stepping_up))
    stranger = Browser(member.world.http, cookies={FLOW: here.cookies[FLOW]})
    problem_of(await finished(stranger, "passkey", signed), 422, "factor-refused")
    stepping_up = await here.json("POST", f"{STEP_UP}/passkey/options")
    there.cookies[FLOW] = here.cookies[FLOW]
    answer = await there.call("POST", f"{STEP_UP}/passkey", json=proof(key.get(stepping_up)))
    problem_of(answer, 422, "factor-refused")


async def test_a_challenge_to_enrol_is_of_one_session(member: Member) -> None:
    """Somebody else's session cannot take the passkey, nor a challenge to sign in make one."""
    browser, other = await member.signed_in(), await Member.new(member.world)
    theirs = await other.signed_in()
    options = await browser.json("POST", f"{FACTORS}/passkeys/options")
    theirs.cookies[FLOW] = browser.cookies[FLOW]
    made = new_passkey(device().create(options))
    problem_of(await theirs.call("POST", f"{FACTORS}/passkeys", json=made), 422, "factor-refused")
    signing_in = await browser.json("POST", f"{SIGN_IN}/passkey/options")
    made = new_passkey(device().create({**options, "challenge": signing_in["challenge"]}))
    problem_of(await browser.call("POST", f"{FACTORS}/passkeys", json=made), 422, "factor-refused")


async def test_who_was_removed_signs_in_no_more(member: Member, key: Authenticator) -> None:
    """Though the passkey is still on their phone."""
    for partition in member.world.container.record_store._partitions.values():
        partition.pop(f"staff|{member.staff}", None)
    problem_of(await member.with_passkey(Browser(member.world.http), key), 422, "factor-refused")


async def test_passkeys_count_as_a_password_where_passwords_do(member: Member, key: Authenticator) -> None:
    """Where staff sign in elsewhere, neither does."""
    entra = EntraRules(tenants=frozenset({"72f988bf-86f1-41af-91ab-2d7cd011db47"}))
    await member.world.decide(sign_in=frozenset({"entra"}), entra=entra)
    problem_of(await member.with_passkey(Browser(member.world.http), key), 422, "factor-refused")
    problem_of(await member.give_password(Browser(member.world.http)), 401, "wrong-credentials")


async def test_where_only_passkeys_count_nothing_else_is_enough(member: Member, key: Authenticator) -> None:
    """The password and a code that can be typed into a false page: not even offered."""
    browser = Browser(member.world.http)
    await member.with_passkey(browser, key)
    await member.enrol_app(browser)
    codes = (await browser.json("POST", f"{FACTORS}/recovery-codes", 201))["codes"]
    await member.world.decide(second_factor=SecondFactor.PASSKEY_ONLY)
    half = Browser(member.world.http)
    assert (await member.give_password(half)).json()["offers"] == ["passkey"]
    problem_of(await member.with_code(half, member.next_code()), 422, "factor-refused")
    problem_of(await finished(half, "recovery", {"code": codes[0]}), 422, "factor-refused")
    assert (await member.with_passkey(half, key)).status_code == 200
    assert await is_in(half)
    assert STEP not in half.cookies


async def test_who_has_only_an_app_there_sets_up_a_passkey_first(member: Member) -> None:
    """The code lets in as far as that, and the password not even so far."""
    await member.enrol_app(await member.signed_in())
    await member.world.decide(second_factor=SecondFactor.PASSKEY_ONLY)
    browser = await member.half_signed_in()
    problem_of(await browser.call("POST", f"{FACTORS}/passkeys/options"), 401, "not-signed-in")
    entered = await member.with_code(browser, member.next_code())
    assert entered.json()["unfinished"] is True
    assert not await is_in(browser)
    await member.enrol_passkey(browser)
    assert await is_in(browser)
