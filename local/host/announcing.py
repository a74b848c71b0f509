"""What the host prints: one line for each function and, last, that it is ready."""

from collections.abc import Iterable

from local.host.functions import Function, HttpTrigger, QueueTrigger, TimerTrigger


def function_lines(functions: Iterable[Function], address: str, prefix: str) -> list[str]:
    """One line for each function: name, kind, and its URL, queue or schedule."""
    rows = [(function.name, *_shown(function, address, prefix)) for function in functions]
    width = max((len(name) for name, _, _ in rows), default=0)
    return [f"{name:<{width}}  {kind:<5}  {place}" for name, kind, place in rows]


def _shown(function: Function, address: str, prefix: str) -> tuple[str, str]:
    match function.trigger:
        case HttpTrigger(route=route, methods=methods, level=level):
            path = "/".join(part for part in (prefix, route.strip("/")) if part)
            shown = ",".join(sorted(methods)) if methods else "any method"
            return "http", f"{shown} http://{address}/{path} ({level.value})"
        case QueueTrigger(queue=queue, connection=connection):
            return "queue", f"{queue} ({connection})"
        case TimerTrigger(schedule=schedule):
            return "timer", f"{schedule.text} UTC"
