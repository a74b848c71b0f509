"""Personal numbers: the official ones pass, what is broken does not, and none is ever shown by accident."""

import copy
import pickle
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.errors import InvalidInputError
from shared.domain.personal_number import PersonalNumber, parse_personal_number

TODAY = date(2026, 3, 1)
TOLVAN = "191212121212"

OFFICIAL = [
    "199006022397",
    "199908072391",
    "201803092384",
    "202002202394",
    TOLVAN,
    "197011902397",  # samordningsnummer, as the next three
    "198211632388",
    "202303682385",
    "197010632391",
]
"""Skatteverket's open test data and its example; Tolvan is BankID's own fictional person."""


@pytest.mark.parametrize("digits", OFFICIAL)
def test_official_test_numbers_pass(digits: str) -> None:
    """Personnummer and samordningsnummer alike."""
    assert parse_personal_number(digits, today=TODAY).digits == digits


@pytest.mark.parametrize("text", ["19121212-1212", " 19121212 1212 ", "1912 12 12-1212", "19121212 - 1212"])
def test_what_people_type_is_read(text: str) -> None:
    """Spaces, and the hyphen where it is written."""
    assert parse_personal_number(text, today=TODAY).digits == TOLVAN


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "1212121212",  # a century is never guessed
        "121212-1212",
        "121212+1212",
        "19121212+1212",
        "1912121212120",
        "19121212121",
        "171212121212",
        "211212121212",
        "1912-1212-1212",
        "1-9-1-2-1-2-1-2-1-2-1-2",
        "191212121212-",
        "-191212121212",
        "1912121212-12",
        "19121212\u00a01212",
        "19121212\u20131212",
        "19121212121２",
        "١٩١٢١٢١٢١٢١٢",
        "19121212121A",
        "191212121212\n",
        "191212121212\0",
        "'; DROP TABLE",
    ],
)
def test_another_form_is_refused(text: str) -> None:
    """Twelve ASCII digits, or it was not meant as a number."""
    with pytest.raises(InvalidInputError) as refused:
        parse_personal_number(text, today=TODAY)
    assert refused.value.rule == "personal-number-form"


@pytest.mark.parametrize("digits", OFFICIAL)
def test_every_other_check_digit_is_refused(digits: str) -> None:
    """Luhn over the last ten digits finds each single wrong one."""
    for other in set("0123456789") - {digits[-1]}:
        with pytest.raises(InvalidInputError) as refused:
            parse_personal_number(digits[:-1] + other, today=TODAY)
        assert refused.value.rule == "personal-number-check-digit"


@pytest.mark.parametrize(
    "nine",
    [
        "19130229",  # no leap year
        "19001301",
        "19000001",
        "19900132",
        "19900100",
        "19900159",
        "19901360",  # a samordningsnummer in month 13
        "19900192",
        "20260302",  # tomorrow
        "20270163",  # a samordningsnummer of next year
    ],
)
def test_dates_that_nobody_was_born_on_are_refused(nine: str) -> None:
    """The calendar for personnummer; months and days within bounds for samordningsnummer."""
    with pytest.raises(InvalidInputError) as refused:
        parse_personal_number(with_check_digit(nine + "238"), today=TODAY)
    assert refused.value.rule == "personal-number-date"


@pytest.mark.parametrize("eight", ["19120229", "20000229", "20260301", "19900060", "19900091", "20260063"])
def test_dates_at_the_bounds_pass(eight: str) -> None:
    """Leap days, today, and the month 00 and day 60 that official samordningsnummer have."""
    digits = with_check_digit(eight + "238")
    assert parse_personal_number(digits, today=TODAY).digits == digits


def test_nothing_shows_the_number() -> None:
    """Logs, tracebacks and formatting go through these; ``digits`` alone gives the value."""
    number = PersonalNumber(TOLVAN)
    for shown in (repr(number), str(number), f"{number}", f"{number!s:>40}", repr([number]), "%s" % number):  # noqa: UP031
        assert not any(TOLVAN[at : at + 4] in shown for at in range(9))
    assert number.masked == "19121212-****"


@pytest.mark.parametrize("text", ["191212121213", "199913121212", "abc"])
def test_a_refusal_does_not_repeat_what_was_typed(text: str) -> None:
    """Not in the error, nor in one that it hides."""
    with pytest.raises(InvalidInputError) as refused:
        parse_personal_number(text, today=TODAY)
    fault: BaseException | None = refused.value
    while fault is not None:
        assert text not in str(fault)
        fault = fault.__cause__ or fault.__context__


@given(st.dates(date(1800, 1, 1), TODAY), st.integers(1, 999))
def test_every_day_has_numbers(born: date, serial: int) -> None:
    """Any birth date up to today with its check digit passes, and not before that day has come."""
    digits = with_check_digit(f"{born:%Y%m%d}{serial:03d}")
    assert parse_personal_number(digits, today=TODAY).digits == digits
    with pytest.raises(InvalidInputError):
        parse_personal_number(digits, today=born - timedelta(days=1))


def with_check_digit(eleven: str) -> str:
    """Luhn, written from its description: double every second digit from the left, add the digits of the results."""
    doubled = "".join(str(int(digit) * (2 - at % 2)) for at, digit in enumerate(eleven[2:]))
    return eleven + str(-sum(map(int, doubled)) % 10)


def numbers_of_the_rules() -> list[str]:
    """Numbers as Skatteverket's test lists have them, made by the same rules: the lists themselves are not kept here.

    Both serials that the lists use most, every year of them, leap days, and for samordningsnummer month 00 and day 60.
    """
    days = [f"{year}{month:02d}{day:02d}" for year in range(1890, 2026) for month, day in ((1, 1), (6, 30), (12, 31))]
    days += [f"{year}0229" for year in range(1892, 2025, 4) if year != 1900]
    days += [
        f"{year}{month:02d}{day}" for year in (1890, 1970, 2025) for month in (0, 2, 12) for day in (60, 61, 90, 91)
    ]
    found = []
    for day in days:
        for serial in ("238", "239", "980"):
            nine = day[2:] + serial
            total = sum(sum(divmod(int(c) * (2 - i % 2), 10)) for i, c in enumerate(nine))
            found.append(f"{day}{serial}{-total % 10}")
    return found


@pytest.mark.parametrize("digits", numbers_of_the_rules())
def test_what_a_slip_of_the_hand_makes_of_a_number_is_refused(digits: str) -> None:
    """Every single digit of the last ten changed, every two neighbours swapped but 0 and 9, and every wrong length."""
    assert parse_personal_number(digits, today=TODAY).digits == digits
    broken = {digits[:at] + other + digits[at + 1 :] for at in range(2, 12) for other in "0123456789"}
    for at in range(2, 11):
        pair = digits[at : at + 2]
        if set(pair) != {"0", "9"}:  # Luhn counts 09 as it counts 90.
            broken.add(digits[:at] + pair[::-1] + digits[at + 2 :])
    broken |= {digits[:at] + digits[at + 1 :] for at in range(12)} | {digits + "0", digits[2:], "0" + digits}
    for text in broken - {digits}:
        with pytest.raises(InvalidInputError):
            parse_personal_number(text, today=TODAY)


@pytest.mark.parametrize("digits", OFFICIAL)
def test_no_way_of_showing_shows_it(digits: str) -> None:
    """A log line may be made in any of them."""
    number = PersonalNumber(digits)
    shown = f"{number} {number!s} {number!r} {[number]} " + "{}".format(number) + "%s" % number  # noqa: UP031, UP032
    assert digits[8:] not in shown
    assert digits[:8] not in shown


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled(protocol: int) -> None:
    """Nor copied: each would write the digits where nobody looks for them."""
    for write in (lambda number: pickle.dumps(number, protocol), copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"^a personal number is not pickled$"):
            write(PersonalNumber(TOLVAN))
