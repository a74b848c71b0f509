"""The headers of every answer: whatever the route, whatever went wrong."""

import re

import pytest

from functions.api import create_api
from shared.adapters.memory_records import MemoryRecords
from shared.domain.ids import is_id
from shared.domain.ports import Record
from tests.support.every_route import CALLS, Scene
from tests.support.memory_container import MemoryContainer
from tests.support.wire import Wire
from tests.support.world import Browser, World

BASELINE = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "strict-transport-security": "max-age=63072000; includeSubDomains; preload",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-embedder-policy": "require-corp",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}
"""A snapshot: whoever changes a header changes it here as well, and thinks of what it protects."""

SANDBOX = {"content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}
OWN = {
    "portal_home": {"cache-control": "no-cache"},
    "portal": {"cache-control": "no-cache"},
    "download_file": SANDBOX,
    "describe_file": SANDBOX,
    "download_files": SANDBOX,
}
"""Where a route differs: files of people run nowhere, and the portal's files are kept but asked after."""


def baseline_of(answer: object) -> dict[str, str]:
    headers = getattr(answer, "headers")  # noqa: B009  # httpx and plain mappings alike
    return {name: headers[name] for name in BASELINE}


@pytest.mark.parametrize("route", list(CALLS))
async def test_every_route_answers_with_the_baseline(scene: Scene, route: str) -> None:
    """For staff who may, and for nobody who may not."""
    for browser, own in ((scene.staff, OWN.get(route, {})), (Browser(scene.world.http), None)):
        answer = await scene.call(route).by(browser)
        expected = BASELINE | (own if own is not None else OWN.get(route, {}) if answer.is_success else {})
        assert baseline_of(answer) == expected
        assert is_id(answer.headers["x-request-id"])
        assert not re.search("server|x-powered-by", " ".join(answer.headers))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/threads/", 404),
        ("GET", "/docs", 404),
        ("GET", "/api/v1//threads", 404),
        ("PUT", "/api/v1/threads", 405),
        ("TRACE", "/health", 405),
        ("HEAD", "/health", 405),
        ("POST", "/health", 405),
        ("OPTIONS", "/api/v1/threads", 405),
        ("CANARY", "/canary", 404),
    ],
)
async def test_unknown_addresses_and_methods_answer_with_the_baseline(
    world: World, method: str, path: str, status: int
) -> None:
    """No route, no method, no redirect to a slash that would tell what exists."""
    answer = await world.http.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert baseline_of(answer) == BASELINE
    assert "canary" not in answer.text.lower()


async def test_requests_with_a_fault_answer_with_the_baseline(scene: Scene) -> None:
    """Refused by the parser, by a rule, by a limit."""
    path = "/api/v1/staff/sign-in"
    large = {"content-type": "application/json"}
    for answer in (
        await scene.staff.call("POST", path, content=b"{", headers=large),
        await scene.staff.call("POST", path, json={}),
        await scene.staff.call("POST", path, content=b" " * (10 * 1024 * 1024), headers=large),
    ):
        assert answer.status_code in {400, 413, 422}
        assert baseline_of(answer) == BASELINE


class BrokenRecords(MemoryRecords):
    """A store whose client has a fault that no adapter foresaw."""

    async def get(self, partition: str, id: str) -> Record:  # noqa: A002, ARG002
        raise RuntimeError("canary")


class BrokenContainer(MemoryContainer):
    """The application over that store."""

    @property
    def record_store(self) -> MemoryRecords:
        return BrokenRecords()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PATCH"])
async def test_a_fault_that_nobody_expected_tells_nothing(method: str, caplog: pytest.LogCaptureFixture) -> None:
    """500 ``about:blank`` with the request id, by which operations find the class of the fault; and the baseline."""
    caplog.set_level("DEBUG")
    cookies = [(b"cookie", b"__Host-session=" + b"A" * 43), (b"tus-resumable", b"1.0.0")]
    path = "/api/v1/session" if method == "GET" else "/api/v1/uploads/x"
    types = [(b"content-type", b"application/offset+octet-stream")]
    wire = Wire(method, path=path, headers=cookies + types).put()
    await create_api(BrokenContainer())(wire.scope, wire.receive, wire.send)
    headers = {name.decode(): value.decode() for name, value in wire.headers.items()}
    assert wire.status == 500
    assert headers["content-type"] == "application/problem+json"
    request = headers["x-request-id"]
    expected = (
        f'{{"type":"about:blank","title":"Internal Server Error","status":500,"instance":"urn:pic:request:{request}"}}'
    )
    assert wire.body.decode() == expected
    assert {name: headers[name] for name in BASELINE} == BASELINE
    (line,) = [record for record in caplog.records if record.name == "pic.request"]
    assert line.levelname == "ERROR"
    assert request in line.getMessage()
    assert '"fault": "RuntimeError"' in line.getMessage()
    assert "canary" not in caplog.text + str([record.__dict__ for record in caplog.records])
