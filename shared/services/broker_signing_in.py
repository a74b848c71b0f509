"""Persons sign in at a broker: away by redirect, and back with a code, into the browser that started.

What we remember of a departure lies under the hash of its state, is good for one return, and only for the browser
whose cookie it names. Source: RFC 9700 (state, PKCE, mix-up); ``shared.domain.brokers``.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.tokens import equal, new_token, token_hash
from shared.domain import places
from shared.domain.admission import Circumstances
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.brokers import Broker, Departure, Failure, Identified, Misfit, Return, Unfit, failure_of
from shared.domain.electronic_id import SignInMode, VerifiedIdentity
from shared.domain.errors import (
    ElectronicIdError,
    ElectronicIdFault,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
    SignInRefusedError,
)
from shared.domain.ids import RandomBytes, new_id
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Clock, Record, Records
from shared.services.admitting import Admitting
from shared.services.auditing import Audit
from shared.services.evidence import EvidenceArchive
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.sessions import NewSession

FLOW_LIFETIME: Final = timedelta(minutes=10)
CODE_CHARACTERS: Final = 4096
"""Of a code, a state or an error that is looked at at all."""

NOBODY: Final = "unknown"
"""Who does it in audit events: before a broker's answer is believed, nobody knows."""

_LATER: Final = frozenset(
    {
        ElectronicIdFault.MAINTENANCE,
        ElectronicIdFault.TIMEOUT,
        ElectronicIdFault.INTERNAL,
        ElectronicIdFault.UNREACHABLE,
        ElectronicIdFault.TOO_MANY_REQUESTS,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedRedirect:
    """``flow`` goes into the cookie of the browser that started; ``url`` is where it goes."""

    flow: str = field(repr=False)
    url: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What the browser brought back in its address (RFC 6749 section 4.1.2), none of it believed yet.

    ``provider`` is the broker to whose address it came.
    """

    provider: str
    state: str = field(repr=False)
    code: str = field(repr=False)
    error: str
    issuer: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Browser:
    """The browser that came back: its flow cookie, its address, what it will be known by, the session it held."""

    flow: str = field(repr=False)
    address: str = field(repr=False)
    device: str
    replacing: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Departed:
    broker: Broker
    secrets: Mapping[str, str] = field(repr=False)
    at: datetime


class _RefusedError(Exception):
    """What the browser brought back is no identity. Ends in ``finish``, which audits it."""

    def __init__(self, failure: Failure, reason: str) -> None:
        super().__init__(reason)
        self.failure = failure
        self.reason = reason


class BrokerSigningIn:
    """Starts sign-ins at the brokers that are on, by their names, and ends them.

    ``redirect_uri`` gives the address to which a broker, by its name, sends browsers back. Each has its own: an answer
    that comes to the address of another is a mix-up (RFC 9700 section 4.4.2), also where answers name no issuer.
    """

    def __init__(
        self,
        *,
        brokers: Mapping[str, Broker],
        records: Records,
        keyring: Keyring,
        expiries: Expiries,
        admitting: Admitting,
        evidence: EvidenceArchive,
        audit: Audit,
        redirect_uri: Callable[[str], str],
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._brokers = brokers
        self._records = records
        self._keyring = keyring
        self._expiries = expiries
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
        flow, state, nonce, verifier = (new_token(self._random) for _ in range(4))
        place, now = places.redirect(token_hash(state)), self._clock()
        ends = now + FLOW_LIFETIME
        secrets = {"nonce": nonce, "verifier": verifier, "address": address}
        await self._expiries.book(ends, f"redirect|{token_hash(state)}")
        await self._records.create(
            place.partition,
            place.id,
            {
                "provider": provider,
                "flow": token_hash(flow),
                "started_at": instant_text(now),
                "expires_at": instant_text(ends),
                "secrets": await self._seal(place, json.dumps(secrets)),
            },
        )
        departure = Departure(redirect_uri=self._redirect_uri(provider), state=state, nonce=nonce, verifier=verifier)
        return StartedRedirect(flow=flow, url=await broker.begin(departure))

    async def finish(self, answered: Answered, browser: Browser) -> NewSession | Failure:
        """A session for the browser that started, at most one for each departure, or why there is none."""
        record = await self._departed(answered.state)
        if record is None:
            return Failure.FAILED
        try:
            departed = await self._claim(record, answered, browser)
            identity = await self._identified(departed, answered)
        except _RefusedError as refusal:
            provider = Fields(record.body).text("provider")
            await self._audit.write(
                AuditEvent.BROKER_REFUSED, PLATFORM, by=NOBODY, provider=provider, reason=refusal.reason
            )
            return refusal.failure
        return await self._admit(identity, departed, browser)

    async def _claim(self, record: Record, answered: Answered, browser: Browser) -> _Departed:
        """What we remember, for the first who asks, in the browser that started, with an answer of that broker."""
        fields = Fields(record.body)
        secrets = await self._use(record)
        if not equal(fields.text("flow"), token_hash(browser.flow)):
            # Whoever sent the address to another person, or took it from one, must begin again.
            raise _RefusedError(Failure.OTHER_BROWSER, "other-browser")
        broker = self._brokers.get(fields.text("provider"))
        if secrets is None or broker is None or self._clock() >= fields.instant("expires_at"):
            raise _RefusedError(Failure.FAILED, "spent")
        is_named_otherwise = answered.issuer is not None and answered.issuer != broker.profile.issuer
        if answered.provider != broker.profile.name or is_named_otherwise:
            raise _RefusedError(Failure.FAILED, Misfit.ISSUER.value)
        return _Departed(broker=broker, secrets=secrets, at=fields.instant("started_at"))

    async def _identified(self, departed: _Departed, answered: Answered) -> VerifiedIdentity:
        if answered.error or not 0 < len(answered.code) <= CODE_CHARACTERS:
            failure = failure_of(answered.error)
            raise _RefusedError(failure, f"broker-{failure.value}")
        returned = Return(
            code=answered.code,
            issuer=answered.issuer,
            redirect_uri=self._redirect_uri(answered.provider),
            nonce=departed.secrets["nonce"],
            verifier=departed.secrets["verifier"],
            departed_at=departed.at,
        )
        try:
            outcome = await departed.broker.finish(returned)
        except ElectronicIdError as fault:
            raise _RefusedError(
                Failure.TRY_LATER if fault.code in _LATER else Failure.FAILED, fault.code.value
            ) from fault
        match outcome:
            case Unfit(reason=reason):
                raise _RefusedError(Failure.FAILED, reason.value)
            case Identified(identity=identity):
                return identity

    async def _admit(self, identity: VerifiedIdentity, departed: _Departed, browser: Browser) -> NewSession | Failure:
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

    async def _departed(self, state: str) -> Record | None:
        if not 0 < len(state) <= CODE_CHARACTERS:
            return None
        place = places.redirect(token_hash(state))
        try:
            return await self._records.get(place.partition, place.id)
        except RecordNotFoundError:
            return None

    async def _use(self, record: Record) -> Mapping[str, str] | None:
        """The secrets of the departure, for the one who asks first; None for all others."""
        sealed = Fields(record.body).optional_text("secrets")
        if sealed is None:
            return None
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        secrets: Mapping[str, str] = json.loads(
            unseal_field(key, sealed, partition=record.partition, id=record.id, field="secrets")
        )
        try:
            await self._records.replace_if_match(record, {**record.body, "secrets": None})
        except (RecordChangedError, RecordNotFoundError):
            return None
        return secrets

    async def _seal(self, place: Place, text: str) -> str:
        key = await self._keyring.current(PLATFORM)
        return seal_field(key, text, partition=place.partition, id=place.id, field="secrets", random=self._random)
