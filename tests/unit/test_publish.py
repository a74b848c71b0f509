"""FastAPI routes as HTTP-triggered functions: what is published, under which route, and what is refused."""

import json
from collections.abc import Callable
from typing import Any

import azure.functions as func
import pytest
from fastapi import APIRouter, FastAPI
from starlette.responses import Response
from starlette.routing import Mount, Route

from functions.listing import listed
from functions.publish import publish, template_of
from tests.support.wire import Wire


async def nothing() -> Response:
    return Response(status_code=204)


async def echo(thread: str) -> dict[str, str]:
    return {"thread": thread}


def application(*routes: tuple[str, str, str]) -> FastAPI:
    api = FastAPI(openapi_url=None)
    for name, method, path in routes:
        api.add_api_route(path, nothing, methods=[method], name=name)
    return api


def published(api: FastAPI) -> dict[str, tuple[dict[str, Any], Callable[..., Any]]]:
    app = func.FunctionApp()
    names = publish(listed("", api.routes), api, app)
    functions = {str(function.get_function_name()): function for function in app.get_functions()}
    assert list(functions) == names
    return {
        name: (json.loads(function.get_raw_bindings()[0]), function.get_user_function())
        for name, function in functions.items()
    }


def test_routes_of_included_routers_are_published() -> None:
    """FastAPI nests included routers: a plain walk over its routes would publish none of them."""
    inner, outer = APIRouter(prefix="/threads"), APIRouter(prefix="/v1")
    inner.add_api_route("/{thread}", nothing, methods=["GET"], name="read_thread")
    outer.include_router(inner)
    api = application(("health", "GET", "/health"))
    api.include_router(outer, prefix="/api")
    assert {name: binding["route"] for name, (binding, _) in published(api).items()} == {
        "health": "health",
        "read_thread": "api/v1/threads/{thread}",
    }


def test_a_function_is_anonymous_and_has_the_methods_of_its_route() -> None:
    """Who may call is decided inside: a Functions key would be a second, shared secret."""
    routes = [(f"upload_{method.lower()}", method, "/uploads") for method in ("HEAD", "OPTIONS", "PATCH")]
    bindings = [binding for binding, _ in published(application(*routes)).values()]
    assert [binding["methods"] for binding in bindings] == [["HEAD"], ["OPTIONS"], ["PATCH"]]
    assert {binding["authLevel"] for binding in bindings} == {"ANONYMOUS"}


async def test_a_function_answers_with_its_route() -> None:
    """The handler has the parameter of its binding and no other, and bears the route's name."""
    api = FastAPI(openapi_url=None)
    api.add_api_route("/threads/{thread}", echo, name="read_thread")
    (_, handle) = published(api)["read_thread"]
    assert handle.__name__ == "read_thread"
    assert set(handle.__annotations__) == {"req", "return"}
    assert not hasattr(handle, "__wrapped__")
    assert (await Wire(path="/threads/abc").call(handle)).body == b'{"thread":"abc"}'


@pytest.mark.parametrize(
    ("path", "template"),
    [
        ("/health", "health"),
        ("/files/{file}/parts/{part:int}", "files/{file}/parts/{part}"),
        ("/portal/{path:path}", "portal/{*path}"),
        ("/administration", "administration"),
        ("/api/admin", "api/admin"),
    ],
)
def test_a_path_becomes_a_template(path: str, template: str) -> None:
    """The rest of a path has another spelling in Functions; other convertors stay with the application."""
    assert template_of(path) == template


@pytest.mark.parametrize(
    "path",
    ["", "/", "health", "/health/", "//health", "/admin", "/Admin/host", "/runtime/webhooks", "/{rest:path}/end"],
)
def test_a_path_that_the_host_would_not_serve_is_refused(path: str) -> None:
    """Some would shadow the host's own routes, some would never match."""
    with pytest.raises(RuntimeError):
        template_of(path)


@pytest.mark.parametrize(
    "routes",
    [
        [],
        [("one", "GET", "/a"), ("one", "GET", "/b")],
        [("one", "GET", "/a"), ("ONE", "GET", "/b")],
        [("one", "GET", "/a/{x}"), ("two", "GET", "/A/{y}")],
        [("one", "GET", "/admin/keys")],
        [("no name", "GET", "/a")],
        [("1st", "GET", "/a")],
    ],
    ids=[
        "nothing",
        "one name twice",
        "names differ by case",
        "one route twice",
        "reserved",
        "a space",
        "a digit first",
    ],
)
def test_an_application_that_cannot_be_published_stops_the_start(routes: list[tuple[str, str, str]]) -> None:
    """Better no app than one in which a function is missing or answers for another."""
    with pytest.raises(RuntimeError):
        published(application(*routes))


def test_one_path_serves_several_methods_under_several_names() -> None:
    """Tus asks for HEAD, PATCH and DELETE on one path."""
    routes = [("offset", "HEAD", "/u/{u}"), ("append", "PATCH", "/u/{u}"), ("cancel", "DELETE", "/u/{u}")]
    assert list(published(application(*routes))) == ["offset", "append", "cancel"]


@pytest.mark.parametrize("route", [Route("/plain", lambda _: Response()), Mount("/mounted", routes=[])])
def test_a_route_that_is_not_fastapis_stops_the_start(route: Route | Mount) -> None:
    """It would be skipped in silence, and 404 only in Azure."""
    api = application(("health", "GET", "/health"))
    api.router.routes.append(route)
    with pytest.raises(RuntimeError):
        publish(listed("", api.routes), api, func.FunctionApp())
