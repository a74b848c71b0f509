"""The part of the control API that makes faults; ``reset`` ends them all.

======================  ======================================================================================
``GET /sim/faults``     those to come (``armed``) and those that were (``struck``: kind, endpoint)
``POST /sim/faults``    arm one: the members of ``local.bankid.faults.Fault``; ``kind`` alone strikes once
``DELETE /sim/faults``  none to come, and forget those that were
``POST /sim/skew``      ``{"seconds": number}``: BankID's clock is that fast (negative: slow)
======================  ======================================================================================
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta

from starlette.routing import Route

from local.bankid.clock import Clock
from local.bankid.faults import Fault, FaultError, Faults

MOST_SKEW_SECONDS = 86_400

_Body = dict[str, object]
_Act = Callable[[str, _Body], object]


def fault_routes(faults: Faults, clock: Clock, route: Callable[[str, _Act, str], Route]) -> list[Route]:
    """``route`` makes one that asks for the control token; acts raise ``FaultError`` for what makes no sense."""

    def arm(_: str, body: _Body) -> None:
        faults.arm(Fault.parse(body))

    def skew(_: str, body: _Body) -> None:
        seconds = body.get("seconds")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or abs(seconds) > MOST_SKEW_SECONDS:
            raise FaultError("seconds is missing, not a number, or more than a day")
        clock.skew(timedelta(seconds=seconds))

    def shown(_ref: str, _body: _Body) -> object:
        return {
            "armed": [asdict(fault) for fault in faults.armed],
            "struck": [asdict(strike) for strike in faults.struck],
        }

    return [
        route("/sim/faults", shown, "GET"),
        route("/sim/faults", arm, "POST"),
        route("/sim/faults", lambda _ref, _body: faults.clear(), "DELETE"),
        route("/sim/skew", skew, "POST"),
    ]
