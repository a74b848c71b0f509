"""Which new passwords are accepted, and why another is not.

All that is asked for: level 13 of the Domino scale, a length, that no list of breached passwords has it, that it is
made of more than what anybody knows of its owner, and that a guesser who knows the usual patterns needs long (NIST SP
800-63B-4 section 3.1.1.2; ASVS 5.0, 6.2.1 to 6.2.12). Nothing else: no kind of character is required, and none is
forbidden but what is no text. Each check stops passwords that all the others let through.
"""

import re
import unicodedata
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, Protocol

from shared.domain.password_quality import STRONG, password_quality

SHORTEST: Final = 15
"""Characters of a password that stands alone (NIST SP 800-63B-4 section 3.1.1.2)."""

SHORTEST_WITH_FACTOR: Final = 10
"""Characters beside a second factor; NIST asks for 8."""

LONGEST: Final = 256
"""Characters. NIST asks for 64 at least to be allowed; the work of judging grows with them."""

GUESSED_LATE: Final = 3
"""Of the scale of zxcvbn: 3 is over 10^8 guesses, of 4."""

KNOWN_TO_EVERYBODY: Final = ("private identity control", "bankid", "password", "lösenord")
"""Context words of every account. ``Account`` adds those of its owner."""

SHORTEST_CONTEXT_WORD: Final = 4

_WORD: Final = re.compile(r"[^\W_]+")
_LOOK_ALIKE: Final = str.maketrans("013457$@!", "oieastsai")


class PasswordRule(StrEnum):
    """Why a password is not accepted. The portal has a text for each."""

    SHORT = "password-short"
    LONG = "password-long"
    FORM = "password-form"
    WEAK = "password-weak"
    BREACHED = "password-breached"
    CONTEXT = "password-context"
    GUESSABLE = "password-guessable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is known of whose password it will be. ``known`` are names: own, organisation's, of the address."""

    has_second_factor: bool
    known: tuple[str, ...] = field(default=(), repr=False)


class PasswordKnowledge(Protocol):
    """What attackers know of passwords. No call waits; the first of each may take some 100 ms to load."""

    @property
    def words(self) -> Container[str]:
        """Of a dictionary, in lower case."""
        ...

    def is_breached(self, text: str) -> bool:
        """Whether it is among those that attackers try first."""
        ...

    def guessing_score(self, text: str, known: tuple[str, ...]) -> int:
        """0 (at once) to 4 (beyond 10^10 guesses), for a guesser who knows the usual patterns and ``known``."""
        ...


def broken_rules(text: str, account: Account, knowledge: PasswordKnowledge) -> tuple[PasswordRule, ...]:
    """Every rule that ``text`` breaks as a new password, or only the first that makes it unfit to be looked at."""
    broken = set(_broken(text, account, knowledge))
    return tuple(rule for rule in PasswordRule if rule in broken)


def is_accepted(text: str, account: Account, knowledge: PasswordKnowledge) -> bool:
    """Whether ``broken_rules`` are none; sooner told, because the first that is broken decides."""
    return next(_broken(text, account, knowledge), None) is None


def _broken(text: str, account: Account, knowledge: PasswordKnowledge) -> Iterator[PasswordRule]:
    """What is broken, in the order of what it costs to know."""
    # Before anything else: what follows takes time by the length.
    if len(text) > LONGEST:
        yield PasswordRule.LONG
        return
    if any(unicodedata.category(letter) in {"Cs", "Cc"} for letter in text):
        yield PasswordRule.FORM
        return
    composed = unicodedata.normalize("NFC", text)
    if len(composed) < (SHORTEST_WITH_FACTOR if account.has_second_factor else SHORTEST):
        yield PasswordRule.SHORT
    if knowledge.is_breached(composed):
        yield PasswordRule.BREACHED
    known = context_words(account)
    if is_mostly(composed, known):
        yield PasswordRule.CONTEXT
    if password_quality(composed, knowledge.words) < STRONG:
        yield PasswordRule.WEAK
    if knowledge.guessing_score(composed, known) < GUESSED_LATE:
        yield PasswordRule.GUESSABLE


def context_words(account: Account) -> tuple[str, ...]:
    """The words that say nothing secret here: each of the names, and each name as one word; longest first."""
    found: set[str] = set()
    for name in (*KNOWN_TO_EVERYBODY, *account.known):
        parts = [_plain(part) for part in _WORD.findall(name)]
        found |= {part for part in (*parts, "".join(parts)) if len(part) >= SHORTEST_CONTEXT_WORD}
    return tuple(sorted(found, key=lambda word: (-len(word), word)))


def is_mostly(text: str, known: tuple[str, ...]) -> bool:
    """Whether words of ``known`` make up more than half of the letters and digits of ``text``, however disguised.

    ``B4nk-ID!`` is ``bankid``: look-alike digits, marks over letters, case and symbols between count for nothing.
    """
    return any(_is_mostly(_plain(written), known) for written in (text, text.translate(_LOOK_ALIKE)))


def _is_mostly(plain: str, known: tuple[str, ...]) -> bool:
    rest = plain
    for word in known:
        # What stands on both sides of a word that goes must not become another word.
        rest = rest.replace(word, "|")
    left = len(rest.replace("|", ""))
    return 2 * left < len(plain)


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in decomposed if letter.isalnum())
