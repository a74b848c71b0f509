"""``Entra`` in memory: whoever comes back is whom, or brings the misfit that, a test has put there."""

from shared.domain.brokers import Departure, Misfit, Return, Unfit
from shared.domain.entra import EntraOutcome
from shared.domain.entra_registrations import EntraRegistration, registration
from shared.domain.errors import PicError

MEMORY_REGISTRATION = registration(client_id="portal", authority="https://entra.test", is_certificate=False)


class MemoryEntra:
    """The port in memory. ``outcomes`` are what codes are traded for, each once; ``fault`` is raised instead."""

    registration: EntraRegistration = MEMORY_REGISTRATION

    def __init__(self) -> None:
        self.departures: list[Departure] = []
        self.outcomes: dict[str, EntraOutcome] = {}
        self.fault: PicError | None = None

    async def begin(self, departure: Departure, *, max_age_seconds: int | None) -> str:
        self._fail_if_told()
        self.departures.append(departure)
        asked = "" if max_age_seconds is None else f"&max_age={max_age_seconds}"
        return f"https://entra.test/authorize?departure={len(self.departures)}{asked}"

    async def finish(self, returned: Return, *, max_age_seconds: int | None) -> EntraOutcome:
        del max_age_seconds
        self._fail_if_told()
        if returned.verifier != self.departures[-1].verifier or returned.nonce != self.departures[-1].nonce:
            return Unfit(reason=Misfit.NONCE)
        return self.outcomes.pop(returned.code, Unfit(reason=Misfit.CODE))

    def _fail_if_told(self) -> None:
        if self.fault is not None:
            raise self.fault
