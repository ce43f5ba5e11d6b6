"""Calendars in layers (nation, local authority, trust, school, task), compiled to working intervals; and periods.

The nearest layer that speaks of a day decides. Of a compiled calendar every question is a binary search. Positions are
civil minutes since 1970-01-01T00:00 local. One point of working time can be two positions, the end of Friday and the
start of Monday: a start is the later one, a finish the earlier one.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import module_from_spec
from itertools import accumulate
from typing import Any

from dateutil.relativedelta import relativedelta

from changeflow.errors import CalendarExhaustedError, MeetingsExhaustedError
from changeflow.values.moments import DAY, day_of, format_day, minute_of


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


class MeetingDates(Periods):
    """The days on which a board or committee meets: each is a start window of one day."""

    def __init__(self, name: str, days: Iterable[date], *, calendar: str) -> None:
        super().__init__(name, [Period(f"{name}, {format_day(day)}", day, day) for day in sorted(set(days))])
        self.calendar = calendar
        """The calendar that the dates are in."""

    def exhausted(self, *, before: int | None = None) -> CalendarExhaustedError:
        edge = (
            f"after {format_day(self.periods[-1].last)}" if before is None else f"before {format_day(day_of(before))}"
        )
        return MeetingsExhaustedError(self.name, edge, self.calendar)


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


Hours = tuple[tuple[int, int], ...]
"""Working intervals of one day, in minutes from its midnight; empty for a closed day."""


@dataclass(frozen=True, slots=True)
class DaySpan:
    """Dated statement: from `first` to `last`, both inclusive, these hours; None means the ordinary ones."""

    first: date
    last: date
    hours: Hours | None
    reason: str


@dataclass(frozen=True, slots=True)
class Layer:
    """What one level says: perhaps a week, and dated spans, of which a later one wins over an earlier one."""

    name: str
    week: Mapping[int, Hours] | None = None
    """Hours by weekday, Monday 0; a weekday left out is closed."""
    spans: Sequence[DaySpan] = field(default_factory=tuple)


def compile_calendar(name: str, layers: Sequence[Layer], *, first: date, last: date) -> WorkingCalendar:
    """Compile layers, the most general one first, for the days `first` to `last`, both inclusive.

    The same layers give the same calendar: a programme is joined again at every change, and these seldom change.
    """
    week = next((layer.week for layer in reversed(layers) if layer.week is not None), {})
    return _compiled(name, tuple(sorted(week.items())), tuple(tuple(layer.spans) for layer in layers), first, last)


@lru_cache(maxsize=128)
def _compiled(
    name: str, hours_of: tuple[tuple[int, Hours], ...], layers: tuple[tuple[DaySpan, ...], ...], first: date, last: date
) -> WorkingCalendar:
    week, stated = dict(hours_of), _statements(layers, first, last)
    intervals: list[tuple[int, int]] = []
    closures: dict[date, str] = {}
    day, one = first, timedelta(days=1)
    start = minute_of(first)
    while day <= last:
        usual = week.get(day.weekday(), ())
        span = stated.get(day)
        hours = usual if span is None or span.hours is None else span.hours
        if span is not None and not hours and usual:
            closures[day] = span.reason
        intervals += [(start + a, start + b) for a, b in hours]
        day += one
        start += DAY
    return WorkingCalendar(name, intervals, closures)


def _statements(layers: Iterable[Sequence[DaySpan]], first: date, last: date) -> dict[date, DaySpan]:
    stated: dict[date, DaySpan] = {}
    for spans in layers:
        for span in spans:
            day = max(span.first, first)
            while day <= min(span.last, last):
                stated[day] = span
                day += timedelta(days=1)
    return stated


NATIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}


@lru_cache(maxsize=8)
def public_holidays(nation: str, first_year: int, last_year: int) -> tuple[tuple[date, str], ...]:
    """Return (day, name) of the nation's public holidays, in order. Years are inclusive.

    >>> [str(day) for day, _ in public_holidays("england", 2027, 2027)][:3]
    ['2027-01-01', '2027-03-26', '2027-03-29']
    """
    table = _united_kingdom()(subdiv=NATIONS[nation], years=range(first_year, last_year + 1))
    return tuple(sorted((day, str(name)) for day, name in table.items()))


@lru_cache(maxsize=1)
def _united_kingdom() -> Any:  # noqa: ANN401
    """Load the country's class from its file: its package would load 250 other countries with it, for 0.2 s."""
    import holidays  # loaded here: a plan of another program needs none

    places = [f"{folder}/countries" for folder in holidays.__path__]
    spec = PathFinder.find_spec("united_kingdom", places)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError("The library 'holidays' has no file of the United Kingdom.")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.UnitedKingdom


def nation_layer(nation: str, week: dict[int, Hours], first: date, last: date) -> Layer:
    """The nation's working week, closed on its public holidays."""
    days = public_holidays(nation, first.year, last.year)
    return Layer(nation, week, tuple(DaySpan(day, day, (), name) for day, name in days))
