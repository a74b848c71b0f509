"""Codes of authenticator apps: the published vectors, and each code once, for a minute and a half at most."""

import base64
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.crypto.one_time_codes import STEP, code_of, matching_step, new_secret, step_of
from shared.domain.errors import FactorRefusedError, IntegrityError

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 3, 1, 12, 0, 7, tzinfo=UTC)
HERE = step_of(NOW)

RFC_4226 = ("755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489")
"""Appendix D."""

RFC_6238 = (
    (59, "94287082"),
    (1111111109, "07081804"),
    (1111111111, "14050471"),
    (1234567890, "89005924"),
    (2000000000, "69279037"),
    (20000000000, "65353130"),
)
"""Appendix B, SHA-1. Its codes have eight digits; ours are the last six of them (RFC 4226 section 5.3)."""


@pytest.mark.parametrize(("step", "code"), list(enumerate(RFC_4226)))
def test_the_vectors_of_rfc_4226(step: int, code: str) -> None:
    """Six digits by counter."""
    assert code_of(RFC_SECRET, step) == code


@pytest.mark.parametrize(("seconds", "code"), RFC_6238)
def test_the_vectors_of_rfc_6238(seconds: int, code: str) -> None:
    """By time, to the step in which the code is found."""
    now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    assert code_of(RFC_SECRET, step_of(now)) == code[2:]
    assert matching_step(RFC_SECRET, code[2:], now=now, after=None) == seconds // 30


@pytest.mark.parametrize("drift", [-1, 0, 1])
def test_a_code_counts_one_step_either_way(drift: int) -> None:
    """The clock of a phone may be half a minute wrong."""
    assert matching_step(RFC_SECRET, code_of(RFC_SECRET, HERE + drift), now=NOW, after=None) == HERE + drift


@pytest.mark.parametrize("drift", [-20, -2, 2, 20])
def test_a_code_of_further_away_does_not_count(drift: int) -> None:
    """Neither one that somebody wrote down nor one of a clock that was turned."""
    with pytest.raises(FactorRefusedError):
        matching_step(RFC_SECRET, code_of(RFC_SECRET, HERE + drift), now=NOW, after=None)


@pytest.mark.parametrize("used", [-1, 0, 1])
def test_a_code_counts_once_and_none_before_it(used: int) -> None:
    """RFC 6238 section 5.2: whoever looked over a shoulder is too late, also with the code before that one."""
    for step in range(HERE - 1, HERE + 2):
        code = code_of(RFC_SECRET, step)
        if step <= HERE + used:
            with pytest.raises(FactorRefusedError):
                matching_step(RFC_SECRET, code, now=NOW, after=HERE + used)
        else:
            assert matching_step(RFC_SECRET, code, now=NOW, after=HERE + used) == step


@pytest.mark.parametrize(
    "code", ["", "12345", "1234567", "12345a", "１２３４５６", " 123456", "123456\n", "-12345", "\ud800" * 6]
)
def test_what_is_no_code_is_refused_and_crashes_nothing(code: str) -> None:
    """Digits of other scripts are digits to Python and to no app."""
    with pytest.raises(FactorRefusedError):
        matching_step(RFC_SECRET, code, now=NOW, after=None)


@given(st.integers(0, 999_999))
def test_at_most_three_codes_of_a_million_count(number: int) -> None:
    """What a guess is worth."""
    code = f"{number:06d}"
    valid = {code_of(RFC_SECRET, HERE + drift) for drift in (-1, 0, 1)}
    if code in valid:
        matching_step(RFC_SECRET, code, now=NOW, after=None)
    else:
        with pytest.raises(FactorRefusedError):
            matching_step(RFC_SECRET, code, now=NOW, after=None)


def test_the_first_steps_of_all_have_no_step_before_them() -> None:
    """A counter is never negative."""
    start = datetime(1970, 1, 1, tzinfo=UTC)
    assert matching_step(RFC_SECRET, code_of(RFC_SECRET, 0), now=start, after=None) == 0


def test_a_secret_has_160_random_bits() -> None:
    """In base 32 without padding, as apps want it."""
    made = {new_secret(secrets.token_bytes) for _ in range(50)}
    assert len(made) == 50
    assert all(len(base64.b32decode(secret)) == 20 and "=" not in secret for secret in made)
    assert timedelta(seconds=30) == STEP


@pytest.mark.parametrize("secret", ["", "not base 32", "A"])
def test_a_stored_secret_that_is_none_is_damage(secret: str) -> None:
    """It was sealed by us, so it is no wrong code."""
    with pytest.raises(IntegrityError):
        code_of(secret, 1)
