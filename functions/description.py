"""The OpenAPI 3.1 description: what FastAPI derives from the routes, and what it cannot know.

FastAPI would promise its own 422 and knows nothing of our cookies. Every operation answers errors with a problem
document, and its ``Allowing`` says what it asks for.
"""

from typing import Annotated, Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts
from pydantic import BaseModel, Field

from functions.dependencies import (
    CSRF_HEADER,
    FLOW_COOKIE,
    PASSKEY_COOKIE,
    REDIRECT_COOKIE,
    SAFE_METHODS,
    SESSION_COOKIE,
    STEP_COOKIE,
    allowings_of,
)
from functions.limits import is_limited
from functions.oauth import CLIENT_ROUTES, TOKEN_PATH
from functions.problems import MEDIA_TYPE
from functions.upload_access import UPLOAD_TOKEN_HEADER, AllowingUploader
from shared.domain.scopes import Scope

SCOPES: Final = {
    Scope.THREADS_READ: "See units, threads, and messages without their content.",
    Scope.THREADS_WRITE: "Open threads.",
    Scope.MESSAGES_SEND: "Write drafts, upload their files, and send them.",
    Scope.MESSAGES_READ: "Open messages and fetch files, which leaves receipts.",
    Scope.MESSAGES_DELETE: "Delete messages for everyone.",
    Scope.RECEIPTS_READ: "See who opened and fetched what, by name.",
}

SECURITY_SCHEMES: Final = {
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": SESSION_COOKIE,
        "description": "Set by signing in. Ends after 30 minutes without a request, and after 8 hours.",
    },
    "upload": {
        "type": "apiKey",
        "in": "header",
        "name": UPLOAD_TOKEN_HEADER,
        "description": "Told when an upload begins. Finishes that upload without a session, for a day.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": CSRF_HEADER,
        "description": "`csrf_token` of the session; with every unsafe method.",
    },
    "client": {
        "type": "oauth2",
        "description": "API clients. A token lasts ten minutes and is sent as `Authorization: Bearer`.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": TOKEN_PATH,
                "scopes": {scope.value: text for scope, text in SCOPES.items()},
            }
        },
    },
    "entra": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "API clients that are applications of Entra ID: its token, whose app roles are the scopes.",
    },
    "secret": {"type": "http", "scheme": "basic", "description": "A client's id and secret, or both in the form."},
    "bankid": {
        "type": "apiKey",
        "in": "cookie",
        "name": FLOW_COOKIE,
        "description": "Set by starting a sign-in; binds it to the browser that started.",
    },
    "oidc": {
        "type": "apiKey",
        "in": "cookie",
        "name": REDIRECT_COOKIE,
        "description": "Set by leaving for a broker; binds the return to the browser that left.",
    },
    "second-step": {
        "type": "apiKey",
        "in": "cookie",
        "name": STEP_COOKIE,
        "description": "Set by a right password where a second factor is asked for; good for five minutes.",
    },
    "passkey": {
        "type": "apiKey",
        "in": "cookie",
        "name": PASSKEY_COOKIE,
        "description": "Set with a challenge for a passkey; binds it to the browser that asked.",
    },
}


class PlaceOfFault(BaseModel):
    """Where the request breaks a rule of this description, and which."""

    at: str
    rule: str


class ProblemDocument(BaseModel):
    """RFC 9457. Never repeats anything of the request."""

    type: Annotated[str, Field(description="`urn:pic:problem:...`, or `about:blank` for an internal error.")]
    title: str
    status: int
    instance: Annotated[str, Field(description="`urn:pic:request:` and the id in the header `X-Request-Id`.")]
    rule: Annotated[str | None, Field(description="With `invalid-input` and `content-refused`: which rule.")] = None
    rules: Annotated[list[str] | None, Field(description="With `content-refused`: all rules; `rule` is the first.")] = (
        None
    )
    message: Annotated[str | None, Field(description="With a refused start: BankID's message to show (RFA).")] = None
    errors: Annotated[list[PlaceOfFault] | None, Field(description="With `invalid-request`: at most 20.")] = None
    scope: Annotated[str | None, Field(description="With `insufficient-scope`: which one is missing.")] = None
    limit_bytes: Annotated[int | None, Field(description="With `too-large`.")] = None


def described(api: FastAPI) -> dict[str, Any]:
    """The description of all routes of ``api``."""
    found = get_openapi(
        title=api.title,
        version=api.version,
        openapi_version=api.openapi_version,
        description=api.description,
        license_info=api.license_info,
        routes=api.routes,
    )
    schemas = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas |= problem.pop("$defs") | {"ProblemDocument": problem}
    found["components"]["securitySchemes"] = SECURITY_SCHEMES
    for route in iter_route_contexts(api.routes):
        if route.include_in_schema:
            for method in route.methods or ():
                _complete(found["paths"][route.path_format][method.lower()], route, method)
    return found


def _complete(operation: dict[str, Any], route: RouteContext, method: str) -> None:
    responses: dict[str, Any] = operation["responses"]
    responses.pop("422", None)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}}
    responses["default"] = {"description": "A problem.", "content": content}
    if is_limited(route):
        seconds = {"description": "Seconds after which it may be allowed.", "schema": {"type": "integer"}}
        responses["429"] = {
            "description": "Too many, of this address or this browser.",
            "headers": {"Retry-After": seconds},
            "content": content,
        }
    operation["operationId"] = route.name
    operation["security"] = [{scheme: [] for scheme in _asked_for(route, method)}]
    for allowing in allowings_of(route):
        if allowing.scope is not None:
            operation["security"] += [{"client": [allowing.scope.value]}, {"entra": [allowing.scope.value]}]
    if route.name in CLIENT_ROUTES:
        operation["security"] = [{"secret": []}, {}]
        _complete_oauth(responses)
    if any(isinstance(allowing, AllowingUploader) for allowing in allowings_of(route)):
        operation["security"].append({"upload": []})


def _cookies(route: RouteContext) -> set[str]:
    """The cookies that a route reads, itself or by what it depends on."""
    found: set[str] = set()
    waiting = [route.dependant]
    while waiting:
        dependant = waiting.pop()
        found |= {parameter.alias for parameter in dependant.cookie_params}
        waiting += dependant.dependencies
    return found


def _complete_oauth(responses: dict[str, Any]) -> None:
    """These answer with errors of their own (RFC 6749 section 5.2), and with problems only where those have no word."""
    members = {"error": {"type": "string"}, "error_description": {"type": "string"}}
    schema = {"type": "object", "properties": members, "required": list(members)}
    for status, text in (("400", "Not a request for this."), ("401", "The client does not prove who it is.")):
        responses[status] = {"description": text, "content": {"application/json": {"schema": schema}}}


def _asked_for(route: RouteContext, method: str) -> list[str]:
    cookies = _cookies(route)
    for scheme, cookie in (("bankid", FLOW_COOKIE), ("oidc", REDIRECT_COOKIE)):
        if cookie in cookies:
            return [scheme]
    if not any(allowing.kinds for allowing in allowings_of(route)):
        flows = (("passkey", PASSKEY_COOKIE), ("second-step", STEP_COOKIE))
        return next(([scheme] for scheme, cookie in flows if cookie in cookies), [])
    return ["session"] if method in SAFE_METHODS else ["session", "csrf"]
