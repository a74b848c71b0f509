"""Who may go on with an upload: whoever is signed in, or holds the token that came with it; and what keeps them so."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Annotated, Final

from fastapi import Depends, Request

from functions.bearers import bearer_of, client_of
from functions.dependencies import SESSION_COOKIE, Allowing, body_of, container_of
from functions.problems import RequestRefusedError
from shared.crypto.tokens import token_hash
from shared.domain.errors import NotSignedInError
from shared.domain.ids import UploadId
from shared.domain.principals import ApiClient, Person, Principal, Staff
from shared.domain.scopes import Scope

UPLOAD_TOKEN_HEADER: Final = "Upload-Token"  # noqa: S105 - the name of a header
"""Told by a creation, and sent with the requests of that upload in place of a session that has run out."""


class AllowingUploader(Allowing):
    """As ``Allowing`` staff, persons and clients that send. Without a session, whoever holds the upload's own token."""

    def __init__(self) -> None:
        super().__init__(Staff, Person, scope=Scope.MESSAGES_SEND)

    async def __call__(self, request: Request) -> Principal | None:
        try:
            principal = await super().__call__(request)
            if isinstance(principal, ApiClient):
                return principal
            request.state.attended = token_hash(request.cookies[SESSION_COOKIE])
        except NotSignedInError:
            token = request.headers.get(UPLOAD_TOKEN_HEADER)
            if not token:
                raise
            rights = container_of(request).upload_rights
            held = await rights.holder(UploadId(request.path_params["upload"]), token)
            principal, request.state.attended = held.principal, held.session
        return principal


Uploader = Annotated[Principal, Depends(AllowingUploader())]


Attending = Callable[[], Awaitable[None]]


def attending(request: Request, principal: Principal, session: str | None) -> Attending:
    """What a long request does now and then: keep the session of that hash, or see that the client may go on."""
    services = container_of(request)
    if isinstance(principal, ApiClient):
        return lambda: services.client_tokens.still(principal)
    assert session is not None
    return lambda: services.sessions.attend(session)


async def attended_body(request: Request, attend: Attending) -> AsyncIterator[bytes]:
    """The body as it arrives, during which the session does not go idle.

    Raises ``SourceCutError``, ``OutOfTimeError``, and ``NotSignedInError`` when the session is ended, or the client
    revoked, meanwhile.
    """
    services = container_of(request)
    attended: datetime = services.clock()
    async for data in body_of(request):
        if (now := services.clock()) - attended >= services.sessions.attended_every:
            await attend()
            attended = now
        yield data


async def principal_or_nobody(request: Request) -> Principal | None:
    """Who is signed in here, if anybody, for a route that is open to everyone."""
    try:
        bearer = bearer_of(request)
        if bearer is not None:
            return await client_of(request, container_of(request), bearer)
    except RequestRefusedError:
        return None  # Nobody is refused here, whatever they send.
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        return None
    try:
        return await container_of(request).sessions.principal_of(token)
    except NotSignedInError:
        return None
