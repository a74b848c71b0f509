"""Telling of security events by mail: an organisation's admins, and the owner of the account that it is about.

One mail for a kind, an object and a period, and only so many for a kind, however much happens: who makes noise of one
kind neither fills the mailbox nor uses up the mails of another. At least once: a crash makes a second mail with the
same Message-ID.
"""

from typing import Final

from shared.crypto.tokens import token_hash
from shared.domain.alerts import NOTICES, SUBJECT, Alert, alert_text
from shared.domain.audit_events import AuditEvent
from shared.domain.errors import InvalidInputError, NotFoundError
from shared.domain.places import PLATFORM
from shared.domain.ports import Mail, Mailer, Queues
from shared.domain.rate_limits import LONGEST_SECONDS, Limit
from shared.domain.security_events import NATURES, Told, WatchLimits
from shared.domain.staff_members import StaffMember
from shared.services.auditing import Audit
from shared.services.buckets import Buckets
from shared.services.staff_records import StaffRecords
from shared.services.telling_staff import TellingStaff

ONE: Final = Limit(count=1, seconds=LONGEST_SECONDS)
"""That an event was told. The event's id holds its period, so nothing is kept from being told later."""


class Alerting:
    """What the queue function does with an ``Alert``."""

    def __init__(
        self,
        *,
        staff: StaffRecords,
        buckets: Buckets,
        telling: TellingStaff,
        queues: Queues,
        mailer: Mailer,
        audit: Audit,
        limits: WatchLimits,
        notify_queue: str,
        public_url: str,
    ) -> None:
        self._staff = staff
        self._buckets = buckets
        self._telling = telling
        self._queues = queues
        self._mailer = mailer
        self._audit = audit
        self._limits = limits
        self._notify_queue = notify_queue
        self._public_url = public_url

    async def handle(self, alert: Alert) -> None:
        """Mail one admin, or ask for a mail to each whom the event is for. Raises ``DependencyError``."""
        if alert.organisation == PLATFORM:
            return  # Of nobody's account or a person: operations see the figure.
        if alert.admin is not None:
            await self._mail(alert)
            return
        told = f"told-{alert.event}"
        if not await self._buckets.has_token(told, ONE):
            return  # Several instances may have noted it.
        nature = NATURES[alert.kind]
        if Told.OWNER in nature.told and alert.staff is not None:
            await self._telling.tell(alert.organisation, alert.staff, NOTICES[alert.kind])
        if Told.ADMINS in nature.told and await self._is_in_pace(alert):
            await self._ask(alert)
        await self._buckets.draw(told, ONE)

    async def _is_in_pace(self, alert: Alert) -> bool:
        limit = self._limits.mails_per_kind
        if limit is None:
            return False
        return bool((await self._buckets.draw(f"alerts-{alert.kind}-{alert.organisation}", limit)).tokens)

    async def _ask(self, alert: Alert) -> None:
        for member in await self._staff.members(alert.organisation):
            if member.counts_as_admin:
                one = Alert(
                    kind=alert.kind,
                    organisation=alert.organisation,
                    event=alert.event,
                    seconds=alert.seconds,
                    admin=member.staff,
                )
                await self._queues.put(self._notify_queue, one.message())

    async def _mail(self, alert: Alert) -> None:
        assert alert.admin is not None
        try:
            member = StaffMember.of((await self._staff.of(alert.organisation, alert.admin)).body)
        except NotFoundError:
            return
        address = (await self._staff.in_clear(alert.organisation, member)).mail_address
        if not member.counts_as_admin or address is None:
            return
        severity = NATURES[alert.kind].severity
        mail = Mail(
            to=address,
            subject=SUBJECT,
            text=alert_text(alert, severity, address=f"{self._public_url}/portal"),
            message_id=token_hash(f"{alert.event}|{alert.admin}")[:32],
        )
        try:
            await self._mailer.send(mail)
        except InvalidInputError:
            return  # Refused for good: the event itself stands in the log.
        await self._audit.write(
            AuditEvent.ADMIN_ALERTED, alert.organisation, by="system", staff=alert.admin, kind=alert.kind.value
        )
