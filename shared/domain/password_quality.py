"""The Domino password quality scale: how strong a password is, from 0 (none) to 16.

The level is the length of the password read as cheaply as possible, where a dictionary word counts as three, and a
repeated or counted-on character as nothing; then a quarter more for one kind of variety and half for two or more.
Which rule Domino itself runs is not published: this one fits every example that its documentation and LDD Today
give. Kinds of characters are rewarded and none is required, so a phrase in lower case alone may reach the top: that
is why the scale and NIST SP 800-63B-4 section 3.1.1.2, which forbids rules of composition, do not clash.
"""

import unicodedata
from collections.abc import Container
from typing import Final

STRONG: Final = 13
"""Of the scale: 1 any password, 2-6 weak, 7-12 hard to guess, from here on strong."""

HIGHEST: Final = 16
SHORTEST_WORD: Final = 4
LONGEST_WORD: Final = 24
"""Letters. The list holds no longer word, and none shorter than ``SHORTEST_WORD``."""

_WORD_COST: Final = 3


def password_quality(text: str, words: Container[str]) -> int:
    """The level of ``text``, 0 to ``HIGHEST``. ``words`` are in lower case, four to 24 letters each.

    Takes 10 ms for 4,096 characters: whoever calls bounds the length first.
    """
    if not text:
        return 0
    composed = unicodedata.normalize("NFC", text)
    quarters = 4 + min(2, _kinds(composed))
    return max(1, min(HIGHEST, _cost(composed, words) * quarters // 4))


def _cost(text: str, words: Container[str]) -> int:
    """The cheapest reading over all ways to split ``text`` into words and single characters."""
    # Letter by letter: the lower case of one letter may be two, and positions must stay what they are.
    low = [letter.lower() for letter in text]
    costs = [0]
    letters = 0
    for end in range(1, len(low) + 1):
        here = low[end - 1]
        cheapest = costs[-1] + (0 if end > 1 and _follows(low[end - 2], here) else 1)
        letters = letters + 1 if here.isalpha() else 0
        for length in range(SHORTEST_WORD, min(letters, LONGEST_WORD) + 1):
            start = end - length
            if costs[start] + _WORD_COST < cheapest and "".join(low[start:end]) in words:
                cheapest = costs[start] + _WORD_COST
        costs.append(cheapest)
    return costs[-1]


def _follows(before: str, here: str) -> bool:
    """Whether a character is what anybody would guess after the one before: the same, or the next digit."""
    if before == here:
        return True
    return before.isdigit() and here.isdigit() and abs(ord(before) - ord(here)) == 1


def _kinds(text: str) -> int:
    both_cases = any(c.islower() for c in text) and any(c.isupper() for c in text)
    return both_cases + any(c.isdigit() for c in text) + any(not c.isalnum() for c in text)
