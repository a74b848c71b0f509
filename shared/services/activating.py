"""How staff come to a password: an invitation, or a new one because the old is forgotten; both by a link in a mail.

Whoever asks for a new password gets the same answer after the same work whether anybody has the address: who it is, is
looked up by the queue function that mails.
"""

from shared.crypto.pseudonyms import address_key
from shared.crypto.tokens import token_hash
from shared.domain.audit_events import AuditEvent
from shared.domain.credentials import LinkToken, Purpose
from shared.domain.errors import InvalidInputError, NotFoundError
from shared.domain.ids import OrganisationId, RandomBytes, StaffId, new_id
from shared.domain.letters import (
    SUBJECTS,
    ActivationLetter,
    Letter,
    ResetLetter,
    letter_text,
)
from shared.domain.organisation_settings import StaffSignIn
from shared.domain.ports import Clock, Mail, Mailer, Queues
from shared.domain.staff_members import StaffState
from shared.services.auditing import Audit
from shared.services.credentials import Credentials
from shared.services.member_logins import MemberLogin, MemberLogins
from shared.services.organisation_settings import SettingsOfOrganisations
from shared.services.staff_limiting import StaffLimiting


class Activating:
    """Puts letters on the queue, and mails them when the queue function asks."""

    def __init__(
        self,
        *,
        members: MemberLogins,
        credentials: Credentials,
        limiting: StaffLimiting,
        settings: SettingsOfOrganisations,
        queues: Queues,
        mailer: Mailer,
        audit: Audit,
        notify_queue: str,
        public_url: str,
        service_name: str,
        address_pepper: bytes,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._members = members
        self._credentials = credentials
        self._limiting = limiting
        self._settings = settings
        self._queues = queues
        self._mailer = mailer
        self._audit = audit
        self._notify_queue = notify_queue
        self._public_url = public_url
        self._service_name = service_name
        self._address_pepper = address_pepper
        self._clock = clock
        self._random = random

    async def invite(self, organisation: OrganisationId, staff: StaffId) -> None:
        """Mail a link to choose the first password by. Again: another link, and the one before is void.

        The member is stored, with the state ``invited``. Raises ``DependencyError``.
        """
        await self._put(ActivationLetter(organisation=organisation, staff=staff, request=self._new_request()))

    async def ask_for_reset(self, address: str) -> None:
        """Mail a link to choose a new password by, if somebody has this address, and not too often.

        Raises ``DependencyError``.
        """
        login = address_key(address, self._address_pepper)
        await self._put(ResetLetter(login=login, request=self._new_request()))

    async def send(self, letter: Letter) -> None:
        """Mail what was asked for, at least once. Nothing for who has left, or has nothing to choose.

        Raises ``DependencyError``: the queue tries again.
        """
        try:
            match letter:
                case ActivationLetter():
                    member = await self._members.of(letter.organisation, letter.staff)
                    await self._mail_link(member, Purpose.ACTIVATION, StaffState.INVITED, letter.request)
                case ResetLetter():
                    member = await self._members.with_login(letter.login)
                    # Counted here and not where it is asked for: how a count stands tells of who was here before. A
                    # mail that did not get through is no second one.
                    is_again = await self._credentials.is_under_way(member, letter.request)
                    if is_again or await self._limiting.allows_letter(letter.login):
                        await self._mail_link(member, Purpose.RESET, StaffState.ACTIVE, letter.request)
        except NotFoundError:
            return

    async def _mail_link(self, member: MemberLogin, purpose: Purpose, wanted: StaffState, request: str) -> None:
        # A stranger who asks for a new password for somebody who is invited must not void the invitation.
        if member.state is not wanted:
            return
        if purpose is Purpose.RESET:
            settings = await self._settings.of(member.organisation)
            if StaffSignIn.PASSWORD not in settings.sign_in:
                return  # Only Entra ID counts there: the link would not work.

        async def send(token: LinkToken) -> None:
            # In the fragment: browsers send it to nobody, so it stands in no log of a server or a proxy.
            link = f"{self._public_url}/portal#/choose-password/{token.text()}"
            text = letter_text(purpose, service=self._service_name, link=link)
            is_sent = await self._send(member, SUBJECTS[purpose], text, f"{request}|{purpose}")
            event = AuditEvent.PASSWORD_LINK_SENT if is_sent else AuditEvent.PASSWORD_LINK_REFUSED
            await self._audit.write(event, member.organisation, by="system", staff=member.staff, purpose=purpose.value)

        await self._credentials.mail(member, purpose, request, send)

    async def _send(self, member: MemberLogin, subject: str, text: str, once: str) -> bool:
        """Whether the mail server took it; False for an address that it refuses for good: no other try would help."""
        mail = Mail(to=member.mail_address, subject=subject, text=text, message_id=token_hash(once)[:32])
        try:
            await self._mailer.send(mail)
        except InvalidInputError:
            return False
        return True

    async def _put(self, letter: Letter) -> None:
        await self._queues.put(self._notify_queue, letter.message())

    def _new_request(self) -> str:
        return new_id(self._clock(), self._random)
