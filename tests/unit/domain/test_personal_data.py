"""What the detector finds, and what it leaves alone."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.luhn import passes_luhn
from shared.domain.personal_data import MAX_LOOKED_THROUGH, PersonalData, personal_data_in

DATA = Path(__file__).parents[2] / "data"
PUBLISHED = {
    PersonalData.PERSONAL_NUMBER: (DATA / "personal_numbers.txt").read_text(encoding="ascii").split(),
    PersonalData.COORDINATION_NUMBER: (DATA / "coordination_numbers.txt").read_text(encoding="ascii").split(),
}
NOTHING: frozenset[PersonalData] = frozenset()


@pytest.mark.parametrize(
    "form",
    ["{0}", "{0:.8}-{1}", "{2}{1}", "{2}-{1}", "{2}+{1}", "{2} {1}", "{0:.8} - {1}", "Ärende {2}-{1}, kopia", "({0})"],
)
def test_every_published_number_is_found_in_every_spelling(form: str) -> None:
    """Of the numbers that Skatteverket publishes for tests, with and without century, hyphen and spaces."""
    for kind, numbers in PUBLISHED.items():
        for digits in numbers:
            text = form.format(digits, digits[8:], digits[2:8])
            assert kind in personal_data_in(text), form


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("skriv till anna.svensson+arende@exempel.se snarast", PersonalData.MAIL_ADDRESS),
        ("ANNA@EXEMPEL.CO.UK", PersonalData.MAIL_ADDRESS),
        ("åsa@räksmörgås.se", PersonalData.MAIL_ADDRESS),
        ("ring 070-123 45 67", PersonalData.TELEPHONE),
        ("ring +46 8 123 45 67", PersonalData.TELEPHONE),
        ("0046701234567", PersonalData.TELEPHONE),
        ("kort 4111 1111 1111 1111", PersonalData.CARD_NUMBER),
        ("378282246310005", PersonalData.CARD_NUMBER),
        ("SE45 5000 0000 0583 9825 7466", PersonalData.BANK_ACCOUNT),
        ("DE89370400440532013000", PersonalData.BANK_ACCOUNT),
    ],
)
def test_each_kind_is_found(text: str, kind: PersonalData) -> None:
    """Published examples and made-up ones, inside of other words."""
    assert personal_data_in(text) == {kind}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Socialförvaltningen, enhet 4",
        "19900602-2398",  # the check digit is wrong
        "19901302-2397",  # a month that is none
        "19900231-2397",
        "x199006022397",  # inside of another word, as in hashes and ids
        "1990060223970",
        "anna@localhost",
        "@exempel.se",
        "4111 1111 1111 1112",
        "SE45 5000 0000 0583 9825 7467",
        "Dnr 2026-001234",
        "01kjmma2g0ssdc9egfkrgk4yw6",
        "2026-03-01T12:00:00.000000Z",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    """Check digits and dates tell numbers of cases from numbers of people."""
    assert personal_data_in(text) == NOTHING


@given(st.text())
def test_any_text_can_be_looked_through(text: str) -> None:
    """No text breaks it, and the answer is of the closed list."""
    assert personal_data_in(text) <= set(PersonalData)


def test_a_huge_text_is_looked_through_only_so_far() -> None:
    """Time is bounded; names and the like are short."""
    number = "19900602-2397"
    assert personal_data_in(" " * (MAX_LOOKED_THROUGH - len(number)) + number)
    assert personal_data_in(" " * MAX_LOOKED_THROUGH + number) == NOTHING


@pytest.mark.parametrize("hostile", ["0 " * 40_000, "a@" * 40_000, "SE00 " * 10_000, "a." * 40_000 + "@"])
def test_hostile_texts_take_no_longer(hostile: str) -> None:
    """A pattern that tried every split would hang here; the run's own time limit would end it."""
    personal_data_in(hostile)


@pytest.mark.parametrize(
    ("digits", "passes"), [("", False), ("0", True), ("9006022397", True), ("9006022398", False), ("79927398713", True)]
)
def test_the_check_digit(digits: str, *, passes: bool) -> None:
    """By the standard's own example, and a number that is published for tests."""
    assert passes_luhn(digits) is passes
