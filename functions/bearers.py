"""Who calls with an ``Authorization`` header: an API client, known by its bearer token alone. Source: RFC 6750.

A request that has such a header is judged by it. Its cookies are not looked at, so that nothing which a browser adds by
itself can lend it anything; and no page of another site can make a browser send it.
"""

import re
from typing import Final

from fastapi import Request

from functions.problems import TABLE, RequestRefusedError
from functions.request_context import answering
from shared.container import Container
from shared.domain.errors import NotSignedInError
from shared.domain.principals import ApiClient

MOST_CHARACTERS: Final = 8 * 1024
"""Of the header: tokens of Entra ID are about 2 KiB."""

_BEARER: Final = re.compile(r"[Bb]earer ([A-Za-z0-9._~+/-]+=*)")
"""RFC 6750 section 2.1. Tokens in bodies and addresses (sections 2.2 and 2.3) are not read."""


def refusal() -> RequestRefusedError:
    """The answer to a token that is none, or is over."""
    return RequestRefusedError(TABLE[NotSignedInError], {"WWW-Authenticate": 'Bearer error="invalid_token"'})


def bearer_of(request: Request) -> str | None:
    """The token, or None where there is no such header. Raises ``RequestRefusedError`` for any other form of it."""
    lines = request.headers.getlist("authorization")
    if not lines:
        return None
    found = _BEARER.fullmatch(lines[0]) if len(lines) == 1 and len(lines[0]) <= MOST_CHARACTERS else None
    if found is None:
        raise refusal()
    return found[1]


async def client_of(request: Request, services: Container, token: str) -> ApiClient:
    """Raises ``RequestRefusedError``."""
    try:
        with answering(request):
            return await services.bearer_tokens.principal_of(token)
    except NotSignedInError:
        raise refusal() from None
