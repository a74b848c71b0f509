"""Every samordningsnummer that Skatteverket publishes for tests is accepted, and what is broken of it is not.

Of the 21 728 published personnummer a few stand in ``test_personal_number.py``; the others are not kept here.
"""

from datetime import date
from pathlib import Path

import pytest

from shared.domain.errors import InvalidInputError
from shared.domain.personal_number import parse_personal_number

TODAY = date(2026, 3, 1)
PUBLISHED = 2240
NUMBERS = (Path(__file__).parents[2] / "data" / "coordination_numbers.txt").read_text(encoding="ascii").split()

DOUBLED = "0246813579"
"""What a doubled digit counts: 5 gives 10, and that 1."""


def counts(ten: str) -> int:
    """The sum that a check digit makes end in 0, from a table instead of arithmetic."""
    return sum(int(DOUBLED[int(digit)]) if at % 2 == 0 else int(digit) for at, digit in enumerate(ten))


def is_refused(text: str) -> bool:
    """Whether it is taken for no number."""
    try:
        parse_personal_number(text, today=TODAY)
    except InvalidInputError:
        return True
    return False


def test_the_list_is_whole_and_well_copied() -> None:
    """As many as are published, none twice, each with its check digit and a day above 60."""
    assert len(set(NUMBERS)) == len(NUMBERS) == PUBLISHED
    assert sorted(NUMBERS) == NUMBERS
    for digits in NUMBERS:
        assert len(digits) == 12
        assert counts(digits[2:]) % 10 == 0
        assert 60 <= int(digits[6:8]) <= 91
    assert any(digits[4:6] == "00" for digits in NUMBERS)
    assert any(digits[6:8] == "60" for digits in NUMBERS)


def test_every_one_is_accepted() -> None:
    """With the hyphen and without."""
    for digits in NUMBERS:
        assert parse_personal_number(digits, today=TODAY).digits == digits
        assert parse_personal_number(f"{digits[:8]}-{digits[8:]}", today=TODAY).digits == digits


@pytest.mark.parametrize("at", range(2, 12))
def test_every_single_wrong_digit_is_refused(at: int) -> None:
    """In each of the ten places that the check digit covers."""
    for digits in NUMBERS:
        for other in set("0123456789") - {digits[at]}:
            assert is_refused(digits[:at] + other + digits[at + 1 :])


@pytest.mark.parametrize("at", range(2, 11))
def test_every_swap_of_neighbours_that_can_be_seen_is_refused(at: int) -> None:
    """Luhn counts 09 as it counts 90; every other two that differ make another sum."""
    for digits in NUMBERS:
        pair = digits[at : at + 2]
        if pair[0] != pair[1] and set(pair) != {"0", "9"}:
            assert is_refused(digits[:at] + pair[::-1] + digits[at + 2 :])


@pytest.mark.parametrize("century", ["17", "21", "00", "91"])
def test_no_other_century_is_accepted(century: str) -> None:
    """The check digit does not cover it, so the form has to."""
    assert all(is_refused(century + digits[2:]) for digits in NUMBERS)
