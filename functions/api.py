"""The FastAPI application: routers, problems, security headers, request context, OpenAPI.

``publish`` turns each of its routes into a function of its own; nothing here knows of Azure.
"""

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from functions import oauth_errors, problems
from functions.request_context import JSON_BODY_MAX_BYTES, Answered, RequestContext
from functions.route_table import ROUTES
from functions.routing import Api, Routing
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


def create_api(container: Container, *, limits: TimeLimits = TimeLimits()) -> Api:  # noqa: B008 - frozen
    """The application on these services. ``limits`` of time are others in tests alone."""
    api = Api(
        ROUTES,
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
    api.add_exception_handler(oauth_errors.OAuthRefusedError, oauth_errors.refused)
    routing = Routing(api)
    api.add_middleware(
        RequestContext,
        name_of=routing.name_of,
        headers_of=routing.headers_of,
        too_large=_too_large,
        late=_late,
        internal=_internal,
        count=_count,
        limits=limits,
    )
    return api


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
