"""What is answered in BankID's place: its own refusals out of season, and those of whatever stands before it.

Source: BankID RP API v6.0, "Errors"; ``RateLimit-*`` as in its API for ID cards; the gateways' HTML is our own.
"""

from http import HTTPStatus
from types import MappingProxyType

from local.bankid.fault_kinds import RefusalFault
from local.bankid.rp_answers import RpAnswer

NOT_TO_BE_SHOWN = "simulated fault: not to be shown to anybody"
"""Stands in every text that a relying party should keep to itself."""

RATE_LIMIT = (("ratelimit-limit", "10"), ("ratelimit-remaining", "0"), ("ratelimit-reset", "2"))


def _json(status: HTTPStatus, error_code: str, headers: tuple[tuple[str, str], ...] = ()) -> RpAnswer:
    return RpAnswer.of(status, {"errorCode": error_code, "details": NOT_TO_BE_SHOWN}, headers)


def _html(status: HTTPStatus) -> RpAnswer:
    page = f"<html><head><title>{status.value} {status.phrase}</title></head><body>{NOT_TO_BE_SHOWN}</body></html>"
    return RpAnswer(status=status, headers=(("content-type", "text/html"),), body=page.encode())


FALSE_REFUSALS = MappingProxyType(
    {
        RefusalFault.UNKNOWN_ERROR: _json(HTTPStatus.BAD_REQUEST, "somethingNew"),
        RefusalFault.UNAUTHORIZED: _json(HTTPStatus.UNAUTHORIZED, "unauthorized"),
        RefusalFault.FORBIDDEN: _json(HTTPStatus.FORBIDDEN, "unauthorized"),
        RefusalFault.METHOD_NOT_ALLOWED: RpAnswer(status=HTTPStatus.METHOD_NOT_ALLOWED),
        RefusalFault.REQUEST_TIMEOUT: _json(HTTPStatus.REQUEST_TIMEOUT, "requestTimeout"),
        RefusalFault.TOO_MANY_REQUESTS: _json(HTTPStatus.TOO_MANY_REQUESTS, "tooManyRequests", RATE_LIMIT),
        RefusalFault.TOO_FAST: _json(HTTPStatus.TOO_MANY_REQUESTS, "tooManyRequests", RATE_LIMIT),
        RefusalFault.INTERNAL_ERROR: _json(HTTPStatus.INTERNAL_SERVER_ERROR, "internalError"),
        RefusalFault.BAD_GATEWAY: _html(HTTPStatus.BAD_GATEWAY),
        RefusalFault.MAINTENANCE: _json(HTTPStatus.SERVICE_UNAVAILABLE, "maintenance"),
        RefusalFault.CAPITAL_MAINTENANCE: _json(HTTPStatus.SERVICE_UNAVAILABLE, "Maintenance"),
        RefusalFault.GATEWAY_TIMEOUT: _html(HTTPStatus.GATEWAY_TIMEOUT),
    }
)
