"""How HTTP travels between the Azure Functions host and our handlers: the streaming provider of this app.

Importing this module switches HTTP streams on for the whole app: the worker starts ``WebServer`` on a free port of
127.0.0.1, the host forwards each raw request there with an invocation id, and the runtime pairs it with the
invocation that arrives over its own channel. The official provider does the same, but writes path and query of every
request to stdout and keeps 1.9 kB of every call for ever; this one does neither. The provider contract is
azurefunctions-extensions-base 1.2: ``WebApp`` and ``WebServer`` must live in one module, and only one module per
process may define them. tests/conformance drives it inside the real runtime and fails when that contract moves.
"""

from collections.abc import Awaitable, Callable

import uvicorn
from azurefunctions.extensions import base
from starlette import requests, responses
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.faults import INVOCATION_HEADER, invocation_of, neutral_answer, report_http

KEEP_ALIVE_SECONDS = 120
"""How long an idle connection from the host stays open. The host's proxy drops idle connections after a minute; were
we the first to close (uvicorn's default is 5 s), it could send a request into a connection that is just ending."""


class Synchronizer(base.RequestSynchronizer):  # type: ignore[misc]  # the package is untyped
    """Puts the route parameters that the host parsed onto the request."""

    def sync_route_params(self, request: requests.Request, path_params: dict[str, str]) -> None:
        request.path_params.clear()
        request.path_params.update(path_params)


class Request(metaclass=base.RequestTrackerMeta):  # type: ignore[metaclass]  # the package is untyped
    """Registers the type of the request parameter that every HTTP function annotates."""

    request_type = requests.Request
    synchronizer = Synchronizer()


class Response(metaclass=base.ResponseTrackerMeta):  # type: ignore[metaclass]  # the package is untyped
    """Registers the type that every HTTP function returns."""

    label = base.ResponseLabels.STANDARD
    response_type = responses.Response


class WebApp(base.WebApp):  # type: ignore[misc]  # the package is untyped
    """The ASGI application on the worker's port: pairs a request with its invocation and sends the answer."""

    _app: ASGIApp

    def route(
        self, func: Callable[[requests.Request], Awaitable[responses.Response]]
    ) -> Callable[[requests.Request], Awaitable[responses.Response]]:
        """Take the runtime's ``catch_all``. Called once, when the worker starts its web server."""
        # The runtime never drops its entry for an invocation, so every call would cost 1.9 kB for ever. The name is
        # private: where it has moved, the worker must not start.
        entries: dict[str, object] = func.__globals__["http_coordinator"]._context_references  # noqa: SLF001

        async def answer(request: requests.Request) -> responses.Response:
            invocation = request.headers.get(INVOCATION_HEADER)
            if invocation is None:
                return responses.Response(status_code=400)
            try:
                return await func(request)
            except Exception as fault:  # noqa: BLE001  # whatever a function raised: uvicorn would print its text
                report_http(fault, invocation_of(request.headers))
                return neutral_answer()
            finally:
                entries.pop(invocation, None)

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            response = await answer(requests.Request(scope, receive, send))
            await response(scope, receive, send)

        self._app = app
        return func

    def get_app(self) -> ASGIApp:
        return self._app


class WebServer(base.WebServer):  # type: ignore[misc]  # the package is untyped
    """Uvicorn on the address that the runtime chose."""

    hostname: str
    port: int
    web_app: ASGIApp

    async def serve(self) -> None:
        config = uvicorn.Config(
            self.web_app,
            host=self.hostname,
            port=self.port,
            access_log=False,  # it would hold path and query of every request
            log_config=None,  # what uvicorn has to say goes through the app's own log handlers
            log_level="warning",
            server_header=False,
            proxy_headers=False,  # X-Forwarded-For is whatever the client wrote; the gateway's own header counts
            lifespan="off",
            ws="none",
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
        await uvicorn.Server(config).serve()
