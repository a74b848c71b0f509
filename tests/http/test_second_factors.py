"""Second factors on the wire: setting them up, signing in with each, taking them away, and what is told of it."""

import asyncio
import base64
import re
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from shared.domain.organisation_settings import SecondFactor
from shared.domain.principals import Role
from shared.services.second_steps import MAX_TRIES
from tests.support.factor_browsers import FACTORS, SESSION, SIGN_IN, STEP, Member, copied, finished, held, is_in
from tests.support.memory_container import PASSWORD
from tests.support.problems import problem_of
from tests.support.world import Browser, World


@pytest.fixture
async def member(world: World) -> Member:
    """Somebody with an app and ten recovery codes, in an organisation that asks for a second factor."""
    made = await Member.new(world)
    await made.enrol_app(await made.signed_in())
    await world.decide(second_factor=SecondFactor.REQUIRED)
    return made


async def recovery_codes(member: Member) -> list[str]:
    browser = await member.half_signed_in()
    await member.with_code(browser, member.next_code())
    codes: list[str] = (await browser.json("POST", f"{FACTORS}/recovery-codes", 201))["codes"]
    return codes


async def test_the_password_is_half_of_it(member: Member) -> None:
    """No session, nothing that opens a route, and the ways to go on."""
    browser = Browser(member.world.http)
    answer = await member.give_password(browser)
    assert (answer.status_code, answer.json()["offers"]) == (202, ["totp"])
    assert held(browser) == {STEP}
    assert not await is_in(browser)
    assert (await member.with_code(browser, member.next_code())).status_code == 200
    assert held(browser) == {SESSION}
    assert await is_in(browser)


async def test_the_cookie_of_the_second_step_is_as_strict_as_there_is(member: Member) -> None:
    """Ours alone, for TLS and no script, and for no request that another site begins."""
    answer = await member.give_password(Browser(member.world.http))
    (cookie,) = [text for text in answer.headers.get_list("set-cookie") if text.startswith(f"{STEP}=")]
    assert {part.strip() for part in cookie.split(";")[1:]} == {"HttpOnly", "Path=/", "SameSite=strict", "Secure"}


async def test_an_app_is_told_what_apps_understand(world: World) -> None:
    """A secret of 160 bits with who it is for, as an address, as a code to scan and to type."""
    member = await Member.new(world)
    browser = await member.signed_in()
    begun = await browser.json("POST", f"{FACTORS}/apps", 201, json={"name": "Telefonen"})
    parts = urlsplit(begun["uri"])
    assert (parts.scheme, parts.netloc) == ("otpauth", "totp")
    assert unquote(parts.path) == "/Private Identity Control:Anna Exempel"
    assert parse_qs(parts.query) == {
        "secret": [begun["secret"]],
        "issuer": ["Private Identity Control"],
        "algorithm": ["SHA1"],
        "digits": ["6"],
        "period": ["30"],
    }
    assert len(base64.b32decode(begun["secret"])) == 20
    assert re.fullmatch(r"(M\d+ \d+h1v1h-1z)+", begun["qr"]["path"])
    assert begun["qr"]["size"] > 40


async def test_an_app_counts_from_its_first_code_on(world: World) -> None:
    """Until then the member signs in as before, and afterwards nobody is told the secret again."""
    member = await Member.new(world)
    browser = await member.signed_in()
    begun = await browser.json("POST", f"{FACTORS}/apps", 201, json={"name": "Telefonen"})
    assert await is_in(await member.signed_in())
    wrong = await browser.call("POST", f"{FACTORS}/apps/{begun['factor']}/confirm", json={"code": "135791"})
    problem_of(wrong, 422, "factor-refused")
    assert await is_in(await member.signed_in())
    await member.enrol_app(browser)
    shown = await browser.call("GET", FACTORS)
    assert shown.json()["factors"][0]["name"] == "Telefonen"
    assert member.secrets[0] not in shown.text
    assert (await member.give_password(Browser(world.http))).status_code == 202


async def test_a_code_signs_in_once(member: Member) -> None:
    """Whoever looked over the shoulder, and has the password, comes second."""
    code = member.next_code()
    assert (await member.with_code(await member.half_signed_in(), code)).status_code == 200
    problem_of(await member.with_code(await member.half_signed_in(), code), 422, "factor-refused")


async def test_of_two_at_once_with_one_code_one_gets_in(member: Member) -> None:
    """Over two instances as well: the store decides, not a lock in memory."""
    for _ in range(5):
        code = member.next_code()
        browsers = [await member.half_signed_in() for _ in range(2)]
        answers = await asyncio.gather(*(member.with_code(browser, code) for browser in browsers))
        assert sorted(answer.status_code for answer in answers) == [200, 422]


@pytest.mark.parametrize(("drift", "status"), [(-2, 422), (-1, 200), (0, 200), (1, 200), (2, 422)])
async def test_a_clock_may_be_one_step_wrong(member: Member, drift: int, status: int) -> None:
    """Either way, and no further."""
    member.world.container.clock.move(minutes=5)
    answer = await member.with_code(await member.half_signed_in(), member.code(drift=drift))
    assert answer.status_code == status


async def test_two_apps_work_side_by_side(member: Member) -> None:
    """The old phone and the new one; a third is too many."""
    browser = await member.half_signed_in()
    await member.with_code(browser, member.next_code())
    await member.enrol_app(browser)
    for app in (0, 1):
        assert (await member.with_code(await member.half_signed_in(), member.next_code(app=app))).status_code == 200
    third = await browser.call("POST", f"{FACTORS}/apps", json={"name": "Tredje"})
    problem_of(third, 409, "conflict")


async def test_whoever_guesses_codes_has_five_tries_and_then_gives_the_password_again(member: Member) -> None:
    """The right code is worth nothing afterwards, and the owner is told by mail."""
    browser = await member.half_signed_in()
    for _ in range(MAX_TRIES):
        problem_of(await member.with_code(browser, "000000"), 422, "factor-refused")
    problem_of(await member.with_code(browser, member.next_code()), 404, "not-found")
    await member.world.container.run_queues()
    (mail,) = [mail for mail in member.world.container.mailer.sent if mail.to == member.address][-1:]
    assert "fel kod flera gånger" in mail.text


async def test_every_refusal_stands_in_the_log_of_the_organisation(member: Member) -> None:
    """By whom and when, and nothing of what was typed."""
    for way in ("code", "recovery"):
        half = await member.half_signed_in()
        problem_of(await finished(half, way, {"code": "135791"}), 422, "factor-refused")
    inside = await member.half_signed_in()
    await member.with_code(inside, member.next_code())
    await inside.call("POST", "/api/v1/staff/step-up/code", json={"code": "135791"})
    records = member.world.container.record_store._partitions
    logged = [body for name, found in records.items() if name.startswith("audit|") for body, _ in found.values()]
    refusals = [body for body in logged if b'"factor:refuse"' in body]
    assert [member.staff.encode() in body for body in refusals] == [True] * 3
    assert not any(b"135791" in body for body in refusals)


async def test_of_many_guesses_at_once_five_are_looked_at(member: Member) -> None:
    """The try is counted before the code is."""
    browser = await member.half_signed_in()
    answers = await asyncio.gather(*(member.with_code(copied(browser), f"{n:06d}") for n in range(30)))
    statuses = [answer.status_code for answer in answers]
    assert statuses.count(422) <= MAX_TRIES
    assert set(statuses) <= {404, 422}


async def test_guesses_are_bounded_for_the_account_however_often_the_password_is_given(member: Member) -> None:
    """20 an hour: three in a million count, so it takes somebody with the password years."""
    member.world.container.clock.move(hours=1)
    statuses = []
    for _ in range(6):
        browser = await member.half_signed_in()
        statuses += [(await member.with_code(browser, "000000")).status_code for _ in range(MAX_TRIES)]
    assert statuses == [422] * 20 + [429] * 10
    limited = [
        body
        for partition in member.world.container.record_store._partitions
        if partition.startswith("audit|")
        for body, _ in member.world.container.record_store._partitions[partition].values()
        if b"factor:limit" in body
    ]
    assert len(limited) == 1
    member.world.container.clock.move(minutes=10)
    assert (await member.with_code(await member.half_signed_in(), member.code())).status_code == 200


async def test_a_stranger_without_the_password_cannot_use_up_anybodys_codes(member: Member) -> None:
    """No lockout from outside: wrong passwords, made-up steps and steps of others cost the member nothing."""
    stranger = Browser(member.world.http)
    for _ in range(30):
        await member.give_password(stranger, "wrong")
        stranger.cookies[STEP] = "A" * 43
        problem_of(await finished(stranger, "code", {"code": "135791"}), 404, "not-found")
    assert (await member.with_code(await member.half_signed_in(), member.next_code())).status_code == 200


async def test_the_second_step_waits_five_minutes(member: Member) -> None:
    """Somebody who was called away gives the password again."""
    browser = await member.half_signed_in()
    member.world.container.clock.move(minutes=4, seconds=59)
    late = copied(browser)
    member.world.container.clock.move(seconds=1)
    problem_of(await member.with_code(late, member.code()), 404, "not-found")


async def test_a_recovery_code_signs_in_once_and_is_told(member: Member) -> None:
    """Like a factor, for who has lost theirs; of ten there are nine left."""
    codes = await recovery_codes(member)
    assert len(set(codes)) == 10
    member.world.container.mailer.sent.clear()
    browser = await member.half_signed_in()
    assert (await finished(browser, "recovery", {"code": codes[0].upper()})).status_code == 200
    assert (await browser.json("GET", FACTORS))["recovery_codes"] == 9
    again = await finished(await member.half_signed_in(), "recovery", {"code": codes[0]})
    problem_of(again, 422, "factor-refused")
    await member.world.container.run_queues()
    told = [mail for mail in member.world.container.mailer.sent if "återställningskoder" in mail.text]
    assert [mail.to for mail in told][-1] == member.address
    assert not any(code in mail.text or code in mail.subject for mail in told for code in codes)


async def test_of_two_at_once_with_one_recovery_code_one_gets_in(member: Member) -> None:
    """It is one code."""
    codes = await recovery_codes(member)
    browsers = [await member.half_signed_in() for _ in range(2)]
    answers = await asyncio.gather(*(finished(browser, "recovery", {"code": codes[3]}) for browser in browsers))
    assert sorted(answer.status_code for answer in answers) == [200, 422]


async def test_a_new_set_voids_the_old_one(member: Member) -> None:
    """As a whole."""
    old, new = await recovery_codes(member), await recovery_codes(member)
    for code in old[:3]:
        problem_of(await finished(await member.half_signed_in(), "recovery", {"code": code}), 422, "factor-refused")
    assert (await finished(await member.half_signed_in(), "recovery", {"code": new[0]})).status_code == 200


async def test_who_has_no_factor_gets_no_recovery_codes(world: World) -> None:
    """There is nothing that they could stand in for."""
    member = await Member.new(world)
    answer = await (await member.signed_in()).call("POST", f"{FACTORS}/recovery-codes")
    problem_of(answer, 409, "conflict")


async def test_the_last_factor_stays_where_one_is_asked_for(member: Member) -> None:
    """Any other goes, and without a policy the last one, too."""
    browser = await member.half_signed_in()
    await member.with_code(browser, member.next_code())
    last = await browser.call("DELETE", f"{FACTORS}/{member.apps[0]}")
    assert problem_of(last, 422, "invalid-input")["rule"] == "last-factor"
    await member.enrol_app(browser)
    assert (await browser.call("DELETE", f"{FACTORS}/{member.apps[0]}")).status_code == 204
    problem_of(await browser.call("DELETE", f"{FACTORS}/{member.apps[0]}"), 404, "not-found")
    problem_of(await member.with_code(await member.half_signed_in(), member.next_code(app=0)), 422, "factor-refused")
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    assert (await browser.call("DELETE", f"{FACTORS}/{member.apps[1]}")).status_code == 204
    assert await is_in(await member.signed_in())


async def test_of_two_who_remove_the_last_two_at_once_one_does(member: Member) -> None:
    """Else nobody would be left to be asked for."""
    browser = await member.half_signed_in()
    await member.with_code(browser, member.next_code())
    await member.enrol_app(browser)
    answers = await asyncio.gather(*(browser.call("DELETE", f"{FACTORS}/{factor}") for factor in member.apps))
    assert sorted(answer.status_code for answer in answers) == [204, 422]


async def test_what_changes_ends_all_other_sessions_and_is_told(member: Member) -> None:
    """Whoever sat in another browser gives everything anew."""
    elsewhere, here = await member.half_signed_in(), await member.half_signed_in()
    await member.with_code(elsewhere, member.next_code())
    await member.with_code(here, member.next_code())
    assert await is_in(elsewhere)
    await member.enrol_app(here)
    assert (await is_in(elsewhere), await is_in(here)) == (False, True)
    third = await member.half_signed_in()
    await member.with_code(third, member.next_code())
    assert (await here.call("DELETE", f"{FACTORS}/{member.apps[1]}")).status_code == 204
    assert (await is_in(third), await is_in(here)) == (False, True)
    await member.world.container.run_queues()
    texts = " ".join(mail.text for mail in member.world.container.mailer.sent if mail.to == member.address)
    assert "A new factor" in texts
    assert "A factor for signing in was removed" in texts


async def test_nothing_of_a_factor_lies_open_in_the_store(member: Member) -> None:
    """Secrets and names are sealed, codes are hashed, tokens too."""
    codes = await recovery_codes(member)
    browser = await member.half_signed_in()
    stored = "".join(
        encoded.decode()
        for part in member.world.container.record_store._partitions.values()
        for encoded, _ in part.values()
    )
    for secret in (*member.secrets, *codes, "Telefonen", PASSWORD, browser.cookies[STEP]):
        assert secret not in stored


async def test_an_administrator_takes_all_factors_away_and_hands_over_a_code(member: Member) -> None:
    """Password and code together let enrol anew, and nothing else before that is done."""
    codes = await recovery_codes(member)
    boss = await Member.new(member.world, role=Role.ADMIN)
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)
    desk = await boss.signed_in()
    signed_in = await member.half_signed_in()
    await member.with_code(signed_in, member.next_code())
    handed = await desk.json("POST", f"/api/v1/organisation/staff/{member.staff}/factors/reset")
    assert not await is_in(signed_in)
    browser = Browser(member.world.http)
    assert (await member.give_password(browser)).json()["offers"] == ["enrolment-code"]
    for way, code in (("code", member.next_code()), ("recovery", codes[0]), ("enrolment", codes[0])):
        problem_of(await finished(browser, way, {"code": code}), 422, "factor-refused")
    entered = await finished(browser, "enrolment", {"code": handed["code"]})
    assert entered.json()["unfinished"] is True
    problem_of(await browser.call("GET", "/api/v1/units"), 403, "second-factor-required")
    again = await finished(await member.half_signed_in(), "enrolment", {"code": handed["code"]})
    problem_of(again, 422, "factor-refused")
    finishing = await member.enrol_app(browser)
    assert finishing.json()["unfinished"] is False
    assert await is_in(browser)
    await member.world.container.run_queues()
    mails = [mail for mail in member.world.container.mailer.sent if mail.to == member.address]
    assert any("administrator has removed" in mail.text for mail in mails)
    assert not any(handed["code"] in mail.text for mail in mails)


async def test_the_code_after_a_reset_is_good_for_a_day(member: Member) -> None:
    """And another reset voids it."""
    boss = await Member.new(member.world, role=Role.ADMIN)
    await member.world.decide(second_factor=SecondFactor.OPTIONAL)

    async def reset() -> str:
        code: str = (
            await (await boss.signed_in()).json("POST", f"/api/v1/organisation/staff/{member.staff}/factors/reset")
        )["code"]
        return code

    first = await reset()
    second = await reset()
    problem_of(await finished(await member.half_signed_in(), "enrolment", {"code": first}), 422, "factor-refused")
    member.world.container.clock.move(hours=24)
    problem_of(await finished(await member.half_signed_in(), "enrolment", {"code": second}), 422, "factor-refused")


@pytest.mark.parametrize("code", ["", "\ud800", "x" * 64, "12345６", "0" * 24])
async def test_whatever_is_typed_is_a_wrong_code_at_most(member: Member, code: str) -> None:
    """For each of the ways, and no 500."""
    for way in ("code", "recovery", "enrolment"):
        browser = await member.half_signed_in()
        body = b'{"code": "%b"}' % code.encode("utf-8", "surrogatepass")
        headers = {"content-type": "application/json"}
        answer = await browser.call("POST", f"{SIGN_IN}/{way}", content=body, headers=headers)
        assert answer.status_code in {400, 422}
