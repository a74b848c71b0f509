"""The Domino scale: every example that its documentation gives, and what must hold for all passwords."""

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.adapters.password_lists import PasswordLists
from shared.domain.password_quality import HIGHEST, STRONG, password_quality

WORDS = PasswordLists().words

EXAMPLES = {
    "": (0, 0),
    "b": (1, 1),
    "3": (1, 1),
    "fish": (3, 3),
    "password": (3, 3),
    "doughnut": (3, 3),
    "lightferret": (6, 6),
    "b 4D": (6, 6),
    "pqlrtmxr": (8, 8),
    "wefourkings": (8, 8),
    "pAssw0rd": (10, 10),
    "pwd46dwp": (10, 10),
    "PwD46dWp": (12, 12),
    "4891spyONu": (13, 13),
    "lakestreampondriverocean": (15, 15),
    "stRem2pO()": (15, 15),
    "stream8pond1river7lake2ocean": (16, 16),
    "a2R5j4K9": (12, 16),
    "1168Acme": (4, 16),
}
"""Lowest and highest level that each source allows: HCL help, IBM docs, LDD Today of 4 September 2001."""


@pytest.mark.parametrize(("text", "allowed"), EXAMPLES.items())
def test_every_documented_example_has_its_level(text: str, allowed: tuple[int, int]) -> None:
    """The rule is not published: that it reproduces all of these is what it stands on."""
    assert allowed[0] <= password_quality(text, WORDS) <= allowed[1]


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("a2R5j4K9", 12),
        ("1168Acme", 9),
        ("Sommar2024!", 12),
        ("Sommaren2026!", 12),
        ("Fotboll2025!", 12),
        ("Välkommen2026!", 12),
        ("Stockholm2026", 10),
        ("Hejsan123456!", 7),
        ("Xk9#mQ2vL", 13),
        ("BankID12345678!", 7),
        ("Private Identity Control 1", 16),
        ("aaaaaaaaaaaaaaaaaaaaaaaa", 1),
        ("12345678901234567890", 3),
        ("AAAAAaaaaaAAAAAaaaaa", 1),
    ],
)
def test_what_people_take_for_strong(text: str, level: int) -> None:
    """A season, a team or a city with a year and a mark stays below 13."""
    assert password_quality(text, WORDS) == level


def test_a_phrase_in_lower_case_alone_is_strong() -> None:
    """The scale rewards kinds of characters and requires none: NIST forbids rules of composition."""
    assert password_quality("lakestreampondriverocean", WORDS) >= STRONG
    assert password_quality("kvqwzrtpxnmlhgds", WORDS) == HIGHEST


def test_a_text_counts_the_same_in_both_forms_of_unicode() -> None:
    """A Mac may send å as two characters."""
    assert password_quality("bla\u030asippa", WORDS) == password_quality("bl\u00e5sippa", WORDS)


any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
typed = st.text(string.printable.strip() + "åäöÅÄÖ ", max_size=40)


@settings(max_examples=2000, deadline=None)
@given(st.one_of(any_text, typed))
def test_a_level_is_on_the_scale(text: str) -> None:
    """Whatever the text: 0 for none, else 1 to 16."""
    level = password_quality(text, WORDS)
    assert (level == 0) == (text == "")
    assert 0 <= level <= HIGHEST


@settings(max_examples=2000, deadline=None)
@given(typed, st.sampled_from("!#%&()?+-=_.,;:*/"))
def test_one_more_symbol_never_weakens(text: str, symbol: str) -> None:
    """Nobody is punished for a longer password."""
    assert password_quality(text + symbol, WORDS) >= password_quality(text, WORDS)


@settings(max_examples=500, deadline=None)
@given(typed)
def test_a_larger_dictionary_never_strengthens(text: str) -> None:
    """Words make a password cheaper to read, and never dearer."""
    assert password_quality(text, WORDS) <= password_quality(text, frozenset())


@settings(max_examples=500, deadline=None)
@given(typed)
def test_case_alone_changes_only_the_bonus(text: str) -> None:
    """``PASSWORD`` is the same word as ``password``."""
    assert password_quality(text.upper(), WORDS) <= password_quality(text.lower(), WORDS) + HIGHEST // 4
