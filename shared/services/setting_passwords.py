"""Setting a password: by a link, or by whoever knows the current one. All other sessions of the member end.

Nothing here signs anybody in, and nothing here touches a second factor: who has one is asked for it as before.
"""

from contextlib import suppress
from dataclasses import dataclass

from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.credentials import LinkToken
from shared.domain.errors import (
    NotFoundError,
    RecordChangedError,
    RecordExistsError,
    RecordNotFoundError,
    WrongCredentialsError,
)
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.organisation_settings import StaffSignIn
from shared.domain.ports import Body, Record, Records
from shared.domain.principals import Staff
from shared.domain.staff_members import StaffState
from shared.domain.staff_notices import StaffNotice
from shared.services.address_pepper import AddressPepper
from shared.services.auditing import Audit
from shared.services.choosing_passwords import ChoosingPasswords
from shared.services.credentials import Credentials
from shared.services.member_logins import MemberLogin, MemberLogins
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.proving_passwords import ProvingPasswords
from shared.services.session_index import SessionIndex
from shared.services.staff_records import StaffRecords
from shared.services.telling_staff import TellingStaff


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordSet:
    """Whose password it was. ``login`` is the key of the address."""

    organisation: OrganisationId
    staff: StaffId
    login: str


class SettingPasswords:
    """Stores passwords, and lets the member know by mail that theirs was changed."""

    def __init__(
        self,
        *,
        records: Records,
        staff: StaffRecords,
        members: MemberLogins,
        credentials: Credentials,
        choosing: ChoosingPasswords,
        proving: ProvingPasswords,
        pepper: AddressPepper,
        settings: SettingsOfOrganisations,
        index: SessionIndex,
        audit: Audit,
        telling: TellingStaff,
    ) -> None:
        self._records = records
        self._staff = staff
        self._members = members
        self._credentials = credentials
        self._choosing = choosing
        self._proving = proving
        self._pepper = pepper
        self._settings = settings
        self._index = index
        self._audit = audit
        self._telling = telling

    async def by_link(self, text: str, password: str) -> PasswordSet:
        """Set the password of whose link this is, and end every session of theirs.

        Raises ``NotFoundError`` alike for a link that is unknown, used, replaced or too old, and for who has left,
        or where only Entra ID counts;
        ``PasswordRefusedError`` and ``TooManyRequestsError``, after which the link still works.
        """
        await self._pepper.check()
        link = await self._credentials.open(LinkToken.of(text))
        member = link.member
        if not await self._goes_by_password(member):
            raise NotFoundError
        stored = await self._choosing.hashed(member, password)
        await self._audit.write(
            AuditEvent.PASSWORD_SET, member.organisation, by=member.staff, purpose=link.purpose.value
        )
        await self._credentials.use_up(link)
        await self._store(member, stored)
        await self._leave_nothing_of_a_leaver(member)
        await self._activate(member)
        await self._index.end_all(member.staff)
        await self._telling.tell(member.organisation, member.staff, StaffNotice.PASSWORD_CHANGED)
        return PasswordSet(organisation=member.organisation, staff=member.staff, login=member.login)

    async def change(self, staff: Staff, *, current: str, new: str, here: str) -> None:
        """Set another password for who knows the current one, and end the sessions but the one with the token ``here``.

        Raises ``WrongCredentialsError``, ``PasswordRefusedError``, ``TooManyRequestsError``.
        """
        member = await self._members.of(staff.organisation, staff.staff)
        if not await self._goes_by_password(member):
            raise WrongCredentialsError
        proof = await self._proving.prove(member.mail_address, current)
        if (proof.organisation, proof.staff) != (member.organisation, member.staff):
            raise WrongCredentialsError
        stored = await self._choosing.hashed(member, new)
        await self._audit.write(AuditEvent.PASSWORD_CHANGED, member.organisation, by=member.staff)
        record = await self._login(member)
        # By compare-and-set on what was proved: of two changes at once by the same password, one wins.
        if record is None or not self._proving.is_of(record, proof):
            raise WrongCredentialsError
        try:
            await self._records.replace_if_match(record, {**record.body, "password": stored})
        except (RecordChangedError, RecordNotFoundError) as fault:
            raise WrongCredentialsError from fault
        await self._credentials.revoke(member.organisation, member.staff)
        await self._index.end_all(member.staff, but=token_hash(here))
        await self._telling.tell(member.organisation, member.staff, StaffNotice.PASSWORD_CHANGED)

    async def _goes_by_password(self, member: MemberLogin) -> bool:
        return StaffSignIn.PASSWORD in (await self._settings.of(member.organisation)).sign_in

    async def _store(self, member: MemberLogin, stored: str) -> None:
        """Raises ``NotFoundError`` when the address has become somebody else's meanwhile."""
        place = places.staff_login(member.login)
        ids = {"organisation": member.organisation, "staff": member.staff}
        while True:
            record = await self._login(member)
            try:
                if record is None:
                    await self._records.create(place.partition, place.id, {**ids, "password": stored})
                else:
                    await self._records.replace_if_match(record, {**record.body, "password": stored})
            except (RecordExistsError, RecordChangedError, RecordNotFoundError):
                continue  # A sign-in renewed it at the same moment.
            return

    async def _leave_nothing_of_a_leaver(self, member: MemberLogin) -> None:
        """Who left while the password was on its way has no login. Raises ``NotFoundError`` for them."""
        try:
            await self._members.of(member.organisation, member.staff)
        except NotFoundError:
            record = await self._login(member)
            if record is not None:
                with suppress(RecordChangedError, RecordNotFoundError):  # Whoever lets them leave deletes it as well.
                    await self._records.delete_if_match(record)
            raise

    async def _login(self, member: MemberLogin) -> Record | None:
        place = places.staff_login(member.login)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None
        fields = Fields(record.body)
        if (fields.text("organisation"), fields.text("staff")) != (member.organisation, member.staff):
            raise NotFoundError
        return record

    async def _activate(self, member: MemberLogin) -> None:
        active: Body = {"state": StaffState.ACTIVE.value}
        with suppress(NotFoundError):
            await self._staff.change(
                member.organisation, member.staff, lambda found: active if found.state is StaffState.INVITED else {}
            )
