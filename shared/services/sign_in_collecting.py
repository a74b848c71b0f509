"""Asking the e-ID how an order stands: one request at a time, at most every two seconds, whichever instance it is.

What the e-ID says is stored before anyone is told: it tells the end of an order once. A code that nobody scanned in
time is followed by the next order, silently, until the person has waited long enough.
Source: BankID RP API v6.0 (``/collect``), facts on its times and hint codes.
"""

from contextlib import suppress
from datetime import timedelta
from typing import Final

from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.electronic_id import CollectOutcome, Complete, ElectronicId, Failed, Pending, StartedOrder
from shared.domain.errors import ConflictError, DependencyError, NotFoundError, RecordChangedError
from shared.domain.lifecycles import OrderState, OrderStep
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock
from shared.domain.user_messages import StartedBy, is_known_end
from shared.services.admitting import Admitting
from shared.services.auditing import Audit
from shared.services.sign_in_orders import UNPICKED, Order, SignInOrders

COLLECT_INTERVAL: Final = timedelta(seconds=2)

START_FAILED: Final = "startFailed"

CODES_FOR: Final = timedelta(minutes=3)
"""From the person's click; BankID asks relying parties to stop then."""

CLAIM_LASTS: Final = timedelta(seconds=30)
"""Longer than a request can take to start an order. Whoever claimed and has not stored by then is gone."""

UNRESOLVED: Final = "unresolved"
"""Our own hint: the order has ended at the e-ID and nothing here says how."""


class Collecting:
    """Brings a stored order up to date with the e-ID."""

    def __init__(
        self, *, orders: SignInOrders, electronic_id: ElectronicId, admitting: Admitting, audit: Audit, clock: Clock
    ) -> None:
        self._orders = orders
        self._electronic_id = electronic_id
        self._admitting = admitting
        self._audit = audit
        self._clock = clock

    async def look(self, order: Order) -> Order:
        """The order as it stands now, by the e-ID if it may be asked again, else as it is stored.

        Raises ``NotFoundError`` when its time ended meanwhile, ``DependencyError`` when the e-ID does not answer.
        """
        if order.state is not OrderState.PENDING:
            return order
        if order.claimed_at is not None:
            # Whether its start was sent is not known, and one that may have been is not sent again: only a click of
            # the person starts the next. No code of it was ever shown, so nobody can be half way through it.
            is_lost = self._clock() - order.claimed_at >= CLAIM_LASTS
            return await self._failed(order, UNRESOLVED) if is_lost else order
        if self._clock() - order.collected_at < COLLECT_INTERVAL:
            return order
        return await self._collect(order)

    async def abandon(self, order: Order, step: OrderStep, hint: str) -> None:
        """End it here, and tell the e-ID. What the e-ID makes of that changes nothing: the record decides."""
        ended = await self._orders.end(order, step, hint)
        if ended.hint == hint:
            await self._cancel(await self._orders.secrets_of(ended))

    async def _collect(self, order: Order) -> Order:
        """Ask the e-ID if this request wins the right to; otherwise answer from the store."""
        try:
            order = await self._orders.store(order, OrderStep.WAIT, {"collected_at": instant_text(self._clock())})
        except RecordChangedError:
            return await self._orders.read_again(order)
        await self._orders.ready()
        secrets = await self._orders.secrets_of(order)
        if secrets is None:
            return order
        try:
            outcome = await self._electronic_id.collect(secrets.order_ref)
        except NotFoundError:
            outcome = _unresolved(order)
        return await self._apply(order, outcome)

    async def _apply(self, order: Order, outcome: CollectOutcome) -> Order:
        """Store what the e-ID said of this attempt. Nothing that can fail comes before the write of an end."""
        match outcome:
            case Pending() if outcome.hint_code == order.hint:
                return order  # Most polls: the write that won the right to ask is the only one.
            case Pending():
                return await self._orders.persist(order, OrderStep.WAIT, {"hint": outcome.hint_code})
            case Failed() if outcome.hint_code == START_FAILED and self._may_follow(order):
                return await self._begin_next(order)
            case Failed():
                return await self._failed(order, outcome.hint_code)
            case Complete(identity=identity):
                return await self._orders.complete(
                    order,
                    await self._admitting.receive(identity),
                    transaction=identity.transaction,
                    evidence=identity.evidence or "",
                )

    def _may_follow(self, order: Order) -> bool:
        """Whether a code that nobody scanned is followed by another. What an app had is never replaced."""
        is_waiting = order.started_by is StartedBy.QR and order.hint == UNPICKED
        return is_waiting and self._clock() - order.begun_at < CODES_FOR

    async def _begin_next(self, order: Order) -> Order:
        """Start the next attempt if this request wins it, with what the browser said when its person clicked."""
        claimed = await self._orders.claim(order)
        if claimed is None:
            return await self._orders.read_again(order)
        request = await self._orders.request_of(claimed)
        try:
            started = await self._electronic_id.start(request)
        except (ConflictError, DependencyError):
            return await self._failed(claimed, UNRESOLVED)
        renewed = await self._orders.renew(claimed, started)
        if renewed.state is not OrderState.PENDING:
            await self._cancel(started)  # Its person left meanwhile.
        return renewed

    async def _failed(self, order: Order, hint: str) -> Order:
        failed = await self._orders.persist(order, OrderStep.FAIL, {"hint": hint})
        if failed.state is OrderState.FAILED:
            reason = hint if is_known_end(hint) else "other"
            await self._audit.write(AuditEvent.ORDER_FAILED, PLATFORM, by="system", order=order.id, reason=reason)
        return failed

    async def _cancel(self, started: StartedOrder | None) -> None:
        if started is not None:
            with suppress(DependencyError, NotFoundError):
                await self._electronic_id.cancel(started.order_ref)


def _unresolved(order: Order) -> Pending | Failed:
    """The e-ID has told how the order ended already, and no record knows.

    Either a slow request is still storing it, or it is lost with the one that was told: the next time decides.
    Then it is start again, never "signed in".
    """
    return Failed(hint_code=UNRESOLVED) if order.hint == UNRESOLVED else Pending(hint_code=UNRESOLVED)
