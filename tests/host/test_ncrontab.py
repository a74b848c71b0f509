"""NCRONTAB: what is a schedule, and when it comes due next."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.host.ncrontab import Schedule, ScheduleError


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NEXT = [
    # schedule, asked at, next
    ("* * * * * *", "2026-01-01T00:00:00", "2026-01-01T00:00:01"),
    ("0 */5 * * * *", "2026-01-01T00:04:59", "2026-01-01T00:05:00"),
    ("0 */5 * * * *", "2026-01-01T00:05:00", "2026-01-01T00:10:00"),
    ("0 10 * * * *", "2026-01-01T23:10:00", "2026-01-02T00:10:00"),
    ("30 0 12 * * *", "2026-02-28T12:00:30", "2026-03-01T12:00:30"),
    ("15 3 * * *", "2026-01-01T03:15:00", "2026-01-02T03:15:00"),
    ("10-20/5 * * * * *", "2026-01-01T00:00:10", "2026-01-01T00:00:15"),
    ("10-20/5 * * * * *", "2026-01-01T00:00:20", "2026-01-01T00:01:10"),
    ("50/4 * * * * *", "2026-01-01T00:00:54", "2026-01-01T00:00:58"),
    ("0 0 8-17,22 * * *", "2026-01-01T17:00:00", "2026-01-01T22:00:00"),
    ("0 0 22-8 * * *", "2026-01-01T08:00:00", "2026-01-01T09:00:00"),
    ("0 0 0 31 * *", "2026-01-31T00:00:00", "2026-03-31T00:00:00"),
    ("0 0 0 31 * *", "2026-03-31T00:00:00", "2026-05-31T00:00:00"),
    ("0 0 0 1 1 *", "2026-12-31T23:59:59", "2027-01-01T00:00:00"),
    ("0 0 0 29 2 *", "2026-01-01T00:00:00", "2028-02-29T00:00:00"),
    ("0 0 0 29 2 *", "2096-03-01T00:00:00", "2104-02-29T00:00:00"),
    ("0 0 0 29 2 1", "2026-01-01T00:00:00", "2044-02-29T00:00:00"),
    ("0 30 9 * Jan Mon-Fri", "2026-01-30T09:30:00", "2027-01-01T09:30:00"),
    ("0 0 0 * feb,October sun", "2026-02-22T00:00:00", "2026-10-04T00:00:00"),
    ("0 0 0 * * 0", "2026-01-01T00:00:00", "2026-01-04T00:00:00"),
    ("0 0 0 13 * 5", "2026-01-01T00:00:00", "2026-02-13T00:00:00"),
    ("59 59 23 31 12 *", "2026-12-31T23:59:58", "2026-12-31T23:59:59"),
]


@pytest.mark.parametrize(("schedule", "moment", "expected"), NEXT)
def test_the_next_moment_is_the_first_one_after(schedule: str, moment: str, expected: str) -> None:
    """Ends of months, leap days, both day fields together: retention must never miss or repeat a run."""
    assert at(expected) == Schedule.parse(schedule).next_after(at(moment))


def test_a_moment_of_another_zone_is_asked_in_utc() -> None:
    """Flex Consumption knows no zones, so a developer's zone must not shift the schedule."""
    stockholm = datetime(2026, 7, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))

    assert at("2026-07-01T00:00:00") == Schedule.parse("0 0 0 * * *").next_after(stockholm)


def test_parts_of_a_second_round_up_to_the_next_moment() -> None:
    """A timer that fired half a second ago is over; the one half a second ahead is not."""
    schedule = Schedule.parse("* * * * * *")

    assert at("2026-01-01T00:00:01") == schedule.next_after(at("2026-01-01T00:00:00.5"))


REFUSED = [
    ("", "six fields"),
    ("* * * *", "six fields"),
    ("0 0 0 * * * 2026", "six fields"),
    ("00:05:00", "six fields"),
    ("60 * * * * *", "60 is outside 0-59 of the field second"),
    ("0 0 24 * * *", "outside 0-23"),
    ("0 0 0 0 * *", "outside 1-31"),
    ("0 0 0 * 13 *", "outside 1-12"),
    ("0 0 0 * * 7", "outside 0-6"),
    ("*/0 * * * * *", "step"),
    ("a * * * * *", "'a' is not a value"),
    ("0 0 0 * Ma *", "'Ma' is not a value"),
    ("0 0 0 * Jxx *", "'Jxx' is not a value"),
    ("1,,2 * * * * *", "is not a value"),
    ("*-5 * * * * *", "is not a value"),
    ("1-2-3 * * * * *", "is not a value"),
    ("-1 * * * * *", "is not a value"),
    ("0 0 0 ? * *", "is not a value"),
    ("0 0 0 L * *", "is not a value"),
    ("٣ * * * * *", "is not a value"),
]


@pytest.mark.parametrize(("schedule", "reason"), REFUSED)
def test_what_is_no_schedule_is_refused_with_its_reason(schedule: str, reason: str) -> None:
    """A typing mistake must stop the start, not silently become another schedule."""
    with pytest.raises(ScheduleError, match=reason.replace("*", r"\*")):
        Schedule.parse(schedule)


@pytest.mark.parametrize("schedule", ["0 0 0 30 2 *", "0 0 0 31 4,6,9,11 *", "0 0 0 30,31 Feb *"])
def test_a_date_that_never_comes_is_refused(schedule: str) -> None:
    """Looking for it would never end."""
    with pytest.raises(ScheduleError, match="never come due"):
        Schedule.parse(schedule)


@pytest.mark.parametrize(
    ("schedule", "expected"), [("*/10 * * * * *", True), ("0 * * * * *", False), ("* * * * *", False)]
)
def test_only_a_schedule_of_seconds_runs_within_a_minute(schedule: str, expected: bool) -> None:  # noqa: FBT001
    """The host keeps no status for such timers, as the real one."""
    assert expected == Schedule.parse(schedule).runs_within_a_minute()


FIELDS = st.tuples(
    *(
        st.one_of(st.just("*"), st.integers(low, high).map(str), st.integers(1, 9).map("*/{}".format))
        for low, high in ((0, 59), (0, 59), (0, 23), (1, 28), (1, 12), (0, 6))
    )
)


@given(FIELDS, st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_the_next_moment_is_later_and_has_no_moment_before_it(fields: tuple[str, ...], moment: datetime) -> None:
    """Asking from just before the answer gives the answer again: nothing lies between, and it is on the schedule."""
    schedule = Schedule.parse(" ".join(fields))

    answer = schedule.next_after(moment.replace(tzinfo=UTC))

    assert answer > moment.replace(tzinfo=UTC)
    assert answer == schedule.next_after(answer - timedelta(seconds=1))
    assert answer.month in schedule.months
    assert answer.day in schedule.days
    assert answer.isoweekday() % 7 in schedule.days_of_week
