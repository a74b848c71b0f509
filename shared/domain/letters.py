"""Mails with a link to choose a password by; who is asked for on the queue.

Queue messages hold ids and keys only: the secret of a link is made when it is mailed, and stands nowhere else.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from shared.domain.credentials import Purpose
from shared.domain.errors import IntegrityError
from shared.domain.ids import OrganisationId, StaffId, is_id

_LOGIN: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActivationLetter:
    """An invitation for this member."""

    organisation: OrganisationId
    staff: StaffId
    request: str

    def message(self) -> Mapping[str, str]:
        ids = {"organisation": self.organisation, "staff": self.staff, "request": self.request}
        return {"letter": Purpose.ACTIVATION.value, **ids}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResetLetter:
    """A new password for whoever has this address, if anybody has: ``login`` is its key."""

    login: str
    request: str

    def message(self) -> Mapping[str, str]:
        return {"letter": Purpose.RESET.value, "login": self.login, "request": self.request}


Letter: TypeAlias = ActivationLetter | ResetLetter


def parse_letter(message: Mapping[str, object]) -> Letter:
    """The letter that a queue message asks for. Raises ``IntegrityError`` for what ``message`` does not make."""
    texts = {name: text for name, text in message.items() if isinstance(text, str)}
    if not is_id(texts.get("request", "")):
        raise IntegrityError
    match texts:
        case {"letter": Purpose.ACTIVATION, "organisation": organisation, "staff": staff, "request": request}:
            if not (is_id(organisation) and is_id(staff)):
                raise IntegrityError
            return ActivationLetter(organisation=OrganisationId(organisation), staff=StaffId(staff), request=request)
        case {"letter": Purpose.RESET, "login": login, "request": request}:
            if not _LOGIN.fullmatch(login):
                raise IntegrityError
            return ResetLetter(login=login, request=request)
        case _:
            raise IntegrityError


SUBJECTS: Final = {
    Purpose.ACTIVATION: "Välj ditt lösenord / Choose your password",
    Purpose.RESET: "Välj ett nytt lösenord / Choose a new password",
}

_TEXTS: Final = {
    Purpose.ACTIVATION: """\
Hej,

du har fått ett konto i {service}. Öppna länken och välj ditt lösenord:

    {link}

Länken fungerar en gång, i 72 timmar. Fungerar den inte, be din administratör om en ny inbjudan.
Väntar du inget konto behöver du inte göra någonting. Det går inte att svara på det här mejlet.

----

Hello,

you have got an account in {service}. Open the link above and choose your password.

The link works once, for 72 hours. If it does not, ask your administrator for another invitation.
If you expect no account, there is nothing you need to do. Replies to this mail are not read.
""",
    Purpose.RESET: """\
Hej,

någon har bett om ett nytt lösenord för den här adressen i {service}. Var det du, öppna länken och välj det:

    {link}

Länken fungerar en gång, i 30 minuter. Har du en andra faktor behöver du den som vanligt när du loggar in.
Var det inte du behöver du inte göra någonting: ditt lösenord gäller som förut. Skicka aldrig länken vidare.
Det går inte att svara på det här mejlet.

----

Hello,

somebody asked for a new password for this address in {service}. If it was you, open the link above and choose it.

The link works once, for 30 minutes. If you have a second factor, you need it as usual when you sign in.
If it was not you, there is nothing you need to do: your password stays as it is. Never pass the link on.
Replies to this mail are not read.
""",
}


def letter_text(purpose: Purpose, *, service: str, link: str) -> str:
    """The mail: no name, and nothing of the organisation."""
    return _TEXTS[purpose].format(service=service, link=link)
