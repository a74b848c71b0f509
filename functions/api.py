"""The FastAPI application: routers, problems, security headers, request context, OpenAPI.

``publish`` turns each of its routes into a function of its own; nothing here knows of Azure.
"""

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import Request
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from functions import downloads, health, portal, problems, sign_in, threads, uploads
from functions.request_context import JSON_BODY_MAX_BYTES, RequestContext
from shared.container import Container

DESCRIPTION = """An organisation and an identified person share messages and files in a thread.

Staff sign in with a password, persons with an e-ID; both then hold a session cookie. Unsafe methods need the header
`X-CSRF-Token` with the token of the session. Every error is a problem document (RFC 9457) of a stable type. Files
are uploaded by the tus protocol 1.0.
"""


def create_api(container: Container) -> FastAPI:
    """The application on these services."""
    api = FastAPI(
        title="Private Identity Control",
        version="1",
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
    )
    api.state.container = container
    problems.install(api)
    for router in (health, sign_in, threads, uploads, downloads, portal):
        api.include_router(router.router)
    api.add_middleware(RequestContext, name_of=_NameOf(api), too_large=_too_large)
    return api


class _NameOf:
    """The name of the route that a request goes to."""

    def __init__(self, api: FastAPI) -> None:
        self._api = api

    def __call__(self, scope: Scope) -> str | None:
        for route in iter_route_contexts(self._api.routes):
            match, _ = route.matches(scope)
            if match is Match.FULL:
                return route.name
        return None


async def _too_large(scope: Scope, receive: Receive, send: Send) -> None:
    answer: ASGIApp = problems.problem_response(Request(scope), problems.TOO_LARGE, limit_bytes=JSON_BODY_MAX_BYTES)
    await answer(scope, receive, send)
