"""Second factors of staff on the wire: one's own, and an administrator's reset of those of a member."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from functions.dependencies import SESSION_COOKIE, Allowing, FreshAdmin, Services, container_of
from functions.json_bodies import JsonRoute
from functions.models import Id, Strict
from functions.passkey_models import (
    Account,
    CreationOptions,
    CredentialRef,
    Flow,
    NewPasskey,
    RelyingParty,
    clear_flow,
    encoded,
    set_flow,
)
from functions.qr_image import qr_shape
from functions.sessions import SessionView, set_session
from functions.staff_second_step import CodeView
from shared.domain.ids import FactorId, StaffId
from shared.domain.passkeys import relying_party
from shared.domain.principals import Staff

router = APIRouter(prefix="/api/v1", tags=["second factors"], route_class=JsonRoute)

OwnStaff = Annotated[Staff, Depends(Allowing(Staff, unfinished=True))]
FreshStaff = Annotated[Staff, Depends(Allowing(Staff, unfinished=True, fresh=True))]
"""What signs somebody in changes only minutes after they proved who they are (ASVS 5.0, 7.5.1)."""

FinishedFreshStaff = Annotated[Staff, Depends(Allowing(Staff, fresh=True))]


class FactorView(BaseModel):
    """A factor of one's own."""

    factor: Id
    kind: Literal["totp", "passkey"]
    name: str
    created_at: datetime


class FactorList(BaseModel):
    """One's own factors in the order in which they came."""

    factors: list[FactorView]
    recovery_codes: Annotated[int, Field(description="How many are left.")]
    policy: Annotated[
        Literal["optional", "required", "passkey-only"], Field(description="What the organisation asks for.")
    ]


class FactorName(Strict):
    """What a factor is to be called."""

    name: Annotated[str, Field(max_length=200)]


class QrShape(BaseModel):
    """A QR code: the width in modules, and the dark ones as the path of an SVG."""

    size: int
    path: str


class BegunAppView(BaseModel):
    """For an authenticator app, this once: as a code to scan, as an address, and to type."""

    factor: Id
    secret: str
    uri: str
    qr: QrShape


class RecoveryCodes(BaseModel):
    """A new set, shown this once."""

    codes: list[str]


class HandedOverView(BaseModel):
    """The code to hand to the member, shown this once."""

    code: str
    ends_at: datetime


@router.get("/staff/factors")
async def list_factors(services: Services, staff: OwnStaff) -> FactorList:
    """One's own second factors."""
    own = await services.enrolling_factors.list(staff)
    factors = [
        FactorView(
            factor=each.factor,
            kind="totp" if each.kind == "totp" else "passkey",
            name=each.name,
            created_at=each.created_at,
        )
        for each in own.factors
    ]
    return FactorList(factors=factors, recovery_codes=own.recovery_codes, policy=own.policy.value)


@router.post("/staff/factors/apps", status_code=201)
async def begin_app(new: FactorName, services: Services, staff: FreshStaff) -> BegunAppView:
    """Begin with an authenticator app. It counts from its first code on, which must come within ten minutes."""
    begun = await services.enrolling_factors.begin_app(staff, new.name)
    size, path = qr_shape(begun.uri)
    return BegunAppView(factor=begun.factor, secret=begun.secret, uri=begun.uri, qr=QrShape(size=size, path=path))


@router.post("/staff/factors/apps/{factor}/confirm")
async def confirm_app(
    request: Request, factor: str, typed: CodeView, staff: FreshStaff, response: Response
) -> SessionView:
    """Confirm an app with its first code. The member's other sessions end; this one goes on under another token."""
    services, here = container_of(request), request.cookies[SESSION_COOKIE]
    session = await services.enrolling_factors.confirm_app(staff, FactorId(factor), typed.code, here=here)
    return set_session(response, services, session)


@router.post("/staff/factors/passkeys/options")
async def begin_passkey(request: Request, services: Services, staff: FreshStaff, response: Response) -> CreationOptions:
    """A challenge for a new passkey, for this session."""
    begun = await services.enrolling_factors.begin_passkey(staff, here=request.cookies[SESSION_COOKIE])
    settings = services.settings
    return CreationOptions(
        rp=RelyingParty(id=relying_party(settings.public_url), name=settings.sign_in.service_name),
        user=Account(id=encoded(staff.staff.encode("ascii")), name=staff.name, displayName=staff.name),
        challenge=set_flow(response, begun.issued),
        excludeCredentials=[CredentialRef(id=credential) for credential in begun.known],
    )


@router.post("/staff/factors/passkeys", status_code=201)
async def add_passkey(
    request: Request, new: NewPasskey, staff: FreshStaff, response: Response, flow: Flow = ""
) -> SessionView:
    """Add a passkey. The member's other sessions end; this one goes on under another token."""
    services, here = container_of(request), request.cookies[SESSION_COOKIE]
    session = await services.enrolling_factors.add_passkey(staff, new.name, new.created(), flow=flow, here=here)
    clear_flow(response)
    return set_session(response, services, session)


@router.post("/staff/factors/recovery-codes", status_code=201)
async def renew_recovery_codes(services: Services, staff: FinishedFreshStaff) -> RecoveryCodes:
    """Ten new recovery codes; the ones from before are void."""
    return RecoveryCodes(codes=list(await services.enrolling_factors.renew_recovery(staff)))


@router.delete("/staff/factors/{factor}", status_code=204)
async def remove_factor(request: Request, factor: str, services: Services, staff: FinishedFreshStaff) -> None:
    """Remove an app or a passkey; not the last one where the organisation asks for one. All other sessions end."""
    await services.removing_factors.remove(staff, FactorId(factor), here=request.cookies[SESSION_COOKIE])


@router.post("/organisation/staff/{staff}/factors/reset")
async def reset_factors(staff: str, services: Services, admin: FreshAdmin) -> HandedOverView:
    """Take all factors of a member away. They sign in with the password and the code of the answer, and enrol anew."""
    handed = await services.removing_factors.reset(admin, StaffId(staff))
    return HandedOverView(code=handed.code, ends_at=handed.ends_at)
