"""``ElectronicId`` in memory: orders that stand still until a test says what the person does."""

from datetime import date

from shared.domain.assurance import Assurance
from shared.domain.electronic_id import (
    CollectOutcome,
    Complete,
    Failed,
    OrderRequest,
    Pending,
    StartedOrder,
    VerifiedIdentity,
)
from shared.domain.errors import ElectronicIdError, ElectronicIdFault, NotFoundError, PicError
from shared.domain.personal_number import parse_personal_number

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
    """The port in memory. ``requests`` are the orders asked for, ``fault`` is what the next calls raise."""

    def __init__(self) -> None:
        self.requests: list[OrderRequest] = []
        self.fault: PicError | None = None
        self._orders: dict[str, CollectOutcome] = {}

    async def start(self, request: OrderRequest) -> StartedOrder:
        self._fail_if_told()
        self.requests.append(request)
        number = len(self.requests)
        order_ref = f"order-{number}"
        self._orders[order_ref] = Pending(hint_code=UNPICKED)
        return StartedOrder(
            order_ref=order_ref,
            auto_start_token=f"auto-{number}",
            qr_start_token=f"token-{number}",
            qr_start_secret=f"secret-{number}",
        )

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

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def latest(self) -> str:
        """``order_ref`` of the order that was started last."""
        return f"order-{len(self.requests)}"

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
