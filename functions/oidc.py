"""Signing in at a broker: away, and back into the browser that started.

How a browser is sent away and comes back is ``functions.redirects``.
"""

from typing import Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from functions.dependencies import EVERYONE, Device, Services, client_address
from functions.json_bodies import JsonRoute
from functions.limits import STARTS
from functions.redirects import FAILED, AuthorizationView, Flow, Returned, end_flow, send_away
from functions.sessions import Previous, set_session
from shared.domain.brokers import Failure
from shared.domain.errors import DependencyError, TooManyRequestsError

router = APIRouter(prefix="/api/v1", tags=["sign-in"], route_class=JsonRoute)

INBOX: Final = "/portal#/inbox"


@router.post("/oidc/{provider}/start", dependencies=[EVERYONE, STARTS])
async def oidc_start(provider: str, request: Request, services: Services, response: Response) -> AuthorizationView:
    """Begin a sign-in at a broker. The browser goes there, and comes back to `oidc_callback`."""
    address = client_address(request, services.settings.client_address_header)
    started = await services.broker_signing_in.start(provider, address=address)
    return send_away(request, response, services, started)


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
    returned: Returned,
    *,
    flow: Flow = "",
    previous: Previous = None,
) -> Response:
    """Back from a broker, to its own address. Only the browser that started gets a session, and only once."""
    from shared.services.broker_signing_in import Browser  # noqa: PLC0415  # comes with its service

    browser = Browser(
        flow=flow,
        address=client_address(request, services.settings.client_address_header),
        device=device,
        replacing=previous,
    )
    try:
        outcome = await services.broker_signing_in.finish(returned.at(provider), browser)
    except (DependencyError, TooManyRequestsError):
        # A person is looking at this address: a problem document would be the end of their way.
        outcome = Failure.TRY_LATER
    if isinstance(outcome, Failure):
        request.state.outcome = outcome.value
        answer = RedirectResponse(FAILED[outcome], status_code=303)
    else:
        answer = RedirectResponse(INBOX, status_code=303)
        set_session(answer, services, outcome)
    end_flow(answer)
    return answer
