"""The authorisation matrix: every route, every kind of principal, an object that is theirs or another's."""

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from functions.api import create_api
from functions.dependencies import Allowing, allowings_of
from tests.support.every_route import CALLS, Call, Scene, Who
from tests.support.memory_container import MemoryContainer
from tests.support.problems import anonymous, problem_of
from tests.support.world import Browser

COLUMNS = tuple(Who)

EVERYONE_200 = (200, 200, 200, 200, 200, 200, 200, 200)

#                  nobody staff colleague other-unit other-organisation auditor person other-person
MATRIX: dict[str, tuple[int, ...]] = {
    "health": EVERYONE_200,
    "health_ready": EVERYONE_200,
    "openapi": EVERYONE_200,
    "portal_home": EVERYONE_200,
    "portal": EVERYONE_200,
    "staff_sign_in": EVERYONE_200,
    "list_providers": EVERYONE_200,
    "bankid_start": (201, 201, 201, 201, 201, 201, 201, 201),
    "bankid_poll": (404, 404, 404, 404, 404, 404, 404, 404),  # no browser here has begun an order
    "bankid_qr": (404, 404, 404, 404, 404, 404, 404, 404),
    "bankid_callback": (403, 403, 403, 403, 403, 403, 403, 403),  # nor come back from one
    "bankid_cancel": (204, 204, 204, 204, 204, 204, 204, 204),
    "oidc_start": (200, 200, 200, 200, 200, 200, 200, 200),
    "oidc_callback": (303, 303, 303, 303, 303, 303, 303, 303),  # no browser here has left for a broker
    "read_session": (401, 200, 200, 200, 200, 200, 200, 200),
    "sign_out": (401, 204, 204, 204, 204, 204, 204, 204),
    "list_sessions": (401, 200, 200, 200, 200, 200, 200, 200),
    "end_session": (401, 204, 404, 404, 404, 404, 404, 404),
    "sign_out_everywhere": (401, 204, 204, 204, 204, 204, 204, 204),
    "list_units": (401, 200, 200, 200, 200, 200, 403, 403),
    "create_thread": (401, 201, 201, 404, 404, 404, 403, 403),
    "list_threads": (401, 200, 200, 404, 404, 404, 403, 403),
    "list_inbox": (401, 403, 403, 403, 403, 403, 200, 200),
    "read_thread": (401, 200, 200, 404, 404, 404, 200, 404),
    "create_message": (401, 201, 201, 404, 404, 404, 201, 404),
    "read_message": (401, 200, 200, 404, 404, 404, 200, 404),
    "delete_message": (401, 204, 204, 404, 404, 404, 204, 404),
    "send_message": (401, 202, 202, 404, 404, 404, 404, 404),
    "open_message": (401, 200, 200, 404, 404, 404, 200, 404),
    "download_file": (401, 200, 200, 404, 404, 404, 200, 404),
    "describe_file": (401, 200, 200, 404, 404, 404, 200, 404),
    "download_files": (401, 200, 200, 404, 404, 404, 200, 404),
    "delete_file": (401, 409, 409, 404, 404, 404, 404, 404),  # it was sent: of a draft, see test_uploads
    "upload_options": (204, 204, 204, 204, 204, 204, 204, 204),
    "create_upload": (401, 201, 201, 404, 404, 404, 404, 404),
    "upload_offset": (401, 200, 404, 404, 404, 404, 404, 404),  # an upload is its beginner's alone
    "append_upload": (401, 204, 404, 404, 404, 404, 404, 404),
    "cancel_upload": (401, 204, 404, 404, 404, 404, 404, 404),
}

PUBLIC = {
    *("health", "health_ready", "openapi", "portal_home", "portal", "upload_options"),
    *("staff_sign_in", "bankid_start", "bankid_poll", "bankid_qr", "bankid_cancel"),
    *("list_providers", "bankid_callback"),
    *("oidc_start", "oidc_callback"),
}


def routes() -> dict[str, Allowing]:
    """What each route of the application declares. Fails unless that is exactly one ``Allowing``."""
    found = {}
    for route in iter_route_contexts(create_api(MemoryContainer()).routes):
        assert route.name is not None
        (found[route.name],) = allowings_of(route)
    return found


def test_every_route_stands_in_the_matrix() -> None:
    """A new route fails here until somebody has thought of who may call it; so does an empty walk."""
    assert set(routes()) == set(MATRIX) == set(CALLS)


def test_only_these_routes_are_open_to_everyone() -> None:
    """No route is public because a declaration was forgotten or copied."""
    assert {name for name, allowing in routes().items() if not allowing.kinds} == PUBLIC


@pytest.mark.parametrize(
    ("route", "who", "status"),
    [(route, who, status) for route, row in MATRIX.items() for who, status in zip(COLUMNS, row, strict=True)],
    ids=lambda value: value.name.lower() if isinstance(value, Who) else str(value),
)
async def test_who_may_call_what(scene: Scene, route: str, who: Who, status: int) -> None:
    """Foreign is 404, the wrong kind of principal 403, nobody 401."""
    answer = await scene.call(route).by(await scene.browser(who))
    assert answer.status_code == status, answer.text
    kinds = {401: "not-signed-in", 403: "other-browser" if route in PUBLIC else "not-allowed", 404: "not-found"}
    if status in kinds and scene.call(route).method != "HEAD":
        problem_of(answer, status, kinds[status])


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


def with_other_ids(call: Call, scene: Scene) -> list[Call]:
    """The call with each of its ids in turn made unknown or malformed."""
    found = []
    knowns = (scene.thread, scene.delivered.rpartition("/")[2], scene.file, scene.upload.rpartition("/")[2])
    for known in (*knowns, scene.session):
        if known in call.path:
            found += [Call(call.method, call.path.replace(known, other), call.more) for other in (MISSING, *MALFORMED)]
    return found


@pytest.mark.parametrize("route", [name for name, row in MATRIX.items() if 404 in row and 401 in row])
async def test_unknown_malformed_and_foreign_ids_answer_alike(scene: Scene, route: str) -> None:
    """Not there, not an id, another unit's, another organisation's: no answer tells one from the other."""
    call = scene.call(route)
    row = dict(zip(COLUMNS, MATRIX[route], strict=True))
    answers = [await other.by(scene.staff) for other in with_other_ids(call, scene)]
    answers += [await call.by(await scene.browser(who)) for who in COLUMNS if row[who] == 404]
    assert {answer.status_code for answer in answers} == {404}
    assert len({frozenset(answer.headers) for answer in answers}) == 1
    if call.method != "HEAD":
        documents = [anonymous(problem_of(answer, 404, "not-found")) for answer in answers]
        assert all(document == documents[0] for document in documents)


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


SIGNED_IN = [name for name, row in MATRIX.items() if row[0] == 401]


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
