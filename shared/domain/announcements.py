"""What admins are told of by mail beside their work: the agreement, the sub-processors. And what such a mail says."""

from enum import StrEnum
from typing import Final

from shared.domain.errors import IntegrityError


class Announced(StrEnum):
    """What admins are told of."""

    AGREEMENT = "agreement"
    SUB_PROCESSORS = "sub-processors"


SUBJECTS: Final = {
    Announced.AGREEMENT: "Nytt personuppgiftsbiträdesavtal / New processing agreement",
    Announced.SUB_PROCESSORS: "Underbiträden ändras / Sub-processors change",
}

_TEXTS: Final = {
    Announced.AGREEMENT: """\
Hej,

det finns en ny version av personuppgiftsbiträdesavtalet. En administratör behöver godkänna den inom 30 dagar.
Logga in i portalen och öppna Avtal under Organisationen: {address}

----

Hello,

there is a new version of the processing agreement. An admin has to accept it within 30 days.
Sign in to the portal at the address above and open Agreement under Organisation.
""",
    Announced.SUB_PROCESSORS: """\
Hej,

registret över underbiträden har ändrats. Ni har 30 dagar på er att invända.
Logga in i portalen och öppna Avtal under Organisationen: {address}

----

Hello,

the register of sub-processors has changed. You have 30 days to object.
Sign in to the portal at the address above and open Agreement under Organisation.
""",
}


def text_of(what: Announced, *, address: str) -> str:
    """The mail: no name, and nothing of the organisation."""
    return _TEXTS[what].format(address=address)


def announced(word: object) -> Announced:
    """What a queue message names. Raises ``IntegrityError``."""
    try:
        return Announced(str(word))
    except ValueError as fault:
        raise IntegrityError from fault
