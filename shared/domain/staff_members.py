"""Members of staff and units as they are stored, and the rule that an organisation always has an admin.

``invited`` (an invitation is on its way) -> ``active`` (has chosen how to sign in) -> ``left``. Nobody comes back:
whoever returns is invited anew, under another id.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.bodies import Fields
from shared.domain.errors import IntegrityError, LastAdminError
from shared.domain.ids import StaffId, UnitId
from shared.domain.ports import Body
from shared.domain.principals import Role
from shared.domain.threads import Sealed

LEFT_KEPT: Final = timedelta(days=365)
"""How long the name of somebody who left is kept: the log of a year tells what they did by their id alone."""

MAX_UNITS: Final = 200
"""That one member serves."""


class StaffState(StrEnum):
    """Stored words. Records from before there were states are of active members."""

    INVITED = "invited"
    ACTIVE = "active"
    LEFT = "left"


def state_of(body: Body) -> StaffState:
    """The state that a stored member is in. Raises ``IntegrityError``."""
    word = Fields(body).optional_text("state")
    try:
        return StaffState.ACTIVE if word is None else StaffState(word)
    except ValueError:
        raise IntegrityError from None


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffMember:
    """``mail_address`` is None once they have left and nothing is to be undone any more, and for ``is_mapped``.

    ``is_mapped``: nobody invited them. Their groups in a tenant of Entra ID say what they may do, at each sign-in.
    """

    staff: StaffId
    role: Role
    units: frozenset[UnitId]
    state: StaffState
    name: Sealed = field(repr=False)
    mail_address: Sealed | None = field(repr=False)
    created_at: datetime
    left_at: datetime | None
    is_mapped: bool = False

    @classmethod
    def of(cls, body: Body) -> "StaffMember":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        address = fields.optional_text("mail_address")
        try:
            role = Role(fields.text("role"))
        except ValueError:
            raise IntegrityError from None
        return cls(
            staff=StaffId(fields.text("staff")),
            role=role,
            units=frozenset(UnitId(unit) for unit in fields.texts("units")),
            state=state_of(body),
            name=Sealed(fields.text("name")),
            mail_address=None if address is None else Sealed(address),
            created_at=fields.instant("created_at"),
            left_at=fields.optional_instant("left_at"),
            is_mapped=body.get("is_mapped") is not None and fields.fact("is_mapped"),
        )

    @property
    def counts_as_admin(self) -> bool:
        """Whether the organisation can be run by them now."""
        return self.role is Role.ADMIN and self.state is StaffState.ACTIVE

    def serves(self, unit: UnitId) -> bool:
        """Whether somebody who writes to the unit reaches them: auditors see no content."""
        return self.state is StaffState.ACTIVE and self.role is not Role.AUDITOR and unit in self.units


def check_admin_stays(staff: Collection[StaffMember], giving_up: Collection[StaffId]) -> None:
    """Raises ``LastAdminError`` unless somebody is an admin still when all of ``giving_up`` are none any more."""
    if not any(member.counts_as_admin and member.staff not in giving_up for member in staff):
        raise LastAdminError


def unserved(staff: Collection[StaffMember], units: Collection[UnitId]) -> tuple[UnitId, ...]:
    """Those of the units that nobody serves."""
    return tuple(sorted(unit for unit in units if not any(member.serves(unit) for member in staff)))
