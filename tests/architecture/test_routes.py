"""What holds for every route, whatever it does."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.routing import Match, Route

from functions.api import create_api
from functions.listing import PARAMETER
from functions.models import Strict
from functions.route_table import ROUTES
from functions.routing import Api, Routing
from local import route_table
from tests.support.memory_container import MemoryContainer

API = create_api(MemoryContainer())
FUNCTIONS = Path(__file__).resolve().parents[2] / "functions"


def routes() -> list[RouteContext]:
    found = list(iter_route_contexts(create_api(MemoryContainer()).routes))
    assert len(found) > 25
    return found


def calls_of(dependant: Any) -> Iterator[Any]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls_of(inner)


def test_nothing_on_the_way_of_a_request_waits_in_a_thread() -> None:
    """FastAPI sends plain functions through its thread pool: a hop for each request, and forty at once for all."""
    plain = {
        f"{route.name}: {getattr(call, '__name__', call)}"
        for route in routes()
        for call in calls_of(route.dependant)
        if not inspect.iscoroutinefunction(call) and not inspect.iscoroutinefunction(getattr(call, "__call__", None))  # noqa: B004
    }
    assert plain == set()


SEGMENTS = (
    "api",
    "v1",
    "threads",
    "files",
    "uploads",
    "portal",
    "",
    "x",
    "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
    "files.zip",
)


def framework_says(api: Api, scope: dict[str, Any]) -> str | None:
    return next(
        (
            route.name
            for route in api.routes
            if isinstance(route, Route) and route.matches(dict(scope))[0] is Match.FULL
        ),
        None,
    )


def scope_of(method: str, path: str) -> dict[str, Any]:
    return {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}


def test_every_route_goes_where_the_framework_would_send_it() -> None:
    """The short way to a route must not prefer another one than the first that matches."""
    api = create_api(MemoryContainer())
    routing = Routing(api)
    for entry in ROUTES:
        for path in (
            entry.path,
            PARAMETER.sub("portal", entry.path),
            PARAMETER.sub("a/b", entry.path),
            f"{entry.path}/",
        ):
            for method in ("GET", "POST", "DELETE", *entry.methods):
                scope = scope_of(method, path)
                assert routing.name_of(dict(scope)) == framework_says(api, scope), (method, path)
    assert {routing.name_of(scope_of(entry.methods[0], entry.path)) for entry in ROUTES} == {
        entry.name for entry in ROUTES
    }


@given(method=st.sampled_from(["GET", "HEAD", "POST"]), segments=st.lists(st.sampled_from(SEGMENTS), max_size=9))
def test_any_path_goes_where_the_framework_would_send_it(method: str, segments: list[str]) -> None:
    """Also one that matches nothing."""
    scope = scope_of(method, "/" + "/".join(segments))
    assert Routing(API).name_of(dict(scope)) == framework_says(API, scope)


def test_the_table_is_what_the_routers_say() -> None:
    """`make openapi` writes it anew. A module that it does not name would answer nothing."""
    assert route_table.FILE.read_text(encoding="utf-8") == route_table.written(route_table.found())
    assert [entry.name for entry in ROUTES] == [route.name for route in routes()]
    with_router = {
        path.stem for path in FUNCTIONS.glob("*.py") if "\nrouter = APIRouter(" in path.read_text(encoding="utf-8")
    }
    assert with_router == set(route_table.MODULES)


def test_every_body_is_strict() -> None:
    """Unknown fields and wrong types are refused at every depth: what is not documented does not get in."""
    bodies = [field.field_info.annotation for route in routes() for field in route.dependant.body_params]
    assert bodies
    waiting, seen = list(bodies), set()
    while waiting:
        model = waiting.pop()
        if model in seen or not (inspect.isclass(model) and issubclass(model, BaseModel)):
            continue
        seen.add(model)
        assert issubclass(model, Strict), model
        for field in model.model_fields.values():
            waiting += [field.annotation, *getattr(field.annotation, "__args__", ())]
    assert len(seen) >= 4


def queries_of(dependant: Dependant) -> set[str]:
    """What is read of the query, also by what a route depends on."""
    own = {field.alias for field in dependant.query_params}
    return own.union(*(queries_of(each) for each in dependant.dependencies))


def test_no_path_holds_anything_but_ids() -> None:
    """Paths end in logs and histories: a name, a number or an address of a person has no place there."""
    parameters = {name for route in routes() for name in route.param_convertors}
    things = {"thread", "message", "file", "upload", "session", "staff", "unit", "factor", "client", "credential"}
    assert parameters == {*things, "provider", "path"}
    queries = {name for route in routes() for name in queries_of(route.dependant)}
    assert queries == {"unit", "thread", "continuation", "state", "code", "error", "iss", "month"}
