"""Calendars as working intervals: the work between two times, and when an amount of work ends.

Each query is a binary search in the laid-out part of a calendar; a calendar with `make` lays out more on demand.
Positions are civil minutes since 1970-01-01T00:00 local. One point of working time can be two positions, the end of
Friday and the start of Monday: a start is the later one, a finish the earlier one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import accumulate
from operator import sub

from changeflow.calendar.extent import GROWING, ONE_DAY, DayRange, GivenDates, Intervals, Make, day_at
from changeflow.errors import CalendarExhaustedError
from changeflow.values.moments import DAY, WEEK, day_of, format_day, minute_of


class LaidOut:
    """Working intervals of a span of days, in order, and the reasons for closed days. Immutable.

    With `repeats`, the first two and last two weeks are alike, and so is every week outside these days.
    """

    __slots__ = ("__weakref__", "before", "closures", "days", "ends", "starts", "week")

    def __init__(
        self, intervals: Intervals, closures: Mapping[date, str], days: DayRange | None, *, repeats: bool = False
    ) -> None:
        self.starts = [start for start, _ in intervals]
        self.ends = [end for _, end in intervals]
        self.before: list[int] = [0, *accumulate(map(sub, self.ends, self.starts))]
        """The working minutes before each interval, and finally the total."""
        self.closures = closures
        self.days = days
        """The days that are laid out; None if there are no further ones."""
        self.week = 0
        """The working minutes of the repeating week; 0 if there is none."""
        if days is not None and repeats:
            self.week = self.work_before(days.low + WEEK)

    @property
    def intervals(self) -> tuple[tuple[int, int], ...]:
        return tuple(zip(self.starts, self.ends, strict=True))

    @property
    def total(self) -> int:
        """The total working minutes."""
        return self.before[-1]

    def work_before(self, position: int) -> int:
        """Count the working minutes from the first laid-out day to `position`; negative if it is earlier."""
        weeks = self.weeks_off(position)
        position -= weeks * WEEK
        i = bisect_right(self.starts, position) - 1
        if i < 0:
            return 0
        return self.before[i] + min(position, self.ends[i]) - self.starts[i] + weeks * self.week

    @property
    def repeating_week(self) -> DayRange | None:
        """The days of the repeating week; None if no week repeats."""
        return DayRange(self.days.first, self.days.first + 6 * ONE_DAY) if self.days and self.week else None

    def weeks_off(self, position: int) -> int:
        """Return how many weeks a position is outside the searchable days; 0 if no week repeats."""
        if not self.week or self.days is None:
            return 0
        return weeks_outside(position, self.days.low + WEEK, self.days.high - WEEK, WEEK)

    def weeks_of_work_off(self, work: int) -> int:
        """Return how many weeks an amount of work is outside the searchable days; 0 if no week repeats."""
        return weeks_outside(work, self.week, self.total - self.week, self.week) if self.week else 0


def weeks_outside(at: int, low: int, high: int, week: int) -> int:
    """Return how many weeks a value is outside `[low, high)`; negative if it is before."""
    if at >= high:
        return (at - high) // week + 1
    return -((low - at + week - 1) // week) if at < low else 0


class WorkingCalendar:
    """Working intervals `[start, end)` in order, none of them empty, without overlaps.

    With `days`, these are the intervals of those days, and `make` lays out others. Without `days` there are no others,
    and going beyond them raises `CalendarExhaustedError`. With `repeats`, all weeks outside `days` are like the first
    two and last two within, so no more need be laid out for any date.
    """

    __slots__ = ("__weakref__", "_laid_out", "_make", "given", "name")

    def __init__(
        self,
        name: str,
        intervals: Intervals,
        closures: Mapping[date, str] | None = None,
        *,
        days: DayRange | None = None,
        make: Make | None = None,
        given: tuple[GivenDates, ...] = (),
        repeats: bool = False,
    ) -> None:
        self.name = name
        self.given = given
        """The sources of its dates; days outside all of them are assumed."""
        self._make = make
        self._laid_out = LaidOut(intervals, closures or {}, days, repeats=repeats)

    @property
    def laid_out(self) -> LaidOut:
        """What has been laid out so far."""
        return self._laid_out

    @property
    def intervals(self) -> tuple[tuple[int, int], ...]:
        """The intervals that have been laid out so far."""
        return self._laid_out.intervals

    @property
    def closures(self) -> Mapping[date, str]:
        """The reasons for closed days: `half-term`, `Christmas Day`."""
        return self._laid_out.closures

    def between(self, start: int, finish: int) -> int:
        """Count the working minutes from `start` to `finish`; negative when `finish` comes first."""
        known = self._having(start, finish)
        return known.work_before(finish) - known.work_before(start)

    def next_working(self, position: int) -> int:
        """Return the first instant at or after `position` at which work can start."""
        known = self._having(position)
        off = known.weeks_off(position) * WEEK
        while (i := bisect_right(known.ends, position - off)) == len(known.ends):
            known = _more(self, known)
        return max(position, known.starts[i] + off)

    def previous_working(self, position: int) -> int:
        """Return the last instant at or before `position` at which work can finish."""
        known = self._having(position)
        off = known.weeks_off(position) * WEEK
        while (i := bisect_left(known.starts, position - off) - 1) < 0:
            known = _more(self, known, is_before=True)
        return min(position, known.ends[i] + off)

    def add(self, start: int, minutes: int) -> int:
        """Return the finish of `minutes` of work from `start`; zero minutes return `start`.

        A negative amount gives the start of that much work before `start`.
        """
        if minutes <= 0:
            return start if minutes == 0 else self.subtract(start, -minutes)
        known = self._having(start)
        weeks = known.weeks_of_work_off(known.work_before(start) + minutes)
        while (goal := known.work_before(start) + minutes - weeks * known.week) > known.total:
            known = _more(self, known)
        i = bisect_left(known.before, goal) - 1
        return known.starts[i] + goal - known.before[i] + weeks * WEEK

    def subtract(self, finish: int, minutes: int) -> int:
        """Return the latest start from which `minutes` of work end by `finish`; zero minutes return `finish`."""
        if minutes <= 0:
            return finish if minutes == 0 else self.add(finish, -minutes)
        known = self._having(finish)
        weeks = known.weeks_of_work_off(known.work_before(finish) - minutes)
        while (goal := known.work_before(finish) - minutes - weeks * known.week) < 0:
            known = _more(self, known, is_before=True)
        i = bisect_right(known.before, goal) - 1
        return known.starts[i] + goal - known.before[i] + weeks * WEEK

    def intervals_within(self, start: int, finish: int) -> Iterator[tuple[int, int]]:
        """Return the whole intervals that overlap `[start, finish)`."""
        if self._laid_out.week:
            self.reach(start, finish)
        known = self._having(start, finish)
        within = slice(bisect_right(known.ends, start), bisect_left(known.starts, finish))
        return zip(known.starts[within], known.ends[within], strict=True)

    def works_on(self, day: date) -> bool:
        first = minute_of(day)
        return self.between(first, first + DAY) > 0

    def day_after(self, day: date, working_days: int) -> date:
        """Step `working_days` working days forward from `day` (back when negative); zero returns `day` itself."""
        for _ in range(abs(working_days)):
            at = minute_of(day)
            day = day_of(self.next_working(at + DAY) if working_days > 0 else self.previous_working(at) - 1)
        return day

    def reach(self, *positions: int, is_before: bool | None = None) -> bool:
        """Lay out more: as far as the positions need, or twice as much at one end. Return whether there was more."""
        with GROWING:
            known = self._laid_out
            if known.days is None or self._make is None or not known.before[-1]:
                return False
            wanted = known.days
            if is_before is not None:
                wanted = wanted.earlier() if is_before else wanted.later()
            for at in positions:
                wanted = wanted.earlier(day_at(at)) if at < wanted.low else wanted
                wanted = wanted.later(day_at(at)) if at > wanted.high else wanted
            if wanted == known.days:
                return False
            self._laid_out = _extended(known, wanted, self._make)
            return True

    def exhausted(self, *, is_before: bool = False) -> CalendarExhaustedError:
        """Return the error that says where its working time ends or begins."""
        known = self._laid_out
        if not known.starts:
            return CalendarExhaustedError(self.name, "at all")
        if is_before:
            return CalendarExhaustedError(self.name, f"before {format_day(day_of(known.starts[0]))}")
        return CalendarExhaustedError(self.name, f"after {format_day(day_of(known.ends[-1]))}")

    def _having(self, *positions: int) -> LaidOut:
        """Return the layout, extended to these positions where possible."""
        known = self._laid_out
        if known.days is not None and not known.week and not known.days.have(*positions):
            self.reach(*positions)
        return self._laid_out


def _more(calendar: WorkingCalendar, known: LaidOut, *, is_before: bool = False) -> LaidOut:
    """Return a larger layout of a calendar; raise `CalendarExhaustedError` if there is no more."""
    if known is calendar.laid_out and not calendar.reach(is_before=is_before):
        raise calendar.exhausted(is_before=is_before)
    return calendar.laid_out


def _extended(known: LaidOut, wanted: DayRange, make: Make) -> LaidOut:
    """Lay out the days of `wanted` before and after the known ones."""
    days = known.days
    if days is None:
        return known
    intervals, closures = list(known.intervals), dict(known.closures)
    if wanted.first < days.first:
        earlier, reasons = make(wanted.first, days.first - ONE_DAY)
        intervals, closures = [*earlier, *intervals], {**reasons, **closures}
    if days.last < wanted.last:
        later, reasons = make(days.last + ONE_DAY, wanted.last)
        intervals, closures = [*intervals, *later], {**closures, **reasons}
    return LaidOut(intervals, closures, wanted, repeats=known.week > 0)


@lru_cache(maxsize=128)
def intersection(name: str, *calendars: WorkingCalendar) -> WorkingCalendar:
    """Return a calendar that works only when all of these do. The reason for a closed day comes from the first calendar
    that gives one."""
    return _combined(name, _Shared(calendars), calendars)


@lru_cache(maxsize=128)
def union(name: str, *calendars: WorkingCalendar) -> WorkingCalendar:
    """Return a calendar that works whenever any of these does."""
    return _combined(name, _Any(calendars), calendars)


def _combined(name: str, make: Make, calendars: Sequence[WorkingCalendar]) -> WorkingCalendar:
    """Lay out all days that any of the calendars has laid out. If one of them has an end, so has the combination."""
    known = [days for c in calendars if (days := c.laid_out.days) is not None]
    given = tuple(dict.fromkeys(g for c in calendars for g in c.given))
    if len(known) == len(calendars):
        days = DayRange(min(d.first for d in known), max(d.last for d in known))
        return WorkingCalendar(name, *make(*days), days=days, make=make, given=given)
    ends = [at for c in calendars for interval in c.intervals for at in interval]
    if not ends:
        return WorkingCalendar(name, ())
    return WorkingCalendar(name, *make(day_of(min(ends)), day_of(max(ends))), given=given)


@dataclass(frozen=True, slots=True)
class _Shared:
    """The time in which all the given calendars work."""

    calendars: tuple[WorkingCalendar, ...]

    def __call__(self, first: date, last: date) -> tuple[Intervals, Mapping[date, str]]:
        low, high = minute_of(first), minute_of(last) + DAY
        parts = [_clipped(calendar, low, high) for calendar in self.calendars]
        # Most intervals are the same in all calendars, so only the others have to be cut.
        alike = set(parts[0]).intersection(*parts[1:])
        intervals = [i for i in parts[0] if i not in alike]
        for part in parts[1:]:
            intervals = _common(intervals, [i for i in part if i not in alike])
        intervals = sorted([*(i for i in parts[0] if i in alike), *intervals])
        closures: dict[date, str] = {}
        for calendar in reversed(self.calendars):
            closures |= {day: why for day, why in calendar.closures.items() if first <= day <= last}
        return intervals, closures


@dataclass(frozen=True, slots=True)
class _Any:
    """The time in which any of the given calendars works."""

    calendars: tuple[WorkingCalendar, ...]

    def __call__(self, first: date, last: date) -> tuple[Intervals, Mapping[date, str]]:
        low, high = minute_of(first), minute_of(last) + DAY
        intervals: list[tuple[int, int]] = []
        for start, end in sorted({i for calendar in self.calendars for i in _clipped(calendar, low, high)}):
            if intervals and start <= intervals[-1][1]:
                intervals[-1] = (intervals[-1][0], max(intervals[-1][1], end))
            else:
                intervals.append((start, end))
        return intervals, {}


def _clipped(calendar: WorkingCalendar, low: int, high: int) -> list[tuple[int, int]]:
    """Return a calendar's intervals between two instants; work at night is cut at the first and last midnight."""
    found = list(calendar.intervals_within(low, high))
    if found:
        found[0] = (max(found[0][0], low), found[0][1])
        found[-1] = (found[-1][0], min(found[-1][1], high))
    return found


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
