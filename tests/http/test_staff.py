"""Staff and units on the wire: what an admin may say of them, and what nobody may smuggle in."""

from typing import Any

import pytest

from tests.support.every_route import Scene, Who, everything_stored
from tests.support.problems import problem_of
from tests.support.world import Browser

STAFF = "/api/v1/organisation/staff"
UNITS = "/api/v1/organisation/units"
MISSING = "01k2m3n4p5q6r7s8t9v0w1x2y3"


def newcomer(**more: Any) -> dict[str, Any]:
    """Somebody to be invited."""
    return {"name": "Ny Exempel", "mail_address": "ny@example.com", **more}


@pytest.fixture
async def admin(scene: Scene) -> Browser:
    return await scene.browser(Who.ADMIN)


async def test_an_admin_invites_changes_and_lets_go(scene: Scene, admin: Browser) -> None:
    """A member's whole life here."""
    made = await admin.json("POST", STAFF, 201, json=newcomer())
    assert (made["role"], made["units"], made["state"], made["left_at"]) == ("member", [], "invited", None)
    one = f"{STAFF}/{made['staff']}"
    assert (await admin.call("POST", f"{one}/invitation")).status_code == 202
    changed = await admin.json("PATCH", one, json={"units": [scene.world.unit], "role": "auditor"})
    assert (changed["member"]["units"], changed["member"]["role"]) == ([scene.world.unit], "auditor")
    assert (changed["member"]["name"], changed["unserved"]) == ("Ny Exempel", [])
    gone = await admin.json("POST", f"{one}/leave", json={})
    assert (gone["member"]["state"], gone["member"]["mail_address"]) == ("left", None)
    shown = (await admin.json("GET", STAFF))["staff"]
    assert shown[-1] == gone["member"]


async def test_who_leaves_is_out_of_every_browser(scene: Scene, admin: Browser) -> None:
    """Whatever they had open."""
    colleague = await scene.world.signed_in("inloggning@example.com")
    assert (await scene.call("read_message").by(colleague)).status_code == 200
    await admin.json("POST", f"{STAFF}/{scene.colleague}/leave", json={})
    for route in ("read_message", "read_session", "list_units", "create_upload", "open_message", "send_message"):
        problem_of(await scene.call(route).by(colleague), 401, "not-signed-in")
    credentials = {"mail_address": "inloggning@example.com", "password": "correct horse battery staple"}
    problem_of(
        await Browser(scene.world.http).call("POST", "/api/v1/staff/sign-in", json=credentials),
        401,
        "wrong-credentials",
    )


async def test_the_last_admin_is_told_why_not(admin: Browser) -> None:
    """And stays."""
    (me,) = [each for each in (await admin.json("GET", STAFF))["staff"] if each["role"] == "admin"]
    problem_of(await admin.call("PATCH", f"{STAFF}/{me['staff']}", json={"role": "member"}), 409, "last-admin")
    problem_of(await admin.call("POST", f"{STAFF}/{me['staff']}/leave", json={}), 409, "last-admin")
    assert (await admin.json("GET", STAFF))["staff"]


SMUGGLED: tuple[dict[str, Any], ...] = (
    {"organisation": MISSING},
    {"staff": MISSING},
    {"state": "active"},
    {"password": "correct horse battery staple"},
    {"is_admin": True},
    {"roles": ["admin"]},
    {"Role": "admin"},
    {"created_at": "2020-01-01T00:00:00Z"},
    {"left_at": None},
    {"__proto__": {"role": "admin"}},
    {"methods": ["passkey"]},
    {"verified_at": "2030-01-01T00:00:00Z"},
    {"is_unfinished": False},
)


@pytest.mark.parametrize("extra", SMUGGLED, ids=str)
async def test_nothing_is_assigned_that_is_not_asked_for(scene: Scene, admin: Browser, extra: dict[str, Any]) -> None:
    """In any body of these routes: one unknown member, and nothing of it counts (mass assignment)."""
    before = everything_stored(scene)
    calls: tuple[tuple[str, str, dict[str, Any]], ...] = (
        ("POST", STAFF, newcomer()),
        ("PATCH", f"{STAFF}/{scene.colleague}", {"name": "Bo"}),
        ("POST", f"{STAFF}/{scene.colleague}/leave", {}),
        ("POST", UNITS, {"name": "Arkivet"}),
        ("PUT", f"{UNITS}/{scene.world.unit}", {"name": "Arkivet"}),
        ("PATCH", "/api/v1/organisation/settings", {}),
    )
    for method, path, body in calls:
        problem_of(await admin.call(method, path, json={**body, **extra}), 422, "invalid-request")
    assert everything_stored(scene) == before


@pytest.mark.parametrize("role", ["Admin", "ADMIN", "owner", "admin ", "", None, ["admin"], {"role": "admin"}, 1, True])
async def test_a_role_is_one_of_three_words(scene: Scene, admin: Browser, role: object) -> None:
    """Of the closed list and as it is written there."""
    before = everything_stored(scene)
    problem_of(await admin.call("POST", STAFF, json=newcomer(role=role)), 422, "invalid-request")
    problem_of(await admin.call("PATCH", f"{STAFF}/{scene.colleague}", json={"role": role}), 422, "invalid-request")
    assert everything_stored(scene) == before


@pytest.mark.parametrize("who", [Who.STAFF, Who.AUDITOR, Who.PERSON, Who.OTHER_ADMIN], ids=lambda who: who.name.lower())
async def test_nobody_makes_an_admin_of_themselves(scene: Scene, who: Who) -> None:
    """By none of these routes, whatever else they may do."""
    browser = await scene.browser(who)
    for path in (f"{STAFF}/{scene.colleague}", f"{STAFF}/{MISSING}"):
        answer = await browser.call("PATCH", path, json={"role": "admin"})
        assert answer.status_code == (404 if who is Who.OTHER_ADMIN else 403)
    roles = {member.role.value for member in await scene.world.container.staffing.list(scene.world.organisation)}
    assert "admin" not in roles


async def test_units_are_made_renamed_and_closed(scene: Scene, admin: Browser) -> None:
    """A closed one takes no new thread; what is in it is read and answered as before."""
    made = await admin.json("POST", UNITS, 201, json={"name": "Arkivet", "mail_address": "arkivet@example.com"})
    assert made == {"unit": made["unit"], "name": "Arkivet", "mail_address": "arkivet@example.com", "closed_at": None}
    one = f"{UNITS}/{scene.world.unit}"
    renamed = await admin.json("PUT", one, json={"name": "Receptionen"})
    assert (renamed["name"], renamed["mail_address"]) == ("Receptionen", None)
    shown = {each["name"]: each["members"] for each in (await admin.json("GET", UNITS))["units"]}
    assert shown == {"Arkivet": 0, "Receptionen": 2}
    closed = await admin.json("POST", f"{one}/close")
    assert closed["closed_at"] is not None
    assert (await admin.json("POST", f"{one}/close")) == closed
    problem_of(await scene.call("create_thread").by(scene.staff), 409, "conflict")
    for route, status in (("read_thread", 200), ("create_message", 201), ("list_threads", 200)):
        assert (await scene.call(route).by(scene.staff)).status_code == status


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\0", "\u202eb", "x" * 101, None, 5])
async def test_a_unit_has_a_name_of_one_visible_line(scene: Scene, admin: Browser, name: object) -> None:
    """Persons read it above what they are sent."""
    before = everything_stored(scene)
    for method, path in (("POST", UNITS), ("PUT", f"{UNITS}/{scene.world.unit}")):
        assert (await admin.call(method, path, json={"name": name})).status_code == 422
    assert everything_stored(scene) == before
