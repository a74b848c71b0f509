"""The links by which staff choose a password: what each is for, how long it works, and what stands in it.

A link works once, and only the newest one of a member. It lets choose a password and does nothing else: it raises no
session and stands for no second factor (ASVS 5.0, 6.4.1 to 6.4.4, 6.5.2 to 6.5.5).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from shared.domain.bodies import Fields, instant_text
from shared.domain.errors import IntegrityError, NotFoundError
from shared.domain.ids import OrganisationId, StaffId, is_id
from shared.domain.ports import Body

_ID: Final = 26
SECRET_CHARACTERS: Final = 43


class Purpose(StrEnum):
    """Why somebody chooses a password by a link."""

    ACTIVATION = "activation"
    RESET = "reset"


LASTS: Final = {Purpose.ACTIVATION: timedelta(hours=72), Purpose.RESET: timedelta(minutes=30)}
"""An invitation may arrive on a Friday; a reset was asked for by somebody who waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What is stored of a link. ``request`` asked for it; ``login`` is the key of the address that it was mailed to.

    ``is_mailed``: the mail server has it, so a second delivery of the same request makes no other.
    """

    purpose: Purpose
    secret_hash: str = field(repr=False)
    login: str
    request: str
    expires_at: datetime
    is_mailed: bool

    def body(self) -> Body:
        return {
            "purpose": self.purpose.value,
            "secret_hash": self.secret_hash,
            "login": self.login,
            "request": self.request,
            "expires_at": instant_text(self.expires_at),
            "is_mailed": self.is_mailed,
        }

    @classmethod
    def of(cls, body: Body) -> "Credential":
        """Raises ``IntegrityError``."""
        fields = Fields(body)
        try:
            purpose = Purpose(fields.text("purpose"))
        except ValueError as fault:
            raise IntegrityError from fault
        return cls(
            purpose=purpose,
            secret_hash=fields.text("secret_hash"),
            login=fields.text("login"),
            request=fields.text("request"),
            expires_at=fields.instant("expires_at"),
            is_mailed=fields.fact("is_mailed"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkToken:
    """What the fragment of a link holds: whose it is, and the secret. The ids say nothing to anybody else."""

    organisation: OrganisationId
    staff: StaffId
    secret: str = field(repr=False)

    def text(self) -> str:
        return f"{self.organisation}{self.staff}{self.secret}"

    @classmethod
    def of(cls, text: str) -> "LinkToken":
        """Raises ``NotFoundError`` for a text of another form, as for a link that does not work any more."""
        organisation, staff, secret = text[:_ID], text[_ID : 2 * _ID], text[2 * _ID :]
        if not (is_id(organisation) and is_id(staff) and len(secret) == SECRET_CHARACTERS):
            raise NotFoundError
        return cls(organisation=OrganisationId(organisation), staff=StaffId(staff), secret=secret)
