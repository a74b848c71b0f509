"""NCRONTAB schedules as timer triggers use them: parsed from text, asked for the next moment in UTC.

`{second} {minute} {hour} {day} {month} {day of week}`; with five fields the second is 0. A field is `*`, a number,
a range `a-b`, any of these with a step `/n` (`a/n` runs from a to the field's end), or a list of them. Months and days
of the week also have English names, three letters or more; 0 is Sunday. Day and day of week must **both** hold, unlike
in cron, where either is enough. A range the wrong way round is turned (as NCrontab does): `22-2` means 2 to 22.
Stricter than NCrontab in two places, so that a typing mistake cannot pass: a step of 0 and names of one or two letters
are refused.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

_MONTHS = ["january", "february", "march", "april", "may", "june"]
_MONTHS += ["july", "august", "september", "october", "november", "december"]
_DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"]
_SHORTEST_NAME = 3
_FIELDS_WITHOUT_SECONDS = 5
_MOST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_ITEM = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d+))?", re.ASCII)


class ScheduleError(ValueError):
    """The text is not an NCRONTAB schedule, or no date can ever meet it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    name: str
    lowest: int
    highest: int
    names: list[str] | None = None

    def parse(self, text: str) -> frozenset[int]:
        """The numbers that the field admits."""
        return frozenset(number for item in text.split(",") for number in self._item(item))

    def _item(self, item: str) -> range:
        match = _ITEM.fullmatch(item)
        if match is None or (match["first"] == "*" and match["last"] is not None):
            raise ScheduleError(f"'{item}' is not a value of the field {self.name}")
        step = int(match["step"] or 1)
        if step < 1:
            raise ScheduleError(f"the step of the field {self.name} must be at least 1")
        if match["first"] == "*":
            return range(self.lowest, self.highest + 1, step)
        first = self._number(match["first"])
        if match["last"] is not None:
            first, last = sorted((first, self._number(match["last"])))
        else:
            last = self.highest if match["step"] else first
        return range(first, last + 1, step)

    def _number(self, text: str) -> int:
        if text.isdigit():
            number = int(text)
            if not self.lowest <= number <= self.highest:
                raise ScheduleError(f"{number} is outside {self.lowest}-{self.highest} of the field {self.name}")
            return number
        if len(text) >= _SHORTEST_NAME:
            for position, name in enumerate(self.names or []):
                if name.startswith(text.lower()):
                    return self.lowest + position
        raise ScheduleError(f"'{text}' is not a value of the field {self.name}")


_FIELDS = (
    _Field(name="second", lowest=0, highest=59),
    _Field(name="minute", lowest=0, highest=59),
    _Field(name="hour", lowest=0, highest=23),
    _Field(name="day", lowest=1, highest=31),
    _Field(name="month", lowest=1, highest=12, names=_MONTHS),
    _Field(name="day of week", lowest=0, highest=6, names=_DAYS),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed schedule. Every schedule that exists has a next moment."""

    text: str
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    days_of_week: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> "Schedule":
        """Read a schedule.

        Raises:
            ScheduleError: The text is no schedule, or it can never come due (30 February).
        """
        words = text.split()
        if len(words) == _FIELDS_WITHOUT_SECONDS:
            words = ["0", *words]
        if len(words) != len(_FIELDS):
            raise ScheduleError(f"a schedule has six fields (five without seconds), this one has {len(words)}")
        seconds, minutes, hours, days, months, days_of_week = (
            field.parse(word) for field, word in zip(_FIELDS, words, strict=True)
        )
        # Over the 400 years of the calendar's cycle each date falls on each day of the week, 29 February too: a
        # schedule is impossible only when its months are too short for its days.
        if all(min(days) > _MOST_DAYS[month - 1] for month in months):
            raise ScheduleError("no month of the schedule has such a day: it would never come due")
        return cls(
            text,
            tuple(sorted(seconds)),
            tuple(sorted(minutes)),
            tuple(sorted(hours)),
            days,
            months,
            days_of_week,
        )

    def next_after(self, moment: datetime) -> datetime:
        """The first moment of the schedule that is later than `moment` (aware), in UTC and whole seconds."""
        start = moment.astimezone(UTC).replace(microsecond=0) + timedelta(seconds=1)
        if self._runs_on(start.date()):
            time = self._first_time_from(start.hour, start.minute, start.second)
            if time is not None:
                return start.replace(hour=time[0], minute=time[1], second=time[2])
        day = self._next_day(start.date())
        return datetime(day.year, day.month, day.day, self.hours[0], self.minutes[0], self.seconds[0], tzinfo=UTC)

    def runs_within_a_minute(self) -> bool:
        """Whether two runs can be less than a minute apart; the host keeps no status for such a timer."""
        return len(self.seconds) > 1

    def _runs_on(self, day: date) -> bool:
        sunday_based = day.isoweekday() % 7
        return day.day in self.days and day.month in self.months and sunday_based in self.days_of_week

    def _first_time_from(self, hour: int, minute: int, second: int) -> tuple[int, int, int] | None:
        for candidate_hour in self.hours:
            if candidate_hour > hour:
                return candidate_hour, self.minutes[0], self.seconds[0]
            if candidate_hour < hour:
                continue
            for candidate_minute in self.minutes:
                if candidate_minute > minute:
                    return hour, candidate_minute, self.seconds[0]
                if candidate_minute < minute:
                    continue
                for candidate_second in self.seconds:
                    if candidate_second >= second:
                        return hour, minute, candidate_second
        return None

    def _next_day(self, day: date) -> date:
        year, month = day.year, day.month
        first_day = day.day + 1
        while True:
            if month in self.months:
                for number in range(first_day, monthrange(year, month)[1] + 1):
                    if self._runs_on(date(year, month, number)):
                        return date(year, month, number)
            first_day = 1
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)  # noqa: PLR2004 - months of a year
