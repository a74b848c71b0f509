"""The refusals of the RP API, with the exact texts where BankID's are known.

Source: BankID RP API v6.0, "Errors"; the texts of ``details`` from tests that others wrote for BankID's test host.
"""

from http import HTTPStatus


class RefusalError(Exception):
    """Becomes ``{"errorCode": ..., "details": ...}``."""

    def __init__(self, status: HTTPStatus, error_code: str, details: str) -> None:
        super().__init__(error_code)
        self.status = status
        self.error_code = error_code
        self.details = details


def invalid_parameters(details: str) -> RefusalError:
    return RefusalError(HTTPStatus.BAD_REQUEST, "invalidParameters", details)


def no_such_order() -> RefusalError:
    """Unknown, told already, cancelled, too old, or made with another certificate."""
    return invalid_parameters("No such order")


def already_in_progress() -> RefusalError:
    return RefusalError(HTTPStatus.BAD_REQUEST, "alreadyInProgress", "Order already in progress for pno")


def not_found() -> RefusalError:
    return RefusalError(HTTPStatus.NOT_FOUND, "notFound", "No such method")


def unsupported_media_type() -> RefusalError:
    return RefusalError(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "unsupportedMediaType", "Content-Type must be exactly application/json"
    )
