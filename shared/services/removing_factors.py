"""Taking second factors away: one's own, and an administrator those of a member who has lost all of them.

All other sessions of the member end, before and after it is written, and the member is told by mail.
"""

from dataclasses import dataclass, field
from datetime import datetime

from shared.crypto.recovery_codes import code_hash, new_code
from shared.crypto.tokens import token_hash
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import ConflictError
from shared.domain.factor_policy import check_may_lack
from shared.domain.ids import FactorId, OrganisationId, RandomBytes, StaffId
from shared.domain.ports import Clock
from shared.domain.principals import Staff
from shared.domain.second_factors import ENROL_WITHIN, Factors, Reset
from shared.domain.staff_members import StaffMember, StaffState
from shared.domain.staff_notices import StaffNotice
from shared.services.auditing import Audit
from shared.services.factor_records import FactorRecords
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.passkey_owners import PasskeyOwners
from shared.services.session_index import SessionIndex
from shared.services.staff_records import StaffRecords
from shared.services.telling_staff import TellingStaff


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOver:
    """The code that an administrator gives to the member, in person or by a call that they make themselves."""

    code: str = field(repr=False)
    ends_at: datetime


class RemovingFactors:
    """Removes one, or all."""

    def __init__(
        self,
        *,
        staff: StaffRecords,
        factors: FactorRecords,
        owners: PasskeyOwners,
        settings: SettingsOfOrganisations,
        index: SessionIndex,
        telling: TellingStaff,
        audit: Audit,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._staff = staff
        self._factors = factors
        self._owners = owners
        self._settings = settings
        self._index = index
        self._telling = telling
        self._audit = audit
        self._clock = clock
        self._random = random

    async def remove(self, staff: Staff, factor: FactorId, *, here: str) -> None:
        """Take an app or a passkey away.

        Raises ``NotFoundError``, ``InvalidInputError`` (``last-factor``): the organisation asks for one.
        """
        policy = (await self._settings.of(staff.organisation)).second_factor

        def remove(found: Factors) -> Factors:
            left = found.without(factor)
            check_may_lack(policy, left)
            return left

        before = await self._factors.of(staff.organisation, staff.staff)
        remove(before)
        await self._audit.write(AuditEvent.FACTOR_REMOVED, staff.organisation, by=staff.staff, factor=factor)
        await self._index.end_all(staff.staff, but=token_hash(here))
        await self._factors.change(staff.organisation, staff.staff, remove)
        await self._index.end_all(staff.staff, but=token_hash(here))
        await self._owners.forget(passkey for passkey in before.passkeys if passkey.factor == factor)
        await self._telling.tell(staff.organisation, staff.staff, StaffNotice.FACTOR_REMOVED)

    async def forget(self, organisation: OrganisationId, staff: StaffId) -> None:
        """Delete the factors of somebody who left. May be repeated."""
        before = await self._factors.of(organisation, staff)
        await self._owners.forget(before.passkeys)
        await self._factors.delete(organisation, staff)

    async def reset(self, admin: Staff, member: StaffId) -> HandedOver:
        """Take all factors of a member away, who then signs in with the password and this code, and enrols anew.

        Raises ``NotFoundError`` unless it is a member of the same organisation, ``ConflictError`` for who has left.
        """
        if StaffMember.of((await self._staff.of(admin.organisation, member)).body).state is StaffState.LEFT:
            raise ConflictError
        code, ends_at = new_code(self._random), self._clock() + ENROL_WITHIN
        await self._audit.write(AuditEvent.FACTORS_RESET, admin.organisation, by=admin.staff, staff=member)
        await self._telling.tell(admin.organisation, member, StaffNotice.FACTORS_RESET)
        before = await self._factors.of(admin.organisation, member)
        empty = Factors(reset=Reset(code=code_hash(code), ends_at=ends_at))
        await self._factors.change(admin.organisation, member, lambda _: empty)
        await self._index.end_all(member)
        await self._owners.forget(before.passkeys)
        return HandedOver(code=code, ends_at=ends_at)
