"""The portal's files: those there are, and nothing else of the disk."""

from urllib.parse import unquote

import pytest
from httpx import Response

from functions.portal import WEB
from tests.support.problems import problem_of
from tests.support.wire import Wire
from tests.support.world import World

TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
FILES = sorted(path.name for path in WEB.iterdir() if path.suffix in TYPES)


@pytest.mark.parametrize("name", FILES)
async def test_every_file_is_served_as_what_it_is(world: World, name: str) -> None:
    """With a type that browsers need not guess."""
    answer = await world.http.get(f"/portal/{name}")
    assert answer.status_code == 200
    assert answer.content == (WEB / name).read_bytes()
    assert answer.headers["content-type"] == TYPES[(WEB / name).suffix]
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["/portal", "/portal/"])
async def test_the_portal_opens_at_its_page(world: World, path: str) -> None:
    """With and without the last slash."""
    assert (await world.http.get(path)).content == (WEB / "index.html").read_bytes()


TRAVERSALS = (
    *("../function_app.py", "%2e%2e/function_app.py", "..%2ffunction_app.py", "%2e%2e%2ffunction_app.py"),
    *("..%5cfunction_app.py", "%252e%252e/function_app.py", "./../../etc/passwd", "%2fetc%2fpasswd", "/etc/passwd"),
    *("index.html%00.js", "index.html/", "index.html/..", ".", "..", "INDEX.HTML", "unknown.js", "__pycache__"),
    *("index.html::$DATA", "index.html%20", "%ff", "å", "a" * 5000, "C:%5cWindows", "file:///etc/passwd"),
)


@pytest.mark.parametrize("path", TRAVERSALS, ids=lambda path: ascii(path)[:40])
async def test_no_path_reaches_the_disk(world: World, path: str) -> None:
    """Encoded or not, with slashes of either kind: what is not in the list of files is not there."""
    raw = f"/portal/{path}"
    wire = Wire(path=unquote(raw), raw_path=raw.encode(), headers=[]).put()
    await world.app(wire.scope, wire.receive, wire.send)
    headers = [(name.decode(), value.decode()) for name, value in wire.headers.items()]
    problem_of(Response(wire.status, headers=headers, content=wire.body), 404, "not-found")


async def test_a_file_that_is_known_is_not_sent_again(world: World) -> None:
    """304 without a body, however a gateway or a cache states the tag (RFC 9110 section 13.1.2)."""
    first = await world.http.get("/portal/index.html")
    tag = first.headers["etag"]
    for stated in (tag, f"W/{tag}", f'"other", {tag}', f'"other",W/{tag}', "*"):
        again = await world.http.get("/portal/index.html", headers={"if-none-match": stated})
        assert (again.status_code, again.content) == (304, b"")
        assert (again.headers["etag"], again.headers["cache-control"]) == (tag, "no-cache")
    for stated in ("", '"other"', tag.strip('"'), tag + "x"):
        assert (await world.http.get("/portal/index.html", headers={"if-none-match": stated})).status_code == 200


async def test_other_methods_find_nothing(world: World) -> None:
    """The portal is read."""
    for method in ("POST", "PUT", "DELETE"):
        problem_of(await world.http.request(method, "/portal/index.html"), 405, "method-not-allowed")
