"""Who works for an organisation, as its admins see and change it."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import FreshAdmin, Services, SignedInAdmin
from functions.json_bodies import JsonRoute
from functions.models import Id, Strict, without_defaults
from shared.domain.ids import StaffId, UnitId
from shared.domain.principals import Role
from shared.domain.staff_members import MAX_UNITS
from shared.domain.texts import ADDRESS_MAX_CHARACTERS, NAME_MAX_CHARACTERS

if TYPE_CHECKING:
    from shared.services.staffing import Changed, ShownMember

router = APIRouter(prefix="/api/v1", tags=["staff"], route_class=JsonRoute)

RoleName = Literal["member", "admin", "auditor"]
Name = Annotated[str, Field(max_length=NAME_MAX_CHARACTERS)]
Units = Annotated[list[Id], Field(max_length=MAX_UNITS)]


class NewStaffMember(Strict):
    """Somebody to be invited. They choose how to sign in by themselves."""

    name: Name
    mail_address: Annotated[str, Field(max_length=ADDRESS_MAX_CHARACTERS, description="Where the invitation goes.")]
    role: RoleName = "member"
    units: Annotated[Units, Field(default_factory=list)]


class StaffChange(Strict):
    """What changes; what is left out stays as it is."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: Name = ""
    role: RoleName = "member"
    units: Annotated[Units, Field(default_factory=list)]


class Leaving(Strict):
    """How somebody leaves."""

    successor: Annotated[Id | None, Field(description="Serves their units from now on.")] = None


class StaffView(BaseModel):
    """A member of staff. Of one who left, the address is null and gone."""

    staff: Id
    name: str
    mail_address: str | None
    role: RoleName
    units: list[Id]
    state: Literal["invited", "active", "left"]
    created_at: datetime
    left_at: datetime | None

    @classmethod
    def of(cls, shown: "ShownMember") -> "StaffView":
        return cls(
            staff=shown.staff,
            name=shown.name,
            mail_address=shown.mail_address,
            role=shown.role.value,
            units=list(shown.units),
            state=shown.state.value,
            created_at=shown.created_at,
            left_at=shown.left_at,
        )


class StaffList(BaseModel):
    """Everybody of one's own organisation, by name; those who have left come last."""

    staff: list[StaffView]


class ChangedStaffView(BaseModel):
    """A member after a change."""

    member: StaffView
    unserved: Annotated[list[Id], Field(description="Units that nobody serves any more: what arrives is not read.")]

    @classmethod
    def of(cls, changed: "Changed") -> "ChangedStaffView":
        return cls(member=StaffView.of(changed.member), unserved=list(changed.unserved))


@router.get("/organisation/staff")
async def list_staff(services: Services, principal: SignedInAdmin) -> StaffList:
    """Who works, or worked until a year ago, for one's own organisation."""
    found = await services.staffing.list(principal.organisation)
    return StaffList(staff=[StaffView.of(member) for member in found])


@router.post("/organisation/staff", status_code=201)
async def invite_staff(services: Services, principal: FreshAdmin, new: NewStaffMember) -> StaffView:
    """Invite somebody by mail."""
    from shared.services.staffing import NewMember  # noqa: PLC0415  # comes with its service

    member = NewMember(
        name=new.name,
        mail_address=new.mail_address,
        role=Role(new.role),
        units=frozenset(UnitId(unit) for unit in new.units),
    )
    return StaffView.of(await services.staffing.invite(principal.organisation, member, by=principal.staff))


@router.patch("/organisation/staff/{staff}")
async def change_staff(services: Services, principal: FreshAdmin, staff: str, change: StaffChange) -> ChangedStaffView:
    """Give another role, other units or another name. Their next request sees it."""
    from shared.services.staffing import MemberChange  # noqa: PLC0415  # comes with its service

    given = change.model_fields_set
    wanted = MemberChange(
        name=change.name if "name" in given else None,
        role=Role(change.role) if "role" in given else None,
        units=frozenset(UnitId(unit) for unit in change.units) if "units" in given else None,
    )
    changed = await services.staffing.change(principal.organisation, StaffId(staff), wanted, by=principal.staff)
    return ChangedStaffView.of(changed)


@router.post("/organisation/staff/{staff}/invitation", status_code=202)
async def invite_staff_again(services: Services, principal: FreshAdmin, staff: str) -> None:
    """Mail another invitation. The one before does not work any more."""
    await services.staffing.invite_again(principal.organisation, StaffId(staff), by=principal.staff)


@router.post("/organisation/staff/{staff}/leave")
async def end_staff(services: Services, principal: FreshAdmin, staff: str, leaving: Leaving) -> ChangedStaffView:
    """Let somebody go. From this moment they can do nothing; threads and drafts stay with the units."""
    successor = None if leaving.successor is None else StaffId(leaving.successor)
    changed = await services.staffing.leave(
        principal.organisation, StaffId(staff), successor=successor, by=principal.staff
    )
    return ChangedStaffView.of(changed)
