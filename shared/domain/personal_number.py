"""Swedish personal numbers: personnummer and samordningsnummer.

Twelve digits, ``YYYYMMDDNNNC``; the check digit is Luhn over the last ten. A samordningsnummer has 60 added to the
day; official ones also exist with month 00 and with days that are no calendar date, so only a personnummer's date
is checked strictly. Source: Skatteverket, SKV M 2010:3 and its open test data.
"""

import re
from dataclasses import dataclass
from datetime import date
from typing import NoReturn

from shared.domain.errors import InvalidInputError
from shared.domain.luhn import passes_luhn

_FORM = re.compile(r"((?:18|19|20)[0-9]{6})-?([0-9]{4})")
_COORDINATION_DAY = 60


@dataclass(frozen=True, slots=True)
class PersonalNumber:
    """Twelve digits that passed the checks. Masked wherever it is shown; ``digits`` is the only way to the value."""

    digits: str

    @property
    def masked(self) -> str:
        """The day of birth and four asterisks, for people who already know whom they mean."""
        return f"{self.digits[:8]}-****"

    def __repr__(self) -> str:
        return "PersonalNumber(********-****)"

    __str__ = __repr__

    def __reduce__(self) -> NoReturn:
        """Pickling or copying would write the digits down."""
        raise TypeError("a personal number is not pickled")


def parse_personal_number(text: str, *, today: date) -> PersonalNumber:
    """Read what a person typed. Spaces and the hyphen before the last four digits are tolerated, no century guessed.

    Raises ``InvalidInputError`` with rule ``personal-number-form``, ``personal-number-check-digit`` or
    ``personal-number-date``.
    """
    found = _FORM.fullmatch(text.replace(" ", ""))
    if found is None:
        raise InvalidInputError("personal-number-form")
    digits = "".join(found.groups())
    if not passes_luhn(digits[2:]):
        raise InvalidInputError("personal-number-check-digit")
    year, month, day = int(digits[:4]), int(digits[4:6]), int(digits[6:8])
    if day >= _COORDINATION_DAY:
        if month > 12 or day > _COORDINATION_DAY + 31 or year > today.year:  # noqa: PLR2004 - months, days
            raise InvalidInputError("personal-number-date")
        return PersonalNumber(digits)
    try:
        born = date(year, month, day)
    except ValueError as fault:
        raise InvalidInputError("personal-number-date") from fault
    if born > today:
        raise InvalidInputError("personal-number-date")
    return PersonalNumber(digits)
