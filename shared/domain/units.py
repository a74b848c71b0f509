"""A unit as it is stored: a function mailbox, open for new threads until it is closed."""

from dataclasses import dataclass
from datetime import datetime

from shared.domain.bodies import Fields
from shared.domain.ids import UnitId
from shared.domain.ports import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """``mail_address`` is a function's and nobody's own. What is in a closed unit lives on until its end."""

    unit: UnitId
    name: str
    mail_address: str | None
    closed_at: datetime | None

    @classmethod
    def of(cls, body: Body) -> "Unit":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        return cls(
            unit=UnitId(fields.text("unit")),
            name=fields.text("name"),
            mail_address=fields.optional_text("mail_address"),
            closed_at=fields.optional_instant("closed_at"),
        )

    @property
    def is_open(self) -> bool:
        """Whether new threads may begin here."""
        return self.closed_at is None
