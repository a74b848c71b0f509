"""What the bench calls too slow: a figure on its limit passes, one beyond it is told by name."""

import pytest

from bench import bounds, passwords, sign_in
from bench.__main__ import LIMITS, PARTS

SIGN_IN = {
    "sign_in_cpu_ms": 30.0,
    "poll_cpu_ms": 6.0,
    "poll_ms_p50": 20.0,
    "poll_ms_p95": 200.0,
    "poll_errors": 0.0,
    "collect_per_order_per_s": 0.5,
}


def test_every_limit_belongs_to_a_part() -> None:
    """One that is misspelled would never be looked at."""
    assert set(LIMITS) <= set(PARTS)
    assert LIMITS["sign-in"] is sign_in.over_limits


def test_sign_ins_on_their_limits_pass() -> None:
    """Ten times the median, one question in two seconds, no failed poll."""
    assert sign_in.over_limits(SIGN_IN) == []


@pytest.mark.parametrize(
    ("name", "value", "word"),
    [
        ("poll_ms_p95", 200.1, "95th"),
        ("poll_ms_p50", 19.9, "95th"),
        ("collect_per_order_per_s", 0.501, "BankID"),
        ("poll_errors", 1.0, "1 polls failed"),
    ],
)
def test_sign_ins_beyond_a_limit_are_told(name: str, value: float, word: str) -> None:
    """Each by itself."""
    (fault,) = sign_in.over_limits({**SIGN_IN, name: value})
    assert word in fault


@pytest.mark.parametrize("name", [*bounds.AT_LEAST, *bounds.AT_MOST])
def test_a_transfer_beyond_a_bound_is_told(name: str) -> None:
    """And the one on it is not."""
    bound = {**bounds.AT_LEAST, **bounds.AT_MOST}[name]
    beyond = bound * (0.99 if name in bounds.AT_LEAST else 1.01)
    assert bounds.over_limits({name: bound}) == []
    (fault,) = bounds.over_limits({name: beyond})
    assert fault.startswith(f"{name} is ")


PASSWORDS = {"password_verify_mib": 64.0, "staff_sign_in_rss_mib": 131.0, "accepted_from_million": 0.0}


@pytest.mark.parametrize(
    ("name", "value"),
    [("password_verify_mib", 81.0), ("staff_sign_in_rss_mib", 225.0), ("accepted_from_million", 1.0)],
)
def test_passwords_beyond_a_limit_are_told(name: str, value: float) -> None:
    """More memory than the hashes at once may take, or one password that everybody tries first."""
    assert passwords.over_limits(PASSWORDS) == []
    assert len(passwords.over_limits({**PASSWORDS, name: value})) == 1
