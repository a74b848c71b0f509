"""The errors of the token endpoint (RFC 6749 section 5.2), which has fixed texts for them and no problem documents."""

from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

NO_STORE: Final = {"Cache-Control": "no-store", "Pragma": "no-cache"}

_TEXTS: Final[Mapping[str, str]] = {
    "invalid_request": "The request is not of the documented form.",
    "invalid_client": "The client does not prove who it is.",
    "unsupported_grant_type": "Only client_credentials is supported.",
    "invalid_scope": "A scope is unknown, or not the client's.",
}


class OAuthRefusedError(Exception):
    """A request that is answered with an error of RFC 6749 section 5.2."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def refused(request: Request, fault: Exception) -> Response:
    """The answer to an error of this endpoint."""
    assert isinstance(fault, OAuthRefusedError)
    request.state.outcome = fault.error
    headers = dict(NO_STORE)
    if fault.error == "invalid_client":
        # Section 5.2 asks for it when the client used this header; RFC 9110 section 15.5.2 asks for it with every 401.
        headers["WWW-Authenticate"] = 'Basic realm="clients"'
    body = {"error": fault.error, "error_description": _TEXTS[fault.error]}
    return JSONResponse(body, status_code=401 if fault.error == "invalid_client" else 400, headers=headers)
