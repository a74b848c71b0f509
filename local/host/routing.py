"""Route templates of HTTP triggers, matched as ASP.NET Core matches them in the real host.

Segments are literals (any case), `{name}`, `{name?}` (last), `{*rest}` (last, may be empty) and parameters with a
constraint (`guid`, `int`). Where two templates match, the one with the more literal segment, read from the left, wins;
a method that the better template does not have falls through to the next. **A path that is known only for other
methods is 404, not 405, and HEAD does not follow from GET**: the host gives each function its own route with a method
constraint, and a route whose constraint fails does not exist (azure-functions-host issues 10098 and 11625).
`%2F` stays as it is inside a segment, as it does in ASP.NET Core.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from urllib.parse import unquote

from local.host.errors import HostError
from local.host.functions import Function, HttpTrigger

RESERVED = ("admin", "runtime")
"""First segments that belong to the host."""

_GUID = re.compile(r"\{?[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\}?|[0-9a-f]{32}", re.IGNORECASE | re.ASCII)
_INT = re.compile(r"[+-]?\d{1,10}", re.ASCII)
_PARAMETER = re.compile(r"\{(?P<star>\*{0,2})(?P<name>\w+)(?::(?P<constraint>\w+))?(?P<optional>\?)?\}", re.ASCII)
_ENCODED_SLASH = re.compile(r"(%2f)", re.IGNORECASE)


class _Kind(IntEnum):
    """In order of precedence."""

    LITERAL = 1
    CONSTRAINED = 2
    PARAMETER = 3
    CATCH_ALL = 4


@dataclass(frozen=True, slots=True)
class _Segment:
    kind: _Kind
    text: str
    """The literal in lower case, or the parameter's name."""
    constraint: str = ""
    is_optional: bool = False

    def admits(self, value: str) -> bool:
        match self.constraint:
            case "guid":
                return _GUID.fullmatch(value) is not None
            case "int":
                return _INT.fullmatch(value) is not None and -(2**31) <= int(value) < 2**31
            case _:
                return self.kind is not _Kind.LITERAL or value.lower() == self.text


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed route."""

    segments: tuple[_Segment, ...]

    @classmethod
    def parse(cls, route: str) -> "Template":
        """Read a route template.

        Raises:
            HostError: It is not one, or its first segment belongs to the host.
        """
        texts = [text for text in route.strip("/").split("/") if text]
        segments = tuple(_segment(text, route) for text in texts)
        for segment in segments[:-1]:
            if segment.kind is _Kind.CATCH_ALL or segment.is_optional:
                raise HostError(f"route {route}: only the last segment may be optional or a catch-all")
        names = [segment.text for segment in segments if segment.kind is not _Kind.LITERAL]
        if len(names) != len(set(names)):
            raise HostError(f"route {route}: a parameter stands twice")
        if segments and segments[0].kind is _Kind.LITERAL and segments[0].text in RESERVED:
            raise HostError(f"route {route}: {segments[0].text} is reserved for the host")
        return cls(segments)

    @property
    def precedence(self) -> tuple[int, ...]:
        """Sorts better templates first."""
        return tuple(segment.kind for segment in self.segments)

    @property
    def shape(self) -> tuple[tuple[int, str], ...]:
        """Equal for two templates that no request can tell apart."""
        return tuple(
            (segment.kind, segment.text if segment.kind is _Kind.LITERAL else segment.constraint)
            for segment in self.segments
        )

    def match(self, values: list[str]) -> dict[str, str] | None:
        """The parameters of a path given as its segments, or None."""
        parameters: dict[str, str] = {}
        for position, segment in enumerate(self.segments):
            if segment.kind is _Kind.CATCH_ALL:
                parameters[segment.text] = "/".join(values[position:])
                return parameters
            if position >= len(values):
                return parameters if segment.is_optional else None
            if not values[position] or not segment.admits(values[position]):
                return None
            if segment.kind is not _Kind.LITERAL:
                parameters[segment.text] = values[position]
        return parameters if len(values) <= len(self.segments) else None


def _segment(text: str, route: str) -> _Segment:
    if "{" not in text and "}" not in text:
        return _Segment(_Kind.LITERAL, text.lower())
    match = _PARAMETER.fullmatch(text)
    if match is None:
        raise HostError(f"route {route}: the segment {text} is not supported")
    constraint = match["constraint"] or ""
    if constraint not in {"", "guid", "int"} or (match["star"] and (constraint or match["optional"])):
        raise HostError(f"route {route}: the segment {text} is not supported")
    kind = _Kind.CATCH_ALL if match["star"] else _Kind.CONSTRAINED if constraint else _Kind.PARAMETER
    return _Segment(kind, match["name"], constraint, is_optional=bool(match["optional"]))


@dataclass(frozen=True, slots=True)
class Route:
    """An HTTP-triggered function under its full template."""

    template: Template
    function: Function
    trigger: HttpTrigger


class RouteTable:
    """All routes of an app."""

    def __init__(self, functions: Iterable[Function], prefix: str) -> None:
        """Place every HTTP function under the prefix.

        Raises:
            HostError: Every route that is wrong, reserved or taken twice, one a line.
        """
        faults: list[str] = []
        routes: list[Route] = []
        for function in functions:
            if isinstance(function.trigger, HttpTrigger):
                try:
                    Template.parse(function.trigger.route)
                    template = Template.parse(f"{prefix}/{function.trigger.route}")
                except HostError as exc:
                    faults.append(f"function {function.name}: {exc}")
                else:
                    routes.append(Route(template, function, function.trigger))
        faults += _ambiguities(routes)
        if faults:
            raise HostError("\n".join(faults))
        self._routes = sorted(routes, key=lambda route: route.template.precedence)

    def find(self, method: str, raw_path: bytes) -> tuple[Route, Mapping[str, str]] | None:
        """The function for a request, with its route parameters."""
        values = _path_values(raw_path)
        for route in self._routes:
            methods = route.trigger.methods
            if methods is None or method in methods:
                parameters = route.template.match(values)
                if parameters is not None:
                    return route, parameters
        return None


def _path_values(raw_path: bytes) -> list[str]:
    path = raw_path.decode("ascii", "replace").removeprefix("/").removesuffix("/")
    values = path.split("/") if path else []
    return [_decoded(value) if "%" in value else value for value in values]


def _decoded(value: str) -> str:
    return "".join(
        part if part.lower() == "%2f" else unquote(part, errors="replace") for part in _ENCODED_SLASH.split(value)
    )


def _ambiguities(routes: list[Route]) -> list[str]:
    faults: list[str] = []
    for position, route in enumerate(routes):
        for other in routes[:position]:
            methods, taken = route.trigger.methods, other.trigger.methods
            shared = methods is None or taken is None or methods & taken
            if shared and route.template.shape == other.template.shape:
                faults.append(f"function {route.function.name}: its route is also that of {other.function.name}")
    return faults
