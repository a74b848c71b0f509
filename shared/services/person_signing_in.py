"""Persons sign in with BankID: by a code that an app on another device scans, or with the app on this device.

With a code, the browser that started gets the session by polling. On the same device a completed order signs nobody in:
it waits until the app has opened the return address in the browser that started, because the link that opens the app
can be sent to somebody else (session fixation). Source: BankID, "Secure start"; facts on its callback.
"""

from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import NoReturn

from shared.crypto.tokens import equal, new_token, token_hash
from shared.domain.admission import Circumstances, RefusalReason
from shared.domain.audit_events import AuditEvent
from shared.domain.bodies import instant_text
from shared.domain.devices import device_words
from shared.domain.electronic_id import ElectronicId, OrderRequest
from shared.domain.errors import (
    ConflictError,
    DependencyError,
    NotFoundError,
    OtherBrowserError,
    RecordChangedError,
    SignInRefusedError,
)
from shared.domain.ids import RandomBytes
from shared.domain.lifecycles import OrderState, OrderStep, next_order_state
from shared.domain.places import PLATFORM
from shared.domain.ports import Clock
from shared.domain.qr import qr_content
from shared.domain.sign_in_links import SignInLinks
from shared.domain.sign_in_modes import SignInMode
from shared.domain.user_messages import StartedBy
from shared.services.admitting import Admitting
from shared.services.auditing import Audit
from shared.services.evidence import EvidenceArchive
from shared.services.sessions import NewSession
from shared.services.sign_in_collecting import Collecting
from shared.services.sign_in_orders import FLOW_LIFETIME, QR_LIFETIME, UNPICKED, Order, SignInOrders

AWAITING_RETURN = "awaitingReturn"
"""Our own hint: the e-ID is done, and this browser has not come back from it."""

OTHER_BROWSER = "otherBrowser"
REPLACED = "cancelled"
LEFT = "userCancel"

REFUSALS = {RefusalReason.RISK: "transactionRiskBlocked", RefusalReason.ADDRESS: "addressChanged"}
NOBODY = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartedFlow:
    """``flow`` goes into the cookie of the browser that started and nowhere else.

    ``launch_url`` opens the app on this device with the order; None for a code.
    """

    flow: str = field(repr=False)
    seconds: int
    started_by: StartedBy
    launch_url: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Not ended. ``qr`` is the frame to show now, ``launch_url`` opens the app; None when neither is of use."""

    hint_code: str
    started_by: StartedBy = StartedBy.QR
    qr: str | None = field(default=None, repr=False)
    launch_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Ended without a session. Start again."""

    hint_code: str
    started_by: StartedBy = StartedBy.QR


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Ended with a session, raised in the browser that started."""

    session: NewSession
    started_by: StartedBy = StartedBy.QR


class PersonSigningIn:
    """Starts, polls, takes back and cancels sign-ins."""

    def __init__(
        self,
        *,
        orders: SignInOrders,
        collecting: Collecting,
        electronic_id: ElectronicId,
        admitting: Admitting,
        evidence: EvidenceArchive,
        audit: Audit,
        links: SignInLinks,
        environment: str,
        clock: Clock,
        random: RandomBytes,
    ) -> None:
        self._orders = orders
        self._collecting = collecting
        self._electronic_id = electronic_id
        self._admitting = admitting
        self._evidence = evidence
        self._audit = audit
        self._links = links
        self._environment = environment
        self._clock = clock
        self._random = random

    async def start(
        self, request: OrderRequest, started_by: StartedBy = StartedBy.QR, *, leaving: str | None = None
    ) -> StartedFlow:
        """Begin an order for this browser; ``leaving`` is the flow that it held, which ends.

        Raises ``ConflictError``, ``DependencyError``, ``InvalidInputError("no-return")``.
        """
        flow, nonce = new_token(self._random), None if started_by is StartedBy.QR else new_token(self._random)
        back = None if nonce is None else self._links.back(nonce, started_by, request.user_agent)
        if leaving:
            # One order for each browser, as far as can be: what is left of the old one ends by itself in minutes.
            with suppress(DependencyError):
                await self._leave(leaving, REPLACED)
        await self._orders.ready()
        started = await self._electronic_id.start(replace(request, return_url=back))
        order = await self._orders.create(flow, nonce, request, started, started_by)
        await self._audit.write(AuditEvent.ORDER_STARTED, PLATFORM, by=NOBODY, order=order.id, mode=order.mode.value)
        return StartedFlow(
            flow=flow,
            seconds=int(FLOW_LIFETIME.total_seconds()),
            started_by=started_by,
            launch_url=self._links.launch(started.auto_start_token, started_by),
        )

    async def poll(self, flow: str, *, replacing: str | None = None) -> Waiting | Refused | SignedIn:
        """How the order of this browser stands; for a code, raises the session once it is complete.

        ``replacing`` is the token of the session that this browser held; it ends with the new one.

        Raises ``NotFoundError`` when this browser has no order, ``ConflictError`` when its session was raised
        already, ``DependencyError`` when the e-ID does not answer (poll again).
        """
        order = await self._collecting.look(await self._orders.find(flow))
        if order.mode is SignInMode.SAME_DEVICE and order.state is OrderState.COMPLETE:
            return Waiting(hint_code=AWAITING_RETURN, started_by=order.started_by)
        return await self._answer(order, None, replacing)

    async def come_back(
        self, flow: str, nonce: str, returned_from: str, *, replacing: str | None = None
    ) -> Waiting | Refused | SignedIn:
        """The app has opened the return address with ``nonce`` in the browser that holds ``flow``.

        Raises the session once the order is complete. Raises ``OtherBrowserError`` for whatever does not fit; a nonce
        that arrives in another browser ends the order that it was made for, because somebody else may have started
        it. ``ConflictError``, ``DependencyError`` as ``poll``.
        """
        order = await self._collecting.look(await self._returned(flow, nonce))
        if order.state is OrderState.USED:
            await self._turn_away("used", order)
        return await self._answer(order, returned_from, replacing)

    async def qr(self, flow: str) -> str | None:
        """The frame to show now, without asking the e-ID. Raises ``NotFoundError``."""
        return (await self._waiting(await self._orders.find(flow))).qr

    async def cancel(self, flow: str) -> None:
        """End the order because its person left. Says nothing of orders that have ended already."""
        await self._leave(flow, LEFT)

    async def _leave(self, flow: str, hint: str) -> None:
        with suppress(NotFoundError):
            order = await self._orders.find(flow)
            if order.state is OrderState.PENDING:
                await self._audit.write(AuditEvent.ORDER_CANCELLED, PLATFORM, by=NOBODY, order=order.id)
                await self._collecting.abandon(order, OrderStep.FAIL, hint)

    async def _returned(self, flow: str, nonce: str) -> Order:
        """The order of this browser, if the nonce was made for it."""
        try:
            mine = await self._orders.find(flow)
        except NotFoundError:
            mine = None
        try:
            owner = await self._orders.behind(nonce)
        except NotFoundError:
            await self._turn_away("nonce", mine)
        if mine is None or not equal(owner.record.partition, mine.record.partition):
            await self._turn_away("browser", owner)
        if mine.mode is not SignInMode.SAME_DEVICE or not equal(mine.nonce_hash or "", token_hash(nonce)):
            await self._turn_away("nonce", mine)
        return mine

    async def _turn_away(self, reason: str, order: Order | None) -> NoReturn:
        """Raises ``OtherBrowserError``; in another browser the order is over first."""
        named = NOBODY if order is None else order.id
        await self._audit.write(AuditEvent.RETURN_REFUSED, PLATFORM, by=NOBODY, order=named, reason=reason)
        if reason == "browser" and order is not None:
            with suppress(NotFoundError):
                await self._collecting.abandon(order, OrderStep.REFUSE, OTHER_BROWSER)
        raise OtherBrowserError

    async def _answer(
        self, order: Order, returned_from: str | None, replacing: str | None
    ) -> Waiting | Refused | SignedIn:
        match order.state:
            case OrderState.PENDING:
                return await self._waiting(order)
            case OrderState.FAILED:
                return Refused(hint_code=order.hint, started_by=order.started_by)
            case OrderState.COMPLETE | OrderState.USED as state:
                next_order_state(state, OrderStep.RAISE_SESSION)
                return await self._let_in(order, returned_from, replacing)

    async def _let_in(self, order: Order, returned_from: str | None, replacing: str | None) -> SignedIn | Refused:
        """Decide, keep the proof of who identified, use the order up, and raise the session: in this order."""
        request = await self._orders.request_of(order)
        arrival, proof = await self._orders.arrival_of(order)
        about = {
            "environment": self._environment,
            "provider": arrival.person.provider,
            "transaction": proof["transaction"],
            "order": order.id,
            "begun_at": instant_text(order.begun_at),
            "completed_at": proof["completed_at"],
            "shown": request.user_visible_text,
            "certificate": await self._certificate(),
        }

        async def use_up() -> None:
            await self._evidence.keep(order.id, {**about, "decision": "admitted"}, proof["evidence"])
            try:
                await self._orders.store(
                    order, OrderStep.RAISE_SESSION, {"arrival": None, "proof": None, "secrets": None}
                )
            except RecordChangedError as fault:
                raise ConflictError from fault
            with suppress(DependencyError):  # It is used up already; its record goes by itself in minutes.
                await self._orders.forget_nonce(order)

        person = replace(arrival.person, evidence=order.id)
        started_from = request.end_user_ip
        try:
            session = await self._admitting.admit(
                replace(arrival, person=person),
                Circumstances(mode=order.mode, started_from=started_from, returned_from=returned_from or started_from),
                replacing=replacing,
                device=device_words(request.user_agent),
                beforehand=use_up,
            )
        except SignInRefusedError as refusal:
            await self._evidence.keep(order.id, {**about, "decision": f"refused {refusal.reason}"}, proof["evidence"])
            ended = await self._orders.end(order, OrderStep.REFUSE, REFUSALS[RefusalReason(refusal.reason)])
            if ended.state is not OrderState.FAILED:
                raise ConflictError from refusal
            return Refused(hint_code=ended.hint, started_by=order.started_by)
        return SignedIn(session=session, started_by=order.started_by)

    async def _certificate(self) -> str:
        """Fingerprint of the certificate by which the e-ID knows us; empty when that cannot be told now."""
        try:
            certificate = await self._electronic_id.certificate()
        except DependencyError:
            return ""
        return "" if certificate is None else certificate.fingerprint

    async def _waiting(self, order: Order) -> Waiting:
        # Never negative: the instance that started may have a clock that runs ahead of this one's.
        elapsed = max(self._clock() - order.started_at, timedelta(0))
        is_of_use = order.state is OrderState.PENDING and order.hint == UNPICKED and elapsed < QR_LIFETIME
        secrets = await self._orders.secrets_of(order) if is_of_use else None
        if secrets is None:
            return Waiting(hint_code=order.hint, started_by=order.started_by)
        is_code = order.mode is SignInMode.QR
        seconds = int(elapsed.total_seconds())
        return Waiting(
            hint_code=order.hint,
            started_by=order.started_by,
            qr=qr_content(secrets.qr_start_token, secrets.qr_start_secret, seconds) if is_code else None,
            launch_url=self._links.launch(secrets.auto_start_token, order.started_by),
        )
