"""The moment by which the request at hand must be answered.

Handed down through the context instead of through every signature: a trigger sets it once, each adapter asks for
it before it tries, waits, or tries again. Moments are seconds of ``time.monotonic()``.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_moment: ContextVar[float | None] = ContextVar("deadline", default=None)


def current_deadline() -> float | None:
    """The moment set by the innermost ``deadline``, or None when nobody is waiting."""
    return _moment.get()


@contextmanager
def deadline(moment: float) -> Iterator[float]:
    """Inside, nothing may take longer than until ``moment``. An earlier deadline outside stays in force."""
    outer = _moment.get()
    token = _moment.set(moment if outer is None else min(moment, outer))
    try:
        yield moment if outer is None else min(moment, outer)
    finally:
        _moment.reset(token)
