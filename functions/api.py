"""The FastAPI application: routers, problems, security headers, request context, OpenAPI.

``publish`` turns each of its routes into a function of its own; nothing here knows of Azure.
"""

from functools import cached_property
from typing import Final

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.requests import Request
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from functions import (
    agreement,
    api_clients,
    audit,
    bankid,
    description,
    downloads,
    entra,
    figures,
    health,
    oauth,
    oidc,
    organisations,
    passwords,
    portal,
    problems,
    second_factors,
    sessions,
    sign_in,
    staff,
    staff_second_step,
    step_up,
    threads,
    units,
    uploads,
)
from functions.request_context import JSON_BODY_MAX_BYTES, Answered, RequestContext
from functions.time_limits import TimeLimits
from shared.container import Container
from shared.domain.errors import SourceCutError
from shared.domain.metrics import Counter, Timing

DESCRIPTION = """An organisation and an identified person share messages and files in a thread.

Staff sign in with a password, persons with an e-ID; both then hold a session cookie. API clients send a bearer token,
and no cookie. Unsafe methods need the header
`X-CSRF-Token` with the token of the session, and are refused when the browser says that another site sends them.
Every error is a problem document (RFC 9457) of a stable type; `instance` holds the request id. What is not yours
and what is not there answer alike. Files are uploaded by the tus protocol 1.0.
"""


def create_api(container: Container, *, limits: TimeLimits = TimeLimits()) -> FastAPI:  # noqa: B008 - frozen
    """The application on these services. ``limits`` of time are others in tests alone."""
    api = FastAPI(
        title="Private Identity Control",
        version="1",
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        # Else a provider of traces or logs that anything sets up in the process learns path, query and faults' texts.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    api.state.container = container
    problems.install(api)
    api.add_exception_handler(oauth.OAuthRefusedError, oauth.refused)
    signing_in = (sign_in, passwords, staff_second_step, bankid, oidc, entra, sessions, step_up, second_factors)
    administering = (organisations, staff, units, audit, agreement, api_clients, oauth)
    for router in (health, figures, *signing_in, *administering, threads, uploads, downloads, portal):
        api.router.routes += router.router.routes  # to include a router would build all of its routes once more
    api.add_middleware(
        RequestContext,
        name_of=_Routing(api).name_of,
        headers=_headers(),
        too_large=_too_large,
        late=_late,
        internal=_internal,
        count=_count,
        limits=limits,
    )
    description.install(api)
    return api


def _headers() -> dict[str, dict[str, str]]:
    """What every answer of these routes carries, problems too."""
    names = [route.name for route in iter_route_contexts(uploads.router.routes)]
    return {name: uploads.HEADERS for name in names if name is not None}


class _Routing:
    """Finds the route that a request goes to, once for its name and for its answer.

    To look through all routes costs a third of a short request. A path without ids has one candidate; the others are
    tried in order. What matches no route goes the framework's own way, to its 404 or 405.
    """

    def __init__(self, api: FastAPI) -> None:
        self._api = api
        self._otherwise = api.router.app
        api.router.middleware_stack = self._answer

    @cached_property
    def _by_path(self) -> dict[tuple[str, str], BaseRoute]:
        """With the first request they are complete. The first of two on the same path answers, as in the framework."""
        plain = [route for route in self._api.routes if isinstance(route, APIRoute) and not route.param_convertors]
        return {(method, route.path): route for route in reversed(plain) for method in route.methods or ()}

    def name_of(self, scope: Scope) -> str | None:
        """The route's name, None where there is none."""
        plain = self._by_path.get((scope["method"], scope["path"]))
        for route in self._api.routes if plain is None else (plain,):
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope[_ROUTE] = route, found
                return str(getattr(route, "name", None))
        return None

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _ROUTE not in scope:
            await self._otherwise(scope, receive, send)
            return
        route, found = scope.pop(_ROUTE)
        scope.update(found, router=self._api.router)
        await route.handle(scope, receive, send)


_ROUTE: Final = "pic.route"


def _count(scope: Scope, done: Answered) -> None:
    container: Container = scope["app"].state.container
    container.metrics.add(Counter.REQUESTS, route=done.route, status=str(done.status), outcome=done.outcome)
    container.metrics.observe(Timing.REQUEST, done.seconds, route=done.route)
    container.metric_lines.write_if_due()


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    request.state.outcome = problems.TOO_LARGE.type
    answer: ASGIApp = problems.problem_response(request, problems.TOO_LARGE, limit_bytes=JSON_BODY_MAX_BYTES)
    await answer(scope, receive, send)


async def _late(scope: Scope, receive: Receive, send: Send) -> None:
    request, problem = Request(scope), problems.TABLE[SourceCutError]
    request.state.outcome = problem.type
    await problems.problem_response(request, problem, headers=problems.CLOSING)(scope, receive, send)


async def _internal(scope: Scope, receive: Receive, send: Send) -> None:
    await problems.problem_response(Request(scope), problems.INTERNAL)(scope, receive, send)
