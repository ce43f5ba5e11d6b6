"""A compiled calendar: sorted working intervals, so that every question is a binary search; and periods with dates.

Positions are civil minutes since 1970-01-01T00:00 local. One point of working time can be two positions, the end
of Friday and the start of Monday: a start is the later one, a finish the earlier one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

from dateutil.relativedelta import relativedelta

from changeflow.errors import CalendarExhaustedError
from changeflow.values.moments import day_of, format_day, minute_of


class WorkingCalendar:
    """Working intervals `[start, end)` in order, none empty, none touching the next one's inside."""

    __slots__ = ("__weakref__", "_before", "_ends", "_starts", "closures", "name")

    def __init__(
        self, name: str, intervals: Sequence[tuple[int, int]], closures: Mapping[date, str] | None = None
    ) -> None:
        self.name = name
        self.closures: Mapping[date, str] = closures or {}
        """Why a day has no work, for the days that somebody closed: `half-term`, `Christmas Day`."""
        self._starts = [start for start, _ in intervals]
        self._ends = [end for _, end in intervals]
        self._before = [0, *accumulate(end - start for start, end in intervals)]

    @property
    def intervals(self) -> tuple[tuple[int, int], ...]:
        return tuple(zip(self._starts, self._ends, strict=True))

    @property
    def total(self) -> int:
        """All its working minutes."""
        return self._before[-1]

    def work_before(self, position: int) -> int:
        """Count the working minutes from the calendar's first day to `position`."""
        i = bisect_right(self._starts, position) - 1
        if i < 0:
            return 0
        return self._before[i] + min(position, self._ends[i]) - self._starts[i]

    def between(self, start: int, finish: int) -> int:
        """Count the working minutes from `start` to `finish`; negative when `finish` comes first."""
        return self.work_before(finish) - self.work_before(start)

    def next_working(self, position: int) -> int:
        """Return the first instant at or after `position` at which work can start."""
        i = bisect_right(self._ends, position)
        if i == len(self._ends):
            raise self.exhausted()
        return max(position, self._starts[i])

    def previous_working(self, position: int) -> int:
        """Return the last instant at or before `position` at which work can finish."""
        i = bisect_left(self._starts, position) - 1
        if i < 0:
            raise self.exhausted(is_before=True)
        return min(position, self._ends[i])

    def add(self, start: int, minutes: int) -> int:
        """Return the finish of `minutes` of work from `start`; zero minutes move nothing.

        A negative amount gives the start of that much work before `start`.
        """
        if minutes == 0:
            return start
        if minutes < 0:
            return self.subtract(start, -minutes)
        goal = self.work_before(start) + minutes
        i = bisect_left(self._before, goal) - 1
        if goal > self.total:
            raise self.exhausted()
        return self._starts[i] + goal - self._before[i]

    def subtract(self, finish: int, minutes: int) -> int:
        """Return the latest start from which `minutes` of work end by `finish`; zero minutes move nothing."""
        if minutes == 0:
            return finish
        if minutes < 0:
            return self.add(finish, -minutes)
        goal = self.work_before(finish) - minutes
        if goal < 0:
            raise self.exhausted(is_before=True)
        i = bisect_right(self._before, goal) - 1
        return self._starts[i] + goal - self._before[i]

    def intervals_within(self, start: int, finish: int) -> Iterator[tuple[int, int]]:
        """Yield the intervals that share some time with `[start, finish)`, whole."""
        i = bisect_right(self._ends, start)
        while i < len(self._starts) and self._starts[i] < finish:
            yield self._starts[i], self._ends[i]
            i += 1

    def works_on(self, day: date) -> bool:
        first = (day - date(1970, 1, 1)).days * 1440
        return self.between(first, first + 1440) > 0

    def day_after(self, day: date, working_days: int) -> date:
        """Step `working_days` working days forward from `day` (back when negative); zero returns `day` itself."""
        step = timedelta(days=1 if working_days > 0 else -1)
        left = abs(working_days)
        while left:
            day += step
            if not self._knows(day):
                raise self.exhausted()
            left -= self.works_on(day)
        return day

    def _knows(self, day: date) -> bool:
        return bool(self._starts) and day_of(self._starts[0]) <= day <= day_of(self._ends[-1])

    def exhausted(self, *, is_before: bool = False) -> CalendarExhaustedError:
        """Return the error that says where its working time ends, or, before it, where it begins."""
        if not self._starts:
            return CalendarExhaustedError(self.name, "at all")
        if is_before:
            return CalendarExhaustedError(self.name, f"before {format_day(day_of(self._starts[0]))}")
        return CalendarExhaustedError(self.name, f"after {format_day(day_of(self._ends[-1]))}")


@lru_cache(maxsize=128)
def intersection(name: str, *calendars: WorkingCalendar) -> WorkingCalendar:
    """Work only where all of them do. The reason of a closed day is the first calendar's that gives one."""
    intervals: Sequence[tuple[int, int]] = calendars[0].intervals
    for other in calendars[1:]:
        intervals = _common(intervals, other.intervals)
    closures: dict[date, str] = {}
    for calendar in reversed(calendars):
        closures.update(calendar.closures)
    return WorkingCalendar(name, intervals, closures)


@lru_cache(maxsize=128)
def union(name: str, *calendars: WorkingCalendar) -> WorkingCalendar:
    """Work wherever any of them does."""
    intervals: list[tuple[int, int]] = []
    for start, end in sorted({i for calendar in calendars for i in calendar.intervals}):
        if intervals and start <= intervals[-1][1]:
            intervals[-1] = (intervals[-1][0], max(intervals[-1][1], end))
        else:
            intervals.append((start, end))
    return WorkingCalendar(name, intervals)


def _common(left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    out: list[tuple[int, int]] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            out.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return out


@dataclass(frozen=True, slots=True)
class Period:
    """A span of days, both ends inclusive, by its name: `January 2027`, `Spring term 2027`."""

    name: str
    first: date
    last: date


class Periods:
    """Periods in order, not overlapping. Positions are civil minutes; a period is `[open, close)`."""

    def __init__(self, name: str, periods: Sequence[Period]) -> None:
        self.name = name
        self.periods = tuple(sorted(periods, key=lambda p: p.first))
        self.starts = tuple(minute_of(p.first) for p in self.periods)
        self.closings = tuple(minute_of(p.last + timedelta(days=1)) for p in self.periods)

    def next_start(self, position: int) -> int:
        """Return the first start window at or after `position`."""
        return self.starts[self._index(position)]

    def add(self, start: int, count: int) -> int:
        """Return where the `count`-th whole period from `start` closes; a period already begun does not count."""
        if count == 0:
            return start
        i = self._index(start) + count - 1
        if i >= len(self.closings):
            raise self.exhausted()
        return self.closings[i]

    def subtract(self, finish: int, count: int) -> int:
        """Return the latest start window from which `count` whole periods have closed by `finish`."""
        if count == 0:
            return finish
        i = bisect_right(self.closings, finish) - count
        if i < 0:
            raise self.exhausted(before=finish)
        return self.starts[i]

    def exhausted(self, *, before: int | None = None) -> CalendarExhaustedError:
        """Return the error that says that none opens any more, or none has closed before a position."""
        if before is not None:
            return CalendarExhaustedError(self.name, f"before {format_day(day_of(before))}")
        edge = f"after {format_day(self.periods[-1].last)}" if self.periods else "at all"
        return CalendarExhaustedError(self.name, edge)

    def _index(self, position: int) -> int:
        i = bisect_left(self.starts, position)
        if i == len(self.starts):
            raise self.exhausted()
        return i


@dataclass(frozen=True, slots=True)
class PayPeriod:
    """A calendar month of pay: inputs close at the end of `cut_off`, people are paid on `payday`."""

    period: Period
    cut_off: date
    payday: date


def pay_periods(
    first_month: date, months: int, *, payday: int, cut_off_days: int, office: WorkingCalendar
) -> Iterator[PayPeriod]:
    """Make monthly pay periods: payday is the nth of the month, or the working day before it.

    `payday` beyond a month's end is its last day. The cut-off lies `cut_off_days` working days before the payday.
    """
    for n in range(months):
        first = first_month.replace(day=1) + relativedelta(months=n)
        last = first + relativedelta(day=31)
        paid = min(first + timedelta(days=payday - 1), last)
        if not office.works_on(paid):
            paid = office.day_after(paid, -1)
        yield PayPeriod(Period(f"{first:%B %Y}", first, last), office.day_after(paid, -cut_off_days), paid)


def months(first: date, count: int) -> Periods:
    """Return calendar months."""
    start = first.replace(day=1)
    firsts = [start + relativedelta(months=n) for n in range(count)]
    return Periods("months", [Period(f"{d:%B %Y}", d, d + relativedelta(day=31)) for d in firsts])
