"""Tokens and pseudonyms: what stands in records in place of what must not."""

import secrets

import pytest

from shared.crypto.pseudonyms import Peppers, address_key, subject_of, subject_version
from shared.crypto.tokens import csrf_token, equal, new_token, token_hash
from shared.domain.ids import Subject
from shared.domain.personal_number import PersonalNumber

PEPPERS = Peppers(2, {1: b"1" * 32, 2: b"2" * 32})
NUMBER = PersonalNumber("199006022397")


def test_a_token_is_256_random_bits_that_fit_a_cookie() -> None:
    """43 characters of base64url, no two alike."""
    tokens = {new_token(secrets.token_bytes) for _ in range(100)}
    assert len(tokens) == 100
    assert all(len(t) == 43 and t.replace("-", "a").replace("_", "a").isalnum() for t in tokens)


def test_hash_and_csrf_token_do_not_give_the_token_away() -> None:
    """Both leave the server or stand in records; each is another one-way function of the token."""
    token = new_token(secrets.token_bytes)
    derived = {token, token_hash(token), csrf_token(token), csrf_token(token_hash(token))}
    assert len(derived) == 4
    assert csrf_token(token) == csrf_token(token)
    assert csrf_token(token) != csrf_token(new_token(secrets.token_bytes))


@pytest.mark.parametrize("strange", ["", "å", "\ud800", "a\x00b", "x" * 10_000])
def test_any_text_from_a_cookie_has_a_hash_and_can_be_compared(strange: str) -> None:
    """Cookies are input: a strange one is a wrong one and no crash."""
    assert len(token_hash(strange)) == 64
    assert csrf_token(strange)
    assert equal(strange, strange)
    assert not equal(strange, strange + "a")


def test_a_subject_follows_from_number_and_pepper_alone() -> None:
    """The same person is found again; another person or another pepper gives another pseudonym."""
    subject = subject_of(NUMBER, PEPPERS)
    assert subject == subject_of(NUMBER, PEPPERS, 2)
    assert subject_version(subject) == 2
    old = subject_of(NUMBER, PEPPERS, 1)
    assert subject_version(old) == 1
    assert len({subject[2:], old[2:], subject_of(PersonalNumber("199908072391"), PEPPERS)[2:]}) == 3
    assert NUMBER.digits not in subject
    with pytest.raises(KeyError):
        subject_of(NUMBER, PEPPERS, 3)


@pytest.mark.parametrize(
    "text", ["", "s1", "s0-" + "a" * 64, "s1-" + "A" * 64, "s1-" + "a" * 63, "s1-" + "a" * 64 + "\n"]
)
def test_a_subject_has_one_form(text: str) -> None:
    """Subjects stand in keys of records; nothing else may pass for one."""
    with pytest.raises(ValueError, match="subject"):
        subject_version(Subject(text))


def test_peppers_are_not_shown_and_not_weak() -> None:
    """A pepper in a log would turn every pseudonym into a personal number."""
    assert repr(PEPPERS) == "Peppers(current=2)"
    with pytest.raises(ValueError, match="missing"):
        Peppers(3, {1: b"1" * 32})
    with pytest.raises(ValueError, match="32 bytes"):
        Peppers(1, {1: b"1" * 31})
    with pytest.raises(ValueError, match="version"):
        Peppers(0, {0: b"1" * 32})
    with pytest.raises(ValueError, match="32 bytes"):
        address_key("a@b.example", b"1" * 31)


def test_an_address_is_found_however_it_is_typed() -> None:
    """Staff type their address by hand; upper case and composition vary with the keyboard."""
    pepper = b"p" * 32
    spellings = ("Åsa.Öberg@Kommun.example", " åsa.öberg@kommun.example ", "a\u030asa.o\u0308berg@KOMMUN.example")
    assert len({address_key(spelling, pepper) for spelling in spellings}) == 1
    assert address_key("asa.oberg@kommun.example", pepper) != address_key(spellings[0], pepper)
    assert address_key(spellings[0], pepper) != address_key(spellings[0], b"q" * 32)
