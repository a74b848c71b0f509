"""What a function app consists of: its functions, each with exactly one trigger."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from local.host.ncrontab import Schedule


class Level(Enum):
    """Which key an HTTP request must carry."""

    ANONYMOUS = "anonymous"
    FUNCTION = "function"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpTrigger:
    """`methods` None admits every method; `is_streaming`: the handler speaks Starlette instead of azure.functions."""

    route: str
    methods: frozenset[str] | None
    level: Level
    is_streaming: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueTrigger:
    """`connection` is the name of a setting, never its value."""

    queue: str
    connection: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TimerTrigger:
    """`is_monitored`: the status is kept, so that a missed run is caught up."""

    schedule: Schedule
    is_monitored: bool
    runs_on_startup: bool


Trigger = HttpTrigger | QueueTrigger | TimerTrigger


@dataclass(frozen=True, slots=True, kw_only=True)
class Function:
    """A handler and the name of the parameter that takes what triggered it."""

    name: str
    handler: Callable[..., object]
    parameter: str
    wants_context: bool
    trigger: Trigger
