"""Which functions the application consists of: each of its routes as an HTTP-triggered function named after it.

``host.json`` sets an empty route prefix, so a function's route is the path of its FastAPI route. Operations sees every
function by name, while validation, dependencies and OpenAPI come from FastAPI.
"""

import re
from collections.abc import Iterable
from typing import Final

import azure.functions as func
from starlette import requests, responses
from starlette.types import ASGIApp

import functions.streaming  # noqa: F401  # switches HTTP streams on for the whole app
from functions.bridge import Handler, bridge
from functions.listing import PARAMETER, Listed

_RESERVED: Final = frozenset({"admin", "runtime"})  # first segments that the host keeps for itself


def publish(table: Iterable[Listed], api: ASGIApp, app: func.FunctionApp) -> list[str]:
    """Register every route of the table in ``app``, answered by ``api``, and return the functions' names in its order.

    Raises:
        RuntimeError: There is no route, or one that cannot be published as it stands.
    """
    names: list[str] = []
    taken: dict[str, str] = {}
    for _, name, methods, path in table:
        template = template_of(path)
        slots = [f"name {name.lower()}", *(f"{method} {PARAMETER.sub('{}', path).lower()}" for method in methods)]
        for slot in slots:
            if slot in taken:
                raise RuntimeError(f"{name} and {taken[slot]} claim the same {slot}")
            taken[slot] = name
        app.function_name(name)(
            app.route(route=template, methods=list(methods), auth_level=func.AuthLevel.ANONYMOUS)(handler(api, name))
        )
        names.append(name)
    if not names:
        raise RuntimeError("the application has no routes")
    return names


def handler(api: ASGIApp, name: str) -> Handler:
    """The function behind a route. Its one parameter must bear the name of the trigger's binding, ``req``."""
    answer = bridge(api)

    async def handle(req: requests.Request) -> responses.Response:
        return await answer(req)

    handle.__name__ = handle.__qualname__ = name  # functools.wraps would show the runtime another signature
    return handle


def template_of(path: str) -> str:
    """The Functions route of a FastAPI path: ``/files/{rest:path}`` becomes ``files/{*rest}``.

    Other convertors are dropped: whether a parameter is well formed is the application's to say, not a 404 of the host.

    Raises:
        RuntimeError: The host would refuse the route, or match something else.
    """
    segments = path.removeprefix("/").split("/")
    if not path.startswith("/") or "" in segments:
        raise RuntimeError(f"{path} is no path that can be published")
    if segments[0].lower() in _RESERVED:
        raise RuntimeError(f"{path} is reserved for the Functions host")
    if any(":path}" in segment for segment in segments[:-1]):
        raise RuntimeError(f"{path} goes on after a parameter that takes the rest")
    return "/".join(PARAMETER.sub(_parameter, segment) for segment in segments)


def _parameter(match: re.Match[str]) -> str:
    return f"{{*{match['name']}}}" if match["convertor"] == "path" else f"{{{match['name']}}}"
