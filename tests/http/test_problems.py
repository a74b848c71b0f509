"""Problems: one for every error there is, and nothing of the request in any of them."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from httpx import ASGITransport, AsyncClient, Response

from functions import problems
from functions.problems import TABLE, Problem
from functions.request_context import JSON_BODY_MAX_BYTES
from shared.domain import errors
from shared.domain.byte_ranges import UnsatisfiableRangeError
from shared.domain.errors import KeyDestroyedError, KeyUnavailableError, PicError
from tests.support.every_route import Scene
from tests.support.problems import problem_of
from tests.support.wire import Wire
from tests.support.world import World

CANARY = "kanariefågel-5b1f"

ARGUMENTS: dict[type[Exception], tuple[Any, ...]] = {
    errors.AssuranceTooLowError: ("loa4",),
    errors.SignInRefusedError: ("risk",),
    errors.InvalidInputError: ("a-rule",),
    errors.TooLargeError: (17,),
    errors.TooManyRequestsError: (9,),
    errors.ElectronicIdError: (errors.ElectronicIdFault.MAINTENANCE,),
    errors.UnderWayError: (9,),
    errors.ScopeMissingError: ("threads:read",),
    errors.ContentRefusedError: (("content-macros", "content-executable"),),
    errors.PasswordRefusedError: (("password-short", "password-weak"),),
    UnsatisfiableRangeError: (5,),
}
MEMBERS: dict[type[Exception], dict[str, object]] = {
    errors.AssuranceTooLowError: {"required": "loa4"},
    errors.ContentRefusedError: {"rule": "content-macros", "rules": ["content-macros", "content-executable"]},
    errors.PasswordRefusedError: {"rule": "password-short", "rules": ["password-short", "password-weak"]},
    errors.SignInRefusedError: {"reason": "risk"},
    errors.OutOfTimeError: {"reason": "out-of-time"},
    errors.InvalidInputError: {"rule": "a-rule"},
    errors.TooLargeError: {"limit_bytes": 17},
    errors.ScopeMissingError: {"scope": "threads:read"},
}
HEADERS: dict[type[Exception], dict[str, str]] = {
    errors.TooManyRequestsError: {"retry-after": "9"},
    errors.UnderWayError: {"retry-after": "9"},
    errors.ScopeMissingError: {"www-authenticate": 'Bearer error="insufficient_scope", scope="threads:read"'},
    errors.DependencyError: {"retry-after": "5"},
    errors.ElectronicIdError: {"retry-after": "5"},
    errors.OutOfTimeError: {"retry-after": "5", "connection": "close"},
    UnsatisfiableRangeError: {"content-range": "bytes */5"},
}


def tree(root: type[PicError]) -> Iterator[type[PicError]]:
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield kind
            yield from tree(kind)


KINDS: list[type[Exception]] = [*tree(PicError), UnsatisfiableRangeError]


def test_the_table_covers_the_tree_of_errors() -> None:
    """A new error fails here until somebody has said what clients are told."""
    assert set(KINDS) == set(TABLE)
    assert len(KINDS) > 12


def test_types_are_words_that_stand_for_one_problem_each() -> None:
    """Clients decide by the type: it is stable, and one type has one status and one title."""
    own = [value for value in vars(problems).values() if isinstance(value, Problem)]
    known: dict[str, Problem] = {}
    for problem in [*TABLE.values(), *own]:
        assert known.setdefault(problem.type, problem) == problem
        assert problem.type == "about:blank" or problem.type.replace("-", "").isalpha()
    assert {problem.type for problem in known.values() if problem.status == 500} == {"about:blank", "content-damaged"}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
async def test_every_error_becomes_its_problem(kind: type[Exception]) -> None:
    """With the members and headers that belong to it, and never with the text of the error or of its cause."""
    api = FastAPI()
    problems.install(api)

    @api.get("/")
    async def fail(request: Request) -> None:
        request.state.request_id = "id"
        raise kind(*ARGUMENTS.get(kind, (CANARY,))) from ValueError(CANARY)

    async with AsyncClient(transport=ASGITransport(api), base_url="http://test") as http:
        answer = await http.get("/")
    problem = TABLE[kind]
    assert (answer.status_code, answer.headers["content-type"]) == (problem.status, "application/problem+json")
    assert answer.json() == {
        "type": f"urn:pic:problem:{problem.type}",
        "title": problem.title,
        "status": problem.status,
        "instance": "urn:pic:request:id",
        **MEMBERS.get(kind, {}),
    }
    assert {name: answer.headers.get(name) for name in HEADERS.get(kind, {})} == HEADERS.get(kind, {})


async def test_those_who_wait_for_a_key_come_back_apart_and_for_a_destroyed_one_never() -> None:
    """A whole organisation is refused at the same moment, and its vault allows so many calls."""
    waits = {int(problems.retry_after(KeyUnavailableError())["Retry-After"]) for _ in range(500)}
    assert (min(waits), max(waits)) == (5, 30)
    api = FastAPI()
    problems.install(api)

    @api.get("/")
    async def fail(request: Request) -> None:
        request.state.request_id = "id"
        raise KeyDestroyedError

    async with AsyncClient(transport=ASGITransport(api), base_url="http://test") as http:
        answer = await http.get("/")
    assert (answer.status_code, "retry-after" in answer.headers) == (410, False)


async def test_an_e_id_that_wants_to_be_left_alone_is_left_alone() -> None:
    """What it says is passed on in place of our own five seconds."""
    api = FastAPI()
    problems.install(api)

    @api.get("/")
    async def fail(request: Request) -> None:
        request.state.request_id = "id"
        raise errors.ElectronicIdError(errors.ElectronicIdFault.TOO_MANY_REQUESTS, retry_after_seconds=40)

    async with AsyncClient(transport=ASGITransport(api), base_url="http://test") as http:
        answer = await http.get("/")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "40")


PERSON = {"personal_number": "191212121212", "mail_address": "tolvan@example.com"}
BODIES: dict[str, tuple[str, dict[str, Any]]] = {
    "staff_sign_in": ("/api/v1/staff/sign-in", {"mail_address": "a@example.com", "password": "x"}),
    "create_thread": ("/api/v1/threads", {"unit": "u", "subject": "s", "persons": [PERSON]}),
    "create_message": ("/api/v1/threads/{thread}/messages", {"text": "t", "retention_days": 3}),
}
WRONG_VALUES: tuple[Any, ...] = (
    *(CANARY, [CANARY], {CANARY: CANARY}, [[CANARY]], True, 3.5, None, -1, 10**40),
    *(CANARY * 20_000, "", CANARY + "\x00", f"{CANARY}\r\nSet-Cookie: a=b", CANARY + "\u202e"),
)


def variants(body: Any) -> Iterator[Any]:
    """The body with each of its values, at every depth, replaced, left out, or joined by an unknown one."""
    if isinstance(body, dict):
        yield {**body, CANARY: CANARY}
        for key, value in body.items():
            yield {other: kept for other, kept in body.items() if other != key}
            for changed in variants(value):
                yield {**body, key: changed}
    elif isinstance(body, list):
        yield []
        yield body * 21
        for index, value in enumerate(body):
            for changed in variants(value):
                yield [*body[:index], changed, *body[index + 1 :]]
    yield from WRONG_VALUES


REFUSALS = {
    400: {"malformed-request"},
    401: {"wrong-credentials"},
    404: {"not-found"},
    413: {"too-large"},
    415: {"unsupported-media-type"},
    422: {"invalid-request", "invalid-input"},
}


def checked(answer: Response, caplog: pytest.LogCaptureFixture) -> None:
    """A problem of a known type that holds nothing of what was sent, in body, headers or log."""
    assert answer.status_code in REFUSALS, answer.text
    kind = str(answer.json()["type"]).removeprefix("urn:pic:problem:")
    assert kind in REFUSALS[answer.status_code]
    document = problem_of(answer, answer.status_code, kind)
    logged = [record.getMessage() for record in caplog.records if record.name != "httpx"]  # the test's own client
    assert "kanarie" not in json.dumps(document, ensure_ascii=False) + str(answer.headers) + str(logged)
    assert len(answer.content) < 4096
    caplog.clear()


@pytest.mark.parametrize("route", list(BODIES))
async def test_no_wrong_value_comes_back(scene: Scene, route: str, caplog: pytest.LogCaptureFixture) -> None:
    """Every field at every depth: wrong types, unknown names, control characters, far too long; none of it returns."""
    caplog.set_level("INFO")
    path, body = BODIES[route]
    seen = 0
    for variant in variants(body):
        answer = await scene.staff.call("POST", path.format(thread=scene.thread), json=variant)
        if not answer.is_success:  # a text may be empty, and anything that is no rule's business
            checked(answer, caplog)
            seen += 1
    assert seen > 20


HOSTILE = {
    "malformed": f'{{"{CANARY}": '.encode(),
    "a bare word": CANARY.encode(),
    "NaN": f'{{"text": "t", "retention_days": NaN, "{CANARY}": 1}}'.encode(),
    "Infinity": b'{"text": "t", "retention_days": -Infinity}',
    "beyond a double": b'{"text": "t", "retention_days": 1e999}',
    "more digits than Python converts": b'{"retention_days": ' + b"9" * 10_000 + b"}",
    "a name twice": f'{{"text": "{CANARY}", "text": "t"}}'.encode(),
    "a name twice, escaped": b'{"text": "a", "\\u0074ext": "t"}',
    "half a surrogate pair": f'{{"text": "{CANARY}\\ud800"}}'.encode(),
    "half a surrogate pair as a name": f'{{"{CANARY}\\ud800": 1}}'.encode(),
    "not UTF-8": CANARY.encode() + b"\xff\xfe",
    "UTF-16": '{"text": "t"}'.encode("utf-16"),
    "UTF-16 without mark": '{"text": "t"}'.encode("utf-16-le"),
    "a byte order mark": b"\xef\xbb\xbf" + b'{"text": "t"}',
    "lists 100 000 deep": b"[" * 100_000,
    "objects 50 000 deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "closed lists 100 000 deep": b"[" * 100_000 + b"]" * 100_000,
    "two documents": b'{"text": "t"} {"text": "t"}',
    "a comment": b'{"text": "t" /* c */}',
    "a trailing comma": b'{"text": "t",}',
    "nothing": b"",
    "null": b"null",
    "a text": f'"{CANARY}"'.encode(),
    "a zero byte": b"\x00",
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("route", list(BODIES))
async def test_a_hostile_body_is_refused(
    scene: Scene, route: str, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """What is not strictly JSON in UTF-8 is not interpreted."""
    caplog.set_level("INFO")
    headers = {"content-type": "application/json"}
    path = BODIES[route][0].format(thread=scene.thread)
    checked(await scene.staff.call("POST", path, content=body, headers=headers), caplog)


@pytest.mark.parametrize(
    "kind",
    [
        *("", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/json"),
        *("application/jsonp", "application/problem+json", "application/json-seq", CANARY.replace("å", "a"), "json"),
    ],
)
async def test_another_content_type_is_refused(scene: Scene, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    """A form of another site can send these without asking; and nobody guesses what a body may be."""
    caplog.set_level("INFO")
    headers = {"content-type": kind} if kind else {}
    path = f"/api/v1/threads/{scene.thread}/messages"
    answer = await scene.staff.call("POST", path, content=b'{"text": "t"}', headers=headers)
    problem_of(answer, 415, "unsupported-media-type")
    checked(answer, caplog)


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "Application/JSON"])
async def test_json_is_json_however_it_is_written(scene: Scene, kind: str) -> None:
    """Media types know no case, and clients add a charset."""
    headers = {"content-type": kind}
    path = f"/api/v1/threads/{scene.thread}/messages"
    answer = await scene.staff.call("POST", path, content=b'{"text": "t"}', headers=headers)
    assert answer.status_code == 201


async def endless(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b" " * 65_536


@pytest.mark.parametrize("route", ["staff_sign_in", "send_message", "sign_out"])
@pytest.mark.parametrize("is_declared", [True, False], ids=["declared", "chunked"])
async def test_a_body_over_the_limit_is_refused(scene: Scene, route: str, is_declared: bool) -> None:  # noqa: FBT001
    """10 MB: at once where the length is declared, at the limit where it is not."""
    count = 160
    content = b" " * (65_536 * count) if is_declared else endless(count)
    headers = {"content-type": "application/json"}
    call = scene.call(route)
    answer = await scene.staff.call(call.method, call.path, content=content, headers=headers)
    if route == "staff_sign_in" or is_declared:
        document = problem_of(answer, 413, "too-large")
        assert document["limit_bytes"] == JSON_BODY_MAX_BYTES
    else:
        assert answer.is_success  # a body that no route reads is not read


@pytest.mark.parametrize("length", [b"", b"-1", b"+1", b"1_0", b"0x1", b"1e3", b"\xb2", b"9" * 19, b"9" * 5000])
@pytest.mark.parametrize("route", ["staff_sign_in", "append_upload", "create_upload"])
async def test_a_strange_content_length_is_a_problem(scene: Scene, route: str, length: bytes) -> None:
    """Servers refuse these before us; should one come through, it is no fault of ours."""
    call = scene.call(route)
    headers = [
        (b"content-length", length),
        (b"cookie", f"__Host-session={scene.staff.cookies['__Host-session']}".encode()),
    ]
    headers += [(b"x-csrf-token", scene.staff.csrf.encode())]
    headers += [(name.encode(), value.encode()) for name, value in call.more.get("headers", {}).items()]
    wire = Wire(call.method, path=call.path, headers=headers).put(b"")
    await scene.world.app(wire.scope, wire.receive, wire.send)
    assert wire.status in {413, 422}
    assert json.loads(wire.body)["type"] in {"urn:pic:problem:too-large", "urn:pic:problem:invalid-input"}


async def test_the_limit_lets_the_longest_text_through_however_it_is_escaped(scene: Scene) -> None:
    """64 KiB of text; some writers of JSON escape every character that HTML might see as six."""
    body = b'{"text": "' + b"\\u003c" * 65_536 + b'"}'
    headers = {"content-type": "application/json"}
    path = f"/api/v1/threads/{scene.thread}/messages"
    assert (await scene.staff.call("POST", path, content=body, headers=headers)).status_code == 201


@pytest.mark.parametrize(
    "continuation", ["", ".", "..", CANARY, "a b", "%00", "a" * 256, "a" * 5000, "a'", "a/b", "a?b", "{", "}"]
)
@pytest.mark.parametrize("route", ["list_threads", "list_inbox"])
async def test_a_continuation_that_nobody_gave_is_refused(
    world: World, route: str, continuation: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It becomes part of a query of the store: only what the store could have given goes there."""
    caplog.set_level("INFO")
    browser = await world.staff() if route == "list_threads" else await world.person()
    path = "/api/v1/threads" if route == "list_threads" else "/api/v1/inbox"
    answer = await browser.call("GET", path, params={"unit": world.unit, "continuation": continuation})
    document = problem_of(answer, 422, "invalid-request")
    assert [fault["at"] for fault in document["errors"]] == ["query.continuation"]
    checked(answer, caplog)


async def test_a_fault_is_told_by_place_and_rule(scene: Scene) -> None:
    """What a developer needs: names of our own description, and the rule that is broken."""
    body = {"unit": 1, "subject": "s", "persons": [{**PERSON, "mail_address": None, CANARY: 1}], CANARY: 2}
    answer = await scene.staff.call("POST", "/api/v1/threads", json=body)
    assert problem_of(answer, 422, "invalid-request")["errors"] == [
        {"at": "body.unit", "rule": "string_type"},
        {"at": "body.persons.0.mail_address", "rule": "string_type"},
        {"at": "body.persons.0", "rule": "extra_forbidden"},
        {"at": "body", "rule": "extra_forbidden"},
    ]
    missing = await scene.staff.call("GET", "/api/v1/threads")
    assert problem_of(missing, 422, "invalid-request")["errors"] == [{"at": "query.unit", "rule": "missing"}]
