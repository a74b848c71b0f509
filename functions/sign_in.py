"""Signing in: which ways there are for persons, and staff by password."""

from typing import Annotated, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from functions.dependencies import EVERYONE, Device, Services
from functions.json_bodies import JsonRoute
from functions.keepsakes import FromWhere, keep
from functions.models import Strict
from functions.sessions import Previous, SessionView, set_session
from functions.staff_second_step import SecondStepView, set_step
from shared.domain.staff_sign_in import SecondStepBegun
from shared.sign_in_settings import BANKID

router = APIRouter(prefix="/api/v1", tags=["sign-in"], route_class=JsonRoute)


class ProviderView(BaseModel):
    """A way for persons to sign in."""

    id: str
    kind: Literal["bankid", "oidc"]
    name: str
    assurance: Annotated[list[str], Field(description="Levels that a sign-in can give.")]


class ProviderList(BaseModel):
    """The ways that are on, for persons and for staff."""

    providers: list[ProviderView]
    entra: Annotated[bool, Field(description="Whether staff of some organisations sign in with Entra ID.")]


class StaffCredentials(Strict):
    """What staff sign in with."""

    mail_address: Annotated[str, Field(max_length=254)]
    password: Annotated[str, Field(max_length=1024)]


@router.get("/sign-in/providers", dependencies=[EVERYONE])
async def list_providers(services: Services) -> ProviderList:
    """How persons can sign in here."""
    sign_in = services.settings.sign_in
    providers = []
    if BANKID in sign_in.providers:
        levels = [sign_in.bankid_assurance.value]
        providers.append(ProviderView(id=BANKID, kind="bankid", name="BankID", assurance=levels))
    for broker in sign_in.brokers:
        profile = broker.profile
        levels = sorted({level.value for level in profile.assurance.values()})
        providers.append(ProviderView(id=profile.name, kind="oidc", name=profile.title, assurance=levels))
    return ProviderList(providers=providers, entra=sign_in.entra is not None)


@router.post("/staff/sign-in", dependencies=[EVERYONE], responses={202: {"model": SecondStepView}})
async def staff_sign_in(
    *,
    credentials: StaffCredentials,
    services: Services,
    response: Response,
    device: Device,
    trier: FromWhere,
    previous: Previous = None,
) -> SessionView | SecondStepView:
    """Sign in with an address and a password. The answer is the same for an unknown address and a wrong password.

    200: a session. 202: the password was right, and a second factor is awaited.
    """
    await services.staff_limiting.allow_attempt(credentials.mail_address, trier)
    outcome = await services.staff_signing_in.sign_in(
        credentials.mail_address, credentials.password, replacing=previous, device=device, trier=trier
    )
    keep(response, await services.staff_limiting.note_success(credentials.mail_address, trier))
    if isinstance(outcome, SecondStepBegun):
        return set_step(response, outcome)
    return set_session(response, services, outcome)
