"""Staff whom nobody invited: their groups and app roles in the organisation's tenant say who comes, and as what.

Looked at anew at each of their sign-ins. Whoever left does not come back by it.
"""

from shared.crypto.fields import seal_field
from shared.domain import places, texts
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.brokers import Failure, Misfit
from shared.domain.entra import EntraIdentity
from shared.domain.entra_rules import EntraRules, Given
from shared.domain.errors import ConflictError, InvalidInputError, LastAdminError, NotFoundError
from shared.domain.ids import OrganisationId, RandomBytes, StaffId, new_id
from shared.domain.ports import Body, Clock, Records
from shared.domain.staff_members import StaffState
from shared.services.auditing import Audit
from shared.services.deleting import delete
from shared.services.entra_accounts import EntraAccounts
from shared.services.keyring import Keyring
from shared.services.redirects import ReturnRefusedError
from shared.services.session_index import SessionIndex
from shared.services.staffing import MemberChange, Staffing
from shared.services.units import Units

TENANT: str = "system"
"""Who changes a member in audit events, when it is their groups."""


class EntraArrivals:
    """Lets them in, and keeps them at what they may do. Raises ``ReturnRefusedError`` for everybody else."""

    def __init__(
        self,
        *,
        records: Records,
        accounts: EntraAccounts,
        staffing: Staffing,
        units: Units,
        index: SessionIndex,
        keyring: Keyring,
        audit: Audit,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._accounts = accounts
        self._staffing = staffing
        self._units = units
        self._index = index
        self._keyring = keyring
        self._audit = audit
        self._clock = clock
        self._random = random

    async def arrive(
        self, organisation: OrganisationId, rules: EntraRules, identity: EntraIdentity, key: str
    ) -> StaffId:
        """Somebody who was never here. Of two of the same at once, both are the one that was first."""
        given = await self._given(organisation, rules, identity)
        now = self._clock()
        staff = StaffId(new_id(now, self._random))
        try:
            name = texts.name(identity.name)
        except InvalidInputError:
            raise ReturnRefusedError(Failure.FAILED, Misfit.NAME.value) from None
        await self._audit.write(AuditEvent.STAFF_ARRIVED, organisation, by=TENANT, staff=staff, role=given.role.value)
        place = places.staff(organisation, staff)
        sealing = await self._keyring.current(organisation)
        body: Body = {
            "staff": staff,
            "state": StaffState.ACTIVE.value,
            "role": given.role.value,
            "units": sorted(given.units),
            "name": seal_field(
                sealing, name, partition=place.partition, id=place.id, field="name", random=self._random
            ),
            # The tenant's word for an address is not proof that it is theirs: nothing is mailed to it, ever.
            "mail_address": None,
            "created_at": instant_text(now),
            "is_mapped": True,
        }
        # The member first: an account is never that of nobody, whom no one could invite back.
        await self._records.create(place.partition, place.id, body)
        try:
            await self._accounts.claim(organisation, key, staff)
        except ConflictError:
            await delete(self._records, place)
            found = await self._accounts.find(organisation, key)
            if found is None:
                raise ReturnRefusedError(Failure.TRY_LATER, "arrival") from None
            return found.staff
        return staff

    async def review(
        self, organisation: OrganisationId, rules: EntraRules, identity: EntraIdentity, staff: StaffId
    ) -> None:
        """Give who came by their groups what these come to now. Whoever has none left is signed out everywhere."""
        try:
            given = await self._given(organisation, rules, identity)
            change = MemberChange(role=given.role, units=given.units)
            await self._staffing.change(organisation, staff, change, by=TENANT)
        except ReturnRefusedError:
            await self._index.end_all(staff)
            raise
        except LastAdminError:
            # Neither in with what their groups do not give, nor out with nobody left to run the organisation.
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "last-admin") from None
        except (ConflictError, NotFoundError):
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "left") from None

    async def _given(self, organisation: OrganisationId, rules: EntraRules, identity: EntraIdentity) -> Given:
        if not rules.lets_in:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "no-account")
        if identity.groups is None and rules.asks_for_groups:
            raise ReturnRefusedError(Failure.TOO_MANY_GROUPS, "groups-overage")
        given = rules.given(identity.groups or frozenset(), identity.roles)
        if given is None:
            raise ReturnRefusedError(Failure.NO_ACCOUNT, "no-role")
        # A unit that was closed since is served no more.
        units = frozenset(await self._units.open_among(organisation, given.units))
        return Given(role=given.role, units=units)
