"""Finds the route that a request goes to, and imports what answers it with the first request that needs it.

An instance that starts knows its routes from ``route_table`` alone: to import all of them, with their models and what
they name, was most of our part of a cold start (ADR 0010), and the first request needs one of them.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from fastapi import FastAPI
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from functions.listing import Listed

_ROUTE: Final = "pic.route"


class Api(FastAPI):
    """Whoever asks for its routes gets them all, in the order of ``table``. Settings are those of FastAPI."""

    def __init__(self, table: Sequence[Listed], **settings: Any) -> None:
        self.table = table
        super().__init__(**settings)

    @property
    def routes(self) -> list[BaseRoute]:
        """Imports whatever is not there yet."""
        if not self.router.routes:
            names = dict.fromkeys(entry.module for entry in self.table)
            # To include a router would build all of its routes once more. All at once: half of them would look whole.
            self.router.routes = [route for name in names for route in _module(name).router.routes]
        return self.router.routes

    def openapi(self) -> dict[str, Any]:
        """Made once; see ``description``."""
        if self.openapi_schema is None:
            self.openapi_schema = import_module("functions.description").described(self)
        return self.openapi_schema


class Routing:
    """The way from a request to its route, taken once for the route's name and for the answer.

    A path without ids has one candidate; others are tried in the order of the table, by their fixed segments first.
    What matches no route goes the framework's own way, to its 404 or 405.
    """

    def __init__(self, api: Api) -> None:
        self._api = api
        self._otherwise = api.router.app
        self._found: dict[str, Route] = {}
        api.router.middleware_stack = self._answer

    @cached_property
    def _plain(self) -> dict[tuple[str, str], Listed]:
        """The first of two on the same path answers, as in the framework."""
        plain = [entry for entry in self._api.table if "{" not in entry.path]
        return {(method, entry.path): entry for entry in reversed(plain) for method in entry.methods}

    @cached_property
    def _patterns(self) -> list[tuple[Listed, Sequence[str | None], bool]]:
        """Of each entry the fixed segments, None for a parameter, and whether the last takes whatever is left."""
        return [
            (entry, [None if "{" in each else each for each in entry.path.split("/")], ":path}" in entry.path)
            for entry in self._api.table
        ]

    def name_of(self, scope: Scope) -> str | None:
        """The route's name, None where there is none."""
        for entry in self._candidates(scope["method"], scope["path"]):
            match, found = self._route(entry).matches(scope)
            if match is Match.FULL:
                scope[_ROUTE] = self._route(entry), found
                return entry.name
        return None

    def headers_of(self, name: str | None) -> Mapping[str, str]:
        """What every answer of this route carries, problems too: the ``HEADERS`` of its module, where it has any."""
        module = self._modules.get(name or "")
        headers: Mapping[str, str] = {} if module is None else getattr(_module(module), "HEADERS", {})
        return headers

    @cached_property
    def _modules(self) -> dict[str, str]:
        return {entry.name: entry.module for entry in self._api.table}

    def _candidates(self, method: str, path: str) -> Iterator[Listed]:
        plain = self._plain.get((method, path))
        if plain is not None:
            yield plain
            return
        asked = path.split("/")
        for entry, segments, takes_rest in self._patterns:
            fits = len(asked) >= len(segments) if takes_rest else len(asked) == len(segments)
            if fits and method in entry.methods and _agree(segments, asked):
                yield entry

    def _route(self, entry: Listed) -> Route:
        route = self._found.get(entry.name)
        if route is None:
            route = self._found[entry.name] = _route_of(_module(entry.module), entry)
        return route

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _ROUTE not in scope:
            _ = self._api.routes
            await self._otherwise(scope, receive, send)
            return
        route, found = scope.pop(_ROUTE)
        scope.update(found, router=self._api.router)
        await route.handle(scope, receive, send)


def _module(name: str) -> ModuleType:
    return import_module(f"functions.{name}")


def _agree(segments: Sequence[str | None], asked: Sequence[str]) -> bool:
    return all(fixed is None or fixed == there for fixed, there in zip(segments, asked, strict=False))


def _route_of(module: ModuleType, entry: Listed) -> Route:
    """Raises ``LookupError`` where the table is not of these routes."""
    for route in module.router.routes:
        if isinstance(route, Route) and (route.name, route.path) == (entry.name, entry.path):
            return route
    raise LookupError(entry.name)
