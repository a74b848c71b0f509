"""Lines for operators that belong to no request: the constant name of an event, and words and numbers as JSON."""

import json
import logging

_log = logging.getLogger("pic.events")


def log_event(event: str, /, **fields: int | list[str]) -> None:
    """One line at WARNING: somebody has to do something."""
    _log.warning(json.dumps({"event": event, **fields}))
