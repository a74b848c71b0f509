"""Notices by mail: that something is new, never what, from whom or about whom.

The mail names only the service and its public address, and the organisation where it wants that. It asks people to
go there themselves, because mails that ask for a sign-in by link are what phishing looks like (product facts, section 3
item 6).
"""

from contextlib import suppress
from datetime import datetime, timedelta

from shared.crypto.fields import sealed_field_key_version, unseal_field
from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import InvalidInputError, NotFoundError, RecordNotFoundError
from shared.domain.ids import MessageId, ThreadId
from shared.domain.lifecycles import MessageState
from shared.domain.metrics import Counter, Metrics, Timing
from shared.domain.organisation_settings import NoticeStyle
from shared.domain.ports import Clock, Mail, Mailer, Records
from shared.domain.retention import is_expired
from shared.domain.threads import Message, Sealed, Thread
from shared.services.auditing import Audit
from shared.services.entries import write_entries
from shared.services.keyring import Keyring
from shared.services.organisation_settings import SettingsOfOrganisations

NOTICE_SUBJECT = "Du har ett nytt meddelande / You have a new message"

NOTICE_TEXT = """\
Hej,

det finns ett nytt meddelande till dig{from_sv} i Private Identity Control.
Skriv in adressen nedan i din webbläsare och logga in med din e-legitimation för att läsa det.

    {address}

Det här mejlet innehåller ingen länk till själva meddelandet, och vi ber dig aldrig om koder eller lösenord.
Väntar du inget meddelande behöver du inte göra någonting. Det går inte att svara på det här mejlet.

----

Hello,

there is a new message for you{from_en} in Private Identity Control.
Type the address above into your browser and sign in with your e-ID to read it.

This mail holds no link to the message itself, and we never ask you for codes or passwords.
If you expect no message, there is nothing you need to do. Replies to this mail are not read.
"""

UNIT_RECIPIENT = "unit"


class Notifying:
    """Sends one notice per message and recipient."""

    def __init__(
        self,
        *,
        records: Records,
        settings: SettingsOfOrganisations,
        mailer: Mailer,
        keyring: Keyring,
        audit: Audit,
        metrics: Metrics,
        undo_seconds: int,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._records = records
        self._settings = settings
        self._mailer = mailer
        self._keyring = keyring
        self._audit = audit
        self._metrics = metrics
        self._undo = timedelta(seconds=undo_seconds)
        self._clock = clock
        self._public_url = public_url

    async def notify(self, thread: ThreadId, message: MessageId, recipient: str) -> None:
        """Mail the notice unless it was sent before or nothing is there to read any more.

        At least once: a crash between mail and record makes a second mail with the same Message-ID. Raises
        ``DependencyError`` when the mail server should be tried again.
        """
        notice = places.notice(thread, message, recipient)
        try:
            await self._records.get(notice.partition, notice.id)
        except RecordNotFoundError:
            pass
        else:
            return
        place, room_place = places.message(thread, message), places.thread(thread)
        try:
            found = Message.of((await self._records.get(place.partition, place.id)).body)
            room = Thread.of((await self._records.get(room_place.partition, room_place.id)).body)
        except RecordNotFoundError:
            return
        is_hidden = recipient in found.hidden_for
        if found.state is not MessageState.DELIVERED or is_hidden or is_expired(found.expires_at, now=self._clock()):
            return
        address = await self._address(room, recipient)
        if address is None:
            return
        event = AuditEvent.NOTICE_SENT
        try:
            await self._mailer.send(
                Mail(
                    to=address,
                    subject=NOTICE_SUBJECT,
                    text=await self._text(room, recipient),
                    message_id=token_hash(f"{message}|{recipient}")[:32],
                )
            )
        except InvalidInputError:
            event = AuditEvent.NOTICE_REFUSED  # For good: trying again would not help; the sender sees it.
        self._measure(event, found.sent_at)
        await self._audit.write(
            event, room.organisation, by="system", thread=thread, message=message, recipient=recipient
        )
        body = {"event": event.value, "at": instant_text(self._clock())}
        with suppress(NotFoundError):  # Erased while the mail was on its way.
            await write_entries(self._records, found, {notice: body})

    async def _text(self, room: Thread, recipient: str) -> str:
        name = ""
        if recipient != UNIT_RECIPIENT:
            style = (await self._settings.of(room.organisation)).notice_style
            name = await self._name(room) if style is NoticeStyle.NAMED else ""
        return NOTICE_TEXT.format(
            address=f"{self._public_url}/portal",
            from_sv=f" från {name}" if name else "",
            from_en=f" from {name}" if name else "",
        )

    async def _name(self, room: Thread) -> str:
        place = places.organisation(room.organisation)
        return Fields((await self._records.get(place.partition, place.id)).body).text("name")

    def _measure(self, event: AuditEvent, sent_at: datetime | None) -> None:
        is_taken = event is AuditEvent.NOTICE_SENT
        self._metrics.add(Counter.NOTICES, result="taken" if is_taken else "refused")
        if is_taken and sent_at is not None:
            self._metrics.observe(Timing.MAIL, (self._clock() - sent_at - self._undo).total_seconds())

    async def _address(self, room: Thread, recipient: str) -> str | None:
        if recipient == UNIT_RECIPIENT:
            place = places.unit(room.organisation, room.unit)
            return Fields((await self._records.get(place.partition, place.id)).body).optional_text("mail_address")
        person = next((p for p in room.participants if p.recipient == recipient), None)
        return None if person is None else await self._unsealed(room, person.mail_address, recipient)

    async def _unsealed(self, room: Thread, sealed: Sealed, recipient: str) -> str:
        place = places.thread(room.thread)
        key = await self._keyring.of_version(room.organisation, sealed_field_key_version(sealed))
        return unseal_field(key, sealed, partition=place.partition, id=place.id, field=f"mail_address.{recipient}")
