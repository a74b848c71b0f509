"""What a browser keeps of earlier sign-ins: nobody makes one, moves one to another account, or reads anything in it."""

import os

import pytest

from shared.crypto.known_devices import MOST_ACCOUNTS, device_knowing, marked

PEPPER, OTHER_PEPPER = bytes(range(32)), bytes(range(1, 33))
ANNA, BO = "a" * 64, "b" * 64


def test_a_browser_is_known_for_the_accounts_that_were_proved_in_it() -> None:
    """Under one name for all of them."""
    kept = marked(marked(None, ANNA, PEPPER, os.urandom), BO, PEPPER, os.urandom)
    assert device_knowing(kept, ANNA, PEPPER) == device_knowing(kept, BO, PEPPER) == kept[:43]
    assert device_knowing(kept, "c" * 64, PEPPER) is None
    assert ANNA not in kept
    assert marked(kept, BO, PEPPER, os.urandom) == kept


def test_the_one_who_was_there_longest_ago_gives_way() -> None:
    """And one who comes again is the newest."""
    kept: str | None = None
    accounts = [str(number) * 64 for number in range(MOST_ACCOUNTS + 1)]
    for account in accounts[:-1]:
        kept = marked(kept, account, PEPPER, os.urandom)
    kept = marked(marked(kept, accounts[0], PEPPER, os.urandom), accounts[-1], PEPPER, os.urandom)
    assert [device_knowing(kept, account, PEPPER) is not None for account in accounts] == [
        *(True, False),
        *[True] * (MOST_ACCOUNTS - 1),
    ]


GOOD = marked(None, ANNA, PEPPER, lambda count: bytes(range(7, 7 + count)))  # The same for all workers that collect.


@pytest.mark.parametrize(
    "text",
    [
        *(None, "", ".", "x", GOOD[:43], GOOD[:-1], GOOD + "0", GOOD + ".", GOOD.upper(), GOOD + "\n", " " + GOOD),
        *("A" * 43 + GOOD[43:], GOOD[:43] + "." + "0" * 32, GOOD + "." + "0" * 32 * 9, "å" * 76, GOOD * 100),
        GOOD + ("." + "0" * 32) * MOST_ACCOUNTS,
    ],
)
def test_what_was_not_given_out_knows_nobody(text: str | None) -> None:
    """Made up, cut, moved to another browser's name, or far too long; the next one given out is whole again."""
    assert device_knowing(text, ANNA, PEPPER) is None
    assert device_knowing(marked(text, ANNA, PEPPER, os.urandom), ANNA, PEPPER) is not None


def test_it_holds_under_one_pepper_only() -> None:
    """Whoever has none makes none."""
    assert device_knowing(GOOD, ANNA, OTHER_PEPPER) is None
    with pytest.raises(ValueError, match="fewer than 32 bytes"):
        marked(None, ANNA, b"short", os.urandom)
