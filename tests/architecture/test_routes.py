"""What holds for every route, whatever it does."""

import inspect
from collections.abc import Iterator
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel
from starlette.routing import Match

from functions.api import _Routing, create_api
from functions.models import Strict
from tests.support.memory_container import MemoryContainer


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


def test_a_path_without_ids_goes_where_the_framework_would_send_it() -> None:
    """The short way to a route must not prefer another one than the first that matches."""
    api = create_api(MemoryContainer())
    routing = _Routing(api)
    asked = 0
    for route in api.routes:
        for method in getattr(route, "methods", None) or ():
            path = str(getattr(route, "path", ""))
            scope = {"type": "http", "method": method, "path": path, "root_path": "", "headers": []}
            first = next(each for each in api.routes if each.matches(dict(scope))[0] is Match.FULL)
            assert routing.name_of(dict(scope)) == getattr(first, "name", None), (method, path)
            asked += 1
    assert asked > 25
    assert routing.name_of({"type": "http", "method": "GET", "path": "/nowhere", "root_path": ""}) is None


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
