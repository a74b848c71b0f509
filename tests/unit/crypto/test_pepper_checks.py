"""Check values of peppers: equal for equal ones, and of no use for anything else."""

import hmac

from shared.crypto.pepper_checks import pepper_checks
from shared.crypto.pseudonyms import Peppers

FIRST, SECOND = bytes(range(32)), bytes(range(1, 33))
ONE = Peppers(1, {1: FIRST})


def test_a_value_is_what_the_format_says() -> None:
    """``docs/file-format.md`` section 11, of primitives alone."""
    first, second = (hmac.new(each, b"pic/pepper-check/v1", "sha256").hexdigest() for each in (FIRST, SECOND))
    checks = pepper_checks(subjects=Peppers(2, {1: FIRST, 2: SECOND}), addresses=SECOND, passwords=ONE)
    assert checks == {
        "subject-1": first,
        "subject-2": second,
        "subject-current": "2",
        "address": second,
        "password-1": first,
        "password-current": "1",
    }


def test_every_difference_shows() -> None:
    """Another secret, another version, one more, another current one; of each of the three."""
    others = [
        Peppers(1, {1: SECOND}),
        Peppers(2, {2: FIRST}),
        Peppers(1, {1: FIRST, 2: SECOND}),
        Peppers(2, {1: FIRST, 2: SECOND}),
    ]
    found = [
        pepper_checks(subjects=ONE, addresses=FIRST, passwords=ONE),
        pepper_checks(subjects=ONE, addresses=SECOND, passwords=ONE),
        *(pepper_checks(subjects=other, addresses=FIRST, passwords=ONE) for other in others),
        *(pepper_checks(subjects=ONE, addresses=FIRST, passwords=other) for other in others),
    ]
    assert all(found.count(checks) == 1 for checks in found)
