"""Every route that takes a JSON body, a request that fits it, and whoever may send it."""

from collections.abc import Iterator
from typing import Any

from fastapi.routing import iter_route_contexts

from functions.api import create_api
from functions.json_bodies import JsonRoute
from tests.support.authorisation_table import read_table
from tests.support.every_route import CALLS, Scene, Who
from tests.support.memory_container import MemoryContainer
from tests.support.world import Browser

Place = tuple[str | int, ...]


def json_routes() -> list[str]:
    """From the application itself: whoever adds one gets these attacks for nothing."""
    found = []
    for route in iter_route_contexts(create_api(MemoryContainer()).routes):
        if route.dependant.body_params and route.name is not None:
            assert isinstance(route.original_route, JsonRoute), route.name
            found.append(route.name)
    return found


OPTIONAL = {"bankid_start"}
"""Routes that do without their body."""
COUNTED = {"bankid_start", "entra_start"}
"""Routes that count whoever tries to sign in, before they read."""


def sender_of(route: str) -> Who:
    """The first in the table who gets further than being refused."""
    row = next(row for (name, _), row in read_table().items() if name == route)
    return next((who for who, status in row.items() if status not in {401, 403, 404}), Who.NOBODY)


async def sending(scene: Scene, route: str) -> Browser:
    """A browser of theirs."""
    return await scene.browser(sender_of(route))


def body_of(scene: Scene, route: str) -> Any:
    """A body that fits."""
    return CALLS[route](scene).more.get("json", {})


def texts_in(body: Any, place: Place = ()) -> Iterator[Place]:
    """Where the texts of a body lie."""
    if isinstance(body, str):
        yield place
    elif isinstance(body, dict):
        for name, value in body.items():
            yield from texts_in(value, (*place, name))
    elif isinstance(body, list):
        for index, value in enumerate(body):
            yield from texts_in(value, (*place, index))


def replaced(body: Any, place: Place, value: Any) -> Any:
    """The body with something else at that place."""
    if not place:
        return value
    head, *rest = place
    if isinstance(body, dict):
        return {name: replaced(each, tuple(rest), value) if name == head else each for name, each in body.items()}
    return [replaced(each, tuple(rest), value) if index == head else each for index, each in enumerate(body)]
