"""``Broker`` in memory: whoever comes back brings the identity, or the misfit, that a test has put there."""

from shared.domain.assurance import Assurance
from shared.domain.broker_profiles import BrokerProfile, NumberClaim
from shared.domain.brokers import BrokerOutcome, Departure, Misfit, Return, Unfit
from shared.domain.errors import PicError

MEMORY_PROFILE = BrokerProfile(
    name="memory",
    title="Memory",
    issuer="https://broker.test",
    client_id="portal",
    authentication="client_secret_basic",
    assertion_audience="issuer",
    assurance={"loa3": Assurance.LOA3},
    acr_values=("loa3",),
    scopes=("openid",),
    essential=(),
    numbers=(NumberClaim(name="ssn"),),
    userinfo="none",
    max_age_seconds=0,
)


class MemoryBroker:
    """The port in memory. ``outcomes`` are what codes are traded for, each once; ``fault`` is raised instead."""

    profile = MEMORY_PROFILE

    def __init__(self) -> None:
        self.departures: list[Departure] = []
        self.outcomes: dict[str, BrokerOutcome] = {}
        self.fault: PicError | None = None

    async def begin(self, departure: Departure) -> str:
        self._fail_if_told()
        self.departures.append(departure)
        return f"https://broker.test/authorize?departure={len(self.departures)}"

    async def finish(self, returned: Return) -> BrokerOutcome:
        self._fail_if_told()
        if returned.verifier != self.departures[-1].verifier or returned.nonce != self.departures[-1].nonce:
            return Unfit(reason=Misfit.NONCE)
        return self.outcomes.pop(returned.code, Unfit(reason=Misfit.CODE))

    def _fail_if_told(self) -> None:
        if self.fault is not None:
            raise self.fault
