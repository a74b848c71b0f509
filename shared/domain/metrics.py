"""What the service counts and times about itself: a closed list of figures, each with its labels.

Names are those on the page of figures (``functions/figures.py``), in the lines that the host hands on and in the
workbook of ``infra/``. A label holds a word of a closed set (a route, an event, a state), never an id, a name, an
address or anything a client sent; ``check`` refuses what does not look like such a word.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Protocol, TypeAlias


class Counter(StrEnum):
    """What only grows."""

    REQUESTS = "pic_requests_total"
    EVENTS = "pic_events_total"
    SENT = "pic_messages_sent_total"
    OPENED = "pic_messages_opened_total"
    ERASED = "pic_messages_erased_total"
    NOTICES = "pic_notices_total"
    JOBS = "pic_jobs_total"
    SECURITY = "pic_security_events_total"


class Timing(StrEnum):
    """What takes time, in seconds."""

    REQUEST = "pic_request_seconds"
    DELIVERY = "pic_delivery_lag_seconds"
    MAIL = "pic_mail_lag_seconds"
    SWEEP = "pic_sweep_lag_seconds"
    AUDIT_COPY = "pic_audit_copy_lag_seconds"


Figure: TypeAlias = Counter | Timing

LABELS: Final[Mapping[Figure, tuple[str, ...]]] = {
    Counter.REQUESTS: ("route", "status", "outcome"),
    Counter.EVENTS: ("audit",),
    Counter.SENT: ("side",),
    Counter.OPENED: ("side",),
    Counter.ERASED: ("cause",),
    Counter.NOTICES: ("result",),
    Counter.JOBS: ("job", "result"),
    Counter.SECURITY: ("kind", "result"),
    Timing.REQUEST: ("route",),
    Timing.DELIVERY: (),
    Timing.MAIL: (),
    Timing.SWEEP: ("kind",),
    Timing.AUDIT_COPY: (),
}

MEANINGS: Final[Mapping[Figure, str]] = {
    Counter.REQUESTS: "Requests that were answered, by route, status and outcome.",
    Counter.EVENTS: "Audit events that were written (docs/audit-events.md), refused sign-ins among them.",
    Counter.SENT: "Messages that were sent, by the side that did: unit or person.",
    Counter.OPENED: "Times that a message was opened by the side that it was sent to.",
    Counter.ERASED: "Messages that were erased, each with its certificate, by cause.",
    Counter.NOTICES: "Notices that the mail server took, or refused for good.",
    Counter.JOBS: "Runs of the functions of the background, by how they ended.",
    Counter.SECURITY: "Security events by kind (docs/security-events.md): noticed, or lost for want of a store.",
    Timing.REQUEST: "From a request's arrival to the end of its answer.",
    Timing.DELIVERY: "From the end of the undo window until a message was delivered.",
    Timing.MAIL: "From the end of the undo window until the mail server took the notice.",
    Timing.SWEEP: "From the end that was booked for a thing until the sweep had settled it.",
    Timing.AUDIT_COPY: "How far back the copy of an audit log ended when a run was through with it.",
}

BOUNDS_SECONDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 21600, 86400, 93600)
"""Upper bounds of the classes of a timing: from a quick request to the 26 hours after which a sweep is missing."""

_WORD: Final = re.compile(r"[a-z0-9][a-z0-9:_.-]{0,63}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One figure with its labels. ``seconds``, ``longest`` and ``classes`` are of timings.

    ``classes`` counts by ``BOUNDS_SECONDS``: as many as lie above the bound before and not above this one, and at the
    end those above the last.
    """

    figure: Figure
    labels: tuple[tuple[str, str], ...]
    count: int
    seconds: float
    longest: float
    classes: tuple[int, ...]


class Metrics(Protocol):
    """Takes figures. Never waits, and raises nothing but ``ValueError`` for labels that are not a figure's own."""

    def add(self, counter: Counter, /, **labels: str) -> None:
        """Count one more."""
        ...

    def observe(self, timing: Timing, seconds: float, /, **labels: str) -> None:
        """It took so long. A negative time, of a clock that went back, counts as none."""
        ...


def check(figure: Figure, labels: Mapping[str, str]) -> tuple[str, ...]:
    """The values of the labels, in their order. Raises ``ValueError`` for other labels, or values that are no words."""
    wanted = LABELS[figure]
    if labels.keys() != set(wanted) or not all(_WORD.fullmatch(value) for value in labels.values()):
        raise ValueError("labels of another figure, or no words")
    return tuple(labels[name] for name in wanted)
