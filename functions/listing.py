"""What is known of a route without its module: enough to publish it, and to find who answers."""

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import BaseRoute

PARAMETER: Final = re.compile(r"\{(?P<name>\w+)(?::(?P<convertor>\w+))?\}")
"""A parameter in a path, which is the rest of the path where its convertor is ``path``."""

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,127}")  # what the Functions host accepts as a function's name


class Listed(NamedTuple):
    """One route: ``module``, of ``functions``, has it in its ``router``; ``methods`` are in order."""

    module: str
    name: str
    methods: tuple[str, ...]
    path: str


def listed(module: str, routes: Sequence[BaseRoute]) -> list[Listed]:
    """The routes of a module, in their order.

    Raises:
        RuntimeError: One cannot be published as it stands. Nothing is left out in silence: a function app without the
            function would answer 404, and nobody would know why.
    """
    found = []
    # FastAPI keeps included routers nested: a plain loop over the routes would list nothing of them.
    for route in iter_route_contexts(routes):
        is_ours = isinstance(route.original_route, APIRoute)
        if not is_ours or route.name is None or route.path is None or not route.methods:
            raise RuntimeError(f"{route.path or route.original_route!r} is not a route that can be published")
        if not _NAME.fullmatch(route.name):
            raise RuntimeError(f"{route.name} cannot be the name of a function")
        found.append(Listed(module, route.name, tuple(sorted(route.methods)), route.path))
    return found
