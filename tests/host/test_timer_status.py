"""What a host that starts owes to a timer."""

from datetime import UTC, datetime, timedelta

import pytest

from local.host.ncrontab import Schedule
from local.host.timer_status import NEVER, TimerStatus, after_run, assess

HOURLY = Schedule.parse("0 0 * * * *")
NOON = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)


def status(last: datetime, following: datetime, updated: datetime | None = None) -> TimerStatus:
    return TimerStatus(last=last, next=following, last_updated=updated or last)


def hours(count: float) -> timedelta:
    return timedelta(hours=count)


def test_a_timer_never_seen_owes_nothing() -> None:
    """Its first run is the next moment of the schedule."""
    result = assess(None, HOURLY, NOON + hours(0.5))

    assert not result.is_past_due
    assert status(NEVER, NOON + hours(1), NOON + hours(0.5)) == result.status


@pytest.mark.parametrize("missed", [0.001, 1, 240])
def test_missed_runs_are_owed_however_many(missed: float) -> None:
    """One catch-up run; the status stays as it was, so that a crash before it does not lose it."""
    stored = status(NOON, NOON + hours(1))
    result = assess(stored, HOURLY, NOON + hours(1 + missed))

    assert result.is_past_due
    assert stored == result.status


def test_a_run_missed_before_the_first_one_is_owed() -> None:
    """The host was up when the timer was first seen, and down at its first moment."""
    result = assess(status(NEVER, NOON + hours(1), NOON + hours(0.2)), HOURLY, NOON + hours(3))

    assert result.is_past_due


def test_a_run_still_to_come_is_not_owed() -> None:
    """A restart between two moments changes nothing."""
    stored = status(NOON, NOON + hours(1))
    result = assess(stored, HOURLY, NOON + hours(0.9))

    assert (False, stored) == (result.is_past_due, result.status)


def test_a_changed_schedule_owes_nothing() -> None:
    """Else every deployment of a new schedule would run the timer at once."""
    result = assess(status(NOON, NOON + hours(1)), Schedule.parse("0 30 * * * *"), NOON + hours(240))

    assert not result.is_past_due
    assert status(NEVER, NOON + hours(240.5), NOON + hours(240)) == result.status


def test_a_changed_schedule_keeps_its_origin_when_its_moment_is_to_come() -> None:
    """So that the next start reckons the same moment and does not take it for another change."""
    half_past = Schedule.parse("0 30 * * * *")
    result = assess(status(NOON, NOON + hours(1)), half_past, NOON + hours(0.1))

    assert status(NEVER, NOON + hours(0.5), NOON) == result.status
    assert assess(result.status, half_past, NOON + hours(0.6)).is_past_due


def test_after_a_scheduled_run_that_seems_early_the_moment_is_not_repeated() -> None:
    """The clock was set back a little: reckoned from the start, the same moment would come again."""
    result = after_run(status(NOON, NOON + hours(1)), HOURLY, NOON + hours(0.999), is_scheduled=True)

    assert status(NOON + hours(1), NOON + hours(2)) == result


def test_after_a_catch_up_run_the_next_moment_follows_its_start() -> None:
    """Missed moments are not run one after the other."""
    result = after_run(status(NOON, NOON + hours(1)), HOURLY, NOON + hours(9.5), is_scheduled=False)

    assert status(NOON + hours(9.5), NOON + hours(10)) == result


def test_the_stored_form_can_be_read_back() -> None:
    """Last, Next, LastUpdated, as the real host names them."""
    kept = status(NOON, NOON + hours(1))
    text = (
        b'{"Last": "2026-05-01T12:00:00+00:00", "Next": "2026-05-01T13:00:00Z", "LastUpdated": "2026-05-01T12:00:00Z"}'
    )

    assert kept == TimerStatus.parse(text)
    assert list(kept.as_json()) == ["Last", "Next", "LastUpdated"]


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"{}", b'{"Last": 1, "Next": 1, "LastUpdated": 1}', b'{"Last": "2026-05-01T12:00:00"}']
)
def test_what_is_no_status_is_refused(text: bytes) -> None:
    """The caller starts afresh instead of guessing."""
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own error is one as well
        TimerStatus.parse(text)
