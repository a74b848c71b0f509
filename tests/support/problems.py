"""What every problem on the wire must be, whatever went wrong."""

from typing import Any

import httpx

URN = "urn:pic:problem:"
MEMBERS = {
    "type",
    "title",
    "status",
    "instance",
    "rule",
    "rules",
    "errors",
    "limit_bytes",
    "required",
    "reason",
    "scope",
}


def problem_of(answer: httpx.Response, status: int, kind: str) -> dict[str, Any]:
    """The problem document, checked: its media type, its type, its own status, the request's id, nothing unexpected."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["type"] == (kind if kind == "about:blank" else URN + kind)
    assert document["status"] == status
    assert document["instance"] == f"urn:pic:request:{answer.headers['x-request-id']}"
    assert set(document) <= MEMBERS
    return document


def anonymous(document: dict[str, Any]) -> dict[str, Any]:
    """The document without what differs from request to request."""
    return {name: value for name, value in document.items() if name != "instance"}
