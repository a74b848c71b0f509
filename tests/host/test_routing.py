"""Routes: which function a request reaches."""

import pytest

from local.host.errors import HostError
from local.host.functions import Function, HttpTrigger, Level
from local.host.routing import RouteTable


def function(name: str, route: str, *methods: str) -> Function:
    trigger = HttpTrigger(route=route, methods=frozenset(methods) or None, level=Level.ANONYMOUS, is_streaming=True)
    return Function(name=name, handler=print, parameter="req", wants_context=False, trigger=trigger)


TABLE = [
    function("root", "", "GET"),
    function("literal", "threads/inbox", "GET"),
    function("one", "threads/{thread}", "GET"),
    function("one_deleted", "threads/{thread}", "DELETE"),
    function("numbered", "threads/{number:int}", "GET"),
    function("identified", "items/{id:guid}"),
    function("optional", "pages/{page?}", "GET"),
    function("rest", "portal/{*rest}", "GET"),
    function("deep", "portal/{one}/files/{two}", "GET"),
    function("posted", "threads/inbox/{late}", "POST"),
]

MATCHES = [
    ("GET", "/", "root", {}),
    ("GET", "/threads/inbox", "literal", {}),
    ("GET", "/THREADS/Inbox/", "literal", {}),
    ("GET", "/threads/abc", "one", {"thread": "abc"}),
    ("GET", "/threads/-12", "numbered", {"number": "-12"}),
    ("GET", "/threads/12345678901", "one", {"thread": "12345678901"}),
    ("DELETE", "/threads/inbox", "one_deleted", {"thread": "inbox"}),
    ("GET", "/threads/a%20b%C3%A5", "one", {"thread": "a bå"}),
    ("GET", "/threads/a%2Fb%2fc", "one", {"thread": "a%2Fb%2fc"}),
    ("GET", "/threads/%252F", "one", {"thread": "%2F"}),
    ("PURGE", "/items/0b7d2d2e-6f0c-4b63-9d3b-0f5f5f4f3a21", "identified", {"id": "0b7d2d2e-6f0c-4b63-9d3b-0f5f5f4f3a21"}),
    ("GET", "/pages", "optional", {}),
    ("GET", "/pages/2", "optional", {"page": "2"}),
    ("GET", "/portal", "rest", {"rest": ""}),
    ("GET", "/portal/a/b.js", "rest", {"rest": "a/b.js"}),
    ("GET", "/portal/a/files/b", "deep", {"one": "a", "two": "b"}),
]  # fmt: skip


@pytest.mark.parametrize(("method", "path", "name", "parameters"), MATCHES)
def test_a_request_reaches_the_best_template(method: str, path: str, name: str, parameters: dict[str, str]) -> None:
    """The precedence of ASP.NET: literal, then constrained, then plain parameter, then catch-all."""
    found = RouteTable(TABLE, "").find(method, path.encode())

    assert found is not None
    assert (name, parameters) == (found[0].function.name, found[1])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("HEAD", "/threads/inbox"),
        ("POST", "/threads/inbox"),
        ("OPTIONS", "/portal/a"),
        ("GET", "/threads"),
        ("GET", "/threads//"),
        ("GET", "//threads/inbox"),
        ("GET", "/threads/inbox/more/still"),
        ("GET", "/items/0b7d2d2e"),
        ("GET", "/unknown"),
    ],
)
def test_an_unknown_path_or_method_reaches_nothing(method: str, path: str) -> None:
    """Another method on a known path is unknown too: the real host says 404, and HEAD does not follow from GET."""
    assert RouteTable(TABLE, "").find(method, path.encode()) is None


def test_the_prefix_stands_before_every_route() -> None:
    """host.json's routePrefix, `api` unless it says otherwise."""
    table = RouteTable([function("health", "/health", "GET")], "api/v9")

    assert table.find("GET", b"/api/v9/health")
    assert table.find("GET", b"/health") is None


@pytest.mark.parametrize(
    ("route", "reason"),
    [
        ("admin/people", "reserved"),
        ("Runtime", "reserved"),
        ("a/{*rest}/b", "only the last"),
        ("a/{b?}/c", "only the last"),
        ("a/{b}/{b}", "twice"),
        ("a/{b:alpha}", "not supported"),
        ("a/x{b}", "not supported"),
        ("a/{*rest:int}", "not supported"),
        ("a/{", "not supported"),
    ],
)
def test_a_route_the_host_cannot_serve_is_refused_with_its_function(route: str, reason: str) -> None:
    """Found at the start, not by the first request."""
    with pytest.raises(HostError, match=f"function bad: .*{reason}"):
        RouteTable([function("bad", route)], "api")


def test_two_functions_that_no_request_can_tell_apart_are_refused() -> None:
    """In Azure one of them would win, and nobody would know which."""
    with pytest.raises(HostError, match="function second: its route is also that of first"):
        RouteTable([function("first", "a/{x}", "GET"), function("second", "A/{y}", "GET", "POST")], "")


def test_every_wrong_route_is_named_at_once() -> None:
    """One start, one list."""
    with pytest.raises(HostError, match=r"function one: .*\nfunction two: "):
        RouteTable([function("one", "admin"), function("two", "{")], "")
