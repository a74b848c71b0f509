"""The lists in the package: the ones that were built, whole, and with their licences beside them."""

import hashlib
import lzma

import pytest

from local.password_lists import MILLION_SHA256, WORDS_SHA256
from shared.adapters.password_lists import (
    BREACHED_FILE,
    ENTRY_BYTES,
    LISTS,
    WORDS_FILE,
    PasswordLists,
    breached_entry,
    folded,
)
from shared.domain.password_quality import LONGEST_WORD, SHORTEST_WORD

KNOWN = "hjpjxrf23062007"


def test_the_words_are_those_that_were_frozen() -> None:
    """Every level depends on them."""
    assert hashlib.sha256(lzma.decompress(WORDS_FILE.read_bytes())).hexdigest() == WORDS_SHA256
    words = PasswordLists().words
    assert len(words) == 66_739
    assert {len(word) for word in words} <= set(range(SHORTEST_WORD, LONGEST_WORD + 1))
    assert all(word.isalpha() and word == word.lower() for word in words)


def test_the_breached_ones_are_sorted_and_each_once() -> None:
    """The look-up halves the list: an entry out of order would hide others."""
    content = BREACHED_FILE.read_bytes()
    entries = [content[place : place + ENTRY_BYTES] for place in range(0, len(content), ENTRY_BYTES)]
    assert len(entries) == 112_130
    assert entries == sorted(set(entries))
    assert len(content) < 600_000


@pytest.mark.parametrize("text", [KNOWN, KNOWN.upper(), f"{KNOWN}!", f"  {KNOWN}??", f"#{KNOWN}#", "1q2w3e4r5t6y"])
def test_a_breached_password_is_found(text: str) -> None:
    """In any case, and with symbols around it."""
    assert PasswordLists().is_breached(text)


@pytest.mark.parametrize("text", ["", "!", "....", f"{KNOWN}x", f"x{KNOWN}", KNOWN[::-1], "ordmoln-paraply-kvist-91"])
def test_another_is_not(text: str) -> None:
    """Neither is nothing at all."""
    assert not PasswordLists().is_breached(text)


def test_the_first_and_the_last_entry_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """And what lies before, between and after them is not."""
    lists = PasswordLists()
    texts = sorted(("alpha", "beta", "gamma", "delta"), key=lambda text: breached_entry(folded(text)))
    monkeypatch.setitem(lists.__dict__, "_entries", b"".join(breached_entry(text) for text in texts[1:3]))
    assert [lists.is_breached(text) for text in texts] == [False, True, True, False]


def test_licences_stand_beside_the_lists() -> None:
    """Both are share-alike with attribution: name, source, licence and what was changed."""
    notice = (LISTS / "NOTICE.md").read_text(encoding="utf-8")
    for wanted in (WORDS_SHA256, MILLION_SHA256, "by-sa/4.0", "by-sa/3.0", "Robyn Speer", "SecLists", "Changed:"):
        assert wanted in notice
    named = {name for name in notice.split("`") if name in {path.name for path in LISTS.iterdir()}}
    assert {path.name for path in LISTS.iterdir()} == named | {"NOTICE.md"}
