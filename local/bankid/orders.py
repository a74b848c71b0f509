"""All orders of the simulator: what the relying party and the person's app may do to them, and when."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from local.bankid import frames
from local.bankid.bank import SimulatedBank
from local.bankid.completions import completion_data
from local.bankid.lifecycle import USER_SIGN, Life, Phase, StepError
from local.bankid.personas import Persona
from local.bankid.refusals import already_in_progress, no_such_order
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

    # The relying party

    def start(self, request: StartRequest, rp: x509.Certificate) -> Order:
        """Raises ``RefusalError``."""
        now = self._clock()
        number = request.requirement.personal_number
        for other in self._settled():
            if number is not None and other.life.is_pending and other.request.requirement.personal_number == number:
                self._put(other, other.life.failed(now, "cancelled"))
                raise already_in_progress()
        order = Order(
            ref=self._new_token(),
            auto_start_token=self._new_token(),
            qr_start_token=self._new_token(),
            qr_start_secret=self._new_token(),
            request=request,
            rp=rp,
            life=Life(created_at=now),
        )
        self._orders[order.ref] = order
        return order

    def collect(self, ref: str, rp: x509.Certificate) -> dict[str, object]:
        """The answer of ``/collect``; what has ended is told once. Raises ``RefusalError``."""
        order = self._of(ref, rp)
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
        fault = frames.fault_of(
            content, token=order.qr_start_token, secret=order.qr_start_secret, seconds=order.seconds(self._clock())
        )
        if fault is not None:
            raise StepError(fault)
        self._pick_up(replace(order, is_scanned=True), persona)

    def autostart(self, ref: str, token: str, persona: Persona | None = None) -> None:
        """Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        if token != order.auto_start_token:
            raise StepError("the token is of another order")
        self._pick_up(order, persona)

    def approve(self, ref: str, persona: Persona, *, ip: str | None = None, risk: str | None = "low") -> None:
        """``risk`` None: BankID could not compute it. Raises ``StepError``, ``KeyError``."""
        order = self.find(ref)
        now = self._clock()
        wanted = order.request.requirement
        if wanted.personal_number not in (None, persona.personal_number):
            raise StepError("the order is for another person")
        completed = order.life.completed(now)
        if persona.refusal is not None:
            self._put(order, order.life.failed(now, persona.refusal))
            return
        if wanted.risk is not None and risk is not None and RISKS.index(risk) > RISKS.index(wanted.risk):
            self._put(order, order.life.failed(now, "transactionRiskBlocked"))
            return
        app_ip = ip or (OTHER_DEVICE_IP if order.is_scanned else order.request.end_user_ip)
        completion = completion_data(self._bank, persona, order.request, order.rp, ip=app_ip, risk=risk, now=now)
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

    def reset(self) -> None:
        self._orders.clear()

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
        life = order.life.picked_up(now, "userMrtd" if order.request.requirement.mrtd else USER_SIGN)
        for other in self._settled():
            # A person has one order at a time: a new one in the app ends the one before.
            is_same_person = persona is not None and other.app_persona == persona.key
            if is_same_person and other.ref != order.ref and other.life.is_pending:
                self._put(other, other.life.failed(now, "cancelled"))
        self._put(replace(order, app_persona=persona.key if persona else None), life)

    def _put(self, order: Order, life: Life) -> None:
        self._orders[order.ref] = replace(order, life=life)

    def _settled(self) -> list[Order]:
        """All orders that are not gone; those that are, are forgotten."""
        now = self._clock()
        settled = [replace(order, life=order.life.settled(now)) for order in self._orders.values()]
        self._orders = {order.ref: order for order in settled if order.life.phase is not Phase.GONE}
        return list(self._orders.values())
