"""What operations see: health, readiness, one log line a request, and the description of the API."""

import json
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import iter_route_contexts

from functions.api import create_api
from local.openapi import FILE, written
from shared.adapters.memory_blobs import MemoryBlobs
from shared.adapters.memory_keys import MemoryKeys
from shared.adapters.memory_mail import MemoryMail
from shared.adapters.memory_queues import MemoryQueues
from shared.adapters.memory_records import MemoryRecords
from shared.domain.errors import DependencyError, KeyUnavailableError
from tests.support.every_route import CALLS, Scene
from tests.support.memory_container import ENVIRONMENT, PASSWORD, MemoryContainer
from tests.support.world import TOLVAN, Browser, World

DEPENDENCIES = ["records", "blobs", "queues", "keys", "mail", "electronic-id"]


async def asked(container: MemoryContainer) -> httpx.Response:
    transport = httpx.ASGITransport(create_api(container))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as http:
        assert (await http.get("/health")).json() == {"status": "alive"}
        return await http.get("/health/ready")


async def test_ready_names_every_dependency_and_nothing_else() -> None:
    """Names, facts and milliseconds: no address, no key, no text of an error."""
    answer = await asked(MemoryContainer())
    assert answer.status_code == 200
    states = answer.json()
    assert states["ready"] is True
    assert [state["name"] for state in states["dependencies"]] == DEPENDENCIES
    for state in states["dependencies"]:
        assert state.keys() == {"name", "ready", "latency_ms", "certificate_days"}
        assert 0 <= state["latency_ms"] < 5000
    secrets = [value for name, value in ENVIRONMENT.items() if "PEPPER" in name or "URL" in name or "STORAGE" in name]
    assert not [secret for secret in secrets if secret in answer.text]


async def test_where_bankid_is_off_it_is_not_asked() -> None:
    """An instance that knows brokers alone has no certificate to ask with, and is ready all the same."""
    container = MemoryContainer()
    container.settings = replace(container.settings, bankid=None)
    answer = await asked(container)
    assert answer.status_code == 200
    assert [state["name"] for state in answer.json()["dependencies"]] == DEPENDENCIES[:-1]


class DownRecords(MemoryRecords):
    async def ping(self) -> None:
        raise DependencyError


class DownBlobs(MemoryBlobs):
    async def ping(self) -> None:
        raise DependencyError


class DownQueues(MemoryQueues):
    async def ping(self) -> None:
        raise DependencyError


class DownKeys(MemoryKeys):
    async def ping(self) -> None:
        raise KeyUnavailableError


class DownMail(MemoryMail):
    async def ping(self) -> None:
        raise DependencyError


class DownContainer(MemoryContainer):
    """One part after the other is down."""

    def __init__(self, down: str) -> None:
        super().__init__()
        self.down = down
        if down == "electronic-id":
            self.electronic_id.go_down()

    @cached_property
    def record_store(self) -> MemoryRecords:
        return DownRecords() if self.down == "records" else MemoryRecords()

    @cached_property
    def blobs(self) -> MemoryBlobs:
        return DownBlobs() if self.down == "blobs" else MemoryBlobs()

    @cached_property
    def queues(self) -> MemoryQueues:
        return DownQueues() if self.down == "queues" else MemoryQueues()

    @cached_property
    def keys(self) -> MemoryKeys:
        return DownKeys() if self.down == "keys" else MemoryKeys()

    @cached_property
    def mailer(self) -> MemoryMail:
        return DownMail(clock=self.clock) if self.down == "mail" else MemoryMail(clock=self.clock)


@pytest.mark.parametrize("down", DEPENDENCIES)
async def test_an_instance_whose_neighbour_is_down_is_alive_but_not_ready(down: str) -> None:
    """503 with the one that does not answer; restarting the instance would not help, so it stays alive."""
    answer = await asked(DownContainer(down))
    assert answer.status_code == 503
    states = answer.json()
    assert states["ready"] is False
    assert [state["name"] for state in states["dependencies"] if not state["ready"]] == [down]


FIELDS = {"event", "route", "method", "status", "outcome", "duration_ms", "request_id"}


def lines_of(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The canonical lines, each of them the JSON it claims to be."""
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "pic.request"]


@pytest.mark.parametrize("route", list(CALLS))
async def test_every_request_is_one_line(scene: Scene, route: str, caplog: pytest.LogCaptureFixture) -> None:
    """Constant event, allow-listed fields; for whoever may and for whoever may not."""
    caplog.set_level("DEBUG")
    for browser in (scene.staff, Browser(scene.world.http)):
        caplog.clear()
        answer = await scene.call(route).by(browser)
        ours = [record for record in caplog.records if not record.name.startswith(("httpx", "asyncio"))]
        assert [(record.name, record.levelname) for record in ours] == [("pic.request", "INFO")]
        (line,) = lines_of(caplog)
        assert line.keys() == FIELDS
        assert (line["event"], line["route"]) == ("request", route)
        assert (line["method"], line["status"]) == (scene.call(route).method, answer.status_code)
        assert line["request_id"] == answer.headers["x-request-id"]
        problem = answer.headers.get("content-type") == "application/problem+json"
        if answer.status_code == HTTPStatus.SEE_OTHER:
            assert line["outcome"] == answer.headers["location"].rpartition("/")[2]
        elif not problem:
            assert line["outcome"] == "done"
        elif scene.call(route).method != "HEAD":
            assert line["outcome"] == answer.json()["type"].rpartition(":")[2]


async def test_the_lines_hold_nothing_of_a_request(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Canaries in path, query, headers, body, names and addresses; none of them, and no id of a person, is logged."""
    caplog.set_level("DEBUG")
    canary = "kanarie7f3a"
    staff = await world.staff()
    thread = await world.thread(staff, subject=canary)
    path = await world.draft(staff, thread, text=canary)
    file = await world.upload(staff, path, canary.encode(), name=f"{canary}.pdf")
    await world.send(staff, path)
    person = await world.person()
    await person.json("POST", f"{path}/open")
    await person.call("GET", f"{path}/files/{file}", headers={"x-forwarded-for": canary, "user-agent": canary})
    await staff.call("GET", f"/api/v1/threads/{canary}?{canary}={canary}")
    await staff.call("GET", f"/{canary}?{canary}")
    await staff.call(canary.upper(), f"/{canary}")
    await Browser(world.http).call(
        "POST", "/api/v1/staff/sign-in", json={"mail_address": f"{canary}@example.com", "password": canary}
    )
    logged = [record.getMessage() for record in caplog.records if not record.name.startswith("httpx")]
    assert len(logged) > 10
    forbidden = [
        canary,
        "/api/",
        TOLVAN,
        TOLVAN[2:],
        "Tolvan",
        "Anna",
        "Exempel",
        PASSWORD,
        "@",
        "127.0.0.1",
        "203.0.113",
    ]
    forbidden += [staff.csrf, person.csrf, *staff.cookies.values(), *person.cookies.values()]
    everything = "\n".join(logged)
    assert [text for text in forbidden if text.lower() in everything.lower()] == []
    subjects = {
        name.partition("|")[2] for name in world.container.record_store._partitions if name.startswith("mailbox|")
    }
    assert subjects
    assert [subject for subject in subjects if subject in everything] == []


def test_the_committed_description_is_the_current_one() -> None:
    """What integrators read is what the routes do; after a change, ``make openapi`` writes it anew."""
    current = written(create_api(MemoryContainer()).openapi())
    assert Path(FILE).read_text(encoding="utf-8") == current, "run `make openapi` and commit docs/openapi.json"


@pytest.fixture(scope="module")
def described() -> dict[str, Any]:
    return create_api(MemoryContainer()).openapi()


def operations(described: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: {**operation, "method": method}
        for methods in described["paths"].values()
        for method, operation in methods.items()
    }


async def test_the_description_is_served_as_committed(world: World) -> None:
    """One document, whoever reads it and wherever."""
    answer = await world.http.get("/api/openapi.json")
    assert written(answer.json()) == written(create_api(MemoryContainer()).openapi())


def test_the_description_is_openapi_3_1_of_every_route(described: dict[str, Any]) -> None:
    """All but the portal's files and the description itself."""
    assert described["openapi"].startswith("3.1.")
    hidden = {"metrics", "openapi", "portal", "portal_home"}
    names = {route.name for route in iter_route_contexts(create_api(MemoryContainer()).routes)}
    assert set(operations(described)) == names - hidden


def test_every_operation_describes_its_problems(described: dict[str, Any]) -> None:
    """One form for all errors, and not the 422 that FastAPI would promise."""
    for name, operation in operations(described).items():
        content = operation["responses"]["default"]["content"]
        assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}, (
            name
        )
        assert "422" not in operation["responses"], name
    schemas = described["components"]["schemas"]
    assert {"ProblemDocument", "PlaceOfFault"} <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)
    text = json.dumps(described)
    for reference in set(text.split('"#/components/schemas/')[1:]):
        assert reference.partition('"')[0] in schemas


SCOPES = {
    **dict.fromkeys(("list_units", "list_threads", "read_thread", "read_message"), "threads:read"),
    "create_thread": "threads:write",
    **dict.fromkeys(("create_message", "send_message", "create_upload", "upload_offset"), "messages:send"),
    **dict.fromkeys(("append_upload", "cancel_upload", "delete_file"), "messages:send"),
    **dict.fromkeys(("open_message", "download_file", "describe_file", "download_files"), "messages:read"),
    "delete_message": "messages:delete",
}
"""What API clients may do at all, and by which scope. Whoever opens another route to them adds it here."""


def test_every_operation_says_what_it_asks_for(described: dict[str, Any]) -> None:
    """A cookie, a cookie and a token, or nothing; by name as it is on the wire."""
    schemes = described["components"]["securitySchemes"]
    places = {name: (scheme["in"], scheme["name"]) for name, scheme in schemes.items() if scheme["type"] == "apiKey"}
    assert {name: scheme["type"] for name, scheme in schemes.items() if name not in places} == {
        "client": "oauth2",
        "entra": "http",
        "secret": "http",
    }
    assert places == {
        "session": ("cookie", "__Host-session"),
        "upload": ("header", "Upload-Token"),
        "csrf": ("header", "X-CSRF-Token"),
        "bankid": ("cookie", "__Host-bankid"),
        "oidc": ("cookie", "__Host-oidc"),
        "second-step": ("cookie", "__Host-second-step"),
        "passkey": ("cookie", "__Host-passkey"),
    }
    flow = {"bankid_poll", "bankid_qr", "bankid_callback", "bankid_cancel"}
    public = {
        "health",
        "health_ready",
        "list_providers",
        "staff_sign_in",
        "request_password",
        "choose_password",
        "staff_passkey_options",
        "list_sub_processors",
        "bankid_start",
        "oidc_start",
        "entra_start",
        "upload_options",
        "token_server",
    }
    for name, operation in operations(described).items():
        asked_for, *others = operation["security"]
        if name in {"issue_token", "revoke_token"}:
            assert operation["security"] == [{"secret": []}, {}], name
            continue
        scope = SCOPES.get(name)
        of_clients = [] if scope is None else [{"client": [scope]}, {"entra": [scope]}]
        assert others == of_clients + ([{"upload": []}] if name in {"upload_offset", "append_upload"} else []), name
        if name in public:
            assert asked_for == {}, name
        elif name in {"oidc_callback", "entra_callback"}:
            assert asked_for == {"oidc": []}, name
        elif name in flow:
            assert asked_for == {"bankid": []}, name
        elif name in {"staff_sign_in_code", "staff_sign_in_recovery", "staff_sign_in_enrolment"}:
            assert asked_for == {"second-step": []}, name
        elif name == "staff_sign_in_passkey":
            assert asked_for == {"passkey": []}, name
        elif operation["method"] in {"get", "head", "options"}:
            assert asked_for == {"session": []}, name
        else:
            assert asked_for == {"session": [], "csrf": []}, name
