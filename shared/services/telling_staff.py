"""Telling members of staff by mail what happened to their sign-in: by way of the queue, so that no notice is lost."""

from contextlib import suppress

from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields
from shared.domain.errors import InvalidInputError, RecordNotFoundError
from shared.domain.ids import OrganisationId, RandomBytes, StaffId, new_id
from shared.domain.ports import Clock, Mail, Mailer, Queues, Records
from shared.domain.staff_notices import SUBJECT, StaffNotice, notice_text
from shared.services.auditing import Audit
from shared.services.keyring import Keyring


class TellingStaff:
    """Puts a notice on the queue, and sends it when the queue function asks."""

    def __init__(
        self,
        *,
        records: Records,
        queues: Queues,
        mailer: Mailer,
        keyring: Keyring,
        audit: Audit,
        notify_queue: str,
        public_url: str,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._queues = queues
        self._mailer = mailer
        self._keyring = keyring
        self._audit = audit
        self._notify_queue = notify_queue
        self._public_url = public_url
        self._clock = clock
        self._random = random

    async def tell(self, organisation: OrganisationId, staff: StaffId, notice: StaffNotice) -> None:
        """Let the member know. Ids and a fixed word go on the queue, and nothing else. Raises ``DependencyError``."""
        event = new_id(self._clock(), self._random)
        message = {"organisation": organisation, "staff": staff, "notice": notice.value, "event": event}
        await self._queues.put(self._notify_queue, message)

    async def send(self, organisation: OrganisationId, staff: StaffId, notice: StaffNotice, event: str) -> None:
        """Mail it, at least once. Nothing for who is gone. Raises ``DependencyError``: the queue tries again."""
        place = places.staff(organisation, staff)
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError:
            return
        sealed = fields.optional_text("mail_address")
        if sealed is None:
            return  # They left, or came by Entra ID, whose word for an address is not proof of it.
        key = await self._keyring.of_version(organisation, sealed_field_key_version(sealed))
        address = unseal_field(key, sealed, partition=place.partition, id=place.id, field="mail_address")
        mail = Mail(
            to=address,
            subject=SUBJECT,
            text=notice_text(notice, f"{self._public_url}/portal"),
            message_id=token_hash(f"{event}|{staff}")[:32],
        )
        with suppress(InvalidInputError):  # Refused for good: the event itself stands in the log of the organisation.
            await self._mailer.send(mail)
            await self._audit.write(AuditEvent.STAFF_TOLD, organisation, by="system", staff=staff, notice=notice.value)
