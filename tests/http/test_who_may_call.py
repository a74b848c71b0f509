"""The authorisation matrix: every route, every kind of principal, every state of the thing, their own or another's."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from functions.api import create_api
from functions.dependencies import Allowing, allowings_of
from shared.domain import places
from shared.domain.ids import StaffId
from shared.domain.organisation_settings import SecondFactor
from shared.domain.principals import Role
from shared.domain.sign_in_methods import FRESH_FOR
from tests.support import world as worlds
from tests.support.authorisation_table import COLUMNS, Row, read_table
from tests.support.every_route import CALLS, LOGIN, Call, Scene, Who, content_of
from tests.support.memory_container import MemoryContainer
from tests.support.object_states import STATES, kind_of
from tests.support.problems import anonymous, problem_of
from tests.support.world import Browser

TABLE = read_table()
NOBODY_REFUSED = {route for (route, _), row in TABLE.items() if row[Who.NOBODY] == 401}

PUBLIC = {
    *("health", "health_ready", "metrics", "openapi", "portal_home", "portal", "upload_options"),
    *("staff_sign_in", "bankid_start", "bankid_poll", "bankid_qr", "bankid_cancel"),
    *("list_providers", "bankid_callback", "request_password", "choose_password"),
    *("oidc_start", "oidc_callback", "entra_start", "entra_callback", "list_sub_processors"),
    *("issue_token", "revoke_token", "token_server"),
    *("staff_sign_in_code", "staff_sign_in_recovery", "staff_sign_in_enrolment"),
    *("staff_passkey_options", "staff_sign_in_passkey"),
}
"""Open to everyone, signed in or not."""

FRESH = {
    *("accept_agreement", "change_settings", "invite_staff", "change_staff", "invite_staff_again", "end_staff"),
    *("begin_app", "confirm_app", "begin_passkey", "add_passkey", "renew_recovery_codes", "remove_factor"),
    *("reset_factors", "create_client", "change_client", "add_client_secret", "add_client_key"),
    *("end_client_credential", "revoke_client", "entra_connect"),
}
"""Only minutes after a proof of who one is."""

UNFINISHED = {
    *("read_session", "sign_out", "list_factors", "begin_app", "confirm_app", "begin_passkey", "add_passkey"),
    *("read_step_up", "step_up_code", "step_up_password", "step_up_passkey_options", "step_up_passkey"),
    "entra_prove",
}
"""Also while a second factor still has to be set up."""


@cache
def routes() -> dict[str, tuple[Allowing, set[str]]]:
    """What each route declares, and its path parameters. Fails unless it declares exactly one ``Allowing``."""
    found = {}
    for route in iter_route_contexts(create_api(MemoryContainer()).routes):
        assert route.name is not None
        (allowing,) = allowings_of(route)
        found[route.name] = (allowing, set(route.param_convertors))
    return found


def test_every_route_and_state_stands_in_the_table() -> None:
    """A new route fails here until somebody has thought of who may call it; so does an empty walk."""
    wanted = {
        (name, state) for name, (_, parameters) in routes().items() for state in STATES[kind_of(name, parameters)]
    }
    assert len(wanted) > 80
    assert set(TABLE) == wanted
    assert {name for name, _ in wanted} == set(CALLS)


def test_the_lists_are_those_of_the_routes() -> None:
    """No route is public, needs no fresh proof or is open to the unfinished because a word was forgotten or copied."""
    declared = {name: allowing for name, (allowing, _) in routes().items()}
    assert {name for name, allowing in declared.items() if not allowing.kinds} == PUBLIC
    assert {name for name, allowing in declared.items() if allowing.fresh} == FRESH
    assert {name for name, allowing in declared.items() if allowing.unfinished} == UNFINISHED
    assert {route for route, _ in TABLE} - NOBODY_REFUSED == PUBLIC


def kinds_of(route: str) -> dict[int, str]:
    """The problem behind each status."""
    return {401: "not-signed-in", 403: "other-browser" if route in PUBLIC else "not-allowed", 404: "not-found"}


@pytest.mark.parametrize(("route", "state"), TABLE)
async def test_who_may_call_what(route: str, state: str) -> None:
    """Foreign is 404, the wrong kind of principal 403, nobody 401: on a fresh application for whoever may."""
    row = TABLE[route, state]
    refused = [who for who, status in row.items() if status >= 400]
    allowed = [who for who in row if who not in refused]
    for group in (refused, *([who] for who in allowed)):
        async with prepared(route, state) as scene:
            before = content_of(scene) if group == refused else None
            for who in group:
                browser = await scene.browser(who)
                answer = await scene.call(route).by(browser)
                assert answer.status_code == row[who], (who, answer.text)
                if row[who] in kinds_of(route) and scene.call(route).method != "HEAD":
                    problem_of(answer, row[who], kinds_of(route)[row[who]])
            assert before is None or content_of(scene) == before


@asynccontextmanager
async def prepared(route: str, state: str) -> AsyncIterator[Scene]:
    """A scene whose thing is in that state."""
    kind = kind_of(route, routes()[route][1])
    async with worlds.world() as world:
        scene = await Scene.of(world)
        await STATES[kind][state](scene)
        yield scene


MISSING = "01k2m3n4p5q6r7s8t9v0w1x2y3"
MALFORMED = (
    "x",
    "0",
    MISSING.upper(),
    MISSING + "0",
    "%00",
    "%0a",
    "..%5c..",
    "a|b",
    "å",
    "'",
    "{thread}",
    "%F0%9F%92%A9",
)


def about_things() -> list[str]:
    """The routes that tell whoever has no business there that there is nothing."""
    return [
        route
        for route in dict.fromkeys(route for route, _ in TABLE if route not in PUBLIC)
        if 404 in first_row(route).values()
    ]


def first_row(route: str) -> Row:
    """The row of the state in which there is most to see."""
    return next(row for (name, _), row in TABLE.items() if name == route)


@pytest.mark.parametrize("route", about_things())
async def test_unknown_malformed_and_foreign_ids_answer_alike(scene: Scene, route: str) -> None:
    """Not there, not an id, another unit's, another organisation's: no answer tells one from the other."""
    call, row = scene.call(route), first_row(route)
    in_path = [known for known in scene.ids().values() if known in call.path.partition("?")[0]]
    asker = await scene.browser(next(who for who in COLUMNS if row[who] not in {401, 403, 404}))
    answers = [
        await call.naming(other, instead_of=known).by(asker) for known in in_path for other in (MISSING, *MALFORMED)
    ]
    answers += [await call.by(await scene.browser(who)) for who in COLUMNS if row[who] == 404]
    assert {answer.status_code for answer in answers} == {404}
    assert len({frozenset(answer.headers) for answer in answers}) == 1
    if call.method != "HEAD":
        documents = [anonymous(problem_of(answer, 404, "not-found")) for answer in answers]
        assert all(document == documents[0] for document in documents)


def named_in(call: Call, ids: dict[str, str]) -> list[str]:
    """What the request names, wherever: in its path, its query, its body or its metadata."""
    return [kind for kind, known in ids.items() if call.naming(MISSING, instead_of=known) != call]


async def test_every_place_for_an_id_is_known(scene: Scene) -> None:
    """Else the test below would leave one out: whatever the description calls a parameter or a member that is an id."""
    ids = scene.ids()
    named = {name: named_in(scene.call(name), ids) for name in CALLS}
    for name, (_, parameters) in routes().items():
        wanted = len(parameters - {"path", "provider"})
        assert len(named[name]) >= wanted, name
    for name in ("create_thread", "list_threads", "create_upload"):
        assert named[name], name


@pytest.mark.parametrize("who", [Who.STAFF, Who.ADMIN, Who.PERSON, Who.CLIENT], ids=lambda who: who.name.lower())
async def test_an_id_of_another_organisation_is_no_id_anywhere(scene: Scene, who: Who) -> None:
    """In every place of every route: the answer is that to an id of nothing, and nothing of the other one changes."""
    foreign = await scene.foreign()
    ids, others = scene.ids(), foreign.ids()
    browser, tried = await scene.browser(who), 0
    before = content_of(scene)
    for route in CALLS:
        call = scene.call(route)
        for kind in named_in(call, ids):
            unknown = await call.naming(MISSING, instead_of=ids[kind]).by(browser)
            answer = await call.naming(others[kind], instead_of=ids[kind]).by(browser)
            assert (answer.status_code, frozenset(answer.headers)) == (unknown.status_code, frozenset(unknown.headers))
            if answer.status_code >= 400 and call.method != "HEAD":
                assert anonymous(answer.json()) == anonymous(unknown.json()), (route, kind)
            assert (
                answer.status_code in {204, 403, 404}
                if route == "upload_options"
                else answer.status_code in {403, 404, 422}
            )
            tried += 1
    assert tried > 25
    assert content_of(scene) == before


async def test_ids_of_another_thread_do_not_open_this_one(scene: Scene) -> None:
    """A message is found in its own thread only, and a file in its own message."""
    other = await scene.world.thread(scene.staff)
    elsewhere = await scene.world.draft(scene.staff, other)
    for path in (
        scene.delivered.replace(scene.thread, other),
        f"{elsewhere}/files/{scene.file}",
        f"{scene.draft}/files/{scene.file}",
    ):
        answer = await scene.staff.call("GET", path)
        problem_of(answer, 404, "not-found")


SIGNED_IN = sorted(NOBODY_REFUSED)


async def refused(scene: Scene, route: str, browser: Browser) -> httpx.Response:
    answer = await scene.call(route).by(browser)
    assert answer.status_code == 401
    if scene.call(route).method != "HEAD":
        problem_of(answer, 401, "not-signed-in")
    return answer


@pytest.mark.parametrize("route", SIGNED_IN)
async def test_a_session_that_has_ended_opens_nothing(scene: Scene, route: str) -> None:
    """Idle for half an hour, or signed out, or never raised: the cookie is worth nothing."""
    kept = Browser(scene.world.http, scene.staff.csrf, dict(scene.staff.cookies))
    await refused(scene, route, Browser(scene.world.http, scene.staff.csrf, {"__Host-session": "A" * 43}))
    await scene.call("sign_out").by(scene.staff)
    await refused(scene, route, kept)
    idle = await scene.world.staff()
    scene.world.container.clock.move(minutes=30)
    await refused(scene, route, idle)


async def test_a_session_ends_after_eight_hours_of_work(scene: Scene) -> None:
    """Whoever stays active is asked to sign in again in the end."""
    for _ in range(23):
        scene.world.container.clock.move(minutes=20)
        assert (await scene.call("read_session").by(scene.staff)).status_code == 200
    scene.world.container.clock.move(minutes=20)
    await refused(scene, "read_session", scene.staff)


async def test_whoever_left_is_nobody(scene: Scene) -> None:
    """Every route answers them as it does to somebody who never signed in, from the moment that they left."""
    gone = await scene.world.signed_in(LOGIN)
    assert (await scene.call("read_message").by(gone)).status_code == 200
    staffing = scene.world.container.staffing
    await staffing.leave(scene.world.organisation, StaffId(scene.colleague), successor=None, by="system")
    for route in SIGNED_IN:
        await refused(scene, route, gone)


@pytest.mark.parametrize("route", SIGNED_IN)
async def test_a_proof_of_long_ago_opens_what_asks_for_none(scene: Scene, route: str) -> None:
    """An admin whose session is alive and no longer fresh: as ever, but for the routes of the list."""
    admin = await scene.world.staff(role=Role.ADMIN)  # Who serves the unit: nobody may do more.
    scene.world.container.clock.now += FRESH_FOR
    answer = await scene.call(route).by(admin)
    if route in FRESH:
        problem_of(answer, 403, "step-up-required")
    else:
        assert answer.status_code != 403 or route in ONLY_PERSONS


ONLY_PERSONS = {"list_inbox"}


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER])
async def test_without_a_second_factor_nothing_opens_but_setting_one_up(scene: Scene, role: Role) -> None:
    """A session that has to set one up first is let through by the routes of the list, and by no other."""
    browser = await scene.world.staff(role=role)
    await scene.world.decide(second_factor=SecondFactor.REQUIRED)
    for route in SIGNED_IN:
        answer = await scene.call(route).by(browser)
        if route in UNFINISHED:
            assert answer.status_code not in {401, 403}, route
            browser = await scene.world.staff(role=role)
            continue
        assert answer.status_code == 403, route
        if scene.call(route).method != "HEAD":
            kind = answer.json()["type"].rpartition(":")[2]
            assert kind == "second-factor-required" or (kind == "not-allowed" and first_row(route)[WHO[role]] == 403)


WHO = {Role.ADMIN: Who.ADMIN, Role.MEMBER: Who.STAFF}


async def test_a_unit_of_another_organisation_in_ones_record_opens_nothing(scene: Scene) -> None:
    """Whatever put another unit_id there: the organisation counts besides, and comes from the record's own place."""
    foreign = await scene.foreign()
    place = places.staff(foreign.world.organisation, StaffId(foreign.colleague))
    records = scene.world.container.records
    record = await records.get(place.partition, place.id)
    await records.replace_if_match(record, {**record.body, "units": [scene.world.unit]})
    intruder = await scene.world.signed_in("foreign.login@example.com")
    for route in ("read_thread", "create_message", "read_message", "open_message", "download_file", "delete_message"):
        problem_of(await scene.call(route).by(intruder), 404, "not-found")
    problem_of(await scene.call("create_thread").by(intruder), 404, "not-found")
    assert (await scene.call("list_threads").by(intruder)).json()["threads"] == []
