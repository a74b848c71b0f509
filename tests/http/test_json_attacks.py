"""JSON as attackers write it, at every route that takes any: refused, and nothing of it counts."""

import json
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest

from functions.request_context import JSON_BODY_MAX_BYTES
from tests.support.every_route import Scene, content_of, everything_stored
from tests.support.json_bodies import COUNTED, OPTIONAL, body_of, json_routes, sending, texts_in
from tests.support.problems import problem_of
from tests.support.world import Browser

ROUTES: Final = json_routes()

DEEP = 100_000


def _twice(body: Any) -> bytes:
    """Each name a second time, with the same value."""
    text = json.dumps(body)
    inner = text[1:-1]
    return f"{{{inner}, {inner}}}".encode() if inner else b'{"a": 1, "a": 1}'


def _surrogate(body: Any) -> bytes:
    """A lone half of a character at the end of every text; of a body without texts, in a name."""
    text = json.dumps(body)
    for place in texts_in(body):
        value = body
        for step in place:
            value = value[step]
        text = text.replace(json.dumps(value), json.dumps(value)[:-1] + '\\ud800"')
    return (text if text != json.dumps(body) else '{"\\ud800": 1}').encode()


BROKEN: Mapping[str, Callable[[Any], bytes]] = {
    "10 MB": lambda body: json.dumps(body).encode() + b" " * 10_000_000,
    "10 MB of one text": lambda _: json.dumps({"text": "a" * 10_000_000}).encode(),
    "arrays 100 000 deep": lambda _: b"[" * DEEP + b"]" * DEEP,
    "objects 50 000 deep": lambda _: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "never closed": lambda _: b"[" * DEEP,
    "every name twice": _twice,
    "lone surrogates": _surrogate,
    "not a number": lambda body: json.dumps(body).replace("}", ', "x": NaN}').encode(),
    "infinity": lambda _: b'{"a": 1e999, "b": -Infinity}',
    "a number of 5 000 digits": lambda _: b'{"a": ' + b"9" * 5000 + b"}",
    "UTF-16": lambda body: json.dumps(body).encode("utf-16"),
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + json.dumps(body).encode(),
    "not UTF-8": lambda body: json.dumps(body).encode() + b"\xff",
    "something after it": lambda body: json.dumps(body).encode() + b'{"role": "admin"}',
    "a comment": lambda body: b"/* */" + json.dumps(body).encode(),
    "nothing": lambda _: b"",
    "an array of it": lambda body: json.dumps([body]).encode(),
    "a text of it": lambda body: json.dumps(json.dumps(body)).encode(),
    "null": lambda _: b"null",
    "a prototype": lambda body: json.dumps({**body, "__proto__": {"role": "admin"}}).encode(),
}

SECONDS: Final = 2.0
"""For a body at the limit. It is read, and refused, in milliseconds; a busy machine gets its time."""


async def _sent(scene: Scene, browser: Browser, route: str, body: bytes) -> Any:
    call = scene.call(route)
    return await browser.call(call.method, call.path, headers={"content-type": "application/json"}, content=body)


def test_these_routes_take_json() -> None:
    """An empty walk would prove nothing."""
    assert {"create_thread", "create_message", "invite_staff", "change_staff", "change_settings"} <= set(ROUTES)
    assert len(ROUTES) > 12


@pytest.mark.parametrize("route", ROUTES)
async def test_what_is_not_plainly_json_is_refused(scene: Scene, route: str) -> None:
    """Whoever may send the route's own body gets a problem for each of these, soon, and nothing is stored."""
    browser, body = await sending(scene, route), body_of(scene, route)
    kept = content_of if route in COUNTED else everything_stored
    before = kept(scene)
    for name, broken in BROKEN.items():
        if route in OPTIONAL and name in {"nothing", "null"}:
            continue
        began = time.perf_counter()
        answer = await _sent(scene, browser, route, broken(body))
        assert time.perf_counter() - began < SECONDS, name
        assert answer.status_code in {400, 413, 415, 422}, (name, answer.status_code)
        kind = answer.json()["type"].rpartition(":")[2]
        problem_of(answer, answer.status_code, kind)
        assert (answer.status_code == 413) == name.startswith("10 MB"), name
    assert kept(scene) == before


@pytest.mark.parametrize("route", ROUTES)
async def test_a_body_at_the_limit_is_read_and_one_over_it_is_not(scene: Scene, route: str) -> None:
    """Counted as it arrives, whatever its length says."""
    browser = await sending(scene, route)
    for length, too_large in ((JSON_BODY_MAX_BYTES, False), (JSON_BODY_MAX_BYTES + 1, True)):
        body = b'{"unknown": "' + b"a" * (length - 15) + b'"}'
        answer = await _sent(scene, browser, route, body)
        assert (answer.status_code == 413) == too_large
        assert answer.status_code in {413, 422}
