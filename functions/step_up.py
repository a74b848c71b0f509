"""Stepping up: a session proves anew who holds it, and goes on under another token."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import SESSION_COOKIE, Allowing, Services, container_of
from functions.json_bodies import JsonRoute
from functions.models import Strict
from functions.passkey_models import Flow, PasskeyProof, RequestOptions, clear_flow, set_flow
from functions.sessions import SessionView, set_session
from functions.staff_second_step import CodeView
from shared.domain.factor_answers import AppCode, PasskeyAnswer
from shared.domain.passkeys import Purpose, relying_party
from shared.domain.principals import Staff
from shared.domain.sign_in_methods import SignInMethod

router = APIRouter(prefix="/api/v1/staff/step-up", tags=["sessions"], route_class=JsonRoute)

StaffToStepUp = Annotated[Staff, Depends(Allowing(Staff, unfinished=True))]


class StepUpOffers(BaseModel):
    """In which ways this member steps up: `totp`, `passkey`, `entra` or `password`."""

    offers: list[str]


class PasswordView(Strict):
    """A password as it was typed."""

    password: Annotated[str, Field(max_length=1024)]


@router.get("")
async def read_step_up(services: Services, staff: StaffToStepUp) -> StepUpOffers:
    """With what this member can step up: a factor, Entra ID if they came by it, else the password."""
    offers = [offer.value for offer in await services.stepping_up.offers(staff)]
    offers += ["entra"] if SignInMethod.ENTRA in staff.methods else []
    return StepUpOffers(offers=sorted(offers) or ["password"])


@router.post("/code")
async def step_up_code(
    request: Request, typed: CodeView, services: Services, staff: StaffToStepUp, response: Response
) -> SessionView:
    """Step up with a code of the authenticator app."""
    here = request.cookies[SESSION_COOKIE]
    session = await services.stepping_up.with_factor(staff, AppCode(code=typed.code), here=here)
    return set_session(response, services, session)


@router.post("/password")
async def step_up_password(
    request: Request, typed: PasswordView, services: Services, staff: StaffToStepUp, response: Response
) -> SessionView:
    """Step up with the password: only where the member has no second factor."""
    session = await services.stepping_up.with_password(staff, typed.password, here=request.cookies[SESSION_COOKIE])
    return set_session(response, services, session)


@router.post("/passkey/options")
async def step_up_passkey_options(
    request: Request, services: Services, staff: StaffToStepUp, response: Response
) -> RequestOptions:
    """A challenge for a passkey of this member, for this session."""
    del staff
    issued = await services.challenges.issue(Purpose.STEP_UP, session=request.cookies[SESSION_COOKIE])
    return RequestOptions(challenge=set_flow(response, issued), rpId=relying_party(services.settings.public_url))


@router.post("/passkey")
async def step_up_passkey(
    request: Request, proof: PasskeyProof, staff: StaffToStepUp, response: Response, flow: Flow = ""
) -> SessionView:
    """Step up with what a passkey signed."""
    services = container_of(request)
    answer = PasskeyAnswer(flow=flow, asserted=proof.asserted())
    session = await services.stepping_up.with_factor(staff, answer, here=request.cookies[SESSION_COOKIE])
    clear_flow(response)
    return set_session(response, services, session)
