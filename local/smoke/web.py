"""What a deployment must answer to anyone: health, headers, nothing of itself, nothing that is not public."""

from collections.abc import Iterator
from typing import Final

import httpx

from functions.request_context import SECURITY_HEADERS

UNKNOWN: Final = "/portal/rokprov"
"""Leads nowhere, and must not come back in the answer. Of the application: the host answers where there is no route."""

CLOSED: Final = {
    "/metrics": {404},
    "/admin/functions": {401, 403, 404},
    "/admin/host/status": {401, 403, 404},
    "/runtime/webhooks": {401, 403, 404},
    "/.env": {404},
    "/host.json": {404},
    "/api/v1/session": {401},
    "/api/v1/inbox": {401},
    "/api/v1/units": {401},
}
"""What must not be open."""

TALKATIVE: Final = ("server", "x-powered-by", "x-aspnet-version", "x-ms-invocation-id", "via")


def web_faults(http: httpx.Client) -> Iterator[str]:
    """What is wrong, in words. Raises ``httpx.HTTPError`` when the deployment does not answer."""
    alive, ready = http.get("/health"), http.get("/health/ready")
    if (alive.status_code, alive.text) != (200, '{"status":"alive"}'):
        yield f"/health answers {alive.status_code}"
    if ready.status_code != httpx.codes.OK:
        yield f"/health/ready answers {ready.status_code}: {_not_ready(ready)}"
    unknown = http.get(UNKNOWN)
    if unknown.status_code != httpx.codes.NOT_FOUND or "rokprov" in unknown.text:
        yield "an unknown path is not answered with a plain 404"
    for path, wanted in CLOSED.items():
        status = http.get(path).status_code
        if status not in wanted:
            yield f"{path} answers {status}"
    for name, answer in {"/health": alive, "a problem": unknown, "/portal": http.get("/portal")}.items():
        yield from _header_faults(name, answer)
    ids = {answer.headers.get("x-request-id") for answer in (alive, ready, unknown)}
    if None in ids or len(ids) != 3:  # noqa: PLR2004 - one for each
        yield "requests have no id of their own (x-request-id)"


def _not_ready(answer: httpx.Response) -> str:
    try:
        states = answer.json()["dependencies"]
        return ", ".join(state["name"] for state in states if not state["ready"]) or "no reason"
    except (ValueError, KeyError, TypeError):
        return "no reason"


def _header_faults(name: str, answer: httpx.Response) -> Iterator[str]:
    for header, wanted in SECURITY_HEADERS.items():
        if header == "cache-control" and name == "/portal":
            continue  # Its pages may be kept, and are asked for again by their tag.
        found = answer.headers.get(header)
        if found is None:
            yield f"{name}: the header {header} is missing"
        elif found != wanted:
            yield f"{name}: the header {header} is another"
    for header in TALKATIVE:
        if header in answer.headers:
            yield f"{name}: the header {header} says what runs here"
