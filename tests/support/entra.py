"""Entra ID in memory, as tests of staff's sign-in use it: a tenant, its accounts, and a browser that goes there."""

from dataclasses import replace
from typing import Any

from shared.domain.entra import EntraIdentity
from shared.domain.entra_rules import EntraRules, Mapping
from shared.domain.ids import OrganisationId
from shared.domain.organisation_settings import StaffSignIn
from shared.domain.principals import Role
from tests.support.world import Browser, World

TENANT = "11111111-2222-4333-8444-555555555555"
OTHER_TENANT = "66666666-7777-4888-8999-aaaaaaaaaaaa"
OBJECT = "0b1ec700-0000-4000-8000-000000000001"
OTHER_OBJECT = "0b1ec700-0000-4000-8000-000000000002"
GROUP = "9209bba0-0000-4000-8000-000000000001"
ADMINS = "9209bba0-0000-4000-8000-000000000002"
BOTH = frozenset(StaffSignIn)
CALLBACK = "/api/v1/staff/entra/callback"
WORK = "/portal#/units"
SECOND_STEP = "/portal#/sign-in/second-step/"
FAILED = "/portal#/sign-in/failed/"


def account(object_id: str = OBJECT, **changes: Any) -> EntraIdentity:
    """Somebody whom the tenant states: no group, no role, and no second factor unless told."""
    stated: dict[str, Any] = {
        "tenant": TENANT,
        "name": "Bo Exempel",
        "methods": frozenset({"pwd"}),
        "contexts": frozenset(),
        "groups": frozenset(),
        "roles": frozenset(),
        "authenticated_at": None,
        **changes,
    }
    return EntraIdentity(object_id=object_id, **stated)


def mapped(value: str, role: Role = Role.MEMBER, *units: Any) -> Mapping:
    """A group that gives this role, or an app role where ``value`` is no group's id."""
    return Mapping(value=value, is_group=value in {GROUP, ADMINS}, role=role, units=frozenset(units))


async def give_tenant(world: World, organisation: OrganisationId | None = None, tenant: str = TENANT) -> None:
    """As an operator does, and an admin who lets both ways in count."""
    organisation = organisation or world.organisation
    await world.container.entra_tenants.give(organisation, tenant)
    await world.container.organisation_settings.change(
        organisation, lambda found: replace(found, sign_in=BOTH), by="system"
    )


async def rule(world: World, *mappings: Mapping, **changes: Any) -> None:
    """Whom the organisation lets in, and as what."""

    def ruled(found: EntraRules) -> EntraRules:
        return replace(found, **{"mappings": mappings, "lets_in": bool(mappings), **changes})

    await world.container.organisation_settings.change(
        world.organisation, lambda found: replace(found, entra=ruled(found.entra)), by="system"
    )


async def leave(browser: Browser, path: str = "start", **body: Any) -> None:
    """Go there, by one of the ways that lead there."""
    sent = body if path == "start" else None
    await browser.json("POST", f"/api/v1/staff/entra/{path}", json=sent)


async def come_back(world: World, browser: Browser, identity: EntraIdentity, **query: str) -> str:
    """Back with a code for this account; gives the address that the browser is sent to, the word alone if it failed."""
    entra = world.container.memory_entra
    entra.outcomes["code"] = identity
    asked = {"code": "code", "state": entra.departures[-1].state, **query}
    answer = await browser.call("GET", CALLBACK, params=asked)
    assert answer.status_code == 303, answer.text
    location: str = answer.headers["location"]
    assert location.startswith((FAILED, SECOND_STEP)) or location == WORK
    world.container.clock.move(milliseconds=1)  # Events are in order by time.
    return location.removeprefix(FAILED)


async def sign_in(world: World, identity: EntraIdentity, browser: Browser | None = None) -> tuple[Browser, str]:
    """A browser that went there and back, and where it ended."""
    browser = browser or Browser(world.http)
    await leave(browser)
    where = await come_back(world, browser, identity)
    if where == WORK:
        browser.csrf = (await browser.json("GET", "/api/v1/session"))["csrf_token"]
    return browser, where
