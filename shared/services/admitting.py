"""Letting in somebody whom an e-ID has identified: one way for every provider.

``receive`` turns the identity into a person without a personal number; ``admit`` decides and raises the session.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from shared.crypto.pseudonyms import Peppers, former_subjects_of, subject_of
from shared.domain.admission import AdmissionPolicy, Admit, Arrival, Circumstances, Refuse, decide
from shared.domain.audit_events import AuditEvent
from shared.domain.devices import UNKNOWN_DEVICE
from shared.domain.errors import SignInRefusedError
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock
from shared.domain.principals import Person
from shared.domain.verified_identity import VerifiedIdentity
from shared.services.auditing import Audit
from shared.services.limiting import Limiting
from shared.services.sessions import NewSession, Sessions

NO_REMARK: Final = "none"


class Admitting:
    """Decides, audits the decision, and raises sessions."""

    def __init__(
        self,
        *,
        sessions: Sessions,
        audit: Audit,
        peppers: Peppers,
        limiting: Limiting,
        policy: AdmissionPolicy,
        clock: Clock,
    ) -> None:
        self._sessions = sessions
        self._audit = audit
        self._peppers = peppers
        self._limiting = limiting
        self._policy = policy
        self._clock = clock

    async def receive(self, identity: VerifiedIdentity) -> Arrival:
        """Who has arrived. What it returns may be kept, sealed, until the browser comes for its session."""
        person = Person(
            subject=subject_of(identity.personal_number, self._peppers),
            name=identity.name,
            provider=identity.provider,
            assurance=identity.assurance,
            former=former_subjects_of(identity.personal_number, self._peppers),
        )
        return Arrival(person=person, risk=identity.risk, issued_on=identity.issued_on, device_ip=identity.device_ip)

    async def admit(
        self,
        arrival: Arrival,
        circumstances: Circumstances,
        *,
        replacing: str | None = None,
        device: str = UNKNOWN_DEVICE,
        beforehand: Callable[[], Awaitable[None]] | None = None,
    ) -> NewSession:
        """A session of this person on this device; the one with the token ``replacing`` ends.

        ``beforehand`` is awaited when it is decided and before the session exists; what it raises stops the session.

        Raises ``SignInRefusedError`` when a rule of ``shared.domain.admission`` says no, and ``TooManyRequestsError``
        when this person has begun too many sessions: then nothing has been used up, and the browser may ask again.
        """
        subject, mode = arrival.person.subject, circumstances.mode.value
        match decide(arrival, circumstances, self._policy, today=self._clock().date()):
            case Refuse(reason=reason):
                await self._audit.write(AuditEvent.PERSON_REFUSED, PLATFORM, by=subject, mode=mode, reason=reason.value)
                raise SignInRefusedError(reason.value)
            case Admit(remarks=remarks):
                await self._limiting.allow_session(subject)
                noted = " ".join(remarks) or NO_REMARK
                await self._audit.write(AuditEvent.PERSON_ADMITTED, PLATFORM, by=subject, mode=mode, remarks=noted)
                if beforehand is not None:
                    await beforehand()
                return await self._sessions.raise_for_person(arrival.person, replacing=replacing, device=device)
