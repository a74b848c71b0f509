"""The relying party's side: ``/rp/v6.0/`` over mutual TLS. Source: BankID RP API v6.0."""

import functools
import json
from collections.abc import Callable
from http import HTTPStatus
from types import MappingProxyType

from cryptography import x509
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from local.bankid.orders import Orders
from local.bankid.refusals import (
    RefusalError,
    invalid_parameters,
    no_such_order,
    not_found,
    unsupported_media_type,
)
from local.bankid.start_requests import Endpoint, parse_start

PREFIX = "/rp/v6.0/"
BODY_BYTES = 400 * 1024
"""Both texts of a signature at their longest, and room for the rest."""

PEER_STATE = "peer"
"""Where the connection leaves the client's certificate (DER) in the ASGI scope's ``state``."""

Members = dict[str, object]
_Method = Callable[[Members, x509.Certificate], Members]


def make_rp_application(orders: Orders) -> ASGIApp:
    """The application; every request must come over a connection with a client certificate."""

    def start(endpoint: Endpoint, body: Members, rp: x509.Certificate) -> Members:
        request = parse_start(endpoint, body, refuses_others=orders.options.refuses_unknown_members)
        order = orders.start(request, rp)
        if endpoint.is_by_number:
            return {"orderRef": order.ref}
        return {
            "orderRef": order.ref,
            "autoStartToken": order.auto_start_token,
            "qrStartToken": order.qr_start_token,
            "qrStartSecret": order.qr_start_secret,
        }

    def cancel(body: Members, rp: x509.Certificate) -> Members:
        orders.cancel(_order_ref(body), rp)
        return {}

    methods: MappingProxyType[str, _Method] = MappingProxyType(
        {
            **{endpoint.value: functools.partial(start, endpoint) for endpoint in Endpoint},
            "collect": lambda body, rp: orders.collect(_order_ref(body), rp),
            "cancel": cancel,
        }
    )

    async def answer(request: Request) -> Response:
        method = methods.get(request.url.path.removeprefix(PREFIX))
        if method is None or not request.url.path.startswith(PREFIX):
            raise not_found()
        if request.method != "POST":
            return Response(status_code=HTTPStatus.METHOD_NOT_ALLOWED)
        if request.headers.getlist("content-type") != ["application/json"]:
            raise unsupported_media_type()
        body = _parse(await _read(request))
        return JSONResponse(method(body, x509.load_der_x509_certificate(request.scope["state"][PEER_STATE])))

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await answer(Request(scope, receive))
        except RefusalError as refusal:
            content = {"errorCode": refusal.error_code, "details": refusal.details}
            response = JSONResponse(content, refusal.status)
        await response(scope, receive, send)

    return application


async def _read(request: Request) -> bytes:
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            raise invalid_parameters("Invalid request")
    return bytes(body)


def _parse(raw: bytes) -> Members:
    try:
        content = json.loads(raw.decode())
    except (ValueError, RecursionError):
        raise invalid_parameters("Invalid request") from None
    if not isinstance(content, dict):
        raise invalid_parameters("Invalid request")
    return content


def _order_ref(body: Members) -> str:
    ref = body.get("orderRef")
    if not isinstance(ref, str):
        raise no_such_order()
    return ref
