"""Errors on the wire: problem documents (RFC 9457) of stable types, with fixed texts and nothing of the input.

One table maps the error tree of the domain; a test proves that it covers the tree. What is in no table is a 500 of
type ``about:blank``. ``instance`` carries the request id, by which operations find the log line.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from functions.request_context import request_id_of
from shared.domain import errors
from shared.domain.byte_ranges import UnsatisfiableRangeError

MEDIA_TYPE: Final = "application/problem+json"
_URN: Final = "urn:pic:problem:"


@dataclass(frozen=True, slots=True)
class Problem:
    """The fixed part of a problem document. ``type`` is the last part of its URN."""

    type: str
    title: str
    status: int


class RequestRefusedError(Exception):
    """A request that a trigger answers with a problem, with headers and fixed words as members that belong to it."""

    def __init__(
        self, problem: Problem, headers: Mapping[str, str] | None = None, *, members: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(problem.type)
        self.problem = problem
        self.headers = dict(headers or {})
        self.members = dict(members or {})


NOT_FOUND = Problem("not-found", "There is nothing here for you.", 404)
INVALID = Problem("invalid-request", "The request is not of the documented form.", 422)
MALFORMED = Problem("malformed-request", "The body is not strict JSON.", 400)
NO_ADDRESS = Problem("no-client-address", "The gateway did not say whom it forwards.", 400)
TOO_LARGE = Problem("too-large", "The content is larger than allowed.", 413)
FORGED = Problem("cross-site-request", "The request does not come from this service's own pages.", 403)
METHOD_NOT_ALLOWED = Problem("method-not-allowed", "This address does not know this method.", 405)
UNSUPPORTED_TYPE = Problem("unsupported-media-type", "The body is of another type than documented.", 415)
TUS_VERSION = Problem("tus-version", "This version of the tus protocol is not supported.", 412)
PRECONDITION_FAILED = Problem("precondition-failed", "The file is not the version that was asked for.", 412)
CHECKSUM_ALGORITHM = Problem("checksum-algorithm", "This algorithm of checksums is not supported.", 400)
DEPENDENCY_FAILED = Problem("dependency-failed", "The service, or a part of it, did not do this in time.", 503)
INTERNAL = Problem("about:blank", "Internal Server Error", 500)

TABLE: Final[Mapping[type[Exception], Problem]] = {
    errors.NotFoundError: NOT_FOUND,
    errors.NotSignedInError: Problem("not-signed-in", "Sign in first.", 401),
    errors.WrongCredentialsError: Problem("wrong-credentials", "The address and the password do not match.", 401),
    errors.FactorRefusedError: Problem("factor-refused", "The code or the passkey does not match.", 422),
    errors.ClientRefusedError: Problem("client-refused", "The client does not prove who it is.", 401),
    errors.ScopeMissingError: Problem("insufficient-scope", "The token does not hold the scope for this.", 403),
    errors.NotAllowedError: Problem("not-allowed", "You may not do this.", 403),
    errors.AgreementRequiredError: Problem("agreement-required", "An admin has to accept the agreement first.", 403),
    errors.SecondFactorRequiredError: Problem("second-factor-required", "Set up a second factor first.", 403),
    errors.StepUpRequiredError: Problem("step-up-required", "Prove again who you are, then try again.", 403),
    errors.AssuranceTooLowError: Problem("assurance-too-low", "This needs an e-ID of a higher level.", 403),
    errors.OtherBrowserError: Problem("other-browser", "Go on in the browser where you began.", 403),
    errors.SignInRefusedError: Problem("sign-in-refused", "The sign-in was refused. Try again.", 403),
    errors.InvalidInputError: Problem("invalid-input", "A value breaks a rule.", 422),
    errors.PasswordRefusedError: Problem("password-refused", "This cannot be your password. Choose another.", 422),
    errors.ConflictError: Problem("conflict", "The state has changed, or does not allow this.", 409),
    errors.KeyReusedError: Problem("idempotency-key-reused", "Another request had this idempotency key.", 422),
    errors.UnderWayError: Problem("idempotency-key-under-way", "The first request is not answered yet.", 409),
    errors.LastAdminError: Problem("last-admin", "An organisation always has an admin.", 409),
    errors.TooLargeError: TOO_LARGE,
    errors.TooManyRequestsError: Problem("too-many-requests", "Too many requests. Try again later.", 429),
    errors.SourceCutError: Problem("body-cut", "The body ended before its announced length.", 400),
    errors.ChecksumMismatchError: Problem("checksum-mismatch", "The bytes do not match their checksum.", 460),
    errors.ContentRefusedError: Problem("content-refused", "Files with such content are not taken here.", 422),
    errors.IntegrityError: Problem("content-damaged", "The stored content does not verify.", 500),
    errors.KeyDestroyedError: Problem("key-destroyed", "The organisation has left and its content is destroyed.", 410),
    errors.KeyUnavailableError: Problem("key-unavailable", "The key of the organisation cannot be used now.", 503),
    errors.ElectronicIdError: DEPENDENCY_FAILED,
    errors.DependencyError: DEPENDENCY_FAILED,
    errors.OutOfTimeError: DEPENDENCY_FAILED,
    errors.ClockDisagreesError: DEPENDENCY_FAILED,
    errors.RecordNotFoundError: NOT_FOUND,
    errors.RecordExistsError: Problem("conflict", "The state has changed, or does not allow this.", 409),
    errors.RecordChangedError: Problem("conflict", "The state has changed, or does not allow this.", 409),
    UnsatisfiableRangeError: Problem("range-not-satisfiable", "The file has no such bytes.", 416),
}

RETRY_AFTER_SECONDS: Final = 5
"""What clients are told to wait when a dependency failed."""

CLOSING: Final[Mapping[str, str]] = {"Connection": "close"}
"""With an answer that does not wait for the rest of the body: its sender is to stop (RFC 9112 section 9.3), and what it
sends all the same is not read."""

RETRY_SPREAD_SECONDS: Final = 26
"""From 5 to 30 seconds for a key that cannot be used: an organisation that restores it does so in minutes."""


def problem_response(
    request: Request, problem: Problem, *, headers: Mapping[str, str] | None = None, **members: object
) -> Response:
    """The problem document. ``members`` are extension members with fixed words or numbers as values."""
    kind = problem.type if problem.type == "about:blank" else _URN + problem.type
    document = {
        "type": kind,
        "title": problem.title,
        "status": problem.status,
        "instance": f"urn:pic:request:{request_id_of(request)}",
        **members,
    }
    return JSONResponse(
        document, status_code=problem.status, media_type=MEDIA_TYPE, headers=None if headers is None else dict(headers)
    )


def install(api: FastAPI) -> None:
    """Answer every error of the application with a problem document."""
    api.add_exception_handler(RequestValidationError, _validation)
    api.add_exception_handler(HTTPException, _http)
    api.add_exception_handler(RequestRefusedError, _refused)
    api.add_exception_handler(errors.ScopeMissingError, _scope_missing)
    api.add_exception_handler(errors.NotFoundError, _missed)
    api.add_exception_handler(errors.PicError, _domain)
    api.add_exception_handler(UnsatisfiableRangeError, _domain)


def retry_after(fault: errors.DependencyError) -> dict[str, str]:
    """How long to leave a dependency alone: what an e-ID asked for, else our own measure."""
    asked = fault.retry_after_seconds if isinstance(fault, errors.ElectronicIdError) else None
    if isinstance(fault, errors.KeyUnavailableError):
        # Everybody of an organisation is refused at the same moment; its vault must not meet them all again in another.
        asked = RETRY_AFTER_SECONDS + secrets.randbelow(RETRY_SPREAD_SECONDS)
    return {"Retry-After": str(RETRY_AFTER_SECONDS if asked is None else asked)}


async def _domain(request: Request, fault: Exception) -> Response:
    problem = next(TABLE[kind] for kind in type(fault).__mro__ if kind in TABLE)
    request.state.outcome = problem.type
    return problem_response(request, problem, headers=_headers_of(fault), **_members_of(fault))


def _headers_of(fault: Exception) -> dict[str, str]:
    match fault:
        case errors.TooManyRequestsError() | errors.UnderWayError():
            return {"Retry-After": str(fault.retry_after_seconds)}
        case errors.KeyDestroyedError():
            return {}  # For ever: nobody is told to come back.
        case errors.OutOfTimeError():
            return {**retry_after(fault), **CLOSING}
        case errors.DependencyError():
            return retry_after(fault)
        case UnsatisfiableRangeError() if fault.args:
            return {"Content-Range": f"bytes */{fault.args[0]}"}
        case _:
            return {}


def _members_of(fault: Exception) -> dict[str, object]:
    match fault:
        case errors.InvalidInputError():
            return {"rule": fault.rule}
        case errors.ContentRefusedError() | errors.PasswordRefusedError():
            return {"rule": fault.rules[0], "rules": [*fault.rules]}
        case errors.AssuranceTooLowError():
            return {"required": fault.required}
        case errors.SignInRefusedError() | errors.OutOfTimeError():
            return {"reason": fault.reason}
        case errors.TooLargeError():
            return {"limit_bytes": fault.limit_bytes}
        case _:
            return {}


async def _scope_missing(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, errors.ScopeMissingError)
    problem = TABLE[errors.ScopeMissingError]
    request.state.outcome = problem.type
    headers = {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{fault.scope}"'}  # RFC 6750 section 3
    return problem_response(request, problem, headers=headers, scope=fault.scope)


async def _missed(request: Request, fault: Exception) -> Response:
    """Counted, where somebody who is signed in asked for an id that names nothing of theirs: some try one by one."""
    principal = getattr(request.state, "principal", None)
    if principal is not None and request.path_params:
        await request.app.state.container.watching.missed(principal)
    return await _domain(request, fault)


async def _refused(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, RequestRefusedError)
    request.state.outcome = fault.problem.type
    return problem_response(request, fault.problem, headers=fault.headers, **fault.members)


async def _validation(request: Request, fault: Exception) -> Response:
    """FastAPI's own answer would repeat the input; ours names the place and the rule, from our own schema only."""
    assert isinstance(fault, RequestValidationError)
    places: list[dict[str, str]] = []
    for error in fault.errors():
        kind = str(error["type"])
        if kind == "json_invalid":
            request.state.outcome = MALFORMED.type
            return problem_response(request, MALFORMED)
        known = error["loc"][:-1] if kind == "extra_forbidden" else error["loc"]
        places.append({"at": ".".join(str(part) for part in known), "rule": kind})
    request.state.outcome = INVALID.type
    return problem_response(request, INVALID, errors=places[:20])


async def _http(request: Request, fault: Exception) -> Response:
    assert isinstance(fault, HTTPException)
    # FastAPI and Starlette raise these two and 400. Whatever else they may come to raise is a fault of the request.
    problem = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED}.get(fault.status_code, MALFORMED)
    request.state.outcome = problem.type
    return problem_response(request, problem, headers=fault.headers)
