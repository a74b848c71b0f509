"""Persons sign in at a broker: away by redirect, and back with a code, into the browser that started.

Source: ``shared.services.redirects``, ``shared.domain.brokers``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from shared.domain.admission import Circumstances
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.brokers import Broker, Failure, Identified, Unfit
from shared.domain.errors import ElectronicIdError, NotFoundError, SignInRefusedError
from shared.domain.ids import RandomBytes, new_id
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock
from shared.domain.sign_in_modes import SignInMode
from shared.domain.verified_identity import VerifiedIdentity
from shared.services.admitting import Admitting
from shared.services.auditing import Audit
from shared.services.evidence import EvidenceArchive
from shared.services.redirects import (
    NOBODY,
    Answered,
    Departed,
    Redirects,
    ReturnRefusedError,
    StartedRedirect,
    returned_by,
    unreachable,
)
from shared.services.sessions import NewSession


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """The browser that came back: its flow cookie, its address, what it will be known by, the session it held."""

    flow: str = field(repr=False)
    address: str = field(repr=False)
    device: str
    replacing: str | None = field(repr=False)


class BrokerSigningIn:
    """Starts sign-ins at the brokers that are on, by their names, and ends them.

    ``redirect_uri`` gives the address to which a broker, by its name, sends browsers back. Each has its own: an answer
    that comes to the address of another is a mix-up (RFC 9700 section 4.4.2), also where answers name no issuer.
    """

    def __init__(
        self,
        *,
        brokers: Mapping[str, Broker],
        redirects: Redirects,
        admitting: Admitting,
        evidence: EvidenceArchive,
        audit: Audit,
        redirect_uri: Callable[[str], str],
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._brokers = brokers
        self._redirects = redirects
        self._admitting = admitting
        self._evidence = evidence
        self._audit = audit
        self._redirect_uri = redirect_uri
        self._clock = clock
        self._random = random

    async def start(self, provider: str, *, address: str) -> StartedRedirect:
        """Send this browser to a broker. Raises ``NotFoundError`` for one that is not on, ``ElectronicIdError``."""
        broker = self._brokers.get(provider)
        if broker is None:
            raise NotFoundError
        await self._audit.write(AuditEvent.BROKER_STARTED, PLATFORM, by=NOBODY, provider=provider)
        left = await self._redirects.leave(provider, self._redirect_uri(provider), {"address": address})
        return StartedRedirect(flow=left.flow, url=await broker.begin(left.departure))

    async def finish(self, answered: Answered, browser: Browser) -> NewSession | Failure:
        """A session for the browser that started, at most one for each departure, or why there is none."""
        record = await self._redirects.of(answered.state)
        if record is None:
            return Failure.FAILED
        provider = Fields(record.body).text("provider")
        broker = self._brokers.get(provider)
        try:
            departed = await self._redirects.claim(
                record, answered, flow=browser.flow, registration=None if broker is None else broker.profile
            )
            assert broker is not None  # Else the claim was refused.
            identity = await self._identified(broker, departed, answered)
        except ReturnRefusedError as refusal:
            await self._audit.write(
                AuditEvent.BROKER_REFUSED, PLATFORM, by=NOBODY, provider=provider, reason=refusal.reason
            )
            return refusal.failure
        return await self._admit(identity, departed, browser)

    async def _identified(self, broker: Broker, departed: Departed, answered: Answered) -> VerifiedIdentity:
        try:
            outcome = await broker.finish(returned_by(answered, departed, self._redirect_uri(answered.provider)))
        except ElectronicIdError as fault:
            raise unreachable(fault) from fault
        match outcome:
            case Unfit(reason=reason):
                raise ReturnRefusedError(Failure.FAILED, reason.value)
            case Identified(identity=identity):
                return identity

    async def _admit(self, identity: VerifiedIdentity, departed: Departed, browser: Browser) -> NewSession | Failure:
        """Decide, keep the proof of who identified, and raise the session: in this order."""
        arrival, now = await self._admitting.receive(identity), self._clock()
        evidence = new_id(now, self._random)
        about = {
            "provider": identity.provider,
            "transaction": identity.transaction,
            "assurance": identity.assurance.value,
            "begun_at": instant_text(departed.at),
            "completed_at": instant_text(now),
        }

        async def keep(decision: str) -> None:
            await self._evidence.keep(evidence, {**about, "decision": decision}, identity.evidence or "")

        try:
            return await self._admitting.admit(
                replace(arrival, person=replace(arrival.person, evidence=evidence)),
                Circumstances(
                    mode=SignInMode.REDIRECT, started_from=departed.secrets["address"], returned_from=browser.address
                ),
                replacing=browser.replacing,
                device=browser.device,
                beforehand=lambda: keep("admitted"),
            )
        except SignInRefusedError as refusal:
            await keep(f"refused {refusal.reason}")
            return Failure.REFUSED
