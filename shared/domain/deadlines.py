"""The moment by which the request at hand must be answered.

Handed down through the context instead of through every signature: a trigger sets it once, each adapter asks for
it before it tries, waits, or tries again. Moments are seconds of ``time.monotonic()``.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TypeAlias

from shared.domain.errors import OutOfTimeError

Ticks: TypeAlias = Callable[[], float]
"""Now, in the seconds that moments are told in."""


class Deadline:
    """A moment that may come nearer, and never later than the one around it."""

    def __init__(self, moment: float, outer: "Deadline | None") -> None:
        self._moment = moment
        self._outer = outer

    @property
    def moment(self) -> float:
        """The nearest of its own and all around it."""
        return self._moment if self._outer is None else min(self._moment, self._outer.moment)

    def shorten(self, moment: float) -> None:
        """From now on it ends at ``moment``, if that is sooner: for whoever works under it already, too."""
        self._moment = min(self._moment, moment)


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def current_deadline() -> float | None:
    """The moment set by the innermost ``deadline``, or None when nobody is waiting."""
    found = _deadline.get()
    return None if found is None else found.moment


@contextmanager
def deadline(moment: float) -> Iterator[Deadline]:
    """Inside, nothing may take longer than until ``moment``. An earlier deadline outside stays in force."""
    own = Deadline(moment, _deadline.get())
    token = _deadline.set(own)
    try:
        yield own
    finally:
        _deadline.reset(token)


def check_time(ticks: Ticks) -> None:
    """For work in many steps, between two of them. Raises ``OutOfTimeError`` once the deadline has come."""
    moment = current_deadline()
    if moment is not None and ticks() >= moment:
        raise OutOfTimeError
