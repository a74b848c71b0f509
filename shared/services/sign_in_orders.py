"""The stored record of a sign-in by e-ID: what it holds, how it is sealed, and which write wins.

A record belongs to one browser (by the hash of its flow) and to one order at the e-ID at a time. ``attempt`` counts
those: what the e-ID said of an earlier one is never applied to a later one. Reference, tokens, addresses, and who
identified are sealed; of the nonce that comes back only the hash is kept.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.crypto.fields import seal_field, sealed_field_key_version, unseal_field
from shared.crypto.tokens import token_hash
from shared.domain import places
from shared.domain.admission import Arrival
from shared.domain.bodies import Fields, instant_text
from shared.domain.electronic_id import OrderRequest, StartedOrder
from shared.domain.errors import IntegrityError, NotFoundError, RecordChangedError, RecordNotFoundError
from shared.domain.ids import RandomBytes, new_id
from shared.domain.lifecycles import ORDER_STEPS, OrderState, OrderStep, next_order_state
from shared.domain.places import PLATFORM, Place
from shared.domain.ports import Body, Clock, Record, Records
from shared.domain.sign_in_modes import SignInMode
from shared.domain.user_messages import StartedBy
from shared.services.deleting import delete
from shared.services.expiring import Expiries
from shared.services.keyring import Keyring
from shared.services.sign_in_arrivals import arrival_members, arrival_of, pieces_of

FLOW_LIFETIME: Final = timedelta(minutes=10)
RETURN_LIFETIME: Final = timedelta(minutes=5)

QR_LIFETIME: Final = timedelta(seconds=30)
"""The e-ID's start window: no frame is worth showing after it."""

UNPICKED: Final = "outstandingTransaction"
"""The one hint under which a QR code is shown: no app has the order yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """A record as it was read. ``begun_at`` is the person's click, ``started_at`` when this attempt began.

    ``claimed_at``: since then one request is starting the next attempt, and there is nothing to ask the e-ID about.
    """

    record: Record = field(repr=False)
    id: str
    state: OrderState
    started_by: StartedBy
    hint: str
    attempt: int
    begun_at: datetime
    started_at: datetime
    collected_at: datetime
    claimed_at: datetime | None
    nonce_hash: str | None = field(repr=False)

    @property
    def mode(self) -> SignInMode:
        return SignInMode.QR if self.started_by is StartedBy.QR else SignInMode.SAME_DEVICE

    @classmethod
    def of(cls, record: Record) -> "Order":
        fields = Fields(record.body)
        try:
            state, started_by = OrderState(fields.text("state")), StartedBy(fields.text("started_by"))
        except ValueError as fault:
            raise IntegrityError from fault
        return cls(
            record=record,
            id=fields.text("order"),
            state=state,
            started_by=started_by,
            hint=fields.text("hint"),
            attempt=fields.whole("attempt"),
            begun_at=fields.instant("begun_at"),
            started_at=fields.instant("started_at"),
            collected_at=fields.instant("collected_at"),
            claimed_at=None if fields.optional_text("claimed_at") is None else fields.instant("claimed_at"),
            nonce_hash=fields.optional_text("nonce_hash"),
        )


class SignInOrders:
    """Keeps the records of orders. Every method may raise ``DependencyError``."""

    def __init__(
        self, *, records: Records, keyring: Keyring, expiries: Expiries, clock: Clock, random: RandomBytes
    ) -> None:
        self._records = records
        self._keyring = keyring
        self._expiries = expiries
        self._clock = clock
        self._random = random

    async def ready(self) -> None:
        """Return if what sealing needs is at hand. Before every call of the e-ID: it does not repeat itself."""
        await self._keyring.current(PLATFORM)

    async def create(
        self, flow: str, nonce: str | None, request: OrderRequest, started: StartedOrder, started_by: StartedBy
    ) -> Order:
        """The record of a fresh order, and the one that finds it by the hash of its nonce."""
        now, flow_hash = self._clock(), token_hash(flow)
        ends, place = now + FLOW_LIFETIME, places.order(flow_hash)
        body: Body = {
            "order": new_id(now, self._random),
            "state": OrderState.PENDING.value,
            "started_by": started_by.value,
            "attempt": 1,
            "begun_at": instant_text(now),
            "expires_at": instant_text(ends),
            "nonce_hash": None if nonce is None else token_hash(nonce),
            "request": await self._seal(place, "request", json.dumps(_told(request))),
            **await self._fresh(place, started),
        }
        await self._expiries.book(ends, f"order|{flow_hash}")
        record = await self._records.create(place.partition, place.id, body)
        if nonce is not None:
            back, returns = places.sign_in_return(token_hash(nonce)), now + RETURN_LIFETIME
            await self._expiries.book(returns, f"return|{token_hash(nonce)}")
            await self._records.create(
                back.partition, back.id, {"flow": flow_hash, "expires_at": instant_text(returns)}
            )
        return Order.of(record)

    async def find(self, flow: str) -> Order:
        """The order of this browser. Raises ``NotFoundError`` when there is none, or its time is over."""
        return await self._find(token_hash(flow))

    async def behind(self, nonce: str) -> Order:
        """The order that this nonce was made for. Raises ``NotFoundError``, also when it was used or is too old."""
        place = places.sign_in_return(token_hash(nonce))
        try:
            fields = Fields((await self._records.get(place.partition, place.id)).body)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        if self._clock() >= fields.instant("expires_at"):
            raise NotFoundError
        return await self._find(fields.text("flow"))

    async def forget_nonce(self, order: Order) -> None:
        """Let the nonce of this order lead nowhere any more."""
        if order.nonce_hash is not None:
            await delete(self._records, places.sign_in_return(order.nonce_hash))

    async def store(self, order: Order, step: OrderStep, changes: Body) -> Order:
        """One write, if nobody wrote since ``order`` was read.

        Raises ``RecordChangedError``; ``NotFoundError`` when the order's time ended meanwhile; ``ConflictError`` for a
        step that its state does not allow.
        """
        state, record = next_order_state(order.state, step), order.record
        try:
            changed = await self._records.replace_if_match(record, {**record.body, **changes, "state": state.value})
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        return Order.of(changed)

    async def persist(self, order: Order, step: OrderStep, changes: Body) -> Order:
        """Store what the e-ID says once of this attempt: whoever wrote in between, while it still matters."""
        attempt = order.attempt
        while order.attempt == attempt and (order.state, step) in ORDER_STEPS:
            try:
                return await self.store(order, step, changes)
            except RecordChangedError:
                order = await self.read_again(order)
        return order

    async def end(self, order: Order, step: OrderStep, hint: str) -> Order:
        """End an order without a session, whichever attempt it is at; as it stands, if it has ended already."""
        while (order.state, step) in ORDER_STEPS:
            try:
                return await self.store(order, step, {"hint": hint, "arrival": None, "proof": None})
            except RecordChangedError:
                order = await self.read_again(order)
        return order

    async def claim(self, order: Order) -> Order | None:
        """Take the next attempt for this request; None when another has it, or the order has ended."""
        attempt, now = order.attempt, instant_text(self._clock())
        changes: Body = {"attempt": attempt + 1, "claimed_at": now, "hint": UNPICKED, "secrets": None}
        while order.attempt == attempt and order.state is OrderState.PENDING:
            try:
                return await self.store(order, OrderStep.WAIT, changes)
            except RecordChangedError:
                order = await self.read_again(order)
        return None

    async def renew(self, order: Order, started: StartedOrder) -> Order:
        """The claimed attempt has begun at the e-ID."""
        return await self.persist(order, OrderStep.WAIT, await self._fresh(_place(order), started))

    async def complete(self, order: Order, arrival: Arrival, *, transaction: str, evidence: str) -> Order:
        """Somebody identified: kept sealed until this browser's session is raised."""
        about = arrival_members(arrival, transaction=transaction, completed_at=self._clock())
        pieces = [
            await self._seal(_place(order), f"proof{number:02d}", piece)
            for number, piece in enumerate(pieces_of(evidence))
        ]
        sealed = await self._seal(_place(order), "arrival", json.dumps(about))
        return await self.persist(order, OrderStep.COMPLETE, {"hint": "", "arrival": sealed, "proof": pieces})

    async def read_again(self, order: Order) -> Order:
        """The order as it is now. Raises ``NotFoundError``."""
        try:
            return Order.of(await self._records.get(order.record.partition, order.record.id))
        except RecordNotFoundError as fault:
            raise NotFoundError from fault

    async def secrets_of(self, order: Order) -> StartedOrder | None:
        """What the e-ID gave for this attempt; None while the next one is being started."""
        if order.record.body.get("secrets") is None:
            return None
        return StartedOrder(**json.loads(await self._unseal(order, "secrets")))

    async def request_of(self, order: Order) -> OrderRequest:
        """What was told to the e-ID, without the way back."""
        return OrderRequest(**json.loads(await self._unseal(order, "request")))

    async def arrival_of(self, order: Order) -> tuple[Arrival, Mapping[str, str]]:
        """Who identified, and what else there is to prove it: ``transaction``, ``completed_at`` and ``evidence``."""
        about = json.loads(await self._unseal(order, "arrival"))
        pieces = [
            await self._unseal_text(order, f"proof{number:02d}", sealed)
            for number, sealed in enumerate(Fields(order.record.body).texts("proof"))
        ]
        proof = {
            "transaction": about["transaction"],
            "completed_at": about["completed_at"],
            "evidence": "".join(pieces),
        }
        return arrival_of(about), proof

    async def _find(self, flow_hash: str) -> Order:
        place = places.order(flow_hash)
        try:
            record = await self._records.get(place.partition, place.id)
        except RecordNotFoundError as fault:
            raise NotFoundError from fault
        if self._clock() >= Fields(record.body).instant("expires_at"):
            raise NotFoundError
        return Order.of(record)

    async def _fresh(self, place: Place, started: StartedOrder) -> dict[str, str | None]:
        now = instant_text(self._clock())
        secrets = await self._seal(place, "secrets", json.dumps(asdict(started)))
        return {"hint": UNPICKED, "claimed_at": None, "started_at": now, "collected_at": now, "secrets": secrets}

    async def _seal(self, place: Place, name: str, text: str) -> str:
        key = await self._keyring.current(PLATFORM)
        return seal_field(key, text, partition=place.partition, id=place.id, field=name, random=self._random)

    async def _unseal(self, order: Order, name: str) -> str:
        return await self._unseal_text(order, name, Fields(order.record.body).text(name))

    async def _unseal_text(self, order: Order, name: str, sealed: str) -> str:
        key = await self._keyring.of_version(PLATFORM, sealed_field_key_version(sealed))
        return unseal_field(key, sealed, partition=order.record.partition, id=order.record.id, field=name)


def _place(order: Order) -> Place:
    return Place(order.record.partition, order.record.id)


def _told(request: OrderRequest) -> Mapping[str, str]:
    """What a next attempt is begun with. Not the way back: it holds the nonce."""
    return {
        "end_user_ip": request.end_user_ip,
        "user_visible_text": request.user_visible_text,
        "referring_domain": request.referring_domain,
        "user_agent": request.user_agent,
        "device_identifier": request.device_identifier,
    }
