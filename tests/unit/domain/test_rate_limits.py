"""Buckets of tokens: how much gets through, and when it is worth asking again."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.rate_limits import (
    LONGEST_SECONDS,
    MOST_COUNT,
    SKEW,
    Bucket,
    Limit,
    network_of,
    retry_after_seconds,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)

limits = st.builds(lambda count, seconds: Limit(count=count, seconds=seconds), st.integers(1, 50), st.integers(1, 600))
gaps = st.lists(st.integers(0, 20_000_000), min_size=1, max_size=120)


def granted(limit: Limit, gaps: list[int]) -> list[datetime]:
    """When acts were let through, of one after each gap (microseconds)."""
    bucket, now, found = Bucket(limit=limit), NOW, []
    for gap in gaps:
        now += timedelta(microseconds=gap)
        if bucket.tokens(now):
            bucket = bucket.taken(1, now)
            found.append(now)
    return found


@given(limits, gaps)
def test_no_stretch_of_time_lets_more_through_than_the_count_and_what_refills(limit: Limit, gaps: list[int]) -> None:
    """For every stretch between two acts: twice the count in a period, the count at once."""
    acts = granted(limit, gaps)
    for first in range(len(acts)):
        for last in range(first, len(acts)):
            stretch = acts[last] - acts[first]
            assert last - first + 1 <= limit.count + stretch * limit.count / timedelta(seconds=limit.seconds)


@given(limits)
def test_whoever_takes_each_token_at_once_gets_no_more(limit: Limit) -> None:
    """Also where an interval is no whole number of microseconds: rounding never adds a token."""
    bucket, now, taken = Bucket(limit=limit), NOW, 0
    for _ in range(3 * limit.count):
        now = bucket.next_token_at(now)
        bucket, taken = bucket.taken(1, now), taken + 1
        assert (taken - limit.count) * limit.seconds * SECOND <= (now - NOW) * limit.count


@given(limits, st.integers(1, 200))
def test_a_full_bucket_gives_the_count_at_once_and_is_full_again_after_its_time(limit: Limit, wanted: int) -> None:
    """Neither less nor more, however it is asked for."""
    bucket = Bucket(limit=limit)
    assert bucket.tokens(NOW) == limit.count
    taken = min(wanted, limit.count)
    after = bucket.taken(taken, NOW)
    assert after.tokens(NOW) == limit.count - taken
    assert after.tokens(NOW + limit.seconds * SECOND + timedelta(microseconds=limit.count)) == limit.count


@given(limits, gaps)
def test_the_next_token_comes_when_it_is_said_and_not_before(limit: Limit, gaps: list[int]) -> None:
    """Of every bucket that is empty: a microsecond earlier there is none."""
    bucket, now = Bucket(limit=limit), NOW
    for gap in gaps:
        now += timedelta(microseconds=gap)
        at = bucket.next_token_at(now)
        if bucket.tokens(now):
            assert at == now
            bucket = bucket.taken(1, now)
            continue
        assert bucket.tokens(at) == 1
        assert bucket.tokens(at - timedelta(microseconds=1)) == 0
        seconds = retry_after_seconds(at, now=now)
        assert bucket.tokens(now + seconds * SECOND) >= 1
        assert seconds == 1 or bucket.tokens(now + (seconds - 1) * SECOND) == 0
        assert seconds <= limit.seconds + 1


@given(limits, gaps, st.integers(0, 10**9))
def test_a_clock_that_goes_back_locks_nobody_out(limit: Limit, gaps: list[int], back: int) -> None:
    """An empty bucket of tomorrow is not empty until tomorrow: the next token is a minute later at most than ever."""
    bucket, now = Bucket(limit=limit), NOW
    for gap in gaps:
        now += timedelta(microseconds=gap)
        bucket = bucket.taken(bucket.tokens(now), now)
    earlier = now - timedelta(seconds=back)
    at = bucket.next_token_at(earlier)
    assert bucket.tokens(at) >= 1
    assert at - earlier <= limit.interval + SKEW


@given(limits, gaps, st.integers(0, 60_000_000))
def test_two_clocks_that_differ_let_no_more_through(limit: Limit, gaps: list[int], ahead: int) -> None:
    """One instance is up to a minute ahead: what it has emptied is empty to the other as well."""
    bucket, now = Bucket(limit=limit), NOW + timedelta(microseconds=ahead)
    bucket = bucket.taken(limit.count, now)
    assert bucket.tokens(NOW) == 0
    assert bucket.next_token_at(NOW) == now + limit.interval
    for gap in gaps:
        now += timedelta(microseconds=gap)
        assert bucket.tokens(now - timedelta(microseconds=ahead)) <= bucket.tokens(now)


def test_a_changed_limit_counts_at_once() -> None:
    """What the bucket was made with does not matter, or keeps nobody out longer than the new limit would."""
    empty = Bucket(limit=Limit(count=10, seconds=3600)).taken(10, NOW)
    assert Bucket(limit=Limit(count=5, seconds=3600), full_at=empty.full_at).tokens(NOW) == 0
    assert Bucket(limit=Limit(count=20, seconds=3600), full_at=empty.full_at).tokens(NOW) == 0
    assert Bucket(limit=Limit(count=5, seconds=60), full_at=empty.full_at).tokens(NOW) == 5


@pytest.mark.parametrize("tokens", [-1, 4, 10**9])
def test_nobody_takes_what_is_not_there(tokens: int) -> None:
    """Also no negative number, which would fill the bucket."""
    with pytest.raises(ValueError, match="more tokens"):
        Bucket(limit=Limit(count=3, seconds=60)).taken(tokens, NOW)


@pytest.mark.parametrize(
    ("count", "seconds"), [(0, 1), (1, 0), (-1, 60), (MOST_COUNT + 1, 1), (1, LONGEST_SECONDS + 1)]
)
def test_what_is_no_limit_is_refused(count: int, seconds: int) -> None:
    """A count of none would lock everybody out for ever."""
    with pytest.raises(ValueError, match="not a limit"):
        Limit(count=count, seconds=seconds)


@pytest.mark.parametrize(
    ("microseconds", "seconds"), [(0, 1), (1, 1), (1_000_000, 1), (1_000_001, 2), (-5, 1), (59_999_999, 60)]
)
def test_retry_after_is_in_whole_seconds_and_never_none(microseconds: int, seconds: int) -> None:
    """Zero would mean at once (RFC 9110 section 10.2.3)."""
    assert retry_after_seconds(NOW + timedelta(microseconds=microseconds), now=NOW) == seconds


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("a socket", "a socket"),
    ],
)
def test_an_address_counts_for_its_household(address: str, network: str) -> None:
    """One of IPv6 can be changed at will inside its /64, so the /64 counts; one of IPv4 counts for itself."""
    assert network_of(address) == network
