"""Persons sign in with an e-ID, in the browser that started (QR mode).

The browser polls us; we ask the e-ID at most every two seconds, whichever instance answers, and persist what it
says before anyone is told. A terminal answer is given to us once: whoever won the right to ask stores it.
Source: BankID RP API v6.0 (``/auth``, ``/collect``), facts on its times and hint codes.
"""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.pseudonyms import Peppers, subject_of
from shared.crypto.tokens import new_token, token_hash
from shared.domain import places
from shared.domain.assurance import Assurance
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import Fields, instant_text
from shared.domain.electronic_id import (
    Complete,
    ElectronicId,
    Failed,
    OrderRequest,
    Pending,
    VerifiedIdentity,
)
from shared.domain.errors import (
    ConflictError,
    IntegrityError,
    NotFoundError,
    RecordChangedError,
    RecordNotFoundError,
)
from shared.domain.ids import RandomBytes, Subject
from shared.domain.lifecycles import OrderState, OrderStep, next_order_state
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.principals import Person
from shared.domain.qr import qr_content
from shared.services.auditing import Audit
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.sessions import NewSession, Sessions

COLLECT_INTERVAL: Final = timedelta(seconds=2)
FLOW_LIFETIME: Final = timedelta(minutes=10)
QR_LIFETIME: Final = timedelta(seconds=30)
"""The e-ID's start window: no frame is worth showing after it."""

UNPICKED: Final = "outstandingTransaction"
"""The one hint under which a QR code is shown: no app has the order yet."""

UNRESOLVED: Final = "unresolved"
"""Our own hint: the order has ended at the e-ID and nothing here says how."""

ACCEPTED_RISKS: Final = frozenset({"low", "moderate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedFlow:
    """``flow`` goes into the cookie of the browser that started and nowhere else."""

    flow: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Not ended. ``qr`` is the frame to show now, None when no code should be shown."""

    hint_code: str
    qr: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Ended without a session. Start again."""

    hint_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Ended with a session, raised in the browser that started."""

    session: NewSession


class PersonSigningIn:
    """Starts, polls and cancels sign-in orders."""

    def __init__(
        self,
        *,
        records: Records,
        electronic_id: ElectronicId,
        keyring: Keyring,
        expiries: Expiries,
        sessions: Sessions,
        audit: Audit,
        peppers: Peppers,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._records = records
        self._electronic_id = electronic_id
        self._keyring = keyring
        self._expiries = expiries
        self._sessions = sessions
        self._audit = audit
        self._peppers = peppers
        self._clock = clock
        self._random = random

    async def start(self, request: OrderRequest) -> StartedFlow:
        """Begin an order for this browser. Raises ``ConflictError``, ``DependencyError``."""
        flow = new_token(self._random)
        place = places.order(token_hash(flow))
        started = await self._electronic_id.start(request)
        now = self._clock()
        ends = now + FLOW_LIFETIME
        secrets = {"ref": started.order_ref, "token": started.qr_start_token, "secret": started.qr_start_secret}
        body: Body = {
            "state": OrderState.PENDING.value,
            "hint": UNPICKED,
            "started_at": instant_text(now),
            "collected_at": instant_text(now),
            "expires_at": instant_text(ends),
            "secrets": await self._seal(place, "secrets", json.dumps(secrets)),
        }
        await self._expiries.book(ends, f"order|{token_hash(flow)}")
        await self._records.create(place.partition, place.id, body)
        return StartedFlow(flow=flow, expires_at=ends)

    async def poll(self, flow: str, *, replacing: str | None = None) -> Waiting | Refused | SignedIn:
        """How the order of this browser stands; raises the session once it is complete.

        ``replacing`` is the token of the session that this browser held; it ends with the new one.

        Raises ``NotFoundError`` when this browser has no order, ``ConflictError`` when its session was raised
        already, ``DependencyError`` when the e-ID does not answer (poll again).
        """
        record = await self._load(flow)
        if self._state(record) is OrderState.PENDING and self._may_collect(record):
            record = await self._collect(record)
        match self._state(record):
            case OrderState.PENDING:
                return await self._waiting(record)
            case OrderState.FAILED:
                return Refused(hint_code=Fields(record.body).text("hint"))
            case OrderState.COMPLETE | OrderState.USED as state:
                next_order_state(state, OrderStep.RAISE_SESSION)
                return await self._raise_session(record, replacing)

    async def qr(self, flow: str) -> str | None:
        """The frame to show now, without asking the e-ID. Raises ``NotFoundError``."""
        return (await self._waiting(await self._load(flow))).qr

    async def cancel(self, flow: str) -> None:
        """End the order because its person left. Says nothing of orders that have ended already."""
        try:
            record = await self._load(flow)
        except NotFoundError:
            return
        if self._state(record) is OrderState.PENDING:
            await self._electronic_id.cancel((await self._secrets(record))["ref"])
            await self._persist(record, OrderStep.FAIL, {"hint": "userCancel"})

    async def _load(self, flow: str) -> Record:
        place = places.order(token_hash(flow))
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        if self._clock() >= Fields(record.body).instant("expires_at"):
            raise NotFoundError
        return record

    def _state(self, record: Record) -> OrderState:
        try:
            return OrderState(Fields(record.body).text("state"))
        except ValueError as fault:
            raise IntegrityError from fault

    def _may_collect(self, record: Record) -> bool:
        return self._clock() - Fields(record.body).instant("collected_at") >= COLLECT_INTERVAL

    async def _collect(self, record: Record) -> Record:
        """Ask the e-ID if this request wins the right to; otherwise answer from the store."""
        try:
            record = await self._store(record, OrderStep.WAIT, {"collected_at": instant_text(self._clock())})
        except RecordChangedError:
            return await self._read_again(record)
        # What sealing the answer needs comes first: the e-ID does not repeat itself.
        await self._keyring.current(PLATFORM)
        order_ref = (await self._secrets(record))["ref"]
        try:
            outcome = await self._electronic_id.collect(order_ref)
        except NotFoundError:
            outcome = self._unresolved(record)
        match outcome:
            case Pending():
                return await self._persist(record, OrderStep.WAIT, {"hint": outcome.hint_code})
            case Failed():
                return await self._persist(record, OrderStep.FAIL, {"hint": outcome.hint_code})
            case Complete():
                return await self._completed(record, outcome.identity)

    def _unresolved(self, record: Record) -> Pending | Failed:
        """The e-ID has told how the order ended already, and no record knows.

        Either a slow request is still storing it, or it is lost with the one that was told: the next time decides.
        Then it is start again, never "signed in".
        """
        is_lost = Fields(record.body).text("hint") == UNRESOLVED
        return Failed(hint_code=UNRESOLVED) if is_lost else Pending(hint_code=UNRESOLVED)

    async def _completed(self, record: Record, identity: VerifiedIdentity) -> Record:
        subject = subject_of(identity.personal_number, self._peppers)
        if identity.risk not in ACCEPTED_RISKS:
            refused = await self._persist(record, OrderStep.FAIL, {"hint": "transactionRiskBlocked"})
            await self._audit.write(AuditEvent.PERSON_REFUSED, PLATFORM, by=subject)
            return refused
        place = Place(record.partition, record.id)
        who = {
            "subject": subject,
            "name": identity.name,
            "provider": identity.provider,
            "assurance": identity.assurance.value,
        }
        sealed = await self._seal(place, "identity", json.dumps(who))
        return await self._persist(record, OrderStep.COMPLETE, {"hint": "", "identity": sealed})

    async def _persist(self, record: Record, step: OrderStep, changes: Body) -> Record:
        """Store an answer that the e-ID gives once: whoever wrote in between, it is applied while we still wait."""
        while self._state(record) is OrderState.PENDING:
            try:
                return await self._store(record, step, changes)
            except RecordChangedError:
                record = await self._read_again(record)
        return record

    async def _store(self, record: Record, step: OrderStep, changes: Body) -> Record:
        """Raises ``RecordChangedError``; ``NotFoundError`` when the order's time ended meanwhile."""
        state = next_order_state(self._state(record), step)
        try:
            return await self._records.replace_if_match(record, {**record.body, **changes, "state": state.value})
        except RecordNotFoundError as fault:
            raise NotFoundError from fault

    async def _read_again(self, record: Record) -> Record:
        try:
            return await self._records.get(record.partition, record.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault

    async def _raise_session(self, record: Record, replacing: str | None) -> SignedIn:
        who = json.loads(await self._unseal(record, "identity"))
        try:
            await self._store(record, OrderStep.RAISE_SESSION, {"identity": None, "secrets": None})
        except RecordChangedError as fault:
            raise ConflictError from fault
        person = Person(
            subject=Subject(who["subject"]),
            name=who["name"],
            provider=who["provider"],
            assurance=Assurance(who["assurance"]),
        )
        return SignedIn(session=await self._sessions.raise_for_person(person, replacing=replacing))

    async def _waiting(self, record: Record) -> Waiting:
        fields = Fields(record.body)
        hint = fields.text("hint")
        # Never negative: the instance that started may have a clock that runs ahead of this one's.
        elapsed = max(self._clock() - fields.instant("started_at"), timedelta(0))
        if self._state(record) is not OrderState.PENDING or hint != UNPICKED or elapsed >= QR_LIFETIME:
            return Waiting(hint_code=hint, qr=None)
        secrets = await self._secrets(record)
        frame = qr_content(secrets["token"], secrets["secret"], int(elapsed.total_seconds()))
        return Waiting(hint_code=hint, qr=frame)

    async def _secrets(self, record: Record) -> dict[str, str]:
        found: dict[str, str] = json.loads(await self._unseal(record, "secrets"))
        return found

    async def _seal(self, place: Place, name: str, text: str) -> str:
        key = await self._keyring.current(PLATFORM)
        return seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random)

    async def _unseal(self, record: Record, name: str) -> str:
        sealed = Fields(record.body).text(name)
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        return unseal_field(key, sealed, partition=record.partition, id=record.id, field=name)
