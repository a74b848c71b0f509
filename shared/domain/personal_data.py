"""What in a text looks like personal data: a detector for texts that are not sealed.

It finds forms, not meanings: numbers with their check digits, addresses. It errs towards finding; whoever asks treats
a finding as a reason to look. Nothing of the text is in the answer.
"""

import re
from datetime import date
from enum import StrEnum
from typing import Final

from shared.domain.luhn import passes_luhn

MAX_LOOKED_THROUGH: Final = 16 * 1024
"""Characters of a text that are looked through: longer ones are no names, and time is bounded."""


class PersonalData(StrEnum):
    """The closed list of what is found."""

    PERSONAL_NUMBER = "personal-number"
    COORDINATION_NUMBER = "coordination-number"
    MAIL_ADDRESS = "mail-address"
    TELEPHONE = "telephone"
    CARD_NUMBER = "card-number"
    BANK_ACCOUNT = "bank-account"


_NUMBER = re.compile(r"(?<![0-9A-Za-z])((?:18|19|20)?[0-9]{2})([01][0-9])([0-9]{2}) ?[-–+]? ?([0-9]{4})(?![0-9A-Za-z])")
_MAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,63}(?![\w-])")
_TELEPHONE = re.compile(r"(?<![0-9A-Za-z+])(?<![0-9] )(?:\+46|0046|0)[ -]?[1-9](?:[ /-]?[0-9]){6,9}(?![0-9A-Za-z])")
_CARD = re.compile(r"(?<![0-9A-Za-z])[3-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{3,4}(?![0-9A-Za-z])")
_IBAN = re.compile(r"(?<![0-9A-Za-z])([A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{2,4}){3,8})(?![0-9A-Za-z])")

_COORDINATION_DAY: Final = 60
_MONTHS: Final = 12
_LONGEST_MONTH: Final = 31


def personal_data_in(text: str) -> frozenset[PersonalData]:
    """The kinds of personal data that the beginning of ``text`` seems to hold."""
    looked = text[:MAX_LOOKED_THROUGH]
    found = {kind for kind in map(_kind_of_number, _NUMBER.finditer(looked)) if kind is not None}
    if "@" in looked and _MAIL.search(looked):
        found.add(PersonalData.MAIL_ADDRESS)
    if _TELEPHONE.search(looked):
        found.add(PersonalData.TELEPHONE)
    if any(passes_luhn(_digits(match[0])) for match in _CARD.finditer(looked)):
        found.add(PersonalData.CARD_NUMBER)
    if any(_is_iban(match[1]) for match in _IBAN.finditer(looked)):
        found.add(PersonalData.BANK_ACCOUNT)
    return frozenset(found)


def _kind_of_number(match: re.Match[str]) -> PersonalData | None:
    year, month, day, last = match.groups()
    if not passes_luhn(f"{year[-2:]}{month}{day}{last}"):
        return None
    if _COORDINATION_DAY <= int(day) <= _COORDINATION_DAY + _LONGEST_MONTH and int(month) <= _MONTHS:
        return PersonalData.COORDINATION_NUMBER
    # Without a century either will do: both have the same days, but for the end of February in 1900.
    century = "20" if len(year) == 2 else ""  # noqa: PLR2004 - digits of a year without its century
    try:
        date(int(f"{century}{year}"), int(month), int(day))
    except ValueError:
        return None
    return PersonalData.PERSONAL_NUMBER


def _digits(text: str) -> str:
    return "".join(c for c in text if c.isdecimal())


def _is_iban(text: str) -> bool:
    """ISO 13616: the first four characters go to the end, letters count from 10, and 97 leaves 1."""
    plain = text.replace(" ", "")
    moved = plain[4:] + plain[:4]
    return int("".join(str(int(c, 36)) for c in moved)) % 97 == 1
