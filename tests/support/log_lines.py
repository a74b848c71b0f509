"""The allow list of what leaves the process as a line: for each event its fields, for each field what it may hold."""

import json
import re
from collections.abc import Iterable
from logging import WARNING, LogRecord
from typing import Any, Final

from shared.domain.metrics import LABELS, Counter, Timing

_WORD: Final = r"[a-z0-9][a-z0-9:_.-]{0,63}"
_NUMBER: Final = r"\d+(\.\d+)?"
_BOOLEAN: Final = r"true|false"

FIELDS: Final = {
    "event": _WORD,
    "request_id": r"[0-9A-Za-z_-]{22,40}",
    "fault": r"[A-Za-z_]+(\([A-Za-z_, ()]*\))?",
    "method": r"[A-Z]{3,7}|none",
    "past_due": _BOOLEAN,
    "name": r"pic_[a-z_]+",
    **dict.fromkeys(("route", "outcome", "side", "cause", "result", "job", "kind", "audit"), _WORD),
    **dict.fromkeys(("status", "duration_ms", "count", "seconds", "longest", "settled", "looked"), _NUMBER),
    **dict.fromkeys(("organisations", "renewed", "wrapped", "added", "refused", "days_left"), _NUMBER),
    "faults": r'\[("[A-Za-z, ]+"(, )?)*\]',
}
"""Whatever else a line holds is a fault: numbers, closed words, and ids that name a request or nothing."""

LINES: Final = {
    "bankid.certificate.ending": {"event", "days_left"},
    "bankid.certificate.refused": {"event", "faults"},
    "request": {"event", "route", "method", "status", "outcome", "duration_ms", "request_id", "fault"},
    "metric": {"event", "name", "count", "seconds", "longest", *(label for each in LABELS.values() for label in each)},
    "sweep.completed": {"event", "settled", "past_due"},
    "recovery.completed": {"event", "looked", "past_due"},
    "rotation.completed": {"event", "organisations", "renewed", "wrapped", "added", "refused", "past_due"},
}


_FAULT_LINE: Final = re.compile(r"(http|job)_fault( (class|function|invocation)=[A-Za-z0-9_(), -]{1,200}){2,3}")


def faults_of(text: str) -> list[str]:
    """What in a line is not on the list; nothing for a line that is."""
    if _FAULT_LINE.fullmatch(text):
        return []  # Class names and an invocation id (``functions.faults``).
    try:
        line: dict[str, Any] = json.loads(text)
    except ValueError:
        return ["no JSON"]
    allowed = LINES.get(line.get("event", ""), set())
    wrong = [name for name in line if name not in allowed]
    wrong += [
        name
        for name, value in line.items()
        if name in allowed and not re.fullmatch(FIELDS[name], value if isinstance(value, str) else json.dumps(value))
    ]
    if line.get("event") == "metric":
        figure = next((each for each in (*Counter, *Timing) if each.value == line.get("name")), None)
        own = set() if figure is None else set(LABELS[figure])
        wrong += ["name"] if figure is None else []
        wrong += sorted(line.keys() - {"event", "name", "count", "seconds", "longest"} - own)
    return wrong


def ours(records: Iterable[LogRecord]) -> list[str]:
    """What a deployment exports: our own lines, and of libraries what is at least a warning (``host.json``).

    But for what the Functions library says of an application without HTTP functions, which tests alone make.
    """
    return [
        record.getMessage()
        for record in records
        if record.name.startswith(("pic.", "functions."))
        or (record.levelno >= WARNING and "azure-functions" not in record.getMessage())
    ]
