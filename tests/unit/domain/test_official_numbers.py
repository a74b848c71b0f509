"""Numbers that Skatteverket publishes for tests are accepted, and what is broken of them is not.

All 2 240 samordningsnummer, and 1 022 of the 21 728 personnummer: the oldest and the youngest, about one in twenty.
"""

from datetime import date
from pathlib import Path

import pytest

from shared.domain.errors import InvalidInputError
from shared.domain.personal_number import parse_personal_number

TODAY = date(2026, 3, 1)
DATA = Path(__file__).parents[2] / "data"
COORDINATION_NUMBERS = (DATA / "coordination_numbers.txt").read_text(encoding="ascii").split()
PERSONAL_NUMBERS = (DATA / "personal_numbers.txt").read_text(encoding="ascii").split()
NUMBERS = [*COORDINATION_NUMBERS, *PERSONAL_NUMBERS]

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


def test_the_lists_are_well_copied() -> None:
    """As many as were copied, none twice, each with its check digit; a samordningsnummer has a day from 60 on."""
    assert (len(COORDINATION_NUMBERS), len(PERSONAL_NUMBERS)) == (2240, 1022)
    for numbers in (COORDINATION_NUMBERS, PERSONAL_NUMBERS):
        assert sorted(set(numbers)) == numbers
    assert all(len(digits) == 12 and counts(digits[2:]) % 10 == 0 for digits in NUMBERS)
    assert {int(digits[6:8]) for digits in COORDINATION_NUMBERS} == set(range(60, 92))
    assert {int(digits[6:8]) for digits in PERSONAL_NUMBERS} == set(range(1, 32))
    assert any(digits[4:6] == "00" for digits in COORDINATION_NUMBERS)


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
