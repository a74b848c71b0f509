"""The second step of staff's sign-in, and signing in with a passkey alone."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Cookie, Depends, Response
from pydantic import BaseModel, Field

from functions.dependencies import EVERYONE, STEP_COOKIE, Device, Services
from functions.json_bodies import JsonRoute
from functions.limits import STARTS
from functions.models import Strict
from functions.passkey_models import Flow, PasskeyProof, RequestOptions, clear_flow, set_flow
from functions.sessions import Previous, SessionView, set_session
from shared.domain.errors import NotFoundError
from shared.domain.factor_answers import AppCode, EnrolmentCode, FactorAnswer, PasskeyAnswer, RecoveryCode
from shared.domain.passkeys import Purpose, relying_party
from shared.domain.staff_sign_in import Here, SecondStepBegun

if TYPE_CHECKING:
    from shared.container import Container
    from shared.services.sessions import NewSession

router = APIRouter(prefix="/api/v1/staff/sign-in", tags=["sign-in"], route_class=JsonRoute)

Step = Annotated[str | None, Cookie(alias=STEP_COOKIE, max_length=128, include_in_schema=False)]
"""The sign-in that this browser has half done."""


@dataclass(frozen=True)
class Browser:
    """What the browser that goes on with a sign-in brings along."""

    here: Here
    step: str | None


async def _browser_of(device: Device, previous: Previous = None, step: Step = None) -> Browser:
    return Browser(here=Here(replacing=previous, device=device), step=step)


From = Annotated[Browser, Depends(_browser_of)]


class SecondStepView(BaseModel):
    """The password was right. One of ``offers`` is awaited; there is no session before."""

    offers: Annotated[list[str], Field(description="`totp`, `passkey`, `recovery-code` or `enrolment-code`.")]
    ends_at: datetime


class CodeView(Strict):
    """A code as it was typed."""

    code: Annotated[str, Field(max_length=64)]


def set_step(response: Response, begun: SecondStepBegun) -> SecondStepView:
    """Let this browser go on with the second step."""
    response.status_code = 202
    response.set_cookie(STEP_COOKIE, begun.token, path="/", secure=True, httponly=True, samesite="strict")
    return SecondStepView(offers=sorted(offer.value for offer in begun.offers), ends_at=begun.ends_at)


def _end_step(response: Response, services: "Container", session: "NewSession") -> SessionView:
    response.delete_cookie(STEP_COOKIE, path="/", secure=True, httponly=True, samesite="strict")
    return set_session(response, services, session)


async def _complete(browser: Browser, answer: FactorAnswer, services: "Container", response: Response) -> SessionView:
    if not browser.step:
        raise NotFoundError
    session = await services.staff_signing_in.complete(browser.step, answer, browser.here)
    return _end_step(response, services, session)


@router.post("/code", dependencies=[EVERYONE])
async def staff_sign_in_code(typed: CodeView, services: Services, response: Response, browser: From) -> SessionView:
    """Finish with a code of the authenticator app. Each code counts once."""
    return await _complete(browser, AppCode(code=typed.code), services, response)


@router.post("/recovery", dependencies=[EVERYONE])
async def staff_sign_in_recovery(typed: CodeView, services: Services, response: Response, browser: From) -> SessionView:
    """Finish with a recovery code. Each counts once, and the member is told by mail."""
    return await _complete(browser, RecoveryCode(code=typed.code), services, response)


@router.post("/enrolment", dependencies=[EVERYONE])
async def staff_sign_in_enrolment(
    typed: CodeView, services: Services, response: Response, browser: From
) -> SessionView:
    """Finish with the code that an administrator handed over. The session then only sets up a second factor."""
    return await _complete(browser, EnrolmentCode(code=typed.code), services, response)


@router.post("/passkey/options", dependencies=[EVERYONE, STARTS])
async def staff_passkey_options(services: Services, response: Response) -> RequestOptions:
    """A challenge for a passkey of this browser's choice: as the second step, or to sign in with it alone."""
    issued = await services.challenges.issue(Purpose.SIGN_IN)
    return RequestOptions(challenge=set_flow(response, issued), rpId=relying_party(services.settings.public_url))


@router.post("/passkey", dependencies=[EVERYONE])
async def staff_sign_in_passkey(
    proof: PasskeyProof, services: Services, response: Response, browser: From, flow: Flow = ""
) -> SessionView:
    """Sign in with what a passkey signed. A half-done sign-in of another account is refused."""
    if not flow:
        raise NotFoundError
    answer = PasskeyAnswer(flow=flow, asserted=proof.asserted())
    session = await services.staff_signing_in.with_passkey(answer, browser.here, step=browser.step)
    clear_flow(response)
    return _end_step(response, services, session)
