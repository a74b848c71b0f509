"""Signing in at a broker: away, and back into the browser that started.

Both addresses that a browser is sent to afterwards are constants; nothing of the broker's answer is in them.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Cookie, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from functions.dependencies import EVERYONE, REDIRECT_COOKIE, Device, Services, client_address
from functions.json_bodies import JsonRoute
from functions.limits import STARTS, device_of, remember
from functions.sessions import Previous, set_session
from shared.crypto.tokens import new_token
from shared.domain.brokers import Failure
from shared.domain.errors import DependencyError, TooManyRequestsError

router = APIRouter(prefix="/api/v1", tags=["sign-in"], route_class=JsonRoute)

INBOX: Final = "/portal#/inbox"
FAILED: Final = {failure: f"/portal#/sign-in/failed/{failure.value}" for failure in Failure}
FLOW_SECONDS: Final = 600

Flow = Annotated[str, Cookie(alias=REDIRECT_COOKIE, max_length=128, include_in_schema=False)]


class AuthorizationView(BaseModel):
    """Where the browser goes now."""

    authorization_url: Annotated[str, Field(description="An address of the broker; good for ten minutes.")]


@router.post("/oidc/{provider}/start", dependencies=[EVERYONE, STARTS])
async def oidc_start(provider: str, request: Request, services: Services, response: Response) -> AuthorizationView:
    """Begin a sign-in at a broker. The browser goes there, and comes back to `oidc_callback`."""
    address = client_address(request, services.settings.client_address_header)
    started = await services.broker_signing_in.start(provider, address=address)
    response.set_cookie(
        REDIRECT_COOKIE, started.flow, max_age=FLOW_SECONDS, path="/", secure=True, httponly=True, samesite="lax"
    )
    remember(response, device_of(request) or new_token(services.random))
    return AuthorizationView(authorization_url=started.url)


@router.get(
    "/oidc/{provider}/callback",
    dependencies=[EVERYONE],
    status_code=303,
    response_class=RedirectResponse,
    responses={303: {"description": "To the inbox with a session, or to a page that says why not."}},
)
async def oidc_callback(
    provider: str,
    request: Request,
    services: Services,
    device: Device,
    *,
    state: Annotated[str, Query(include_in_schema=False)] = "",
    code: Annotated[str, Query(include_in_schema=False)] = "",
    error: Annotated[str, Query(include_in_schema=False)] = "",
    iss: Annotated[str | None, Query(include_in_schema=False)] = None,
    flow: Flow = "",
    previous: Previous = None,
) -> Response:
    """Back from a broker, to its own address. Only the browser that started gets a session, and only once."""
    from shared.services.broker_signing_in import Browser  # noqa: PLC0415  # comes with its service
    from shared.services.redirects import Answered  # noqa: PLC0415  # comes with its service

    browser = Browser(
        flow=flow,
        address=client_address(request, services.settings.client_address_header),
        device=device,
        replacing=previous,
    )
    try:
        outcome = await services.broker_signing_in.finish(
            Answered(provider=provider, state=state, code=code, error=error, issuer=iss), browser
        )
    except (DependencyError, TooManyRequestsError):
        # A person is looking at this address: a problem document would be the end of their way.
        outcome = Failure.TRY_LATER
    if isinstance(outcome, Failure):
        request.state.outcome = outcome.value
        answer = RedirectResponse(FAILED[outcome], status_code=303)
    else:
        answer = RedirectResponse(INBOX, status_code=303)
        set_session(answer, services, outcome)
    answer.delete_cookie(REDIRECT_COOKIE, path="/", secure=True, httponly=True, samesite="lax")
    return answer
