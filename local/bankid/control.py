"""The control API: tests and scripts do what the person's app would do. Every call carries the control token.

=======================================  ==========================================================================
``GET /sim/orders``                      what the relying party can still hear of, the newest first
``GET /sim/personas``                    who can approve
``POST /sim/orders/{ref}/scan``          ``{"qr": frame}``; ``"persona"`` says whose app
``POST /sim/orders/{ref}/autostart``     ``{"token": auto start token}``; ``"persona"`` as above
``POST /sim/orders/{ref}/receive``       ``{"persona": key or number}``: an order by number reaches that person's app
``POST /sim/orders/{ref}/approve``       ``{"persona": key or number}``; ``"ip"``, ``"risk"`` (null: none), ``"mrtd"``
``POST /sim/orders/{ref}/user-cancel``
``POST /sim/orders/{ref}/hint``          ``{"code": pending hint}``
``POST /sim/orders/{ref}/fail``          ``{"hint": hint}``
``POST /sim/clock/advance``              ``{"seconds": number}``
``POST /sim/reset``                      no orders, real time, no faults, no records
``/sim/faults``, ``/sim/skew``           ``local.bankid.fault_control``
``/sim/script``, ``/sim/options``        ``local.bankid.behaviour_control``
``/sim/requests``, ``/sim/assertions``   likewise
=======================================  ==========================================================================

204 done, 400 not understood, 401 no token, 404 no such order, 409 with ``{"error": why}`` where the order or the app
refuses.
"""

import hmac
import ipaddress
import json
import re
from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.bankid.behaviour_control import behaviour_routes
from local.bankid.clock import Clock
from local.bankid.fault_control import fault_routes
from local.bankid.faults import FaultError, Faults
from local.bankid.lifecycle import StepError
from local.bankid.options import OptionError
from local.bankid.orders import Order, Orders
from local.bankid.personas import PERSONAS, Persona, find_persona
from local.bankid.records import Records
from local.bankid.scripts import ScriptError
from local.bankid.start_requests import RISKS

TOKEN_HEADER = "x-emulator-token"  # noqa: S105 - the name of a header
BODY_BYTES = 16 * 1024
LONGEST_ADVANCE_SECONDS = 10 * 365 * 86_400

_HINT = re.compile(r"[A-Za-z]{1,64}")
_Body = dict[str, object]


class _NotUnderstoodError(Exception):
    """The text is a fixed one."""


def control_routes(orders: Orders, clock: Clock, faults: Faults, records: Records, token: str) -> list[Route]:
    """To be mounted beside the page."""

    def route(path: str, act: Callable[[str, _Body], object], method: str = "POST") -> Route:
        async def endpoint(request: Request) -> Response:
            if not hmac.compare_digest(request.headers.get(TOKEN_HEADER, "").encode(), token.encode()):
                return JSONResponse({"error": "the control token is missing"}, HTTPStatus.UNAUTHORIZED)
            return await _answer(request, act)

        return Route(path, endpoint, methods=[method])

    def scan(ref: str, body: _Body) -> None:
        orders.scan(ref, _text(body, "qr"), _optional_persona(body))

    def autostart(ref: str, body: _Body) -> None:
        orders.autostart(ref, _text(body, "token"), _optional_persona(body))

    def approve(ref: str, body: _Body) -> None:
        is_read = body.get("mrtd", True) is not False
        orders.approve(ref, _persona(body), ip=_ip(body), risk=_risk(body), is_document_read=is_read)

    def advance(_: str, body: _Body) -> None:
        clock.advance(timedelta(seconds=_seconds(body)))

    def reset(_ref: str, _body: _Body) -> None:
        orders.reset()
        clock.reset()
        faults.clear()
        records.clear()

    one = "/sim/orders/{ref}"
    return [
        route("/sim/orders", lambda _, __: [_shown(order, orders, clock) for order in orders.alive()], "GET"),
        route("/sim/personas", lambda _, __: [_shown_persona(persona) for persona in PERSONAS.values()], "GET"),
        route(f"{one}/scan", scan),
        route(f"{one}/autostart", autostart),
        route(f"{one}/receive", lambda ref, body: orders.receive(ref, _persona(body))),
        route(f"{one}/approve", approve),
        route(f"{one}/user-cancel", lambda ref, _: orders.fail(ref, "userCancel")),
        route(f"{one}/hint", lambda ref, body: orders.hint(ref, _hint(body, "code"))),
        route(f"{one}/fail", lambda ref, body: orders.fail(ref, _hint(body, "hint"))),
        route("/sim/clock/advance", advance),
        route("/sim/reset", reset),
        *behaviour_routes(orders, records, route),
        *fault_routes(faults, clock, route),
    ]


async def _answer(request: Request, act: Callable[[str, _Body], object]) -> Response:
    try:
        result = act(request.path_params.get("ref", ""), await _body(request))
    except (_NotUnderstoodError, FaultError, OptionError, ScriptError) as fault:
        return JSONResponse({"error": str(fault)}, HTTPStatus.BAD_REQUEST)
    except KeyError:
        return JSONResponse({"error": "no such order"}, HTTPStatus.NOT_FOUND)
    except StepError as fault:
        return JSONResponse({"error": str(fault)}, HTTPStatus.CONFLICT)
    return Response(status_code=HTTPStatus.NO_CONTENT) if result is None else JSONResponse(result)


def _shown(order: Order, orders: Orders, clock: Clock) -> _Body:
    """``qr`` is the frame of now, which the relying party should be showing."""
    now = clock()
    life = orders.find(order.ref).life
    return {
        "orderRef": order.ref,
        "endpoint": order.request.endpoint.value,
        "kind": order.request.kind.value,
        "phase": life.phase.value,
        "hintCode": life.hint_code,
        "createdAt": life.created_at.isoformat(),
        "endUserIp": order.request.end_user_ip,
        "returnUrl": order.request.return_url,
        "userVisibleText": order.request.visible_text,
        "autoStartToken": order.auto_start_token,
        "qr": order.frame(now),
    }


def _shown_persona(persona: Persona) -> _Body:
    return {
        "key": persona.key,
        "personalNumber": persona.personal_number,
        "name": persona.name,
        "remark": persona.remark,
    }


async def _body(request: Request) -> _Body:
    raw = bytearray()
    async for piece in request.stream():
        raw += piece
        if len(raw) > BODY_BYTES:
            raise _NotUnderstoodError("the body is too long")
    try:
        content = json.loads(raw.decode() or "{}")
    except (ValueError, RecursionError):
        raise _NotUnderstoodError("the body is not JSON") from None
    if not isinstance(content, dict):
        raise _NotUnderstoodError("the body is not an object")
    return content


def _text(body: _Body, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise _NotUnderstoodError(f"{name} is missing or not a text")
    return value


def _hint(body: _Body, name: str) -> str:
    value = _text(body, name)
    if not _HINT.fullmatch(value):
        raise _NotUnderstoodError(f"{name} is not a hint code")
    return value


def _persona(body: _Body) -> Persona:
    persona = find_persona(_text(body, "persona"))
    if persona is None:
        raise _NotUnderstoodError("no such persona; GET /sim/personas lists them")
    return persona


def _optional_persona(body: _Body) -> Persona | None:
    return _persona(body) if "persona" in body else None


def _ip(body: _Body) -> str | None:
    if "ip" not in body:
        return None
    try:
        return str(ipaddress.ip_address(_text(body, "ip")))
    except ValueError:
        raise _NotUnderstoodError("ip is not an address") from None


def _risk(body: _Body) -> str | None:
    risk = body.get("risk", RISKS[0])
    if risk is not None and risk not in RISKS:
        raise _NotUnderstoodError("risk is not low, moderate, high or null")
    return risk if isinstance(risk, str) else None


def _seconds(body: _Body) -> float:
    seconds = body.get("seconds")
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise _NotUnderstoodError("seconds is missing or not a number")
    if not 0 <= seconds <= LONGEST_ADVANCE_SECONDS:
        raise _NotUnderstoodError("time only goes on, and not for ever")
    return seconds
