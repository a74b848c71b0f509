"""Retention: the ceiling, the instant of the end, and buckets that sort as the instants do."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain import retention
from shared.domain.errors import InvalidInputError

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TICK = timedelta(microseconds=1)
INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001


def is_due(end: datetime, item: str, now: datetime) -> bool:
    """What a sweep would find: the index entry up to this hour, and the id below the bound."""
    index, booking = retention.bucket_index(end, item), retention.bucket(end, item)
    is_read = index.id < f"{now.astimezone(UTC):%Y%m%d%H}}}"
    return is_read and booking.id < retention.due_before(now)


@pytest.mark.parametrize("days", [1, 30, 364, 365])
def test_an_organisation_may_shorten(days: int) -> None:
    """Whole days of 24 hours in UTC: no summer time, no calendar."""
    assert retention.expires_at(NOW, retention_days=days) - NOW == timedelta(days=days)


@pytest.mark.parametrize("days", [-1, 0, 366, 3650, 10**9])
def test_nothing_outlives_the_ceiling(days: int) -> None:
    """365 days, and no value that turns the rule off."""
    with pytest.raises(InvalidInputError) as refused:
        retention.expires_at(NOW, retention_days=days)
    assert refused.value.rule == "retention-days"


@pytest.mark.parametrize(
    ("made", "end"),
    [
        (datetime(2027, 3, 1, tzinfo=UTC), datetime(2028, 2, 29, tzinfo=UTC)),
        (datetime(2028, 2, 29, tzinfo=UTC), datetime(2029, 2, 28, tzinfo=UTC)),
        (datetime(2028, 3, 1, tzinfo=UTC), datetime(2029, 3, 1, tzinfo=UTC)),
        (
            datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2027, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        ),
    ],
)
def test_a_year_is_365_days_over_leap_days_too(made: datetime, end: datetime) -> None:
    """Never 366: the ceiling is in days."""
    assert retention.expires_at(made, retention_days=retention.CEILING_DAYS) == end


def test_the_end_is_the_instant_itself() -> None:
    """To the microsecond: one before it lives, at it and after it has ended."""
    assert not retention.is_expired(NOW, now=NOW - TICK)
    assert retention.is_expired(NOW, now=NOW)
    assert retention.is_expired(NOW, now=NOW + TICK)


@pytest.mark.parametrize(
    "end",
    [
        NOW,
        NOW + TICK,
        NOW - TICK,  # the last microsecond of an hour
        datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2027, 1, 1, tzinfo=UTC),
        datetime(2028, 2, 29, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(2026, 3, 29, 1, 0, tzinfo=UTC),  # Swedish summer time begins
        datetime(2026, 10, 25, 1, 0, tzinfo=UTC),  # and ends
    ],
)
def test_a_sweep_finds_a_thing_from_its_instant_on(end: datetime) -> None:
    """Not a microsecond earlier, on both sides of hours, days, years and clock changes."""
    assert not is_due(end, "message|a|b", end - TICK)
    assert is_due(end, "message|a|b", end)
    assert is_due(end, "message|a|b", end + TICK)
    assert is_due(end, "message|a|b", end + timedelta(days=730))


@given(INSTANTS, INSTANTS, st.sampled_from(["message|a|b", "upload|c", "session|0"]))
def test_a_sweep_finds_exactly_what_has_ended(end: datetime, now: datetime, item: str) -> None:
    """For any two instants, the texts of the buckets agree with the instants."""
    assert is_due(end, item, now) == retention.is_expired(end, now=now)


@given(INSTANTS, INSTANTS)
def test_bookings_sort_as_their_instants(one: datetime, other: datetime) -> None:
    """Inside a bucket as well as between them."""
    first, second = retention.bucket(one, "x"), retention.bucket(other, "x")
    assert (first.id < second.id) == (one < other)
    if one < other:
        assert first.partition <= second.partition


@given(INSTANTS, st.sampled_from([-12, -5, 1, 2, 14]))
def test_the_time_zone_of_an_instant_does_not_matter(end: datetime, hours: int) -> None:
    """The same instant has one bucket, however it is written."""
    local = end.astimezone(timezone(timedelta(hours=hours)))
    assert retention.bucket(end, "x") == retention.bucket(local, "x")
    assert retention.bucket_index(end, "x") == retention.bucket_index(local, "x")
    assert retention.due_before(end) == retention.due_before(local)


def test_the_index_names_the_bucket() -> None:
    """A sweep derives the partition from the entry."""
    for number in range(100):
        item = f"message|t|{number}"
        booking, index = retention.bucket(NOW, item), retention.bucket_index(NOW, item)
        assert booking.partition == f"expiry|{index.id}"
        assert booking.id.partition("|")[2] == item


def test_a_busy_hour_is_spread_over_all_shards() -> None:
    """One partition per hour would be the hot spot of a mass mailing."""
    counts = [0] * retention.SHARDS
    for number in range(1600):
        counts[retention.shard_of(f"message|t|{number}")] += 1
    assert min(counts) > 50
