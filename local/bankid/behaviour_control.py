"""The part of the control API that says how BankID behaves, and tells what the relying party did.

=======================  =================================================================================
``POST /sim/script``     ``{"steps": [["userSign", 2], ["complete", "tolvan"]]}`` for orders from now on
``POST /sim/options``    ``{"unknownMembers": "reject", "secondOrderCancelsFirst": false}``
``GET /sim/requests``    what the relying party sent (``local.bankid.records``)
``GET /sim/assertions``  what can be counted of it
=======================  =================================================================================
"""

from collections.abc import Callable

from starlette.routing import Route

from local.bankid.options import Options
from local.bankid.orders import Orders
from local.bankid.records import Records
from local.bankid.scripts import Script

_Body = dict[str, object]
_Act = Callable[[str, _Body], object]


def behaviour_routes(orders: Orders, records: Records, route: Callable[[str, _Act, str], Route]) -> list[Route]:
    """``route`` makes one that asks for the control token; acts raise ``ScriptError`` and ``OptionError``."""

    def follow(_: str, body: _Body) -> None:
        steps = body.get("steps")
        orders.follow(Script.of(steps) if isinstance(steps, list) else None)

    def choose(_: str, body: _Body) -> None:
        orders.options = Options.parse(body)

    return [
        route("/sim/script", follow, "POST"),
        route("/sim/options", choose, "POST"),
        route("/sim/requests", lambda _, __: [request.shown for request in records.requests], "GET"),
        route("/sim/assertions", lambda _, __: {**records.counted, **orders.counted}, "GET"),
    ]
