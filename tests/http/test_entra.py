"""Staff sign in with Entra ID: who is let in, as what, by how much proof, and who is not."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.domain.credentials import LinkToken
from shared.domain.entra_rules import CONSUMERS, EntraRules
from shared.domain.errors import ConflictError, InvalidInputError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.organisation_settings import SecondFactor, StaffSignIn
from shared.domain.principals import Role
from shared.domain.sign_in_methods import FRESH_FOR
from shared.services.staffing import NewMember
from tests.support import world as worlds
from tests.support.entra import (
    ADMINS,
    CALLBACK,
    GROUP,
    OTHER_OBJECT,
    OTHER_TENANT,
    TENANT,
    WORK,
    account,
    come_back,
    give_tenant,
    leave,
    mapped,
    rule,
    sign_in,
)
from tests.support.memory_container import PASSWORD
from tests.support.problems import problem_of
from tests.support.world import Browser, World

MFA = frozenset({"pwd", "mfa"})
ANNA = "anna@example.com"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """An organisation with a tenant, in which passwords count as well."""
    async with worlds.world() as made:
        await give_tenant(made)
        yield made


async def reason(world: World, organisation: OrganisationId | None = None) -> str:
    """Why the last one was refused, as the log of the organisation says, or that of the platform."""
    log = f"audit|{organisation or world.organisation}|{world.container.clock.now:%Y%m}"
    page = await world.container.records.query(log, limit=1000)
    return [str(r.body.get("reason")) for r in page.records if r.body["event"] == "session:broker:refuse"][-1]


async def invited(world: World, address: str = "bo@example.com", role: Role = Role.MEMBER) -> tuple[StaffId, str]:
    """Somebody who is invited, and what stands in the link of their mail."""
    new = NewMember(name="Bo Exempel", mail_address=address, role=role, units=(world.unit,))
    member = await world.container.staffing.invite(world.organisation, new, by="system")
    await world.container.run_queues()
    text = world.container.mailer.sent[-1].text
    return member.staff, text.partition("#/choose-password/")[2].split()[0]


async def member_of(browser: Browser) -> dict[str, Any]:
    return await browser.json("GET", "/api/v1/session")


async def test_a_stranger_of_the_tenant_is_nobody(world: World) -> None:
    """Whoever is in the tenant is not in the organisation: it lets in whom it invited, until it says otherwise."""
    browser, where = await sign_in(world, account(groups=frozenset({GROUP})))
    assert (where, await reason(world)) == ("no-account", "no-account")
    assert "__Host-session" not in browser.cookies


async def test_a_group_lets_in_and_says_as_what(world: World) -> None:
    """Role and units of the mapping; no address, and nothing of the e-mail claim."""
    await rule(world, mapped(GROUP, Role.MEMBER, world.unit))
    browser, where = await sign_in(world, account(groups=frozenset({GROUP, OTHER_OBJECT})))
    assert where == WORK
    session = await member_of(browser)
    assert (session["kind"], session["role"], session["name"]) == ("staff", "member", "Bo Exempel")
    (member,) = await world.container.staffing.list(world.organisation)
    assert (member.mail_address, member.units) == (None, (world.unit,))
    await browser.json("GET", f"/api/v1/threads?unit={world.unit}")


async def test_an_app_role_lets_in_and_another_does_not(world: World) -> None:
    """By its value; a group of that name is no role."""
    await rule(world, mapped("Pic.Auditor", Role.AUDITOR))
    _, where = await sign_in(world, account(roles=frozenset({"Other"}), groups=frozenset({"Pic.Auditor"})))
    assert (where, await reason(world)) == ("no-account", "no-role")
    browser, where = await sign_in(world, account(roles=frozenset({"Pic.Auditor"})))
    assert (where, (await member_of(browser))["role"]) == (WORK, "auditor")


async def test_nobody_is_an_admin_unless_a_mapping_says_so(world: World) -> None:
    """And of two that somebody has, the one that may do more."""
    await rule(world, mapped(GROUP), mapped(ADMINS, Role.ADMIN))
    browser, _ = await sign_in(world, account(groups=frozenset({GROUP})))
    assert (await member_of(browser))["role"] == "member"
    browser, _ = await sign_in(world, account(OTHER_OBJECT, groups=frozenset({GROUP, ADMINS})))
    assert (await member_of(browser))["role"] == "admin"


async def test_who_comes_again_is_the_same_and_is_looked_at_anew(world: World) -> None:
    """One member for one account; a group more or less counts at the next sign-in, also for who is in elsewhere."""
    await world.member(ANNA, role=Role.ADMIN)
    await rule(world, mapped(GROUP, Role.MEMBER, world.unit), mapped(ADMINS, Role.ADMIN))
    first, _ = await sign_in(world, account(groups=frozenset({GROUP})))
    again, _ = await sign_in(world, account(name="Bo Annan", groups=frozenset({ADMINS})))
    assert len(await world.container.staffing.list(world.organisation)) == 2
    assert [(await member_of(each))["role"] for each in (first, again)] == ["admin", "admin"]
    _, where = await sign_in(world, account())
    assert (where, await reason(world)) == ("no-account", "no-role")
    for browser in (first, again):
        await browser.json("GET", "/api/v1/session", 401)


async def test_the_last_admin_is_not_taken_away_by_a_group(world: World) -> None:
    """Nor let in as what the groups do not give."""
    await rule(world, mapped(GROUP), mapped(ADMINS, Role.ADMIN))
    await sign_in(world, account(groups=frozenset({ADMINS})))
    _, where = await sign_in(world, account(groups=frozenset({GROUP})))
    assert (where, await reason(world)) == ("no-account", "last-admin")


async def test_too_many_groups_are_refused_and_said(world: World) -> None:
    """What was not told cannot be looked at: neither nobody's groups, nor everybody's. Roles need none."""
    await rule(world, mapped(GROUP))
    _, where = await sign_in(world, account(groups=None))
    assert (where, await reason(world)) == ("too-many-groups", "groups-overage")
    await rule(world, mapped("Pic.Member"))
    assert (await sign_in(world, account(groups=None, roles=frozenset({"Pic.Member"}))))[1] == WORK


async def test_who_left_does_not_come_back_by_a_group(world: World) -> None:
    """Only by another invitation, and then as somebody new."""
    await rule(world, mapped(GROUP))
    browser, _ = await sign_in(world, account(groups=frozenset({GROUP})))
    (member,) = await world.container.staffing.list(world.organisation)
    await world.container.staffing.leave(world.organisation, member.staff, successor=None, by="system")
    await browser.json("GET", "/api/v1/session", 401)
    _, where = await sign_in(world, account(groups=frozenset({GROUP})))
    assert (where, await reason(world)) == ("no-account", "left")
    staff, token = await invited(world)
    browser = Browser(world.http)
    await leave(browser, invitation=token)
    assert await come_back(world, browser, account(groups=frozenset({GROUP}))) == WORK
    assert staff != member.staff


async def test_an_invitation_is_accepted_once(world: World) -> None:
    """By an account of the organisation's tenant; then that account signs in, and the link does nothing more."""
    _, token = await invited(world, role=Role.AUDITOR)
    browser = Browser(world.http)
    await leave(browser, invitation=token)
    assert await come_back(world, browser, account()) == WORK
    assert (await member_of(browser))["role"] == "auditor"
    assert (await sign_in(world, account()))[1] == WORK
    problem_of(
        await Browser(world.http).call("POST", "/api/v1/staff/entra/start", json={"invitation": token}),
        404,
        "not-found",
    )
    body = {"token": token, "password": "ordmoln-paraply-kvist-91"}
    problem_of(await Browser(world.http).call("POST", "/api/v1/staff/activation", json=body), 404, "not-found")


async def test_two_who_accept_the_same_invitation_are_one(world: World) -> None:
    """Both left before it was used: the second has an account, and is nobody."""
    _, token = await invited(world)
    one, other = Browser(world.http), Browser(world.http)
    await leave(one, invitation=token)
    ones = world.container.memory_entra.departures[-1]
    await leave(other, invitation=token)
    assert await come_back(world, other, account()) == WORK
    world.container.memory_entra.departures.append(ones)
    assert await come_back(world, one, account(OTHER_OBJECT)) == "failed"
    assert await reason(world) == "invitation"
    assert (await sign_in(world, account(OTHER_OBJECT)))[1] == "no-account"


async def test_an_account_is_one_member(world: World) -> None:
    """Who works here accepts nobody else's invitation; and the link still works for whom it is."""
    _, first = await invited(world)
    browser = Browser(world.http)
    await leave(browser, invitation=first)
    await come_back(world, browser, account())
    staff, second = await invited(world, "cecilia@example.com")
    await leave(browser, invitation=second)
    assert await come_back(world, browser, account()) == "no-account"
    assert await reason(world) == "taken"
    await world.container.credentials.open(LinkToken.of(second))
    assert LinkToken.of(second).staff == staff


async def test_a_link_for_a_forgotten_password_invites_nobody(world: World) -> None:
    """It was mailed to whoever asked for it in somebody's name."""
    await world.member(ANNA)
    answer = await Browser(world.http).call("POST", "/api/v1/staff/password-reset", json={"mail_address": ANNA})
    assert answer.status_code == 202
    await world.container.run_queues()
    token = world.container.mailer.sent[-1].text.partition("#/choose-password/")[2].split()[0]
    problem_of(
        await Browser(world.http).call("POST", "/api/v1/staff/entra/start", json={"invitation": token}),
        404,
        "not-found",
    )


async def test_the_address_of_another_account_opens_nothing(world: World) -> None:
    """An account is never found by what the tenant says of its mail: the name is all that is taken over."""
    await world.member(ANNA, role=Role.ADMIN)
    await rule(world, mapped(GROUP))
    browser, where = await sign_in(world, account(name=ANNA, groups=frozenset({GROUP})))
    assert (where, (await member_of(browser))["role"]) == (WORK, "member")
    assert len(await world.container.staffing.list(world.organisation)) == 2


async def test_a_foreign_tenant_is_refused(world: World) -> None:
    """Whatever it says of its people: the log of the platform has it, because nobody knows whose it is."""
    await rule(world, mapped(GROUP))
    _, where = await sign_in(world, account(tenant=OTHER_TENANT, groups=frozenset({GROUP})))
    assert (where, await reason(world, OrganisationId("platform"))) == ("no-account", "foreign-tenant")


async def test_the_same_object_of_another_tenant_is_somebody_else(world: World) -> None:
    """Both tenants are the organisation's."""
    await give_tenant(world, tenant=OTHER_TENANT)
    await rule(world, mapped(GROUP))
    for tenant in (TENANT, OTHER_TENANT):
        await sign_in(world, account(tenant=tenant, groups=frozenset({GROUP})))
    assert len(await world.container.staffing.list(world.organisation)) == 2


async def test_a_tenant_is_one_organisations(world: World) -> None:
    """And when it moves, nobody of the old one is anybody in the new one, nor the other way."""
    other = await world.container.administering.create_organisation("Grannkommunen")
    with pytest.raises(ConflictError):
        await world.container.entra_tenants.give(other, TENANT)
    for wrong in ("x", OTHER_TENANT.upper(), CONSUMERS, ""):
        with pytest.raises(InvalidInputError):
            await world.container.entra_tenants.give(other, wrong)
    await rule(world, mapped(GROUP))
    browser, _ = await sign_in(world, account(groups=frozenset({GROUP})))
    await world.container.entra_tenants.take_back(world.organisation, TENANT)
    await browser.json("GET", "/api/v1/session", 401)
    await give_tenant(world, other)
    assert (await sign_in(world, account(groups=frozenset({GROUP}))))[1] == "no-account"
    assert await reason(world, other) == "no-account"


@pytest.mark.parametrize("change", [{"sign_in": frozenset({StaffSignIn.PASSWORD})}, {"entra": EntraRules()}])
async def test_access_ends_with_the_next_request(world: World, change: dict[str, Any]) -> None:
    """When the tenant is taken out or Entra ID does not count any more; who has a password stays."""
    await rule(world, mapped(GROUP))
    browser, _ = await sign_in(world, account(groups=frozenset({GROUP})))
    anna = await world.staff()
    await world.decide(**change)
    await browser.json("GET", "/api/v1/session", 401)
    await anna.json("GET", "/api/v1/session")
    assert (await sign_in(world, account(groups=frozenset({GROUP}))))[1] == "no-account"


async def test_where_only_entra_counts_a_password_is_wrong(world: World) -> None:
    """Right or not, forgotten or invited: the answer is the one to a wrong password, or to a link that is none."""
    await world.member(ANNA)
    _, token = await invited(world)
    sent = len(world.container.mailer.sent)
    await world.decide(sign_in=frozenset({StaffSignIn.ENTRA}))
    for password in (PASSWORD, "wrong"):
        body = {"mail_address": ANNA, "password": password}
        problem_of(await Browser(world.http).call("POST", "/api/v1/staff/sign-in", json=body), 401, "wrong-credentials")
    await Browser(world.http).call("POST", "/api/v1/staff/password-reset", json={"mail_address": ANNA})
    await world.container.run_queues()
    assert len(world.container.mailer.sent) == sent
    body = {"token": token, "password": "ordmoln-paraply-kvist-91"}
    problem_of(await Browser(world.http).call("POST", "/api/v1/staff/activation", json=body), 404, "not-found")
    browser = Browser(world.http)
    await leave(browser, invitation=token)
    assert await come_back(world, browser, account()) == WORK


@pytest.mark.parametrize(
    ("policy", "methods", "unfinished"),
    [
        (SecondFactor.OPTIONAL, frozenset({"pwd"}), False),
        (SecondFactor.REQUIRED, frozenset({"pwd"}), True),
        (SecondFactor.REQUIRED, MFA, False),
        (SecondFactor.REQUIRED, frozenset({"rsa", "MFA", "ngcmfa"}), True),
        (SecondFactor.PASSKEY_ONLY, MFA, True),
    ],
)
async def test_what_the_tenant_says_of_factors_counts_as_far_as_it_goes(
    world: World, policy: SecondFactor, methods: frozenset[str], *, unfinished: bool
) -> None:
    """``mfa`` is a second factor, and no passkey; without it the member sets up one of ours, and does nothing else."""
    await rule(world, mapped(GROUP))
    await world.decide(second_factor=policy)
    browser, where = await sign_in(world, account(groups=frozenset({GROUP}), methods=methods))
    assert (where, (await member_of(browser))["unfinished"]) == (WORK, unfinished)
    assert (await browser.call("GET", "/api/v1/sessions")).status_code == (403 if unfinished else 200)


async def test_an_authentication_context_counts_where_it_is_named(world: World) -> None:
    """And no other."""
    await rule(world, mapped(GROUP), context="c1")
    await world.decide(second_factor=SecondFactor.REQUIRED)
    for contexts, unfinished in ((frozenset({"c2"}), True), (frozenset({"c1", "c2"}), False)):
        browser, _ = await sign_in(world, account(groups=frozenset({GROUP}), contexts=contexts))
        assert (await member_of(browser))["unfinished"] is unfinished


async def test_a_sign_in_of_long_ago_is_no_fresh_proof(world: World) -> None:
    """Whoever has signed in to the computer in the morning proves it again before what changes who may do what."""
    await world.member(ANNA, role=Role.ADMIN)
    await rule(world, mapped(ADMINS, Role.ADMIN))
    now = world.container.clock.now
    settings = "/api/v1/organisation/settings"
    for told, status in ((None, 403), (now - FRESH_FOR, 403), (now + timedelta(days=1), 200), (now, 200)):
        identity = account(groups=frozenset({ADMINS}), authenticated_at=told)
        browser, _ = await sign_in(world, identity)
        answer = await browser.call("PATCH", settings, json={"notice_style": "named"})
        assert answer.status_code == status, told


async def test_stepping_up_goes_there_again(world: World) -> None:
    """The tenant asks anew, the session goes on under another token, and the old one is over."""
    await rule(world, mapped(ADMINS, Role.ADMIN))
    identity = account(groups=frozenset({ADMINS}))
    browser, _ = await sign_in(world, identity)
    assert await browser.json("GET", "/api/v1/staff/step-up") == {"offers": ["entra"]}
    body = {"password": PASSWORD}
    problem_of(await browser.call("POST", "/api/v1/staff/step-up/password", json=body), 422, "factor-refused")
    before = Browser(world.http, cookies=dict(browser.cookies))
    url = (await browser.json("POST", "/api/v1/staff/entra/proof"))["authorization_url"]
    assert url.endswith("max_age=0")
    assert await come_back(world, browser, identity) == WORK
    await before.json("GET", "/api/v1/session", 401)
    browser.csrf = (await member_of(browser))["csrf_token"]
    await browser.json("PATCH", "/api/v1/organisation/settings", json={"notice_style": "named"})


async def test_stepping_up_as_somebody_else_is_refused(world: World) -> None:
    """Another account of the tenant, or another session in the browser: nothing is proved."""
    await rule(world, mapped(GROUP))
    browser, _ = await sign_in(world, account(groups=frozenset({GROUP})))
    await sign_in(world, account(OTHER_OBJECT, groups=frozenset({GROUP})))
    await leave(browser, "proof")
    assert await come_back(world, browser, account(OTHER_OBJECT, groups=frozenset({GROUP}))) == "failed"
    assert await reason(world) == "other-member"
    await leave(browser, "proof")
    browser.cookies["__Host-session"] = (await world.staff()).cookies["__Host-session"]
    assert await come_back(world, browser, account(groups=frozenset({GROUP}))) == "other-browser"


async def test_who_has_a_password_connects_an_account(world: World) -> None:
    """Fresh and signed in; from then on it is a way in, with the role that an admin gave."""
    browser = await world.staff(address=ANNA, role=Role.AUDITOR)
    await leave(browser, "connection")
    assert await come_back(world, browser, account()) == WORK
    again, where = await sign_in(world, account())
    assert (where, (await member_of(again))["role"]) == (WORK, "auditor")
    other = await world.staff()
    await leave(other, "connection")
    assert await come_back(world, other, account()) == "no-account"
    assert await reason(world) == "taken"


async def test_an_account_of_another_organisations_tenant_is_not_connected(world: World) -> None:
    """Nor an invitation accepted by it."""
    other = await world.container.administering.create_organisation("Grannkommunen")
    await give_tenant(world, other, OTHER_TENANT)
    browser = await world.staff()
    await leave(browser, "connection")
    assert await come_back(world, browser, account(tenant=OTHER_TENANT)) == "no-account"
    _, token = await invited(world)
    await leave(browser, invitation=token)
    assert await come_back(world, browser, account(tenant=OTHER_TENANT)) == "no-account"
    assert await reason(world, other) == "other-organisation"
    await world.container.credentials.open(LinkToken.of(token))


async def test_another_browser_gets_nothing(world: World) -> None:
    """Neither one without a cookie nor one with a departure of its own; and what was there is used up."""
    await rule(world, mapped(GROUP))
    identity = account(groups=frozenset({GROUP}))
    for cookies in ({}, {"__Host-oidc": "A" * 43}):
        browser, stranger = Browser(world.http), Browser(world.http, cookies=dict(cookies))
        await leave(browser)
        assert await come_back(world, stranger, identity) == "other-browser"
        assert "__Host-session" not in stranger.cookies
        assert await come_back(world, browser, identity) == "failed"


async def test_a_session_is_never_kept_across_a_sign_in(world: World) -> None:
    """A token that somebody planted in the browser, or learnt before, is worth nothing afterwards."""
    await rule(world, mapped(GROUP))
    victim = await world.staff()
    planted = dict(victim.cookies)
    browser, _ = await sign_in(world, account(groups=frozenset({GROUP})), Browser(world.http, cookies=dict(planted)))
    assert browser.cookies["__Host-session"] != planted["__Host-session"]
    await victim.json("GET", "/api/v1/session", 401)


async def test_a_persons_way_back_is_none_of_staff(world: World) -> None:
    """Mix-up: the cookie and state of a departure to a broker at the address of Entra ID, and the other way round."""
    await rule(world, mapped(GROUP))
    browser = Browser(world.http)
    await browser.json("POST", "/api/v1/oidc/memory/start")
    state = world.container.broker.departures[-1].state
    world.container.memory_entra.outcomes["code"] = account(groups=frozenset({GROUP}))
    answer = await browser.call("GET", CALLBACK, params={"state": state, "code": "code"})
    assert answer.headers["location"].endswith("/failed/failed")
    await leave(browser)
    state = world.container.memory_entra.departures[-1].state
    answer = await browser.call("GET", "/api/v1/oidc/memory/callback", params={"state": state, "code": "code"})
    assert answer.headers["location"].endswith("/failed/failed")
    assert "__Host-session" not in browser.cookies


@pytest.mark.parametrize(
    "query",
    [
        {"state": "https://evil.example"},
        {"redirect_uri": "https://evil.example", "next": "//evil.example"},
        {"error": "https://evil.example"},
        {"iss": "https://evil.example"},
    ],
    ids=str,
)
async def test_nothing_of_the_address_says_where_one_goes(world: World, query: dict[str, str]) -> None:
    """Open redirects: every address afterwards is one of ours."""
    await rule(world, mapped(GROUP))
    browser = Browser(world.http)
    await leave(browser)
    where = await come_back(world, browser, account(groups=frozenset({GROUP})), **query)
    assert "evil" not in where


async def test_where_it_is_off_there_is_nothing() -> None:
    """No address to go to, and no setting that would count."""
    async with worlds.world(PIC_ENTRA_CLIENT_ID="", PIC_ENTRA_CLOUD="") as world:
        problem_of(await Browser(world.http).call("POST", "/api/v1/staff/entra/start", json={}), 404, "not-found")
        admin = await world.staff(role=Role.ADMIN)
        answer = await admin.call("PATCH", "/api/v1/organisation/settings", json={"sign_in": ["password", "entra"]})
        assert problem_of(answer, 422, "invalid-input")["rule"] == "sign-in"


async def test_admins_decide_all_but_whose_a_tenant_is(world: World) -> None:
    """They name groups and take tenants out; to put one in would take in another organisation's staff."""
    admin = await world.staff(role=Role.ADMIN)
    mapping = {"claim": "group", "value": GROUP, "role": "admin", "units": [world.unit]}
    entra = {"tenants": [TENANT], "lets_in": True, "context": "c1", "mappings": [mapping]}
    path = "/api/v1/organisation/settings"
    assert (await admin.json("PATCH", path, json={"entra": entra}))["entra"] == entra
    wrongs: list[tuple[dict[str, Any], str]] = [
        ({"tenants": [TENANT, OTHER_TENANT]}, "entra-tenants"),
        ({"mappings": []}, "entra-lets-in"),
        ({"mappings": [mapping, mapping]}, "entra-mappings"),
        ({"mappings": [{**mapping, "value": "Everyone"}]}, "entra-mappings"),
        ({"context": "c0"}, "entra-context"),
    ]
    for wrong, word in wrongs:
        answer = await admin.call("PATCH", path, json={"entra": {**entra, **wrong}})
        assert problem_of(answer, 422, "invalid-input")["rule"] == word
    made_up = {"entra": {**entra, "mappings": [{**mapping, "role": "operator"}]}}
    problem_of(await admin.call("PATCH", path, json=made_up), 422, "invalid-request")
    assert (await admin.json("GET", path))["entra"] == entra
    left = await admin.json("PATCH", path, json={"entra": {**entra, "tenants": []}})
    assert left["entra"]["tenants"] == []
