"""What an organisation decides for itself, read by its staff and changed by its admins."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from functions.dependencies import FreshAdmin, Services, SignedInStaff
from functions.json_bodies import JsonRoute
from functions.models import Id, Level, Strict, without_defaults
from shared.domain.assurance import Assurance
from shared.domain.content_checks import ContentPolicy, Finding
from shared.domain.entra_rules import CLAIM_CHARACTERS, MAX_MAPPINGS, MAX_TENANTS, EntraRules, Mapping
from shared.domain.errors import InvalidInputError
from shared.domain.ids import UnitId
from shared.domain.organisation_settings import NoticeStyle, OrganisationSettings, SecondFactor, StaffSignIn
from shared.domain.principals import Role
from shared.domain.retention import CEILING_DAYS
from shared.domain.staff_members import MAX_UNITS

if TYPE_CHECKING:
    from shared.container import Container

router = APIRouter(prefix="/api/v1", tags=["organisation"], route_class=JsonRoute)

Days = Annotated[int | None, Field(ge=1, le=CEILING_DAYS)]
Factor = Literal["optional", "required", "passkey-only"]
Way = Literal["password", "entra"]
RoleName = Literal["member", "admin", "auditor"]
Style = Literal["neutral", "named"]
Content = Literal[
    "type-differs",
    "executable",
    "macros",
    "archive-names",
    "archive-unread",
    "double-extension",
    "password-protected",
]


class EntraMapping(Strict):
    """What comes of a group, by its id, or of an app role, by its value."""

    claim: Literal["group", "role"]
    value: Annotated[str, Field(max_length=CLAIM_CHARACTERS)]
    role: RoleName = "member"
    units: Annotated[list[Id], Field(max_length=MAX_UNITS, default_factory=list)]


class EntraView(Strict):
    """What is decided of sign-ins by Entra ID. Tenants are added by the operator alone; an admin may take them out."""

    tenants: Annotated[list[str], Field(max_length=MAX_TENANTS, default_factory=list)]
    lets_in: Annotated[bool, Field(description="Whoever has a mapped group or role, also who was not invited.")] = False
    context: Annotated[
        str | None, Field(max_length=3, description="Authentication context that stands for a second factor: `c1`.")
    ] = None
    mappings: Annotated[list[EntraMapping], Field(max_length=MAX_MAPPINGS, default_factory=list)]

    @classmethod
    def of(cls, rules: EntraRules) -> "EntraView":
        mappings = [
            EntraMapping(
                claim="group" if each.is_group else "role",
                value=each.value,
                role=each.role.value,
                units=sorted(each.units),
            )
            for each in rules.mappings
        ]
        return cls(tenants=sorted(rules.tenants), lets_in=rules.lets_in, context=rules.context, mappings=mappings)

    def applied(self, rules: EntraRules) -> EntraRules:
        """Raises ``InvalidInputError``."""
        return rules.changed(
            tenants=frozenset(self.tenants),
            lets_in=self.lets_in,
            context=self.context,
            mappings=tuple(
                Mapping(
                    value=each.value,
                    is_group=each.claim == "group",
                    role=Role(each.role),
                    units=frozenset(UnitId(unit) for unit in each.units),
                )
                for each in self.mappings
            ),
        )


class SettingsView(BaseModel):
    """The settings of one's own organisation. Null: the limit of the service counts, which is told beside it."""

    second_factor: Factor
    sign_in: list[Way]
    retention_default_days: int | None
    retention_ceiling_days: int | None
    required_assurance: Level
    notice_style: Style
    upload_max_bytes: int | None
    refused_content: list[Content]
    entra: EntraView
    service_retention_days: Annotated[int, Field(description="Nothing lives longer, whatever is set.")]
    service_upload_max_bytes: Annotated[int, Field(description="No file is larger, whatever is set.")]

    @classmethod
    def of(cls, settings: OrganisationSettings, services: "Container") -> "SettingsView":
        return cls(
            second_factor=settings.second_factor.value,
            sign_in=sorted(way.value for way in settings.sign_in),
            retention_default_days=settings.retention_default_days,
            retention_ceiling_days=settings.retention_ceiling_days,
            required_assurance=settings.required_assurance.value,
            notice_style=settings.notice_style.value,
            upload_max_bytes=settings.upload_max_bytes,
            refused_content=sorted(finding.value for finding in settings.content.refused),
            entra=EntraView.of(settings.entra),
            service_retention_days=services.settings.retention_days,
            service_upload_max_bytes=services.settings.upload_max_bytes,
        )


class SettingsChange(Strict):
    """What changes; what is left out stays as it is. Null takes a limit of the organisation's own back."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    second_factor: Factor = "required"
    sign_in: Annotated[list[Way], Field(min_length=1, max_length=2, default_factory=list)]
    retention_default_days: Days = None
    retention_ceiling_days: Days = None
    required_assurance: Level = "loa3"
    notice_style: Style = "neutral"
    upload_max_bytes: Annotated[int | None, Field(ge=1, le=2**53)] = None
    refused_content: Annotated[list[Content], Field(max_length=len(Finding), default_factory=list)]
    entra: Annotated[EntraView, Field(default_factory=EntraView)]

    def applied(self, settings: OrganisationSettings) -> OrganisationSettings:
        """Raises ``InvalidInputError``."""
        if "sign_in" in self.model_fields_set and "password" not in self.sign_in:
            # Nobody could come in any more, not even to take it back: no other way is set up for any organisation.
            raise InvalidInputError("sign-in")
        given: dict[str, Any] = {
            "second_factor": SecondFactor(self.second_factor),
            "sign_in": frozenset(StaffSignIn(way) for way in self.sign_in),
            "retention_default_days": self.retention_default_days,
            "retention_ceiling_days": self.retention_ceiling_days,
            "required_assurance": Assurance(self.required_assurance),
            "notice_style": NoticeStyle(self.notice_style),
            "upload_max_bytes": self.upload_max_bytes,
            "refused_content": ContentPolicy(refused=frozenset(Finding(word) for word in self.refused_content)),
        }
        changed = {name: value for name, value in given.items() if name in self.model_fields_set}
        if "refused_content" in changed:
            changed["content"] = changed.pop("refused_content")
        if "entra" in self.model_fields_set:
            changed["entra"] = self.entra.applied(settings.entra)
        return replace(settings, **changed)


@router.get("/organisation/settings")
async def read_settings(services: Services, principal: SignedInStaff) -> SettingsView:
    """How one's own organisation has decided."""
    return SettingsView.of(await services.organisation_settings.of(principal.organisation), services)


@router.patch("/organisation/settings")
async def change_settings(services: Services, principal: FreshAdmin, change: SettingsChange) -> SettingsView:
    """Change how the organisation decides. It works at once, and stands in its log."""
    settings = await services.organisation_settings.change(principal.organisation, change.applied, by=principal.staff)
    return SettingsView.of(settings, services)
