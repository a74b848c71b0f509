"""Personal data in every place of every request: nothing that is logged, queued, mailed, stored or answered holds it."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.canaries import hidden_in
from tests.support.every_route import CALLS, Call, Scene, Who
from tests.support.world import world

VALUES = {
    "personal number": "198211632388",
    "ten digits": "8211632388",
    "with a hyphen": "19821163-2388",
    "name": "Zebrafinksson",
    "address": "stenskvatta@fagel.example",
}
CANARY = " ".join(VALUES.values())
IN_URL = quote(CANARY, safe="")
HEADERS = dict.fromkeys(
    ("user-agent", "referer", "x-forwarded-for", "x-request-id", "traceparent", "accept-language", "range"), CANARY
)


def planted(value: Any) -> list[Any]:
    """A body with a canary in place of each of its texts in turn: as long as any, and one that may fit the field."""
    if isinstance(value, Mapping):
        return [{**value, key: made} for key, inner in value.items() for made in planted(inner)]
    if isinstance(value, list):
        return [[*value[:at], made, *value[at + 1 :]] for at, inner in enumerate(value) for made in planted(inner)]
    return [CANARY, VALUES["personal number"], VALUES["address"]] if isinstance(value, str) else []


def variants(call: Call) -> list[Call]:
    """The call as it is and with the canary in its query, headers, body, each part of its path, and media type."""
    more = dict(call.more)
    own = more.pop("headers", {})
    path = call.path.partition("?")[0]
    parts = path.split("/")
    made = [
        Call(call.method, f"{path}?continuation={IN_URL}&unit={IN_URL}&state={IN_URL}&code={IN_URL}", call.more),
        Call(call.method, call.path, {**more, "headers": {**own, **HEADERS}}),
        Call(call.method, call.path, {"headers": {**own, "content-type": CANARY}, "content": CANARY.encode()}),
        Call(
            call.method,
            call.path,
            {**more, "headers": dict.fromkeys(own, CANARY) | {"cookie": f"a={CANARY}; __Host-session={CANARY}"}},
        ),
    ]
    within = ("/".join([*parts[:at], IN_URL, *parts[at + 1 :]]) for at in range(1, len(parts)))
    bodies = [
        Call(call.method, call.path, {**call.more, "json": body}) for body in planted(more.get("json", {"a": "b"}))
    ]
    return [*made, *bodies, *(Call(call.method, path, call.more) for path in within), call]


@pytest.mark.parametrize("route", CALLS)
async def test_no_route_lets_a_canary_out(route: str, caplog: pytest.LogCaptureFixture) -> None:
    """Of whoever asks; ``CALLS`` has every route, which the test of the matrix holds it to."""
    caplog.set_level(logging.DEBUG)
    async with world() as made:
        scene = await Scene.of(made)
        answers = []
        for who in (Who.NOBODY, Who.PERSON, Who.STAFF):
            browser = await scene.browser(who)
            for call in variants(scene.call(route)):
                answer = await call.by(browser)
                answers.append(f"{answer.headers} {answer.text if answer.is_error else ''}")
        await made.container.run_queues()
        container = made.container
        # Our own client logs what it sends; it stands where a browser would.
        logged = "\n".join(
            f"{record.getMessage()} {record.__dict__}"
            for record in caplog.records
            if not record.name.startswith(("httpx", "httpcore"))
        )
        stored = f"{container.record_store._partitions} {container.blobs._content} {container.queues.queued}"
        mails = "".join(f"{mail.subject}{mail.text}{mail.message_id}{mail!r}" for mail in container.mailer.sent)
        assert hidden_in(logged, VALUES) == set()
        assert hidden_in(stored, VALUES) == set()
        assert hidden_in(mails, VALUES) == set()
        assert hidden_in("\n".join(answers), VALUES) == set()
