"""Which processing agreement holds, and when an organisation is bound by one.

A version is never changed: what was accepted is named by version and by the digest of both texts.
"""

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from shared.domain.agreement import text_2026_1
from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import AgreementRequiredError
from shared.domain.ports import Body

GRACE: Final = timedelta(days=30)
"""How long an organisation that accepted an earlier version may go on once its admins were told of a new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """One version. Neither language comes before the other."""

    version: str
    swedish: str
    english: str

    @property
    def digest(self) -> str:
        """SHA-256 of both texts, hex."""
        return hashlib.sha256(f"{self.version}\0{self.swedish}\0{self.english}".encode()).hexdigest()


CURRENT: Final = Agreement(version="2026-1", swedish=text_2026_1.SWEDISH, english=text_2026_1.ENGLISH)


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """That somebody accepted a version for their organisation. ``by`` is a staff id."""

    version: str
    digest: str
    by: str
    at: datetime

    def body(self) -> Body:
        return {"version": self.version, "digest": self.digest, "by": self.by, "at": instant_text(self.at)}

    @classmethod
    def of(cls, body: Body) -> "Acceptance":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        return cls(
            version=fields.text("version"), digest=fields.text("digest"), by=fields.text("by"), at=fields.instant("at")
        )


def due_at(accepted: Collection[Acceptance], current: Agreement, *, told_at: datetime | None) -> datetime | None:
    """When the current version has to be accepted at the latest; None while nothing is due, or all is in order.

    ``told_at`` is when the admins were told of the current version. An organisation that never accepted any has
    no grace: see ``check_bound``.
    """
    if not accepted or told_at is None or any(_is_of(each, current) for each in accepted):
        return None
    return told_at + GRACE


def check_bound(
    accepted: Collection[Acceptance], current: Agreement, *, told_at: datetime | None, now: datetime
) -> None:
    """Raises ``AgreementRequiredError`` unless the organisation is bound by an agreement now."""
    due = due_at(accepted, current, told_at=told_at)
    if not accepted or (due is not None and now >= due):
        raise AgreementRequiredError


def _is_of(acceptance: Acceptance, agreement: Agreement) -> bool:
    return (acceptance.version, acceptance.digest) == (agreement.version, agreement.digest)
