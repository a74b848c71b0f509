"""What an API client may be allowed to do. Each word opens routes; what none opens is closed to clients."""

from collections.abc import Iterable
from enum import StrEnum

from shared.domain.errors import InvalidInputError


class Scope(StrEnum):
    """The closed list. No scope opens what admins do, nor anybody's sessions, nor the log."""

    THREADS_READ = "threads:read"
    """Units, threads, and messages without their content."""
    THREADS_WRITE = "threads:write"
    """Open threads."""
    MESSAGES_SEND = "messages:send"
    """Write drafts, upload their files, send them."""
    MESSAGES_READ = "messages:read"
    """Open messages and fetch files. It leaves a receipt, as anybody's opening does."""
    MESSAGES_DELETE = "messages:delete"
    """Delete messages for everyone."""
    RECEIPTS_READ = "receipts:read"
    """See who opened and fetched what, by name."""


def parse_scopes(words: Iterable[str]) -> frozenset[Scope]:
    """Raises ``InvalidInputError`` for a word that is none."""
    try:
        return frozenset(Scope(word) for word in words)
    except ValueError:
        raise InvalidInputError("scope") from None
