"""The time that a server says it is (RFC 9110, section 6.6.1)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from shared.domain.errors import DependencyError


def told_time(headers: Mapping[str, str]) -> datetime:
    """The ``Date`` of an answer, aware UTC. Raises ``DependencyError`` when it tells none, or none that can be read."""
    told = next((value for name, value in headers.items() if name.lower() == "date"), "")
    try:
        found = parsedate_to_datetime(told)
        if found.tzinfo is None:
            raise DependencyError
        return found.astimezone(UTC)
    except (ValueError, OverflowError) as exc:
        raise DependencyError from exc
