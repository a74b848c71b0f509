"""What is stored of a request that named itself, so that it is done once however often it arrives.

Source: draft-ietf-httpapi-idempotency-key-header. Before anything is done, the intent is stored with the id that the
new thing will have; what happened to a request that was cut off is then found out by that id, and not guessed.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from shared.domain.bodies import Fields, instant_text
from shared.domain.ports import Body
from shared.domain.threads import Sealed

KEPT: Final = timedelta(hours=24)
"""How long a key names its request."""

LEASE: Final = timedelta(seconds=60)
"""How long whoever began may take: more than any request but sending, which may be done twice at once."""

MOST_KEY_CHARACTERS: Final = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """``item`` is the id of what the request makes. ``answer`` is there once it is done."""

    fingerprint: str = field(repr=False)
    item: str
    ends_at: datetime
    leased_until: datetime
    answer: Sealed | None = field(default=None, repr=False)

    def body(self) -> Body:
        return {
            "fingerprint": self.fingerprint,
            "item": self.item,
            "ends_at": instant_text(self.ends_at),
            "leased_until": instant_text(self.leased_until),
            "answer": self.answer,
        }

    @classmethod
    def of(cls, body: Body) -> "Intent":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        answer = fields.optional_text("answer")
        return cls(
            fingerprint=fields.text("fingerprint"),
            item=fields.text("item"),
            ends_at=fields.instant("ends_at"),
            leased_until=fields.instant("leased_until"),
            answer=None if answer is None else Sealed(answer),
        )
