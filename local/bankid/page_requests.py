"""What both pages ask of a browser, and tell it: who may press their buttons, and what they may load.

They need no control token. What keeps other web pages from pressing the buttons: a form token that lives as long as
the process, the ``Origin`` of the request, and the ``Host``, which a rebound DNS name does not have.
"""

import hmac
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs

from starlette.requests import Request

FORM_BYTES = 4096

Form = dict[str, str]


class FormToken:
    """Stands in each form of one page."""

    def __init__(self) -> None:
        self.value = secrets.token_urlsafe(32)

    def came_with(self, request: Request, form: Form) -> bool:
        """Whether the form is one of ours, sent from our page."""
        is_from_here = request.headers.get("origin") == f"http://{request.headers.get('host')}"
        return is_from_here and hmac.compare_digest(form.get("form_token", "").encode(), self.value.encode())


def page_headers(nonce: str) -> Mapping[str, str]:
    return {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
        # Not no-referrer: with it browsers send "Origin: null" with the form.
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
    }


async def read_form(request: Request) -> Form:
    """Empty if it is too long."""
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > FORM_BYTES:
            return {}
    return {name: values[-1] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
