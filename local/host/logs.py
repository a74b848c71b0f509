"""What the host writes to its log: names, invocation ids, classes of errors. Never a text that came from outside.

Query strings, bodies, header values and messages of exceptions stay out: an exception is logged by its class alone.
What the app itself logs passes through unchanged, with the function and the invocation in front.
"""

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

host_log = logging.getLogger("local.host")

_invocation: ContextVar[str] = ContextVar("invocation", default="host")


@contextmanager
def invocation_scope(function: str, invocation_id: str) -> Iterator[None]:
    """Whatever is logged inside, by the host or by the app, carries the function's name and the invocation id."""
    token = _invocation.set(f"{function}/{invocation_id}")
    try:
        yield
    finally:
        _invocation.reset(token)


class _InvocationFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.invocation = _invocation.get()
        return True


def set_up_logging() -> None:
    """Log to stderr from INFO upwards; the SDKs and the server only from WARNING, for their INFO shows headers."""
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_InvocationFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s [%(invocation)s] %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for name in ("azure", "aiohttp", "httpx", "httpcore", "uvicorn", "urllib3", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)


def report_forgotten_error(_loop: asyncio.AbstractEventLoop, details: dict[str, Any]) -> None:
    """Log an error that no task awaited, by its class: asyncio's own handler would print its message."""
    error = details.get("exception")
    host_log.error("an error nobody awaited: %s", type(error).__name__ if error else "no exception")


def error_name(error: BaseException) -> str:
    """The one thing about an exception that may be logged."""
    return type(error).__name__
