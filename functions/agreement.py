"""The processing agreement and the register of sub-processors, as staff read them and an admin accepts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from functions.dependencies import EVERYONE, FreshAdmin, Services, SignedInStaff
from functions.json_bodies import JsonRoute
from functions.models import Strict
from shared.domain.sub_processors import REGISTER_VERSION, SUB_PROCESSORS

if TYPE_CHECKING:
    from shared.domain.agreement.versions import Acceptance
    from shared.services.agreeing import ShownAgreement

router = APIRouter(prefix="/api/v1", tags=["agreement"], route_class=JsonRoute)


class AcceptanceView(BaseModel):
    """That an admin accepted a version for the organisation."""

    version: str
    digest: str
    by: Annotated[str, Field(description="The staff id of the admin.")]
    at: datetime

    @classmethod
    def of(cls, accepted: "Acceptance") -> "AcceptanceView":
        return cls(version=accepted.version, digest=accepted.digest, by=accepted.by, at=accepted.at)


class AgreementView(BaseModel):
    """The current version. ``accepted`` is the newest acceptance, perhaps of an earlier one."""

    version: str
    digest: Annotated[str, Field(description="SHA-256 of version and both texts, hex.")]
    swedish: str
    english: str
    accepted: AcceptanceView | None
    due_at: Annotated[datetime | None, Field(description="From then on nothing is sent unless this one is accepted.")]

    @classmethod
    def of(cls, shown: "ShownAgreement") -> "AgreementView":
        return cls(
            version=shown.agreement.version,
            digest=shown.agreement.digest,
            swedish=shown.agreement.swedish,
            english=shown.agreement.english,
            accepted=None if shown.accepted is None else AcceptanceView.of(shown.accepted),
            due_at=shown.due_at,
        )


class Accepting(Strict):
    """What was read and is accepted."""

    version: Annotated[str, Field(max_length=20)]
    digest: Annotated[str, Field(max_length=64)]


class SubProcessorView(BaseModel):
    """Somebody else who may come into contact with data."""

    name: str
    task: str
    data: str
    place: str


class SubProcessorList(BaseModel):
    """The register. A change of its version is told to admins by mail."""

    version: str
    sub_processors: list[SubProcessorView]


@router.get("/organisation/agreement")
async def read_agreement(services: Services, principal: SignedInStaff) -> AgreementView:
    """The agreement, and how one's own organisation stands to it."""
    return AgreementView.of(await services.agreeing.shown(principal.organisation))


@router.post("/organisation/agreement/acceptance", status_code=201)
async def accept_agreement(services: Services, principal: FreshAdmin, accepting: Accepting) -> AcceptanceView:
    """Accept on behalf of one's own organisation exactly the text that was read. It cannot be taken back."""
    accepted = await services.agreeing.accept(
        principal.organisation, version=accepting.version, digest=accepting.digest, by=principal.staff
    )
    return AcceptanceView.of(accepted)


@router.get("/sub-processors", dependencies=[EVERYONE])
async def list_sub_processors() -> SubProcessorList:
    """Who else may come into contact with data, for what, and where."""
    views = [SubProcessorView(name=p.name, task=p.task, data=p.data, place=p.place) for p in SUB_PROCESSORS]
    return SubProcessorList(version=REGISTER_VERSION, sub_processors=views)
