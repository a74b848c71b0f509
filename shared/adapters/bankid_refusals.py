"""What BankID's refusals mean in our error tree. Source: BankID RP API v6.0, "Errors".

The status decides where no code came (a proxy's page, an empty 405). Codes are compared without case: older versions
of the API write ``Maintenance``. Codes come without notice, so an unknown one is a fault like the others.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from shared.adapters.bankid_answers import PROVIDER, error_code_of
from shared.domain.errors import ConflictError, ElectronicIdError, ElectronicIdFault, PicError

MAX_WAIT_SECONDS: Final = 300
"""Nobody who waits for a sign-in waits longer; a larger figure is a mistake or a point in time."""

_BY_CODE: Final[Mapping[str, ElectronicIdFault]] = MappingProxyType(
    {
        "invalidparameters": ElectronicIdFault.INVALID,
        "unauthorized": ElectronicIdFault.UNAUTHORIZED,
        "notfound": ElectronicIdFault.INVALID,
        "methodnotallowed": ElectronicIdFault.INVALID,
        "unsupportedmediatype": ElectronicIdFault.INVALID,
        "requesttimeout": ElectronicIdFault.TIMEOUT,
        "toomanyrequests": ElectronicIdFault.TOO_MANY_REQUESTS,
        "internalerror": ElectronicIdFault.INTERNAL,
        "maintenance": ElectronicIdFault.MAINTENANCE,
    }
)
_BY_STATUS: Final[Mapping[int, ElectronicIdFault]] = MappingProxyType(
    {
        HTTPStatus.UNAUTHORIZED: ElectronicIdFault.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN: ElectronicIdFault.UNAUTHORIZED,
        HTTPStatus.NOT_FOUND: ElectronicIdFault.INVALID,
        HTTPStatus.METHOD_NOT_ALLOWED: ElectronicIdFault.INVALID,
        HTTPStatus.REQUEST_TIMEOUT: ElectronicIdFault.TIMEOUT,
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ElectronicIdFault.INVALID,
        HTTPStatus.TOO_MANY_REQUESTS: ElectronicIdFault.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR: ElectronicIdFault.INTERNAL,
        HTTPStatus.BAD_GATEWAY: ElectronicIdFault.UNREACHABLE,
        HTTPStatus.SERVICE_UNAVAILABLE: ElectronicIdFault.MAINTENANCE,
        HTTPStatus.GATEWAY_TIMEOUT: ElectronicIdFault.UNREACHABLE,
    }
)
"""For a refusal without a code. Sources disagree whether ``unauthorized`` is 401 or 403."""


def refusal(status: int, raw: bytes, headers: Mapping[str, str]) -> PicError:
    """The error that this answer is. Status and code go along; ``details`` does not, it may repeat what we sent.

    ``ConflictError`` is ``alreadyInProgress``: BankID made no order, and the person has to end the other one first.
    """
    code = error_code_of(raw) or ""
    if code.lower() == "alreadyinprogress":
        return ConflictError()
    fault = _BY_CODE.get(code.lower(), ElectronicIdFault.UNKNOWN) if code else _BY_STATUS.get(status)
    return ElectronicIdError(
        fault or ElectronicIdFault.UNKNOWN, PROVIDER, status, code, retry_after_seconds=_wait_seconds(headers)
    )


def is_maintenance(status: int, raw: bytes) -> bool:
    """BankID says that it did nothing with the request. A 503 of anyone on the way does not say that."""
    return status == HTTPStatus.SERVICE_UNAVAILABLE and (error_code_of(raw) or "").lower() == "maintenance"


def is_unknown_order(status: int, raw: bytes) -> bool:
    """Unknown, ended and told, cancelled, too old, or of another certificate of ours: BankID does not say which."""
    return status == HTTPStatus.BAD_REQUEST and error_code_of(raw) == "invalidParameters"


def _wait_seconds(headers: Mapping[str, str]) -> int | None:
    """``Retry-After`` in seconds (RFC 9110 section 10.2.3), else ``RateLimit-Reset``; a date is not understood."""
    for name in ("retry-after", "ratelimit-reset"):
        text = headers.get(name, "")
        if text.isascii() and text.isdecimal() and len(text) < len("1000000"):
            return min(int(text), MAX_WAIT_SECONDS)
    return None
