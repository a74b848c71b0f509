"""``ElectronicId`` in memory: orders that stand still until a test says what the person does."""

from datetime import date

from shared.domain.assurance import Assurance
from shared.domain.client_certificates import ClientCertificate
from shared.domain.electronic_id import (
    CollectOutcome,
    Complete,
    Failed,
    OrderRequest,
    Pending,
    SignRequest,
    StartedOrder,
)
from shared.domain.errors import ConflictError, ElectronicIdError, ElectronicIdFault, NotFoundError, PicError
from shared.domain.personal_number import parse_personal_number
from shared.domain.verified_identity import VerifiedIdentity

UNPICKED = "outstandingTransaction"


def persona(
    digits: str = "191212121212",
    given_name: str = "Tolvan",
    surname: str = "Tolvansson",
    *,
    risk: str | None = "low",
    device_ip: str | None = "203.0.113.7",
    assurance: Assurance = Assurance.LOA3,
    issued_on: date | None = date(2024, 3, 1),
) -> VerifiedIdentity:
    """An identity to approve with. ``digits`` must be an official test number."""
    return VerifiedIdentity(
        personal_number=parse_personal_number(digits, today=date.max),
        name=f"{given_name} {surname}",
        given_name=given_name,
        surname=surname,
        provider="memory",
        assurance=assurance,
        transaction=f"transaction-{digits[-4:]}",
        issued_on=issued_on,
        device_ip=device_ip,
        risk=risk,
        evidence="{}",
    )


class MemoryElectronicId:
    """The port in memory. ``fault`` is what the next calls raise.

    ``requests`` are the sign-ins asked for and ``signings`` the signatures, each in its order.
    """

    def __init__(self) -> None:
        self.requests: list[OrderRequest] = []
        self.signings: list[SignRequest] = []
        self.fault: PicError | None = None
        self.own_certificate: ClientCertificate | None = None
        self._orders: dict[str, CollectOutcome] = {}
        self._holders: dict[str, str] = {}

    async def start(self, request: OrderRequest) -> StartedOrder:
        started = self._begin(request)
        self.requests.append(request)
        return started

    async def sign(self, request: SignRequest) -> StartedOrder:
        started = self._begin(request)
        self.signings.append(request)
        return started

    async def collect(self, order_ref: str) -> CollectOutcome:
        self._fail_if_told()
        outcome = self._order(order_ref)
        if not isinstance(outcome, Pending):
            # What ends an order is told once.
            del self._orders[order_ref]
        return outcome

    async def cancel(self, order_ref: str) -> None:
        self._fail_if_told()
        if isinstance(self._orders.get(order_ref), Pending):
            del self._orders[order_ref]

    async def ping(self) -> None:
        self._fail_if_told()

    async def certificate(self) -> ClientCertificate | None:
        self._fail_if_told()
        return self.own_certificate

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def latest(self) -> str:
        """``order_ref`` of the order that was started last."""
        return f"order-{self._begun}"

    def hint(self, order_ref: str, hint_code: str) -> None:
        """The order goes on."""
        self._move(order_ref, Pending(hint_code=hint_code))

    def fail(self, order_ref: str, hint_code: str) -> None:
        """The order ends without an identity."""
        self._move(order_ref, Failed(hint_code=hint_code))

    def approve(self, order_ref: str, identity: VerifiedIdentity) -> None:
        """The person identifies."""
        self._move(order_ref, Complete(identity=identity))

    def go_down(self, code: ElectronicIdFault = ElectronicIdFault.UNREACHABLE) -> None:
        """Every call fails until ``fault`` is None again."""
        self.fault = ElectronicIdError(code)

    @property
    def _begun(self) -> int:
        return len(self.requests) + len(self.signings)

    def _begin(self, request: OrderRequest | SignRequest) -> StartedOrder:
        self._fail_if_told()
        requirement = request.requirement
        number = self._begun + 1
        order_ref = f"order-{number}"
        if requirement is not None and requirement.personal_number is not None:
            self._end_others(requirement.personal_number.digits)
            self._holders[order_ref] = requirement.personal_number.digits
        self._orders[order_ref] = Pending(hint_code=UNPICKED)
        return StartedOrder(
            order_ref=order_ref,
            auto_start_token=f"auto-{number}",
            qr_start_token=f"token-{number}",
            qr_start_secret=f"secret-{number}",
        )

    def _end_others(self, digits: str) -> None:
        """As BankID does: whoever has an order that runs gets no second one, and loses the first."""
        running = [ref for ref, holder in self._holders.items() if holder == digits]
        for ref in running:
            if isinstance(self._orders.get(ref), Pending):
                self.fail(ref, "cancelled")
                raise ConflictError

    def _move(self, order_ref: str, outcome: CollectOutcome) -> None:
        assert isinstance(self._order(order_ref), Pending), "the order has ended"
        self._orders[order_ref] = outcome

    def _order(self, order_ref: str) -> CollectOutcome:
        if order_ref not in self._orders:
            raise NotFoundError
        return self._orders[order_ref]

    def _fail_if_told(self) -> None:
        if self.fault is not None:
            raise self.fault
