"""The ASGI application of the host: request in, route and key checked, function run, answer out, both ways streamed."""

from http import HTTPStatus
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.host.admin import Admin
from local.host.classic import read_request, to_response
from local.host.exchange import Exchange, answer, header
from local.host.invoking import Invoker, new_invocation_id
from local.host.keys import KeyRing
from local.host.logs import error_name, host_log, invocation_scope
from local.host.routing import RESERVED, Route, RouteTable


class Dispatcher:
    """Serves the HTTP functions, and `/admin` in front of them."""

    def __init__(
        self,
        *,
        routes: RouteTable,
        keys: KeyRing,
        admin: Admin,
        invoker: Invoker,
        body_limit_bytes: int,
        first_byte_seconds: float,
    ) -> None:
        self._routes = routes
        self._keys = keys
        self._admin = admin
        self._invoker = invoker
        self._body_limit_bytes = body_limit_bytes
        self._first_byte_seconds = first_byte_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send, body_limit_bytes=self._body_limit_bytes)
        if scope["path"].lstrip("/").partition("/")[0].lower() in RESERVED:
            await self._admin.serve(scope, exchange, presented_key(scope))
            return
        found = self._routes.find(scope["method"], scope["raw_path"])
        if found is None:
            await answer(send, HTTPStatus.NOT_FOUND)
            return
        route, parameters = found
        if not self._keys.admits(route.trigger.level, route.function.name, presented_key(scope)):
            await answer(send, HTTPStatus.UNAUTHORIZED)
            return
        if exchange.is_too_large:
            await exchange.refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        invocation_id = new_invocation_id()
        # A client must not choose the id: the real worker pairs a request with its invocation by this header.
        scope["headers"] = [pair for pair in scope["headers"] if pair[0] != b"x-ms-invocation-id"]
        scope["headers"].append((b"x-ms-invocation-id", invocation_id.encode()))
        scope["path_params"] = dict(parameters)
        exchange.start_clock(self._first_byte_seconds)
        with invocation_scope(route.function.name, invocation_id):
            await self._run(route, scope, exchange, invocation_id)
        exchange.finish()

    async def _run(self, route: Route, scope: Scope, exchange: Exchange, invocation_id: str) -> None:
        try:
            response = await self._response(route, scope, exchange, invocation_id)
            if response is None:
                host_log.error("failed: the handler returned no response")
                await self._fail(exchange)
            else:
                await response(scope, exchange.receive, exchange.send)
        except ClientDisconnect:
            # Nobody is left to be answered. The server closes the connection if the answer had begun.
            host_log.info("the client left")
        except (Exception, SystemExit) as exc:  # noqa: BLE001 - a handler may raise anything, and its text stays inside
            host_log.error("failed error=%s", error_name(exc))
            await self._fail(exchange)

    async def _response(self, route: Route, scope: Scope, exchange: Exchange, invocation_id: str) -> Response | None:
        if route.trigger.is_streaming:
            request = Request(scope, exchange.receive, exchange.send)
            result = await self._invoker.call(route.function, request, invocation_id)
            return result if isinstance(result, Response) else None
        classic = await read_request(scope, exchange.receive, scope["path_params"])
        return to_response(await self._invoker.call(route.function, classic, invocation_id))

    @staticmethod
    async def _fail(exchange: Exchange) -> None:
        # Once an answer has begun it cannot become a 500: leaving it unfinished makes the server cut the connection,
        # and Content-Length or the missing last chunk tells the client.
        if not exchange.has_started:
            await answer(exchange.send, HTTPStatus.INTERNAL_SERVER_ERROR)


def presented_key(scope: Scope) -> str | None:
    """The function key of a request: header `x-functions-key`, else query parameter `code`."""
    key = header(scope, b"x-functions-key")
    if key is not None or not scope["query_string"]:
        return key
    codes = parse_qs(scope["query_string"].decode("latin-1")).get("code")
    return codes[0] if codes else None
