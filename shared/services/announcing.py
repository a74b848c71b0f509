"""Telling admins that the agreement or the register of sub-processors has changed: once for each version, by mail."""

from collections.abc import Mapping

from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.announcements import SUBJECTS, Announced, text_of
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import InvalidInputError, NotFoundError
from shared.domain.ids import OrganisationId, StaffId
from shared.domain.places import PLATFORM
from shared.domain.ports import Mail, Mailer, Queues, Records
from shared.domain.staff_members import StaffMember
from shared.services.agreeing import Agreeing
from shared.services.auditing import Audit
from shared.services.listing import each_record
from shared.services.staff_records import StaffRecords


class Announcing:
    """``versions`` are those that are current."""

    def __init__(
        self,
        *,
        records: Records,
        staff: StaffRecords,
        agreeing: Agreeing,
        queues: Queues,
        mailer: Mailer,
        audit: Audit,
        notify_queue: str,
        public_url: str,
        versions: Mapping[Announced, str],
    ) -> None:
        self._records = records
        self._staff = staff
        self._agreeing = agreeing
        self._queues = queues
        self._mailer = mailer
        self._audit = audit
        self._notify_queue = notify_queue
        self._public_url = public_url
        self._versions = dict(versions)

    async def announce(self) -> int:
        """Ask for a mail to every admin of every organisation that was not told of a current version yet.

        Returns how many mails. What a crash left out is asked for again, and those before it as well.
        """
        asked = 0
        async for entry in each_record(self._records, places.organisation_entries()):
            organisation = OrganisationId(entry.id.partition("|")[2])
            if organisation == PLATFORM:
                continue
            told = await self._agreeing.told(organisation)
            for what, version in self._versions.items():
                known = Fields(told).optional_nested(what.value)
                if known is None or known.text("version") != version:
                    asked += await self._ask(organisation, what)
                    await self._agreeing.note_told(organisation, what.value, version)
        return asked

    async def _ask(self, organisation: OrganisationId, what: Announced) -> int:
        admins = [member for member in await self._staff.members(organisation) if member.counts_as_admin]
        for admin in admins:
            ids = {"organisation": organisation, "staff": admin.staff, "change": what.value}
            await self._queues.put(self._notify_queue, ids)
        return len(admins)

    async def send(self, organisation: OrganisationId, staff: StaffId, what: Announced) -> None:
        """Mail one admin, at least once; nobody who is none any more. Raises ``DependencyError``."""
        try:
            member = StaffMember.of((await self._staff.of(organisation, staff)).body)
        except NotFoundError:
            return
        address = (await self._staff.in_clear(organisation, member)).mail_address
        if not member.counts_as_admin or address is None:
            return
        mail = Mail(
            to=address,
            subject=SUBJECTS[what],
            text=text_of(what, address=f"{self._public_url}/portal"),
            message_id=token_hash(f"{staff}|{what}|{self._versions[what]}")[:32],
        )
        event = AuditEvent.CHANGE_TOLD
        try:
            await self._mailer.send(mail)
        except InvalidInputError:
            event = AuditEvent.CHANGE_NOT_TOLD  # For good: trying again would not help.
        await self._audit.write(event, organisation, by="system", staff=staff, change=what.value)
