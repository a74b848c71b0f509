"""All orders of the simulator: what the relying party and the person's app may do to them, and when."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from local.bankid import frames
from local.bankid.bank import SimulatedBank
from local.bankid.completions import completion_data
from local.bankid.lifecycle import (
    NO_CLIENT,
    OUTSTANDING,
    UNPICKED_HINTS,
    USER_CALL_CONFIRM,
    USER_MRTD,
    USER_SIGN,
    Life,
    Phase,
    StepError,
)
from local.bankid.options import Options
from local.bankid.personas import Persona
from local.bankid.refusals import already_in_progress, no_such_order
from local.bankid.scripts import Ending, Script
from local.bankid.start_requests import RISKS, StartRequest

OTHER_DEVICE_IP = "203.0.113.7"
"""Where an app that scanned a code is (TEST-NET-3, RFC 5737); one that was started on the same device is where the
relying party saw it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order with its tokens. ``fingerprint`` is of the certificate that it belongs to."""

    ref: str
    auto_start_token: str
    qr_start_token: str
    qr_start_secret: str
    request: StartRequest
    rp: x509.Certificate
    life: Life
    is_scanned: bool = False
    app_persona: str | None = None
    script: Script | None = None
    polls: int = 0
    completion: dict[str, object] | None = None

    @property
    def fingerprint(self) -> bytes:
        return self.rp.fingerprint(hashes.SHA256())

    def frame(self, now: datetime) -> str:
        """The QR code that the relying party shows now."""
        return frames.frame(self.qr_start_token, self.qr_start_secret, self.seconds(now))

    def seconds(self, now: datetime) -> int:
        return int((now - self.life.created_at).total_seconds())


class Orders:
    """The state of the simulator, on a clock that can be moved on. Not for threads."""

    def __init__(self, *, bank: SimulatedBank, clock: Callable[[], datetime], new_token: Callable[[], str]) -> None:
        self._bank = bank
        self._clock = clock
        self._new_token = new_token
        self._orders: dict[str, Order] = {}
        self._script: Script | None = None
        self._return_urls_scanned = 0
        self.options = Options()

    # The relying party

    def start(self, request: StartRequest, rp: x509.Certificate) -> Order:
        """Raises ``RefusalError``."""
        now = self._clock()
        number = request.requirement.personal_number
        for other in self._settled():
            if number is not None and other.life.is_pending and other.request.requirement.personal_number == number:
                if self.options.second_order_cancels_first:
                    self._put(other, other.life.failed(now, "cancelled"))
                raise already_in_progress()
        order = Order(
            ref=self._new_token(),
            auto_start_token=self._new_token(),
            qr_start_token=self._new_token(),
            qr_start_secret=self._new_token(),
            request=request,
            rp=rp,
            life=Life(created_at=now, hint_code=NO_CLIENT if request.endpoint.is_by_number else OUTSTANDING),
            script=self._script,
        )
        self._orders[order.ref] = order
        return order

    def collect(self, ref: str, rp: x509.Certificate) -> dict[str, object]:
        """The answer of ``/collect``; what has ended is told once. Raises ``RefusalError``."""
        order = self._played(self._of(ref, rp))
        try:
            self._put(order, order.life.told(self._clock()))
        except StepError:
            raise no_such_order() from None
        answer: dict[str, object] = {"orderRef": ref}
        match order.life.phase:
            case Phase.COMPLETE:
                return {**answer, "status": "complete", "completionData": order.completion}
            case Phase.FAILED:
                return {**answer, "status": "failed", "hintCode": order.life.hint_code}
            case _:
                return {**answer, "status": "pending", "hintCode": order.life.hint_code}

    def cancel(self, ref: str, rp: x509.Certificate) -> None:
        """Only what is pending; a result stays to be collected. Raises ``RefusalError``."""
        order = self._of(ref, rp)
        try:
            self._put(order, order.life.cancelled(self._clock()))
        except StepError:
            raise no_such_order() from None

    # The app

    def scan(self, ref: str, content: str, persona: Persona | None = None) -> None:
        """Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        if order.request.endpoint.is_by_number:
            raise StepError("the order has no code")
        fault = frames.fault_of(
            content, token=order.qr_start_token, secret=order.qr_start_secret, seconds=order.seconds(self._clock())
        )
        if fault is not None:
            raise StepError(fault)
        self._pick_up(replace(order, is_scanned=True), persona)
        self._return_urls_scanned += order.request.return_url is not None

    def autostart(self, ref: str, token: str, persona: Persona | None = None) -> None:
        """Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        if order.request.endpoint.is_by_number or token != order.auto_start_token:
            raise StepError("the token is of another order")
        self._pick_up(order, persona)

    def receive(self, ref: str, persona: Persona) -> None:
        """An order by number reaches the app of that person. Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        if not order.request.endpoint.is_by_number:
            raise StepError("the order goes to whoever scans or starts it")
        if persona.personal_number != order.request.requirement.personal_number:
            raise StepError("the order is for another person")
        self._pick_up(order, persona)

    def approve(
        self,
        ref: str,
        persona: Persona,
        *,
        ip: str | None = None,
        risk: str | None = "low",
        is_document_read: bool = True,
    ) -> None:
        """``risk`` None: BankID could not compute it. Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        now = self._clock()
        wanted = order.request.requirement
        if wanted.personal_number not in (None, persona.personal_number):
            raise StepError("the order is for another person")
        completed = order.life.completed(now)
        refusal = persona.refusal
        if persona.is_app_old and order.request.return_url is not None and not order.is_scanned:
            refusal = "notSupportedByUserApp"
        if refusal is not None:
            self._put(order, order.life.failed(now, refusal))
            return
        if wanted.risk is not None and risk is not None and RISKS.index(risk) > RISKS.index(wanted.risk):
            self._put(order, order.life.failed(now, "transactionRiskBlocked"))
            return
        seen_ip = None if order.is_scanned else order.request.end_user_ip
        completion = completion_data(
            self._bank,
            persona,
            order.request,
            order.rp,
            ip=ip or seen_ip or OTHER_DEVICE_IP,
            risk=risk,
            is_document_read=is_document_read,
            now=now,
        )
        self._put(replace(order, completion=completion), completed)

    def hint(self, ref: str, hint_code: str) -> None:
        """Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        self._put(order, order.life.hinted(self._clock(), hint_code))

    def fail(self, ref: str, hint_code: str) -> None:
        """Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        self._put(order, order.life.failed(self._clock(), hint_code))

    # Whoever looks on

    def find(self, ref: str) -> Order:
        """Raises ``KeyError``."""
        order = self._orders[ref]
        return replace(order, life=order.life.settled(self._clock()))

    def alive(self) -> list[Order]:
        """Everything that the relying party can still hear of, the newest first."""
        return self._settled()[::-1]

    def started_by(self, auto_start_token: str) -> Order:
        """The order that this token starts. Raises ``KeyError``."""
        for order in self.alive():
            if not order.request.endpoint.is_by_number and order.auto_start_token == auto_start_token:
                return order
        raise KeyError(auto_start_token)

    def follow(self, script: Script | None) -> None:
        """Every order from now on goes by ``script``; None: by what the app does."""
        self._script = script

    @property
    def counted(self) -> dict[str, int]:
        """``returnUrlsScanned``: orders with an address to return to that were scanned from another device."""
        return {"returnUrlsScanned": self._return_urls_scanned}

    def reset(self) -> None:
        self._orders.clear()
        self._script = None
        self._return_urls_scanned = 0
        self.options = Options()

    def _of(self, ref: str, rp: x509.Certificate) -> Order:
        try:
            order = self.find(ref)
        except KeyError:
            raise no_such_order() from None
        if order.fingerprint != rp.fingerprint(hashes.SHA256()):
            raise no_such_order()
        return order

    def _pick_up(self, order: Order, persona: Persona | None) -> None:
        now = self._clock()
        life = order.life.picked_up(now, _first_hint(order.request))
        for other in self._settled():
            # A person has one order at a time: a new one in the app ends the one before.
            is_same_person = persona is not None and other.app_persona == persona.key
            if is_same_person and other.ref != order.ref and other.life.is_pending:
                self._put(other, other.life.failed(now, "cancelled"))
        self._put(replace(order, app_persona=persona.key if persona else None), life)

    def _played(self, order: Order) -> Order:
        """After one more poll, with what the order's script has come to."""
        if order.script is not None and order.life.is_pending:
            # Whatever the app has done meanwhile is what counts.
            with contextlib.suppress(StepError):
                self._play(replace(order, polls=order.polls + 1), order.script.at(order.polls + 1))
        return self.find(order.ref)

    def _play(self, order: Order, step: str | Ending) -> None:
        now = self._clock()
        life = order.life
        is_before = isinstance(step, str) and step in UNPICKED_HINTS
        if life.phase is Phase.WAITING and not is_before:
            life = life.picked_up(now)
        match step:
            case Ending(persona=None, hint_code=hint_code):
                self._put(order, life.failed(now, hint_code))
            case Ending(persona=Persona() as persona):
                self._put(order, life)
                self.approve(order.ref, persona)
            case str():
                self._put(order, life.hinted(now, step))

    def _put(self, order: Order, life: Life) -> None:
        self._orders[order.ref] = replace(order, life=life)

    def _settled(self) -> list[Order]:
        """All orders that are not gone; those that are, are forgotten."""
        now = self._clock()
        settled = [replace(order, life=order.life.settled(now)) for order in self._orders.values()]
        self._orders = {order.ref: order for order in settled if order.life.phase is not Phase.GONE}
        return list(self._orders.values())


def _first_hint(request: StartRequest) -> str:
    if request.endpoint.is_by_phone:
        return USER_CALL_CONFIRM
    return USER_MRTD if request.requirement.mrtd else USER_SIGN
