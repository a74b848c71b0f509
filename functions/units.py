"""The units of an organisation, as its admins see and change them."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from functions.dependencies import Services, SignedInAdmin
from functions.json_bodies import JsonRoute
from functions.models import Id, Strict
from shared.domain.ids import UnitId
from shared.domain.texts import ADDRESS_MAX_CHARACTERS, NAME_MAX_CHARACTERS
from shared.domain.units import Unit

router = APIRouter(prefix="/api/v1", tags=["units"], route_class=JsonRoute)


class UnitText(Strict):
    """What a unit is called, and where it is told of replies."""

    name: Annotated[str, Field(max_length=NAME_MAX_CHARACTERS)]
    mail_address: Annotated[
        str | None, Field(max_length=ADDRESS_MAX_CHARACTERS, description="A function's, and nobody's own.")
    ] = None


class OwnUnitView(BaseModel):
    """A unit of one's own organisation."""

    unit: Id
    name: str
    mail_address: str | None
    closed_at: datetime | None

    @classmethod
    def of(cls, unit: Unit) -> "OwnUnitView":
        return cls(unit=unit.unit, name=unit.name, mail_address=unit.mail_address, closed_at=unit.closed_at)


class ServedUnitView(OwnUnitView):
    """A unit, and how many serve it."""

    members: Annotated[int, Field(description="Of an open unit with none, nobody reads what arrives.")]


class OwnUnitList(BaseModel):
    """All units of one's own organisation, by name; closed ones come last."""

    units: list[ServedUnitView]


@router.get("/organisation/units")
async def list_own_units(services: Services, principal: SignedInAdmin) -> OwnUnitList:
    """The units of one's own organisation."""
    found = await services.units.shown(principal.organisation)
    views = [ServedUnitView(**OwnUnitView.of(shown.unit).model_dump(), members=shown.members) for shown in found]
    return OwnUnitList(units=views)


@router.post("/organisation/units", status_code=201)
async def create_unit(services: Services, principal: SignedInAdmin, new: UnitText) -> OwnUnitView:
    """Make a unit. Nobody serves it yet."""
    from shared.services.units import UnitChange  # noqa: PLC0415  # comes with its service

    told = UnitChange(name=new.name, mail_address=new.mail_address)
    return OwnUnitView.of(await services.units.create(principal.organisation, told, by=principal.staff))


@router.put("/organisation/units/{unit}")
async def change_unit(services: Services, principal: SignedInAdmin, unit: str, change: UnitText) -> OwnUnitView:
    """Call a unit otherwise, or mail elsewhere."""
    from shared.services.units import UnitChange  # noqa: PLC0415  # comes with its service

    told = UnitChange(name=change.name, mail_address=change.mail_address)
    return OwnUnitView.of(await services.units.change(principal.organisation, UnitId(unit), told, by=principal.staff))


@router.post("/organisation/units/{unit}/close")
async def close_unit(services: Services, principal: SignedInAdmin, unit: str) -> OwnUnitView:
    """Let no new thread begin in a unit. What is in it lives on until its end."""
    return OwnUnitView.of(await services.units.close(principal.organisation, UnitId(unit), by=principal.staff))
