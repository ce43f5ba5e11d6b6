"""A compiled calendar: sorted working intervals, so that every question is a binary search.

Positions are civil minutes since 1970-01-01T00:00 local. One point of working time can be two positions, the end
of Friday and the start of Monday: a start is the later one, a finish the earlier one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import lru_cache
from itertools import accumulate

from changeflow.errors import CalendarExhaustedError
from changeflow.values.moments import day_of, format_day


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


def intersection(name: str, calendars: Sequence[WorkingCalendar]) -> WorkingCalendar:
    """Work only where all of them do. The reason of a closed day is the first calendar's that gives one."""
    return _intersection(name, tuple(calendars))


@lru_cache(maxsize=128)
def _intersection(name: str, calendars: tuple[WorkingCalendar, ...]) -> WorkingCalendar:
    intervals: Sequence[tuple[int, int]] = calendars[0].intervals
    for other in calendars[1:]:
        intervals = _common(intervals, other.intervals)
    closures: dict[date, str] = {}
    for calendar in reversed(calendars):
        closures.update(calendar.closures)
    return WorkingCalendar(name, intervals, closures)


def union(name: str, calendars: Iterable[WorkingCalendar]) -> WorkingCalendar:
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
