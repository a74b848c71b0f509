"""Which member of staff an account in a tenant of Entra ID is: by issuer, tenant and object id, and nothing else.

Whose a tenant is, one record says that only an operator makes; that it counts, the organisation's settings say as well.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from shared.crypto.pseudonyms import entra_key
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.entra import EntraIdentity
from shared.domain.errors import (
    ConflictError,
    NotFoundError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
)
from shared.domain.first_proofs import EntraProof
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.ports import Body, Record, Records
from shared.domain.staff_members import StaffMember, StaffState
from shared.services.auditing import Audit
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.staff_records import StaffRecords

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account that is somebody's, or was."""

    staff: StaffId
    record: Record = field(repr=False)


class EntraAccounts:
    """Finds and binds them. ``issuer_of`` gives the issuer of a tenant."""

    def __init__(
        self,
        *,
        records: Records,
        staff: StaffRecords,
        settings: SettingsOfOrganisations,
        audit: Audit,
        issuer_of: "Callable[[str], str]",
        address_pepper: bytes,
    ) -> None:
        self._records = records
        self._staff = staff
        self._settings = settings
        self._audit = audit
        self._issuer_of = issuer_of
        self._address_pepper = address_pepper

    async def organisation_of(self, tenant: str) -> OrganisationId | None:
        """Whose staff sign in with accounts of this tenant; None: nobody's."""
        place = places.entra_tenant(tenant)
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return None
        organisation = OrganisationId(fields.text("organisation"))
        return organisation if (await self._settings.of(organisation)).takes_tenant(tenant) else None

    def key_of(self, organisation: OrganisationId, identity: EntraIdentity) -> str:
        """Under which an account lies. Another organisation that gets the tenant later finds none of these."""
        return entra_key(organisation, self._issuer_of(identity.tenant), identity.object_id, self._address_pepper)

    async def find(self, organisation: OrganisationId, key: str) -> Account | None:
        """None: nobody has come with it, nor was bound to it."""
        place = places.entra_account(key)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
        fields = Fields(record.body)
        if fields.text("organisation") != organisation:
            return None
        return Account(staff=StaffId(fields.text("staff")), record=record)

    async def member(self, organisation: OrganisationId, staff: StaffId) -> StaffMember | None:
        """Who that is; None: nobody who works there now."""
        try:
            member = StaffMember.of((await self._staff.of(organisation, staff)).body)
        except NotFoundError:
            return None
        return member if member.state is StaffState.ACTIVE else None

    async def check_free(self, organisation: OrganisationId, key: str, staff: StaffId) -> None:
        """Raises ``ConflictError`` when the account is that of somebody else who works there now."""
        found = await self.find(organisation, key)
        if found is not None and found.staff != staff and await self.member(organisation, found.staff):
            raise ConflictError

    async def bind(self, organisation: OrganisationId, key: str, staff: StaffId) -> None:
        """Let somebody sign in with it from now on, also where it was that of somebody who left.

        Raises ``ConflictError`` as ``check_free``, and for who comes second of two at once.
        """
        await self.check_free(organisation, key, staff)
        await self._audit.write(AuditEvent.STAFF_LINKED, organisation, by=staff, staff=staff)
        found = await self.find(organisation, key)
        body: Body = {"organisation": organisation, "staff": staff}
        place = places.entra_account(key)
        try:
            if found is None:
                await self._records.create(place.partition, place.id, body)
            elif found.staff != staff:
                await self._records.replace_if_match(found.record, body)
        except (RecordExistsError, RecordChangedError, RecordNotFoundError) as fault:
            raise ConflictError from fault

    async def claim(self, organisation: OrganisationId, key: str, staff: StaffId) -> None:
        """For somebody who comes for the first time and has an account by their groups. Raises ``ConflictError``."""
        place = places.entra_account(key)
        try:
            await self._records.create(place.partition, place.id, {"organisation": organisation, "staff": staff})
        except RecordExistsError as fault:
            raise ConflictError from fault

    async def holds(self, proof: EntraProof) -> bool:
        """Whether the account is theirs still, and its tenant the organisation's."""
        found = await self.find(proof.organisation, proof.account)
        if found is None or found.staff != proof.staff:
            return False
        return await self.organisation_of(proof.tenant) == proof.organisation
