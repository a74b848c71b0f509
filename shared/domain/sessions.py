"""How long a session lasts, and which stored ones still count."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.bodies import Fields

MAX_SESSIONS: Final = 20
"""Of one reader at a time: more than anyone has browsers, and few enough to be looked through."""

_LONGEST_TOUCH: Final = timedelta(minutes=1)
_TOUCHES: Final = 10
"""Into how many steps a short idle limit is divided: else a session that is used would run out unseen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLimits:
    """``idle``: without a request; BankID's terms forbid keeping an identification after long inactivity.

    ``absolute``: however busy.
    """

    idle: timedelta
    absolute: timedelta

    @property
    def touch(self) -> timedelta:
        """How stale ``seen_at`` may be: one write in this time and session instead of one a request."""
        return min(_LONGEST_TOUCH, self.idle / _TOUCHES)

    def is_over(self, fields: Fields, *, now: datetime) -> bool:
        """Whether the stored session has run out. Raises ``IntegrityError``."""
        return now >= fields.instant("expires_at") or now - fields.instant("seen_at") >= self.idle


def is_of_older_version(fields: Fields) -> bool:
    """Whether it was raised by a version that did not store all that is needed now: its holder signs in again."""
    needed = ("session", "methods") if fields.text("kind") == "staff" else ("session", "assurance")
    return any(fields.body.get(name) is None for name in needed)
