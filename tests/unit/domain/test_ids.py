"""Ids: one form, ordered in time, and nothing to guess the next one from."""

import secrets
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.ids import first_id, is_id, made_at, new_id

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INSTANTS = st.datetimes(datetime(1970, 1, 2), datetime(2500, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001


@given(INSTANTS, st.binary(min_size=10, max_size=10))
def test_every_id_has_the_form_and_may_stand_in_keys(now: datetime, entropy: bytes) -> None:
    """26 characters, whatever the moment and the randomness, and never the separator of keys."""
    made = new_id(now, lambda count: entropy[:count])
    assert is_id(made)
    assert len(made) == 26
    assert "|" not in made


@given(INSTANTS, st.integers(1, 10**9), st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_ids_of_later_milliseconds_sort_after_earlier_ones(now: datetime, ms: int, one: bytes, two: bytes) -> None:
    """Range queries in a partition rely on it, whatever the random part is."""
    assert new_id(now, lambda _: one) < new_id(now + timedelta(milliseconds=ms), lambda _: two)


@given(INSTANTS, st.binary(min_size=10, max_size=10))
def test_an_id_says_when_it_was_made(now: datetime, entropy: bytes) -> None:
    """To the millisecond, whatever the random part; and the first id of that millisecond is not after it."""
    made = new_id(now, lambda _: entropy)
    assert timedelta(0) <= now - made_at(made) < timedelta(milliseconds=1)
    assert first_id(now) <= made < first_id(now + timedelta(milliseconds=1))


@pytest.mark.parametrize("text", ["", "platform", "7zzzzzzzzzzzzzzzzzzzzzzzzz", "01KJMMA2G0HNZDV6B1S4FRBAC3", "0" * 27])
def test_what_is_no_id_says_nothing(text: str) -> None:
    """Nor does one of the year 10889, which no clock of ours shows."""
    with pytest.raises(ValueError, match="no i"):
        made_at(text)


def test_every_millisecond_has_ids_of_its_own() -> None:
    """Also where a floating point number of seconds falls short of it."""
    times = {new_id(NOW + timedelta(milliseconds=number), bytes)[:10] for number in range(5000)}
    assert len(times) == 5000


def test_ids_of_one_millisecond_are_not_a_sequence() -> None:
    """Who sees one id can derive neither the next nor the one before: all 80 bits are fresh."""
    made = [new_id(NOW, secrets.token_bytes) for _ in range(500)]
    assert len(set(made)) == 500
    assert len({id[:10] for id in made}) == 1  # noqa: A001
    assert any(earlier > later for earlier, later in pairwise(made))
    assert min(len({id[at] for id in made}) for at in range(10, 26)) > 8  # noqa: A001


def test_an_id_asks_for_ten_random_bytes() -> None:
    """80 bits; fewer would be padded silently."""
    asked: list[int] = []

    def random(count: int) -> bytes:
        asked.append(count)
        return bytes(count)

    new_id(NOW, random)
    assert asked == [10]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0" * 25,
        "0" * 27,
        "8" + "0" * 25,  # more than 128 bits
        "0" * 25 + "i",
        "0" * 25 + "l",
        "0" * 25 + "o",
        "0" * 25 + "u",
        "0" * 25 + "A",
        "0" * 25 + "|",
        "0" * 25 + "/",
        "0" * 26 + "\n",
        "٠" * 26,
        "../" + "0" * 23,
        "organisation",
    ],
)
def test_other_texts_are_no_ids(text: str) -> None:
    """Exactly one spelling: what comes from a path is checked by this before it becomes a key."""
    assert not is_id(text)
