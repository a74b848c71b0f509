"""What leaves the app when a function fails: class names and an invocation id to the log, nothing to the client.

The text of an exception may quote what a person sent. Uvicorn prints it, and so do the worker and the host for a
queue or timer function, so no function lets an exception out as it is.
"""

import logging
import re
from collections.abc import Awaitable, Mapping

from starlette import requests, responses

INVOCATION_HEADER = "x-ms-invocation-id"

_INVOCATION = re.compile(r"[0-9A-Za-z-]{1,64}")

_logger = logging.getLogger(__name__)


class JobFailedError(Exception):
    """A queue or timer function failed: the host shall try again or set the message aside."""


def invocation_of(headers: Mapping[str, str]) -> str:
    """The invocation id of a request, safe to log: a client may have sent the header itself."""
    value = headers.get(INVOCATION_HEADER, "")
    return value if _INVOCATION.fullmatch(value) else "unknown"


def names_of(fault: BaseException) -> str:
    """The class names in ``fault``: those inside a group and of what it hides, for their own names say nothing."""
    if isinstance(fault, requests.ClientDisconnect) and fault.__context__ is not None:
        return names_of(fault.__context__)
    if isinstance(fault, BaseExceptionGroup):
        return f"{type(fault).__name__}({', '.join(sorted({names_of(inner) for inner in fault.exceptions}))})"
    return type(fault).__name__


def report_http(fault: BaseException, invocation: str) -> None:
    """Log that an HTTP function failed."""
    _logger.error("http_fault class=%s invocation=%s", names_of(fault), invocation)


def neutral_answer() -> responses.Response:
    """The answer to a request whose handler failed (RFC 9457 section 4.2.1): it says that, and nothing else."""
    return responses.Response(
        b'{"type":"about:blank","title":"Internal Server Error","status":500}',
        status_code=500,
        headers={"cache-control": "no-store"},
        media_type="application/problem+json",
    )


async def run_job(work: Awaitable[None], *, name: str, invocation: str) -> None:
    """Await the work of a queue or timer function called ``name``.

    Raises:
        JobFailedError: It failed; the log tells of what class. The error hides no other: the host would print that.
    """
    try:
        await work
    except Exception as fault:  # noqa: BLE001  # whatever it was, the host tries again and must not learn its text
        _logger.error("job_fault function=%s class=%s invocation=%s", name, names_of(fault), invocation)  # noqa: TRY400
        has_failed = True
    else:
        has_failed = False
    if has_failed:
        raise JobFailedError
