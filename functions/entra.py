"""Signing in with Entra ID (Office 365): staff go to their organisation's tenant, and back into the same browser.

All addresses that a browser is sent to afterwards are constants; nothing of the tenant's answer is in them.
"""

from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import Field

from functions.dependencies import (
    EVERYONE,
    SESSION_COOKIE,
    Allowing,
    Device,
    Services,
    container_of,
)
from functions.json_bodies import JsonRoute
from functions.keepsakes import FromWhere
from functions.limits import STARTS
from functions.models import Strict
from functions.redirects import FAILED, AuthorizationView, Flow, Returned, end_flow, send_away
from functions.sessions import Previous, set_session
from functions.staff_second_step import set_step
from shared.domain.brokers import Failure
from shared.domain.entra_registrations import NAME
from shared.domain.errors import DependencyError, TooManyRequestsError
from shared.domain.principals import Staff
from shared.domain.staff_sign_in import Here, SecondStepBegun

router = APIRouter(prefix="/api/v1/staff/entra", tags=["sign-in"], route_class=JsonRoute)

WORK: Final = "/portal#/units"
SECOND_STEP: Final = "/portal#/sign-in/second-step/"

StaffToProve = Annotated[Staff, Depends(Allowing(Staff, unfinished=True))]
FreshStaff = Annotated[Staff, Depends(Allowing(Staff, fresh=True))]


class Invitation(Strict):
    """The link of an invitation, which is accepted by signing in."""

    invitation: Annotated[
        str | None, Field(max_length=200, description="What stands in the link behind the last `/`.")
    ] = None


@router.post("/start", dependencies=[EVERYONE, STARTS])
async def entra_start(
    request: Request, response: Response, services: Services, invitation: Invitation, trier: FromWhere
) -> AuthorizationView:
    """Begin a sign-in with Entra ID. The browser goes there, and comes back to `entra_callback`."""
    if invitation.invitation is not None:
        await services.staff_limiting.allow_question(trier.client_address)
    started = await services.entra_signing_in.start(invitation=invitation.invitation)
    return send_away(request, response, services, started)


@router.post("/proof")
async def entra_prove(request: Request, response: Response, staff: StaffToProve) -> AuthorizationView:
    """Prove anew who one is, for whoever signed in with Entra ID: it asks for the password there again."""
    services = container_of(request)
    started = await services.entra_signing_in.start_proof(staff, here=request.cookies[SESSION_COOKIE])
    return send_away(request, response, services, started)


@router.post("/connection")
async def entra_connect(request: Request, response: Response, staff: FreshStaff) -> AuthorizationView:
    """Connect one's account in the organisation's tenant: from then on one signs in with it."""
    services = container_of(request)
    started = await services.entra_signing_in.start_connecting(staff, here=request.cookies[SESSION_COOKIE])
    return send_away(request, response, services, started)


@router.get(
    "/callback",
    dependencies=[EVERYONE],
    status_code=303,
    response_class=RedirectResponse,
    responses={303: {"description": "To the work with a session, to the second step, or to a page that says why not."}},
)
async def entra_callback(
    request: Request,
    services: Services,
    device: Device,
    returned: Returned,
    *,
    flow: Flow = "",
    previous: Previous = None,
) -> Response:
    """Back from Entra ID. Only the browser that started gets a session, and only once."""
    from shared.services.entra_signing_in import ReturningBrowser  # noqa: PLC0415  # comes with its service

    browser = ReturningBrowser(flow=flow, here=Here(replacing=previous, device=device))
    try:
        outcome = await services.entra_signing_in.finish(returned.at(NAME), browser)
    except (DependencyError, TooManyRequestsError):
        # Somebody is looking at this address: a problem document would be the end of their way.
        outcome = Failure.TRY_LATER
    if isinstance(outcome, Failure):
        request.state.outcome = outcome.value
        answer = RedirectResponse(FAILED[outcome], status_code=303)
    elif isinstance(outcome, SecondStepBegun):
        ways = ".".join(sorted(offer.value for offer in outcome.offers))
        answer = RedirectResponse(SECOND_STEP + ways, status_code=303)
        set_step(answer, outcome)
        answer.status_code = 303
    else:
        answer = RedirectResponse(WORK, status_code=303)
        set_session(answer, services, outcome)
    end_flow(answer)
    return answer
